"""Values that could overflow are refused at once: a comparison with nan is False and would pass for exact."""

from math import log

import numpy as np

from mathrl.base.checks import FloatArray, fail
from mathrl.games.model import Game

__all__ = ["in_range"]

__tracebackhide__ = True  # pytest shows the caller's line, not these frames

_LARGEST = 1e300
"""Values that leave room for sums of them."""


def in_range(game: Game, temperature: float, *values: FloatArray | None) -> None:
    """Require that soft values of any policy, and those given, can be computed with in double precision."""
    entropies = temperature * sum(map(log, game.num_actions))
    sizes = [game.reward_scale / (1 - game.discount) + entropies / (1 - game.discount)]
    sizes += [float(np.abs(array).max()) for array in values if array is not None]
    if not max(sizes) <= _LARGEST:
        mend = "scale rewards, temperature and values down together"
        fail("game", f"has values of up to {max(sizes):.2g} here", f"at most {_LARGEST:g}", mend)
    if temperature > 0 and max(sizes) / _LARGEST > temperature:
        fail(
            "temperature",
            f"is {temperature:g}",
            f"more than {max(sizes) / _LARGEST:.2g}",
            "values divided by it overflow",
        )
