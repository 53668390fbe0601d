"""A quantal response equilibrium of each of many matrix games, reached from `initial_policy`, to rounding."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mathrl.base.array_types import ArrayLike
from mathrl.base.checks import FloatArray, count, positive
from mathrl.base.compile import inner, kernel
from mathrl.batch.answers import Answers, solve_all
from mathrl.batch.attained import Sizes, came_back, floor, judged
from mathrl.batch.payoffs import MatrixGames, as_matrix_games, first_policies
from mathrl.batch.solution import BatchSolution
from mathrl.equilibria.matrix.corrector import newton
from mathrl.equilibria.matrix.equations import pairs
from mathrl.equilibria.matrix.memory import Trace, room
from mathrl.equilibria.matrix.reached import reached
from mathrl.equilibria.matrix.refine import refine
from mathrl.equilibria.matrix.vectors import copy
from mathrl.equilibria.patience import LONGEST_PAUSE, PATIENCE, ROUNDING
from mathrl.iteration.iterate import LARGEST_RESIDUAL, MINIMUM_TOL
from mathrl.iteration.outcome import CONVERGED, MAX_STEPS, NEWTON, RESPONSES, STALLED
from mathrl.kernels.response import Room, improve, own_qs, response_gap

__all__ = ["qre"]

Integers = npt.NDArray[np.int64]

_SLOW = 8.0
"""Newton's method is tried if more responses than this would be needed at the rate of the last one."""

_NEWTON_STEPS = 12


def qre(
    payoffs: ArrayLike,
    *,
    temperature: ArrayLike | None = None,
    rationality: ArrayLike | None = None,
    available: Sequence[ArrayLike] | None = None,
    entropy: str = "team",
    initial_policy: Sequence[ArrayLike] | None = None,
    tol: float = 100.0,
    max_steps: int = 10_000,
    workers: int | None = None,
) -> BatchSolution:
    """Find a quantal response equilibrium (QRE) of each of B matrix games, starting from `initial_policy`.

        π^i = softmax(u^i/α),   u^i(a_i) = E_{a_{-i}~π^{-i}}[r^i(a_i, a_{-i})]                 (hasac Eq. 3)

    Three ways are tried in turn: the agents' quantal responses one after the other; Newton's method, where these are
    slow; the principal branch, where the responses no longer lower the residual. With a common payoff the responses
    never lower the objective and are never given up, and a result of Newton's method is taken only if it does not lower
    the objective either. Where a game has several QREs, this need not be the nearest one, nor the one that
    `mathrl.solvers.qre` finds.

    `payoffs`         r, (B, n, A_1, …, A_n), or (B, 1, A_1, …, A_n) where all agents have the same
    `temperature`     α > 0, the weight of the entropy, in units of the payoffs: one number, or (B,)
    `rationality`     λ = 1/α, in its place
    `available`       per agent (A_i,) for all games, or (B, A_i), true for the actions that there are; by default all.
                      Of others the probability is 0, and payoffs are ignored
    `entropy`         whose entropy enters an agent's objective: `"team"` (default: all agents'), `"own"` or `"none"`;
                      it changes nothing else
    `initial_policy`  per agent (A_i,) for all games, or (B, A_i), rows sum to 1; default: uniform
    `tol`             stop at a residual of this many rounding floors (see `mathrl.Solution`); below 8 counts as 8;
                      default 100
    `max_steps`       the most responses and runs of Newton's method of each game, and again the most steps of its
                      trace; default 10,000
    `workers`         how many threads; default: one for each core; results do not depend on it

    Returns a `BatchSolution`, whose `road` says what found each answer: `"responses"`, `"newton"`, or, as in
    `mathrl.batch.qre_branch`, `"unique"` or `"traced"`. `steps` counts responses, runs of Newton's method and steps of
    a trace. A game that is not solved has the best policy that its responses met. `residual` is max |π − softmax(u/α)|;
    above 0.01 a game never counts as converged. `objective` is (B,) for payoffs given as common, unless `entropy` is
    `"own"`, else (B, n). What an interrupt leaves is said in `mathrl.batch.qre_branch`. Raises `ValueError` naming the
    argument.

    >>> pennies = np.array([[[[1.0, -1.0], [-1.0, 1.0]], [[-1.0, 1.0], [1.0, -1.0]]]])
    >>> found = qre(pennies, temperature=0.1, initial_policy=[[0.9, 0.1], [0.2, 0.8]])
    >>> found, found.policy[0].round(6).tolist()
    (<BatchSolution: 1 games: 1 CONVERGED>, [[[0.5, 0.5]]])
    """
    games = as_matrix_games(payoffs, temperature, available, rationality)
    first_bk = first_policies(games, initial_policy)
    most, tolerance = count("max_steps", max_steps), max(positive("tol", tol), MINIMUM_TOL)

    def solve(some: MatrixGames, out: Answers) -> None:
        _respond(
            room(some.r_bma.shape[1], some.num_actions),
            some.r_bma,
            some.num_actions,
            some.temperature_b,
            np.arange(some.num_agents),
            tolerance,
            most,
            out.policy_bk,
            out.steps_b,
            out.road_b,
            out.status_b,
        )
        _trace(some, out, most)

    parameters = {"entropy": entropy, "initial_policy": initial_policy, "tol": positive("tol", tol), "max_steps": most}
    return solve_all(
        games,
        solve,
        first_bk=first_bk,
        entropy=entropy,
        workers=workers,
        solver="batch.qre",
        parameters=parameters,
    )


def _trace(games: MatrixGames, out: Answers, most: int) -> None:
    """The principal branch of the games whose responses got no further; if the trace is lost, their policies stay."""
    stuck = np.flatnonzero(out.status_b == STALLED)
    if not stuck.size:
        return
    r_bma = games.r_bma[stuck] / games.temperature_b[stuck, None, None]
    found = reached(r_bma, games.num_actions, 1.0, 1.0, most)
    good = found.status_b == CONVERGED
    out.policy_bk[stuck[good]] = found.policy_bk[good]
    out.steps_b[stuck] += found.steps_b
    out.road_b[stuck], out.status_b[stuck] = found.road_b, found.status_b


@kernel
def _respond(
    trace: Trace,
    r_bma: FloatArray,
    num_actions: Integers,
    temperature_b: FloatArray,
    order: Integers,
    tolerance: float,
    most: int,
    policy_bk: FloatArray,
    out_steps_b: Integers,
    out_road_b: Integers,
    out_status_b: Integers,
) -> None:
    """Responses, and Newton's method where they are slow. Replaces each policy, the start, by the best one met."""
    m, A, K = r_bma.shape[1], r_bma.shape[2], policy_bk.shape[1]
    room = Room(np.empty(A), np.empty(A), np.empty(K))
    sizes = Sizes(np.empty((m, 1, A)), np.empty(K), np.empty(K), np.empty(K))
    pi_k = np.empty(K)
    for b in range(len(r_bma)):
        q_msa = r_bma[b].reshape((m, 1, A))
        largest = floor(r_bma[b], temperature_b[b])
        copy(policy_bk[b], pi_k)
        sizes.kept_k[:] = np.nan
        out_steps_b[b], out_road_b[b], out_status_b[b] = _respond_one(
            trace,
            q_msa,
            num_actions,
            temperature_b[b],
            order,
            tolerance,
            largest,
            most,
            room,
            sizes,
            pi_k,
            policy_bk[b],
        )


@inner
def _respond_one(
    trace: Trace,
    q_msa: FloatArray,
    num_actions: Integers,
    temperature: float,
    order: Integers,
    goal: float,
    largest: float,
    most: int,
    room: Room,
    sizes: Sizes,
    pi_k: FloatArray,
    best_k: FloatArray,
) -> tuple[int, int, int]:
    """One game, from π: its steps, and the codes of its road and status.

    A run with a common payoff that comes back to an earlier policy counts as converged until it is judged.
    """
    steps, waiting, resting, pause = 0, 0, 0, 1
    best = before = math.inf
    while True:
        gap = response_gap(q_msa, 0, pi_k, num_actions, temperature, room)
        residual, unit = judged(q_msa, pi_k, num_actions, temperature, gap, goal, largest, room, sizes)
        enough = min(goal * unit, LARGEST_RESIDUAL)
        waiting += 1
        if gap < best or not residual > enough:
            best, waiting = gap, 0
            copy(pi_k, best_k)
        if not residual > enough:
            return steps, RESPONSES, CONVERGED
        if len(q_msa) == 1 and unit < largest and came_back(pi_k, sizes.kept_k, steps):
            return steps, RESPONSES, CONVERGED
        if 0 < steps < most and _ahead(before, gap, enough) > _SLOW:
            if resting > 0:
                resting -= 1
            else:
                steps += 1
                if _jump(trace, q_msa, num_actions, temperature, goal, largest, room, sizes, pi_k):
                    copy(pi_k, best_k)
                    return steps, NEWTON, CONVERGED
                pause = min(2 * pause, LONGEST_PAUSE)
                resting = pause
        if steps >= most:
            return steps, RESPONSES, MAX_STEPS
        if waiting == PATIENCE and len(q_msa) > 1:
            return steps, RESPONSES, STALLED
        before = gap
        improve(q_msa, 0, pi_k, num_actions, order, temperature, room)
        steps += 1


@inner
def _ahead(before: float, residual: float, enough: float) -> float:
    """How many more steps it takes to `enough` at the rate of the last one."""
    if residual <= enough:
        return 0.0
    if residual >= before:
        return np.inf
    return float(math.log(enough / residual) / math.log(residual / before))


@inner
def _jump(
    trace: Trace,
    q_msa: FloatArray,
    num_actions: Integers,
    temperature: float,
    goal: float,
    largest: float,
    room: Room,
    sizes: Sizes,
    pi_k: FloatArray,
) -> bool:
    """Newton's method from the responses to π. If it ends at an equilibrium that is accepted, π becomes that."""
    own_k, ends, z_x = room.own_k, trace.ends, trace.z_x
    for m in range(trace.r_ma.shape[0]):
        for a in range(trace.r_ma.shape[1]):
            trace.r_ma[m, a] = q_msa[m, 0, a] / temperature
    if len(ends) == 3:
        pairs(trace)
    own_qs(q_msa, 0, pi_k, num_actions, room, own_k)
    for k in range(len(own_k)):
        own_k[k] /= temperature
    x = 0
    for i in range(len(num_actions)):
        for k in range(ends[i] + 1, ends[i + 1]):
            z_x[x] = own_k[k] - own_k[ends[i]]
            x += 1
    z_x[x] = 1.0
    objective = _objective(own_k, pi_k, ends)
    newton(trace, z_x, 0.0, _NEWTON_STEPS, 0)
    gap = response_gap(q_msa, 0, trace.pi_k, num_actions, temperature, room)
    residual, unit = judged(q_msa, trace.pi_k, num_actions, temperature, gap, goal, largest, room, sizes)
    if unit < largest and residual > goal * unit:
        gap = refine(trace, 1.0)
        residual, unit = judged(q_msa, trace.pi_k, num_actions, temperature, gap, goal, largest, room, sizes)
    if not residual <= min(goal * unit, LARGEST_RESIDUAL):
        return False
    if len(q_msa) == 1:
        slack = ROUNDING * unit * len(num_actions)
        if _objective(trace.own_k, trace.pi_k, ends) < objective - slack:
            return False
    copy(trace.pi_k, pi_k)
    return True


@inner
def _objective(own_k: FloatArray, pi_k: FloatArray, ends: Integers) -> float:
    """E[r] + Σ_j H(π^j) of a common payoff, in temperatures."""
    total = 0.0
    for k in range(len(pi_k)):
        if k < ends[1]:
            total += pi_k[k] * own_k[k]
        if pi_k[k] > 0:
            total -= pi_k[k] * math.log(pi_k[k])
    return total
