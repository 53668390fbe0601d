"""HASPI on many matrix games of common payoff: sequential quantal responses until each is an equilibrium."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from mathrl.base.array_types import ArrayLike
from mathrl.base.checks import FloatArray, count, entry, fail, permutation_of, positive
from mathrl.base.compile import kernel
from mathrl.base.text import shown
from mathrl.batch.answers import Answers, solve_all
from mathrl.batch.attained import Sizes, came_back, floor, judged
from mathrl.batch.payoffs import MatrixGames, as_matrix_games, first_policies
from mathrl.batch.solution import BatchSolution
from mathrl.iteration.iterate import LARGEST_RESIDUAL, MINIMUM_TOL
from mathrl.iteration.outcome import CONVERGED, MAX_STEPS, RESPONSES
from mathrl.kernels.response import Room, improve, response_gap

__all__ = ["haspi"]

Integers = npt.NDArray[np.int64]

_ORDERS = 2**17
"""The most random orders that are drawn."""


def haspi(
    payoffs: ArrayLike,
    *,
    temperature: ArrayLike,
    available: Sequence[ArrayLike] | None = None,
    initial_policy: Sequence[ArrayLike] | None = None,
    order: Sequence[int] | str | None = None,
    seed: int = 0,
    entropy: str = "team",
    tol: float = 100.0,
    max_steps: int = 100_000,
    workers: int | None = None,
) -> BatchSolution:
    """Find a quantal response equilibrium of each of B matrix games with a common payoff, by the steps of HASPI.

        π^{i_m} ← softmax(E_{π^{-i_m}}[r]/α),  m = 1 … n, again and again                      (hasac Eq. 8)

    These are the steps of `mathrl.solvers.haspi`, and the objective never falls, except by rounding.

    `payoffs`         r, (B, 1, A_1, …, A_n), or (B, n, A_1, …, A_n) with n equal ones
    `temperature`     α > 0, the weight of the entropy, in units of the payoffs: one number, or (B,)
    `available`       per agent (A_i,) for all games, or (B, A_i), true for the actions that there are; by default all.
                      Of others the probability is 0, and payoffs are ignored
    `initial_policy`  per agent (A_i,) for all games, or (B, A_i), rows sum to 1; default: uniform
    `order`           the agents in the order in which they respond, a permutation of 0 … n−1, by default 0, 1, …, n−1;
                      or `"random"`, a new one for each step; all games see the same orders
    `seed`            for `numpy.random.default_rng`, which draws random orders; default 0
    `entropy`         only `"team"`, the entropy of all agents
    `tol`             stop at a residual of this many rounding floors (see `mathrl.Solution`); below 8 counts as 8;
                      default 100
    `max_steps`       the most steps of each game; default 100,000
    `workers`         how many threads; default: one for each core; results do not depend on it

    Returns a `BatchSolution` with `objective` (B,) and the road `"responses"`. `residual` is max |π − softmax(E[r]/α)|;
    above 0.01 a game never counts as converged. What an interrupt leaves is said in `mathrl.batch.qre_branch`. Raises
    `ValueError` naming the argument, also where the payoffs of agents differ or for another `entropy`.

    >>> found = haspi(np.diag([5.0, 10.0, 20.0])[None, None], temperature=10.0, initial_policy=[[0.6, 0.2, 0.2]] * 2)
    >>> found.policy[0].round(2).tolist()
    [[[0.2, 0.23, 0.57]]]
    """
    games = _common(as_matrix_games(payoffs, temperature, available))
    if not (isinstance(entropy, str) and entropy == "team"):
        fail("entropy", f"is {shown(entropy)}", "'team'", "else steps of HASPI can lower the value; qre takes any")
    first_bk = first_policies(games, initial_policy)
    most, tolerance = count("max_steps", max_steps), max(positive("tol", tol), MINIMUM_TOL)
    order_ti = _orders(order, seed, games.num_agents, most)

    def solve(some: MatrixGames, out: Answers) -> None:
        _improve(
            some.r_bma,
            some.num_actions,
            some.temperature_b,
            order_ti,
            tolerance,
            most,
            out.policy_bk,
            out.steps_b,
            out.status_b,
        )
        out.road_b[:] = RESPONSES

    fixed = None if order is None else order if isinstance(order, str) else order_ti[0].tolist()
    parameters = {
        "entropy": entropy,
        "initial_policy": initial_policy,
        "order": fixed,
        "seed": int(seed),
        "tol": positive("tol", tol),
        "max_steps": most,
    }
    return solve_all(
        games,
        solve,
        first_bk=first_bk,
        entropy=entropy,
        workers=workers,
        solver="batch.haspi",
        parameters=parameters,
    )


def _common(games: MatrixGames) -> MatrixGames:
    r_bma = games.r_bma
    differs = (r_bma != r_bma[:, :1]).any(axis=(1, 2))
    for k in np.flatnonzero(differs)[:1]:
        mend = "else steps of HASPI can lower the value; qre and qre_branch take any payoffs"
        fail(entry("payoffs", (k,)), "differs from agent to agent", "a common payoff", mend)
    return replace(games, r_bma=np.ascontiguousarray(r_bma[:, :1]))


def _orders(order: Sequence[int] | str | None, seed: int, num_agents: int, most: int) -> Integers:
    """The agents of each step (T, n); a run of more than T steps goes through them again."""
    rng = np.random.default_rng(count("seed", seed, maximum=None))
    if isinstance(order, str) and order == "random":
        return rng.permuted(np.tile(np.arange(num_agents), (min(max(most, 1), _ORDERS), 1)), axis=1)
    return np.array(
        [permutation_of("order", range(num_agents) if order is None else order, num_agents, ", or 'random'")]
    )


@kernel
def _improve(
    r_bma: FloatArray,
    num_actions: Integers,
    temperature_b: FloatArray,
    order_ti: Integers,
    tolerance: float,
    most: int,
    policy_bk: FloatArray,
    out_steps_b: Integers,
    out_status_b: Integers,
) -> None:
    """Replace the policies, where the iteration starts, by those after its last step.

    A run that comes back to an earlier policy ends too, and counts as converged until it is judged.
    """
    A, K = r_bma.shape[2], policy_bk.shape[1]
    room = Room(np.empty(A), np.empty(A), np.empty(K))
    sizes = Sizes(np.empty((1, 1, A)), np.empty(K), np.empty(K), np.empty(K))
    for b in range(len(r_bma)):
        pi_k, temperature = policy_bk[b], temperature_b[b]
        largest = floor(r_bma[b], temperature)
        sizes.kept_k[:] = np.nan
        steps, status = 0, CONVERGED
        q_msa = r_bma[b : b + 1]  # one shared q, and the game as its only state
        while True:
            gap = response_gap(q_msa, 0, pi_k, num_actions, temperature, room)
            residual, unit = judged(q_msa, pi_k, num_actions, temperature, gap, tolerance, largest, room, sizes)
            if not residual > min(tolerance * unit, LARGEST_RESIDUAL):
                break
            if unit < largest and came_back(pi_k, sizes.kept_k, steps):
                break
            if steps == most:
                status = MAX_STEPS
                break
            improve(q_msa, 0, pi_k, num_actions, order_ti[steps % len(order_ti)], temperature, room)
            steps += 1
        out_steps_b[b] = steps
        out_status_b[b] = status
