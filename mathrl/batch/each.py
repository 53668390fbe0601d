"""Any solver on one game after the other."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from mathrl.base.checks import fail, iterated
from mathrl.base.text import shown
from mathrl.batch.rows import stacked
from mathrl.batch.solution import BatchSolution
from mathrl.games.model import Game, check_game
from mathrl.iteration.iterate import is_interruptible
from mathrl.iteration.outcome import Status
from mathrl.solution import Solution

__all__ = ["each"]

_KEPT = (
    *("q", "v", "temperature", "solver", "equation", "parameters"),
    *("joint_policy", "conditional_policy", "opponent_model", "q_tot", "individual_q"),
)
"""The fields of a solution that a batch keeps beside its own. It keeps no history and no path."""


def each(solver: Callable[..., Solution], games: Iterable[Game], **parameters: Any) -> BatchSolution:
    """Solve every one of several games of the same shape by any solver, one game after the other.

        row k = solver(games[k], **parameters)

    `solver`      a function of `mathrl.solvers`
    `games`       games with the same agents, states and actions
    `parameters`  those of the solver, the same for all games

    Returns a `BatchSolution` whose `road` is the name of the solver; it keeps no history and no path. Ctrl-C raises
    `KeyboardInterrupt`, unless it is called in a block `with mathrl.iteration.iterate.interruptible():`. There the
    result holds the games that were solved, and last the one that was being solved, as far as it came, if there are
    any. `mathrl.games.stack` is faster if one status for all games is enough; `haspi`, `qre` and `qre_branch` of this
    package are faster still, for matrix games. Raises `ValueError` naming the argument.

    >>> from mathrl.games import random_matrix
    >>> from mathrl.solvers import soft_qmix
    >>> found = each(soft_qmix, (random_matrix((2, 2), seed=k) for k in range(20)), temperature=0.2)
    >>> found.policy[0].shape, sorted({status.name for status in found.status})
    ((20, 1, 2), ['CONVERGED', 'CYCLED'])
    """
    if not callable(solver):
        fail("solver", f"is {shown(solver)}", "a function of mathrl.solvers")
    iterator = iterated("games", games, "games, in a list for example")
    solutions: list[Solution] = []
    try:
        for k, game in enumerate(iterator):
            check_game(game, f"games[{k}]")
            solutions.append(solver(game, **parameters))
            _check_one(solutions[-1], parameters)
            if _shapes(solutions[-1]) != _shapes(solutions[0]):
                mend = "agents, states, actions, and whether the payoff is common"
                fail(f"games[{k}]", f"is {game!r}", "the shape of games[0]", mend)
            if solutions[-1].status is Status.INTERRUPTED:
                break
    except KeyboardInterrupt:
        if not (solutions and is_interruptible()):
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
        status=np.array([solution.status for solution in solutions], dtype=object),
        road=np.array([solution.solver for solution in solutions]),
        kept={name: stacked([getattr(solution, name) for solution in solutions]) for name in _KEPT},
    )


def _check_one(solution: object, parameters: dict[str, Any]) -> None:
    """Refuse several solutions, which `qre_branch` gives for several temperatures: a batch has no axis for them."""
    if isinstance(solution, tuple):
        expected = "one temperature for all games"
        fail("temperature", f"is {shown(parameters.get('temperature'))}", expected, "call `each` for every temperature")


def _shapes(solution: Solution) -> tuple[tuple[int, ...], ...]:
    return (np.shape(solution.objective), *(rows.shape for rows in solution.policy))
