"""DMAC's outer iteration: each policy is regularised towards the one before, or towards a moving average of them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from mathrl.base.array_types import AnyArray, ArrayLike
from mathrl.base.checks import FloatArray, count, fail, positive
from mathrl.equations import NO_GAIN_FROM_START
from mathrl.games.model import Game, as_played
from mathrl.games.policies import Policy, uniform_policy
from mathrl.games.profile import Profile
from mathrl.iteration.iterate import LARGEST_RESIDUAL, MINIMUM_TOL, Iterate, Run, iterate
from mathrl.iteration.outcome import rounding_floor
from mathrl.operators import marginal_q
from mathrl.softmax import log_sum_exp
from mathrl.solution import Solution
from mathrl.solution.answer import solution
from mathrl.values.attained import TINY, judged, policy_floors, roundings
from mathrl.values.doubt import Doubt, doubt_of_gains
from mathrl.values.offsets import objectives
from mathrl.values.policy_values import Values
from mathrl.values.potentials import Shaped, lost, refined
from mathrl.values.target_policy import (
    Regularised,
    Tilted,
    answer,
    check_weight,
    controller,
    initial_logarithms,
    unregularised,
)

__all__ = ["divergence_iteration"]


class _Point(NamedTuple):
    """π_t and ρ_t by their logarithms, π_t, and the values of π_t in the original game."""

    log_pi: Policy
    log_rho: Policy
    pi: Profile
    values: Values


def divergence_iteration(
    game: Game,
    *,
    temperature: float,
    averaging: float = 1.0,
    policy_class: str = "joint",
    initial_policy: Sequence[ArrayLike] | AnyArray | None = None,
    tol: float = 100.0,
    max_steps: int = 10_000,
) -> Solution:
    """Iterate DMAC, which regularises each policy towards the one before it or towards a moving average.

        ρ_{t+1} = (1 − τ) ρ_t + τ π_t,   ρ_1 = π_0                                      (dmac Eq. 3, A.10)      (1)
        π_{t+1} = argmax_π J_{ρ_{t+1}}(π),   J_ρ(π) = J(π) − ω E_π[Σ_k γ^k KL(π ‖ ρ)(s_k)]   (dmac Eq. 1-3)     (2)

    With τ = 1 the target is the previous policy, ρ_{t+1} = π_t. J_{ρ_t}(π_t) never falls, and with τ = 1 neither does
    J(π_t) (dmac Proposition 1, A.10). Over joint policies, from a π_0 with full support, J(π_t) tends to the optimum of
    the original game for every ω and τ; `divergence_limit` finds the limit of π_t for τ = 1 directly. Over product
    policies, (1) is taken agent by agent (dmac §4.6), and (2) ends where no agent alone can raise J_ρ. Each (2) is
    solved to rounding.

    `game`            a game with a common payoff
    `temperature`     ω > 0, the weight of the divergence, in units of the rewards
    `averaging`       τ in (0, 1], how far ρ moves towards π in a step, default 1
    `policy_class`    `"joint"` (default), all joint policies, or `"product"`, independent agents
    `initial_policy`  π_0, per agent (S, A_i), states by actions, or with `"joint"` also an array (S, A_1, …, A_n), rows
                      sum to 1; default: uniform; an action that it never plays stays unplayed
    `tol`             stop at a residual of this many rounding floors eps·‖Q‖∞/ω (see `mathrl.Solution`); below 8 counts
                      as 8; default 100
    `max_steps`       the most steps, each one (1) and one (2); it takes about ω over the gap between the best action
                      and the next; default 10,000

    Returns `policy`, and with `"joint"` the `joint_policy` of which it holds the marginals; q, v and objective are
    theirs in the original game (dmac Proposition 3). `residual` is max (Q^i(s, a_i) − V(s))/ω over agents, states and
    actions that π_0 plays, with Q^i = E_{π^{-i}}[Q]: the rate at which log π^i(a_i|s) would grow. It is 0 where no
    agent (with `"joint"`: no joint action) gains by a deviation. With `"joint"` it is at least (1 − γ) max
    |π_{t+1} − π_t|; this change itself can be tiny far from the end, where the best action is still rare. Above 0.01
    the run never counts as converged. `history` holds (J(π_t), J_{ρ_t}(π_t)) for each step, (steps, 2).

    Raises `ValueError` naming the argument, also for a general-sum game, or a joint policy where a product is needed.

    >>> from mathrl.games import load
    >>> solution = divergence_iteration(load("hasac"), temperature=10.0)
    >>> solution.converged, solution.joint_policy[0, 2].round(2).tolist(), round(solution.objective, 9)
    (True, [0.0, 0.0, 1.0], 20.0)
    """
    game = as_played(game)
    chooser = controller(game, policy_class)
    temperature, averaging = positive("temperature", temperature), positive("averaging", averaging)
    if averaging > 1:
        fail("averaging", f"is {averaging:g}", "a number in (0, 1]", "1 makes the previous policy the target")
    given = uniform_policy(game) if initial_policy is None else initial_policy
    first, log_first = initial_logarithms(game, given, policy_class)
    check_weight(chooser, temperature, log_first)
    tol, max_steps = positive("tol", tol), count("max_steps", max_steps)

    def at(tilted: Tilted, log_rho: Policy, values: Values, regularised: float) -> Iterate[_Point]:
        def misses_of_states() -> FloatArray:
            raised = values.q_msa + roundings(values.game, values.q_msa, values.v_ms)
            return np.maximum(gains(values), gains(replace(values, q_msa=raised)))

        def gains(values: Values) -> FloatArray:
            own = (marginal_q(values.q, tilted.pi, agent) for agent in range(len(log_first)))
            allowed = (np.where(np.isfinite(log), q, -np.inf) for q, log in zip(own, log_first, strict=True))
            return np.asarray(np.abs(np.max([q.max(axis=1) for q in allowed], axis=0) - values.v) / temperature)

        residual, floor = judged(
            float(gains(values).max()),
            rounding_floor(values.q) / temperature,
            max(tol, MINIMUM_TOL),
            lambda: np.maximum(policy_floors(values, tilted.pi, None) / temperature, TINY),
            misses_of_states,
        )
        point = _Point(tilted.log_pi, log_rho, tilted.pi, values)
        return Iterate(point, residual, floor, (float(values.objective), regularised))

    def step(last: Iterate[_Point]) -> Iterate[_Point] | None:
        here = last.point
        log_pi = tuple(map(_summing_to_1, here.log_pi))
        log_rho = tuple(_mixed(rho, pi, averaging) for rho, pi in zip(here.log_rho, log_pi, strict=True))  # (1)
        problem = Regularised(here.values.game, log_rho, temperature, tol)
        tilted, values = problem.tilted(log_pi), here.values
        if averaging < 1 and policy_class == "product":  # where the start decides which stationary point is reached
            values = problem.evaluate(tilted, values.v_ms, values.solve)
        found = problem.settled(tilted, values)  # (2)
        if found is None:
            return None
        tilted, regularised = found
        original = unregularised(problem.game, tilted.pi, regularised)
        return at(tilted, log_rho, original, float(regularised.objective))

    def doubt(point: _Point) -> Doubt:
        return doubt_of_gains(point.values, point.pi, temperature, game.horizon, log_first)

    def solve(shaped: Shaped, last: _Point | None, left: int) -> Run[_Point]:
        log_pi, log_rho = (log_first, log_first) if last is None else last[:2]
        problem = Regularised(shaped.game, log_rho, temperature, tol)
        tilted = problem.tilted(log_pi)
        regularised = problem.evaluate(tilted)
        values = unregularised(shaped.game, tilted.pi, regularised) if last else regularised
        start = at(tilted, log_rho, values, float(regularised.objective))
        run = iterate(start, step, tol=tol, max_steps=left, ceiling=LARGEST_RESIDUAL, lost=lost(doubt))
        return replace(run, history=objectives(game, run.history, shaped.added_ms))

    run, added_ms = refined(chooser, solve, doubt, max_steps)
    policy, values, joint = answer(game, policy_class, run.last.point.pi, run.last.point.values)
    return solution(
        policy,
        values,
        run,
        equation=NO_GAIN_FROM_START,
        added_ms=added_ms,
        scale=temperature,
        solver="divergence_iteration",
        parameters={
            "temperature": temperature,
            "averaging": averaging,
            "policy_class": policy_class,
            "initial_policy": first,
            "tol": tol,
            "max_steps": max_steps,
        },
        joint_policy=joint,
    )


def _summing_to_1(log_pi: FloatArray) -> FloatArray:
    """log π without the rounding error of one step, which would add up over many steps."""
    return np.asarray(log_pi - log_sum_exp(log_pi)[:, None])


def _mixed(log_rho: FloatArray, log_pi: FloatArray, averaging: float) -> FloatArray:
    """log((1 − τ) ρ + τ π)."""
    if averaging == 1:
        return log_pi
    return _summing_to_1(np.logaddexp(log_rho + np.log1p(-averaging), log_pi + np.log(averaging)))
