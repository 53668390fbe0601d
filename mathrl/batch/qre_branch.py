"""The principal branch of many matrix games: each takes the fast road where that is safe, else its curve is traced.

The fast road is Newton's method. It is safe where rationality times the game's Lipschitz constant is below 1: there the
logit equilibrium is unique (theorem and proof in `mathrl.equilibria.matrix.uniqueness`). Every other game is traced by
the compiled tracer of `mathrl.equilibria.matrix.principal`, from the end of that range.
"""

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import count, positive
from mathrl.batch.answers import Answers, solve_all
from mathrl.batch.payoffs import MatrixGames, as_matrix_games, first_policies
from mathrl.batch.solution import BatchSolution
from mathrl.equilibria.matrix.principal import principal

__all__ = ["qre_branch"]


def qre_branch(
    payoffs: npt.ArrayLike,
    *,
    temperature: npt.ArrayLike,
    entropy: str = "team",
    step_length: float = 1.0,
    tol: float = 100.0,
    max_steps: int = 10_000,
    workers: int | None = None,
) -> BatchSolution:
    """`mathrl.solvers.qre_branch` of B matrix games: where the curve from (rationality 0, uniform) first crosses 1/α.

    `payoffs` are (B, n, A_1, …, A_n), or (B, 1, A_1, …, A_n) where all agents have the same; `temperature` is one for
    all games or (B,). `entropy` changes the objective alone: a matrix game's policies do not depend on it. `objective`
    is (B,) where the payoff is given as common and `entropy` is not `"own"`, else (B, n). `step_length` is times the
    usual step of a trace. Results do not depend on `workers`, the number of threads (default: one per core).

    `road` says which way a game took, `"unique"` or `"traced"`; `steps` counts the accepted steps of a trace. The
    residual is max |π − softmax(u/α)|. A game converged where its road ended at 1/α with a residual within `tol`
    rounding floors (at least 8; never above 0.01). `MAX_STEPS`: the policy is that of the last point of the branch that
    was reached, at a lower rationality. `STALLED`: no step led on from there, or the residual is above `tol` floors.
    That an answer is on the branch is not proved; docs/decisions/012 says where it may not be.

    Ctrl-C ends the work after the chunks of games that have begun; the others have status `INTERRUPTED`, road `""`,
    and NaN for numbers. `mathrl.iteration.iterate.watching` hears how many games are done.

    Raises `ValueError` naming the argument, for payoffs beyond 1e300 temperatures too.

    >>> payoffs = np.random.default_rng(0).standard_normal((1000, 2, 3, 3))
    >>> qre_branch(payoffs, temperature=2.0)
    <BatchSolution: 1000 games: 1000 CONVERGED>
    """
    games = as_matrix_games(payoffs, temperature)
    step_length, most = positive("step_length", step_length), count("max_steps", max_steps)

    def solve(some: MatrixGames, out: Answers) -> None:
        r_bma = some.r_bma / some.temperature_b[:, None, None]
        residual_b = np.empty(some.num_games)
        found = out.policy_bk, residual_b, out.steps_b, out.road_b, out.status_b
        principal(r_bma, some.num_actions, 1.0, step_length, most, *found)

    first_bk = first_policies(games, None)
    return solve_all(games, solve, first_bk=first_bk, entropy=entropy, tol=tol, workers=workers)
