"""The principal branch of matrix games against Gambit's `logit_solve_lambda`, and batches of games against a second.

General-sum games of normal payoffs. Gambit runs on one thread and times its solver alone. Ours are the compiled solver,
on one thread, and the public call, which checks the game and describes the answer besides.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np

from benchmarks.peers.peer import MISSING, Gambit, built
from benchmarks.timing import Row, compare_with_peer, unmeasured, within
from mathrl import batch
from mathrl.base.checks import FloatArray
from mathrl.equilibria.matrix.principal import principal
from mathrl.games import Game, random_matrix
from mathrl.iteration.outcome import CONVERGED, TRACED
from mathrl.solvers import qre_branch

__all__ = ["rows"]


@dataclass(frozen=True)
class Setting:
    """`games` random games that are solved one after the other."""

    num_actions: tuple[int, ...]
    scale: float
    rationality: float
    games: int

    @property
    def name(self) -> str:
        actions = "×".join(map(str, self.num_actions))
        return f"{actions}, payoff scale {self.scale:g}, rationality {self.rationality:g}"

    def drawn(self) -> list[Game]:
        return [
            random_matrix(self.num_actions, structure="general-sum", scale=self.scale, seed=seed)
            for seed in range(self.games)
        ]


SMALL = [Setting((3, 3), scale, rationality, 50) for scale, rationality in product((1.0, 10.0), (0.1, 0.5, 2.0))]
LARGE = [
    Setting(shape, 1.0, rationality, 10) for shape, rationality in product(((20, 20), (5, 5, 5)), (0.5, 2.0, 10.0))
]
BATCHES = [Setting((3, 3), 1.0, 0.5, 1_000_000), Setting((3, 3), 10.0, 0.5, 200_000)]
"""As many games as should be solved in a second."""

STEPS = 10_000


def rows() -> list[Row]:
    return [*_against_gambit(), *map(_batch, BATCHES)]


def _against_gambit() -> list[Row]:
    if not built():
        return [unmeasured("qre_branch, game by game", "Gambit", target="<= 0.02", note=MISSING)]
    with Gambit() as gambit:
        compiled = [_compiled(gambit, setting, "<= 0.02") for setting in SMALL]
        compiled += [_compiled(gambit, setting, "<= 0.025") for setting in LARGE]
        return [*compiled, *(_public(gambit, setting) for setting in SMALL)]


def _compiled(gambit: Gambit, setting: Setting, target: str) -> Row:
    drawn = setting.drawn()
    r_bma = np.stack([game.rewards_isa[:, 0] for game in drawn])
    roads_b, status_b = _solve(r_bma, setting)
    if not (status_b == CONVERGED).all():
        raise RuntimeError(f"no answer for a game of {setting}")
    return compare_with_peer(
        f"compiled, {setting.name}",
        lambda: _solve(r_bma, setting),
        f"Gambit {gambit.version}",
        lambda: _seconds(gambit, drawn, setting.rationality),
        target=target,
        note=f"{(roads_b == TRACED).mean():.0%} traced",
        pairs=5,
        each=setting.games,
    )


def _public(gambit: Gambit, setting: Setting) -> Row:
    drawn = setting.drawn()
    return compare_with_peer(
        f"qre_branch, {setting.name}",
        lambda: [qre_branch(game, temperature=1 / setting.rationality).require() for game in drawn],
        f"Gambit {gambit.version}",
        lambda: _seconds(gambit, drawn, setting.rationality),
        target="<= 0.1",
        pairs=5,
        each=setting.games,
    )


def _solve(r_bma: FloatArray, setting: Setting) -> tuple[FloatArray, FloatArray]:
    """The codes of the roads that the compiled solver took, and of how it ended."""
    found = principal(r_bma, np.array(setting.num_actions), setting.rationality, 1.0, STEPS)
    return found.road_b, found.status_b


def _seconds(gambit: Gambit, games: list[Game], rationality: float) -> float:
    return sum(gambit.solve(game, rationality).seconds for game in games)


def _batch(setting: Setting) -> Row:
    shape = (setting.games, len(setting.num_actions), *setting.num_actions)
    payoffs = setting.scale * np.random.default_rng(0).standard_normal(shape)
    temperature = 1 / setting.rationality
    found = batch.qre_branch(payoffs, temperature=temperature)
    failures = int((~found.converged).sum())
    return within(
        f"batch.qre_branch, {setting.games:,} games {setting.name}",
        lambda: batch.qre_branch(payoffs, temperature=temperature),
        1.0,
        note=f"{failures} failures",
        runs=3,
    )
