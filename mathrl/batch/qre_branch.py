"""The principal branch of many matrix games: Newton's method where the equilibrium is unique, else a trace of the
curve.
"""

from collections.abc import Sequence

from mathrl.base.array_types import ArrayLike
from mathrl.base.checks import count, positive
from mathrl.batch.answers import Answers, solve_all
from mathrl.batch.payoffs import MatrixGames, as_matrix_games, first_policies
from mathrl.batch.solution import BatchSolution
from mathrl.equilibria.matrix.reached import reached

__all__ = ["qre_branch"]


def qre_branch(
    payoffs: ArrayLike,
    *,
    temperature: ArrayLike | None = None,
    rationality: ArrayLike | None = None,
    available: Sequence[ArrayLike] | None = None,
    entropy: str = "team",
    step_length: float = 1.0,
    tol: float = 100.0,
    max_steps: int = 10_000,
    workers: int | None = None,
) -> BatchSolution:
    """Find the equilibrium at which the principal branch first reaches a temperature, for each of B matrix games.

        π^i = softmax(λ u^i),   u^i(a_i) = E_{a_{-i}~π^{-i}}[r^i(a_i, a_{-i})],   λ = 1/α          (hasac Eq. 3)

    This is `mathrl.solvers.qre_branch` on many games. Where λ times the game's Lipschitz constant is below 1, there is
    only one equilibrium (proof in `mathrl.equilibria.matrix.uniqueness`), and Newton's method finds it. Every other
    game is traced by compiled code, from the end of that range.

    `payoffs`      r, (B, n, A_1, …, A_n), or (B, 1, A_1, …, A_n) where all agents have the same
    `temperature`  α > 0, the weight of the entropy, in units of the payoffs: one number, or (B,)
    `rationality`  λ = 1/α, in its place
    `available`    per agent (A_i,) for all games, or (B, A_i), true for the actions that there are; by default all. Of
                   others the probability is 0, and payoffs are ignored
    `entropy`      whose entropy enters an agent's objective: `"team"` (default: all agents'), `"own"` or `"none"`; it
                   changes nothing else
    `step_length`  > 0, the steps of a trace as a multiple of the usual ones; default 1
    `tol`          the residual allowed, in rounding floors (see `mathrl.Solution`); below 8 counts as 8; default 100
    `max_steps`    the most accepted steps of each trace; default 10,000
    `workers`      how many threads; default: one for each core; results do not depend on it

    Returns a `BatchSolution`. `residual` is max |π − softmax(u/α)|. `road` is `"unique"` or `"traced"`, and `steps`
    counts the accepted steps of a trace. `objective` is (B,) for payoffs given as common, unless `entropy` is `"own"`,
    else (B, n). A game is `CONVERGED` if its road ended at 1/α with a residual within `tol` rounding floors and 0.01.
    If it is `MAX_STEPS`, the policy is that of the last point reached on the branch, at a lower rationality. If it is
    `STALLED`, no step led on from there, or the residual is too large. Before it is either, and where payoffs differ by
    more than 1e6 temperatures at first, actions are left out that are dominated by so much that they count for nothing
    (`mathrl.equilibria.matrix.dominated`). That an answer is on the branch is not proved; docs/decisions/012 says where
    it may not be.

    Ctrl-C raises `KeyboardInterrupt` once the chunks of games that have begun are done. In a block
    `with mathrl.iteration.iterate.interruptible():` the games that are done are returned, if there are any, and the
    others have the status `INTERRUPTED`, the road `""`, and NaN for numbers; a second Ctrl-C is raised there too.
    `mathrl.iteration.iterate.watching` is such a block, and is told how many games are done.

    Raises `ValueError` naming the argument.

    >>> import numpy as np
    >>> payoffs = np.random.default_rng(0).standard_normal((1000, 2, 3, 3))
    >>> qre_branch(payoffs, temperature=2.0)
    <BatchSolution: 1000 games: 1000 CONVERGED>
    """
    games = as_matrix_games(payoffs, temperature, available, rationality)
    step_length, most = positive("step_length", step_length), count("max_steps", max_steps)

    def solve(some: MatrixGames, out: Answers) -> None:
        r_bma = some.r_bma / some.temperature_b[:, None, None]
        found = reached(r_bma, some.num_actions, 1.0, step_length, most)
        out.policy_bk[:], out.steps_b[:] = found.policy_bk, found.steps_b
        out.road_b[:], out.status_b[:] = found.road_b, found.status_b

    first_bk = first_policies(games, None)
    parameters = {"entropy": entropy, "step_length": step_length, "tol": positive("tol", tol), "max_steps": most}
    return solve_all(
        games,
        solve,
        first_bk=first_bk,
        entropy=entropy,
        workers=workers,
        solver="batch.qre_branch",
        parameters=parameters,
    )
