"""From compiled loops to a `BatchSolution`: chunks of games are solved, then judged by the definitions.

residual        max |π − softmax(u/α)|,  u^i(a) = E_{a_{-i}~π^{-i}}[r^i(a, a_{-i})]        (hasac Eq. 3)      (1)
rounding floor  ε max(1, ‖r‖∞/α), or that of what is played                      (`batch.attained`)       (2)
objective       E_π[r^i] + α (Σ_j H(π^j) | H(π^i) | 0)                   for `entropy` team, own, none       (3)
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mathrl import kernels
from mathrl.base.checks import FloatArray, choice, positive
from mathrl.base.compile import kernel
from mathrl.batch.attained import Sizes, floor, judged
from mathrl.batch.chunks import in_chunks
from mathrl.batch.masked import Smaller, smaller_games
from mathrl.batch.payoffs import MatrixGames
from mathrl.batch.solution import BatchSolution
from mathrl.equations import QUANTAL_RESPONSE
from mathrl.games.availability import joint
from mathrl.iteration.iterate import LARGEST_RESIDUAL, MINIMUM_TOL
from mathrl.iteration.outcome import CONVERGED, INTERRUPTED, ROADS, STALLED, statuses
from mathrl.kernels.response import Room, apart_from_responses
from mathrl.operators import ENTROPIES
from mathrl.values.offsets import common_offsets

__all__ = ["Answers", "solve_all"]

Integers = npt.NDArray[np.int64]

_EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class Answers:
    """What the compiled loops write, one row for each game: policies side by side (B, K), steps, codes of road and
    status.

    Policies hold the start at first. A game that a loop calls converged must also pass the definition.
    """

    policy_bk: FloatArray
    steps_b: Integers
    road_b: Integers
    status_b: Integers


@dataclass(frozen=True, eq=False)
class _Judged:
    """(1)-(3), a row for each game; the objective is (B, 1) where one serves all agents."""

    residual_b: FloatArray
    floor_b: FloatArray
    objective_bm: FloatArray


def solve_all(
    games: MatrixGames,
    solve: Callable[[MatrixGames, Answers], None],
    *,
    first_bk: FloatArray,
    entropy: str,
    workers: int | None,
    solver: str,
    parameters: Mapping[str, Any],
) -> BatchSolution:
    """Solve all games by `solve`, which writes the answers of the games that it is given, and judge the answers.

    `parameters` are those of the solver, with `tol` and `initial_policy` among them, but for the temperature.
    """
    if parameters.get("initial_policy") is not None:
        parameters = {**parameters, "initial_policy": _by_agent(games, first_bk.copy())}
    tol = parameters["tol"]
    counted_mj = _counted(games, entropy)
    tolerance = max(positive("tol", tol), MINIMUM_TOL)
    B = games.num_games
    answers = Answers(first_bk, *(np.zeros(B, np.int64) for _ in range(3)))
    judged = _Judged(np.empty(B), np.empty(B), np.empty((B, len(counted_mj))))

    def answer(given: MatrixGames, theirs: Answers, found: _Judged) -> None:
        some, offset_bm = _without_offsets(given)
        solve(some, theirs)
        _judge(some, theirs.policy_bk, counted_mj, tolerance, found)
        _fail(theirs, found, tolerance)
        if offset_bm is not None:
            found.objective_bm[:] += offset_bm
            _floors_with_offsets(given.r_bma, given.temperature_b, offset_bm, found.floor_b)

    def work(chunk: slice) -> float:
        masks = None if games.available is None else tuple(own[chunk] for own in games.available)
        given = MatrixGames(games.r_bma[chunk], games.num_actions, games.temperature_b[chunk], masks)
        theirs = Answers(*(rows[chunk] for rows in vars(answers).values()))
        found = _Judged(*(rows[chunk] for rows in vars(judged).values()))
        if masks is None:
            answer(given, theirs, found)
        else:
            for smaller in smaller_games(given):
                _answer_smaller(smaller, theirs, found, answer)
        return float(found.residual_b.max())

    done_b = np.zeros(B, dtype=bool)
    for chunk in in_chunks(work, B, payoffs_each=games.r_bma.shape[1] * games.r_bma.shape[2], workers=workers):
        done_b[chunk] = True
    _blank(~done_b, answers, judged)
    one_for_all = games.common_payoff and entropy != "own"
    objective = judged.objective_bm[:, 0] if one_for_all else judged.objective_bm
    return BatchSolution(
        policy=_by_agent(games, answers.policy_bk),
        objective=objective,
        residual=judged.residual_b,
        rounding_floor=judged.floor_b,
        steps=answers.steps_b,
        period=np.zeros_like(answers.steps_b),
        status=statuses(answers.status_b),
        road=np.array([*ROADS, ""])[answers.road_b],
        kept={
            "q": _q(games, one_for_all),
            "v": objective[..., None].copy(),  # one state, and no reward after it
            "temperature": games.temperature_b.copy(),
            "solver": solver,
            "equation": QUANTAL_RESPONSE,
            "parameters": {"temperature": games.temperature_b.copy(), **parameters},
        },
    )


def _by_agent(games: MatrixGames, policy_bk: FloatArray) -> tuple[FloatArray, ...]:
    """Policies that stand side by side, per agent (B, 1, A_i)."""
    return tuple(own[:, None] for own in np.split(policy_bk, np.cumsum(games.num_actions)[:-1], axis=1))


def _q(games: MatrixGames, one_for_all: bool) -> FloatArray:
    """Q of matrix games: the payoffs, (B, 1, A_1, …, A_n), or (B, n, 1, A_1, …, A_n); −∞ where not available."""
    shape = (games.num_games, games.r_bma.shape[1], 1, *games.num_actions)
    q = np.array(games.r_bma).reshape(shape)
    if games.available is not None:
        q[np.broadcast_to(~joint(games.available)[:, None, None], shape)] = -np.inf
    if one_for_all:
        return np.asarray(q[:, 0])
    return np.ascontiguousarray(np.broadcast_to(q, (len(q), games.num_agents, *shape[2:])))


def _answer_smaller(
    smaller: Smaller,
    theirs: Answers,
    found: _Judged,
    answer: Callable[[MatrixGames, Answers, _Judged], None],
) -> None:
    """Answer some of the games by way of the smaller ones without the actions that are not available."""
    rows = smaller.rows
    own = Answers(smaller.restrict(theirs.policy_bk), theirs.steps_b[rows], theirs.road_b[rows], theirs.status_b[rows])
    its = _Judged(found.residual_b[rows], found.floor_b[rows], found.objective_bm[rows])
    answer(smaller.games, own, its)
    written = {**vars(own), **vars(its), "policy_bk": smaller.lift(own.policy_bk)}
    for name, kept in {**vars(theirs), **vars(found)}.items():
        kept[rows] = written[name]


def _blank(left_b: npt.NDArray[np.bool_], answers: Answers, judged: _Judged) -> None:
    """Mark the games that an interrupt left undone, whose rows may be half written."""
    if left_b.any():
        answers.steps_b[left_b], answers.road_b[left_b], answers.status_b[left_b] = 0, -1, INTERRUPTED
        for rows in (answers.policy_bk, *vars(judged).values()):
            rows[left_b] = np.nan


def _without_offsets(games: MatrixGames) -> tuple[MatrixGames, FloatArray | None]:
    """The games without common offsets of the payoffs, and these (B, m); None where there are none."""
    offset_bm = common_offsets(games.r_bma)
    if not offset_bm.any():
        return games, None
    return MatrixGames(games.r_bma - offset_bm[..., None], games.num_actions, games.temperature_b), offset_bm


def _fail(answers: Answers, judged: _Judged, tolerance: float) -> None:
    """Mark as stalled the games that count as converged and whose residual is too large for that."""
    failed = ~(judged.residual_b <= np.minimum(tolerance * judged.floor_b, LARGEST_RESIDUAL))
    answers.status_b[failed & (answers.status_b == CONVERGED)] = STALLED


def _counted(games: MatrixGames, entropy: str) -> FloatArray:
    """Whose entropies j count in each objective m of (3), (m, n); m = 1 where one objective serves all agents."""
    choice("entropy", entropy, ENTROPIES)
    n = games.num_agents
    if entropy == "own":
        return np.eye(n)
    return np.full((1 if games.common_payoff else n, n), 1.0 if entropy == "team" else 0.0)


def _judge(games: MatrixGames, policy_bk: FloatArray, counted_mj: FloatArray, goal: float, out: _Judged) -> None:
    q_mba = np.ascontiguousarray(games.r_bma.swapaxes(0, 1))
    own_bk = np.empty_like(policy_bk)
    kernels.marginal_q(q_mba, policy_bk, games.num_actions, own_bk)
    _objectives(own_bk, policy_bk, games.num_actions, games.temperature_b, counted_mj, out.objective_bm)
    _residuals(
        own_bk, policy_bk, games.r_bma, games.num_actions, games.temperature_b, goal, out.residual_b, out.floor_b
    )


@kernel
def _residuals(
    own_bk: FloatArray,
    policy_bk: FloatArray,
    r_bma: FloatArray,
    num_actions: Integers,
    temperature_b: FloatArray,
    goal: float,
    out_residual_b: FloatArray,
    out_floor_b: FloatArray,
) -> None:
    """Write (1) and (2); u is overwritten by the responses."""
    m, A, K = r_bma.shape[1], r_bma.shape[2], policy_bk.shape[1]
    room = Room(np.empty(A), np.empty(A), np.empty(K))
    sizes = Sizes(np.empty((m, 1, A)), np.empty(K), np.empty(K), np.empty(K))
    for b in range(len(own_bk)):
        pi_k, temperature = policy_bk[b], temperature_b[b]
        residual = apart_from_responses(pi_k, own_bk[b], num_actions, temperature)
        largest = floor(r_bma[b], temperature)
        q_msa = r_bma[b].reshape((m, 1, A))
        out_residual_b[b], out_floor_b[b] = judged(
            q_msa, pi_k, num_actions, temperature, residual, goal, largest, room, sizes
        )


@kernel
def _floors_with_offsets(
    r_bma: FloatArray, temperature_b: FloatArray, offset_bm: FloatArray, out_b: FloatArray
) -> None:
    """Write the floors of all payoffs where an offset was taken off."""
    for b in range(len(r_bma)):
        if offset_bm[b].any():
            out_b[b] = floor(r_bma[b], temperature_b[b])


@kernel
def _objectives(
    own_bk: FloatArray,
    policy_bk: FloatArray,
    num_actions: Integers,
    temperature_b: FloatArray,
    counted_mj: FloatArray,
    out_bm: FloatArray,
) -> None:
    """Write (3)."""
    for b in range(len(own_bk)):
        for m in range(len(counted_mj)):
            out_bm[b, m] = 0.0
        first = 0
        for j in range(len(num_actions)):
            entropy, expected = 0.0, 0.0
            for k in range(first, first + num_actions[j]):
                pi = policy_bk[b, k]
                expected += pi * own_bk[b, k]
                entropy -= pi * math.log(pi) if pi > 0 else 0.0
            if j < len(counted_mj):
                out_bm[b, j] += expected
            for m in range(len(counted_mj)):
                out_bm[b, m] += counted_mj[m, j] * temperature_b[b] * entropy
            first += num_actions[j]
