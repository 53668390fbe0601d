"""A quantal response equilibrium (QRE) of a matrix or stochastic game, to rounding.

    π^i(·|s) = softmax(u^i_π(s, ·)/α),   u^i_π(s, a_i) = E_{a_{-i}~π^{-i}}[Q^i_π(s, a_i, a_{-i})]       (1)

for all agents i and states s (hasac Eq. 3; McKelvey and Palfrey 1995, 1998). Two steps are at hand:

    π ← the agents' quantal responses, one after the other, at Q_π                                      (2)
    π ← softmax((u + u'dπ)/α),   Newton's step for (1)                       (`mathrl.newton`)         (3)

(2) is the fixed-point step; with a common payoff and team entropy it never lowers the objective. (3) is taken where (2)
is slow and (3) lowers the residual, and not the objective where (2) never does. Where both get no further, the path
from `initial_policy` to an equilibrium (`mathrl.homotopy`) is followed instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mathrl import kernels
from mathrl.evaluate import Values, evaluate, own_q, side_by_side, solution, split
from mathrl.games.model import Game, check_game
from mathrl.games.policies import Policy, as_policy, uniform_policy
from mathrl.games.validate import FloatArray, choice, count, positive
from mathrl.homotopy import Path
from mathrl.iterate import LARGEST_RESIDUAL, Iterate, Run, iterate
from mathrl.markov import SoftMax, control, values_of_attained
from mathrl.newton import DENSE_UNKNOWNS, own_q_change, responses
from mathrl.operators import ENTROPIES, entropy_bonus
from mathrl.softmax import boltzmann
from mathrl.solution import Solution, Status, rounding_floor

__all__ = ["qre"]

_PATIENCE = 30
"""Steps without a better residual after which the path is tried."""

_LONGEST = 1e3
"""How long Newton's step may be, in units of the values themselves, before the system counts as singular."""

_ROUNDING = 8
"""Rounding floors by which a sum of values may fall and still count as not falling, per value."""

_LONGEST_PAUSE = 64
"""Steps at most before Newton's method is tried again: the pause doubles with every failure."""

_FRACTIONS = (1.0, 0.5, 0.25, 0.125)
"""Of Newton's step, tried in turn."""


@dataclass(frozen=True)
class _Point:
    policy: Policy
    values: Values
    own_sk: FloatArray


def qre(
    game: Game,
    *,
    temperature: float,
    entropy: str = "team",
    initial_policy: Sequence[npt.ArrayLike] | None = None,
    tol: float = 100.0,
    max_steps: int = 10_000,
) -> Solution:
    """A quantal response equilibrium (1) reached from `initial_policy` (default: uniform), for any agents and rewards.

    No claim is made that it is the nearest one, nor the principal branch. Rationality is 1/`temperature`. `entropy`
    says whose entropy enters the values: with `"none"` (1) is the agent QRE of the stochastic-game literature.

    The residual is max |π − softmax(u_π/α)| over agents, states and actions, with Q_π evaluated exactly; `tol` counts
    rounding floors (see `Solution`), at least 8 of them, and a residual above 0.01 never passes. `history` holds the
    residual after each step. A run that gets no further returns the best policy it met, with status `STALLED`; the
    path is tried up to 1,200 probabilities, in dense algebra.

    One agent with entropy in its value has one equilibrium, its soft-optimal policy: Newton's method on V finds it
    from any start (`mathrl.markov`), stops at ‖T V − V‖∞ within `tol` floors of V, and `history` holds that.

    >>> from mathrl.games import load
    >>> qre(load("matching-pennies"), temperature=0.1).policy[0].tolist()
    [[0.5, 0.5]]
    """
    check_game(game)
    temperature = positive("temperature", temperature)
    choice("entropy", entropy, ENTROPIES)
    first = uniform_policy(game) if initial_policy is None else as_policy(game, initial_policy, "initial_policy")
    tol, max_steps = positive("tol", tol), count("max_steps", max_steps)
    if game.num_agents == 1 and entropy != "none":
        run = _one_agent(game, temperature, entropy, tol, max_steps)
    else:
        run = _many_agents(game, first, temperature, entropy, tol, max_steps)
    return solution(
        run.last.point.policy,
        run.last.point.values,
        run,
        solver="qre",
        parameters={
            "temperature": temperature,
            "entropy": entropy,
            "initial_policy": first,
            "tol": tol,
            "max_steps": max_steps,
        },
    )


def _one_agent(game: Game, temperature: float, entropy: str, tol: float, max_steps: int) -> Run[_Point]:
    """The soft-optimal policy, and its own values: V of the optimum is V of the policy but for the residual of V."""
    run, solve = control(game, SoftMax(temperature), tol=tol, max_steps=max_steps)
    here = run.last.point
    policy = (boltzmann(here.q_sa, temperature),)
    bonus = entropy_bonus(policy, temperature=temperature)
    found = values_of_attained(game, here, policy[0], bonus, solve) if run.status is Status.CONVERGED else None
    if found is None:
        values = evaluate(game, policy, temperature=temperature, entropy=entropy, guess=here.reached_s[None])
    else:
        values = Values(game, found[0][None], found[1][None], entropy == "own", None)
    residual = float(np.abs(policy[0] - boltzmann(values.q_msa[0], temperature)).max())
    lost = run.status is Status.CONVERGED and residual > LARGEST_RESIDUAL
    point = Iterate(_Point(policy, values, values.q_msa[0]), residual, rounding_floor(values.q, temperature), residual)
    return Run(point, Status.STALLED if lost else run.status, run.history)


def _many_agents(
    game: Game, first: Policy, temperature: float, entropy: str, tol: float, max_steps: int
) -> Run[_Point]:
    num_actions = np.array(game.num_actions)
    everyone = np.arange(game.num_agents)
    monotone = game.common_payoff and entropy == "team"

    def at(policy: Policy, guess: FloatArray | None = None) -> Iterate[_Point]:
        values = evaluate(game, policy, temperature=temperature, entropy=entropy, guess=guess)
        own_sk = own_q(values, policy)
        residual = float(np.abs(side_by_side(policy) - responses(game, own_sk, temperature)).max())
        return Iterate(_Point(policy, values, own_sk), residual, rounding_floor(values.q, temperature), residual)

    def respond(last: Iterate[_Point]) -> Iterate[_Point]:
        pi_sk = side_by_side(last.point.policy)
        updated = np.empty_like(pi_sk)
        kernels.sequential_improvement(
            last.point.values.q_msa, pi_sk, num_actions, everyone, temperature, updated
        )  # (2)
        return at(split(updated, game), last.point.values.v_ms)

    def newton(last: Iterate[_Point]) -> Iterate[_Point] | None:
        here = last.point
        try:
            du = own_q_change(here.values, here.policy, here.own_sk, temperature=temperature, entropy=entropy)
        except np.linalg.LinAlgError:
            return None
        if not np.abs(du).max() < _LONGEST * max(temperature, np.abs(here.own_sk).max()):
            return None
        total = here.values.v_ms.sum()
        slack = _ROUNDING * last.rounding_floor * temperature * here.values.v_ms.size
        for fraction in _FRACTIONS:
            moved = responses(game, here.own_sk + fraction * du, temperature)  # (3)
            candidate = at(split(moved, game), here.values.v_ms)
            falls = monotone and candidate.point.values.v_ms.sum() < total - slack
            if candidate.residual < (1 - 0.1 * fraction) * last.residual and not falls:
                return candidate
        return None

    best = at(first)
    waiting, pause, resting = 0, 1, 0

    def step(last: Iterate[_Point]) -> Iterate[_Point] | None:
        nonlocal best, waiting, pause, resting
        following = respond(last)
        slow = _steps_ahead(last, following, tol) > max(2.0, side_by_side(first).size / 8)
        if slow and resting > 0:
            resting -= 1
        elif slow:
            better = newton(last)
            pause = 1 if better else min(2 * pause, _LONGEST_PAUSE)
            resting = 0 if better else pause
            following = better or following
        waiting = 0 if following.residual < best.residual else waiting + 1
        best = min(best, following, key=lambda iterate: iterate.residual)
        return following if waiting < _PATIENCE or monotone else None

    run = iterate(best, step, tol=tol, max_steps=max_steps, ceiling=LARGEST_RESIDUAL)
    if run.status is not Status.STALLED or side_by_side(first).size > DENSE_UNKNOWNS:
        return run if run.status is Status.CONVERGED else Run(best, run.status, run.history)

    path = Path(game, first, temperature=temperature, entropy=entropy)
    point = path.start()

    def follow(last: Iterate[_Point]) -> Iterate[_Point] | None:
        nonlocal point
        if point.fraction == 1:
            return newton(last)
        following = path.advance(point)
        if following is None:
            return None
        point = following
        return at(path.policy(point.x), last.point.values.v_ms)

    left = max_steps - len(run.history)
    second = iterate(at(path.policy(point.x)), follow, tol=tol, max_steps=left, ceiling=LARGEST_RESIDUAL)
    last = min(second.last, best, key=lambda iterate: iterate.residual)
    return Run(last, second.status, np.concatenate([run.history, second.history]))


def _steps_ahead(last: Iterate[_Point], following: Iterate[_Point], tol: float) -> float:
    """How many steps (2) it would take to the end at the rate of this one: Newton's costs as many as N / 8, about."""
    if following.residual == 0:
        return 0.0
    rate, left = following.residual / last.residual, tol * following.rounding_floor / following.residual
    if rate >= 1:
        return np.inf
    return float(np.log(left) / np.log(rate)) if left < 1 else 0.0
