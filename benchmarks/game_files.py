"""Reading large games from text, against NumPy's reader of the same numbers, which makes no game of them."""

import io

import numpy as np

from benchmarks.timing import Row, compare
from mathrl.games import Game, gam_file, gambit

__all__ = ["rows"]

ACTIONS, AGENTS = (1000, 1000), 2


def rows() -> list[Row]:
    rng = np.random.default_rng(0)
    game = Game.matrix(list(rng.normal(size=(AGENTS, *ACTIONS))))
    text = gambit.render(game)
    body = text.partition("\n\n")[2]
    readers = ((".nfg", gambit.parse, text), (".gam", gam_file.parse, gam_file.render(game)))
    return [
        compare(
            f"{suffix}, {AGENTS * np.prod(ACTIONS):,} payoffs",
            lambda parse=parse, text=text: parse(text),
            "numpy.loadtxt",
            lambda: np.loadtxt(io.StringIO(body)),
            target="<= 1.2",
            pairs=3,
        )
        for suffix, parse, text in readers
    ]
