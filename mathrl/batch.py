"""Many games, one solution each, as arrays: what a search over games looks at."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mathrl.games.model import Game, check_game
from mathrl.games.validate import FloatArray, fail
from mathrl.iterate import interruptible
from mathrl.solution import Solution, Status

__all__ = ["BatchSolution", "each"]


@dataclass(frozen=True, eq=False)
class BatchSolution:
    """The solutions of B games of one shape, game by game.

    `policy`          per agent (B, S, A_i)
    `objective`       (B,), or (B, n) where agents differ
    `residual`, `rounding_floor`, `steps`, `period` (0 where there is none)    (B,)
    `status`          B statuses; `converged` follows from them, (B,)
    """

    policy: tuple[FloatArray, ...]
    objective: FloatArray
    residual: FloatArray
    rounding_floor: FloatArray
    steps: npt.NDArray[np.int64]
    period: npt.NDArray[np.int64]
    status: tuple[Status, ...]

    @property
    def converged(self) -> npt.NDArray[np.bool_]:
        """True where the status is `CONVERGED`."""
        return np.array([status is Status.CONVERGED for status in self.status])


def each(solver: Callable[..., Solution], games: Iterable[Game], **parameters: Any) -> BatchSolution:
    """`solver(game, **parameters)` for every game, which all have the same agents, states and actions.

    After an interrupt the games that were solved are returned, and the one that was being solved as far as it came, if
    there are any. `mathrl.games.stack` is faster, where one status for all games will do.

    >>> from mathrl.games import random_matrix
    >>> from mathrl.solvers import soft_qmix
    >>> found = each(soft_qmix, (random_matrix((2, 2), seed=k) for k in range(20)), temperature=0.2)
    >>> found.policy[0].shape, sorted({status.name for status in found.status})
    ((20, 1, 2), ['CONVERGED', 'CYCLED'])
    """
    if not isinstance(games, Iterable):
        fail("games", f"is of type {type(games).__name__}", "games, in a list for example")
    solutions: list[Solution] = []
    try:
        with interruptible():
            for k, game in enumerate(games):
                check_game(game, f"games[{k}]")
                solutions.append(solver(game, **parameters))
                if _shapes(solutions[-1]) != _shapes(solutions[0]):
                    mend = "agents, states, actions, and whether the payoff is common"
                    fail(f"games[{k}]", f"is {game!r}", "the shape of games[0]", mend)
                if solutions[-1].status is Status.INTERRUPTED:
                    break
    except KeyboardInterrupt:
        if not solutions:
            raise
    if not solutions:
        fail("games", "is empty", "at least one game")
    return BatchSolution(
        policy=tuple(np.stack(rows) for rows in zip(*(solution.policy for solution in solutions), strict=True)),
        objective=np.stack([np.asarray(solution.objective) for solution in solutions]),
        residual=np.array([solution.residual for solution in solutions]),
        rounding_floor=np.array([solution.rounding_floor for solution in solutions]),
        steps=np.array([solution.steps for solution in solutions]),
        period=np.array([solution.period or 0 for solution in solutions]),
        status=tuple(solution.status for solution in solutions),
    )


def _shapes(solution: Solution) -> tuple[tuple[int, ...], ...]:
    return (np.shape(solution.objective), *(rows.shape for rows in solution.policy))
