"""Soft-QMIX: a mixed Q of limited form, local values that keep its order, and their Boltzmann policies, in turn.

    Q_{k+1} = the nearest table of the mixer's form to T_λ Q_k under π_k         (soft-qmix Eq. 6, 13, 24)   (1)
    f_{k+1} = argmin_f Σ_a w(a|s) (Σ_i f_i(s, a_i) − Q_{k+1}(s, a))²               (soft-qmix Eq. 14)        (2)
    π_{k+1}^i = softmax(f_{k+1}^i / α)                                             (soft-qmix Eq. 15)        (3)

in exact expectation, each loss minimised to its end in every state. Nearest means least Σ_a w(a|s) (·)², with the
weights w of (2). As these are a product over agents, (2) is a mean over the others' actions and keeps the order of a
monotone Q without being told to (`operators.local_values`): (3) is a simultaneous quantal response to Q_{k+1}.

Pooling and additive fits keep the mean E_π[Q] under the policy's weights, so V_tot is exact at a fixed point and λ does
not move it: there Q_k is the nearest table to the policy's own soft Q. With `mixer="unrestricted"` and with
`"additive"` the fixed points are therefore the quantal response equilibria, with `"monotone"` those of the monotone
image of the game. Simultaneous responses need not improve, and may cycle (two agents who are paid where they differ):
soft-qmix Lemma 4.3 and Theorem 4.4 speak of Eq. 9, which (2) replaces.
"""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray, choice, count, fail, positive, proportion
from mathrl.equations import MIXED_RESPONSE
from mathrl.equations.mixing import RAREST
from mathrl.games.model import Game, check_game
from mathrl.games.policies import Policy, as_policy, joint_policy, uniform_policy
from mathrl.iteration.iterate import LARGEST_RESIDUAL, Iterate, iterate
from mathrl.iteration.outcome import rounding_floor
from mathrl.operators import additive_mix, entropy_bonus, local_policy, local_values
from mathrl.solution import Solution
from mathrl.solution.answer import solution
from mathrl.stage.monotone_projection import monotone_projections
from mathrl.values.policy_values import Values, backup, evaluate, trace_values

__all__ = ["soft_qmix"]

MIXERS = ("monotone", "additive", "unrestricted")
WEIGHTS = ("policy", "uniform")


class _Point(NamedTuple):
    """Where the iteration is, and how far the projection that led there is from proven."""

    policy: Policy
    q_sa: FloatArray
    local: Policy
    unproven: int
    gap: float


def soft_qmix(
    game: Game,
    *,
    temperature: float,
    mixer: str = "monotone",
    trace_decay: float = 0.4,
    weights: str = "policy",
    initial_policy: Sequence[npt.ArrayLike] | None = None,
    node_limit: int = 500,
    tol: float = 100.0,
    max_steps: int = 10_000,
) -> Solution:
    """Soft-QMIX: iterate (1)–(3) from `initial_policy` (default: uniform) and its soft Q, to a fixed point or a cycle.

    `mixer` is what Q_tot can be: `"monotone"`, QMIX's class, by exact projection (`monotone_projection` of
    `mathrl.stage`); `"additive"`, a sum over agents (VDN); `"unrestricted"`, T_λ Q itself. `trace_decay` is λ, 0 for
    one-step targets, 1 for the exact soft Q of π_k. `weights` is w: `"policy"`, on-policy, as the paper learns; or
    `"uniform"`, as from a replay of uniform play. Each projection looks at `node_limit` partial orders at most: 500
    prove tables of 4×4×4 and of two agents with 6 actions; beyond, a step takes some 0.1 s and more in each state.

    `policy` is (3), `q` and `v` its exact soft values, `q_tot` Q_k, `individual_q` f_k: the paper's Q_i are fixed up
    to their order only, and f_i is the one of that order which minimises (2). Greedy execution is each agent's first
    maximiser of `individual_q`. `residual` is max(‖π_{k+1} − π_k‖∞, ‖Q_{k+1} − Q_k‖∞ / max(α, ‖Q_{k+1}‖∞)); `history`
    holds the exact objective after each step, which may fall. `CYCLED` says that π and Q_tot came back, with the
    `period`. Where searches for the order end unproven, `detail` counts them and bounds what they left.

    Raises `ValueError` for a general-sum game: the agents mix one Q.

    >>> from mathrl.games import load
    >>> found = soft_qmix(load("soft-qmix"), temperature=1.0)
    >>> found.converged, found.policy[0].round(2).tolist(), found.q_tot[0, 0].round(2).tolist()
    (True, [[1.0, 0.0, 0.0]], [8.0, -12.0, -12.0])
    """
    check_game(game)
    temperature = positive("temperature", temperature)
    if not game.common_payoff:
        fail("game", "is general-sum", "a common payoff", "the agents mix one Q; solver qre takes any game")
    choice("mixer", mixer, MIXERS)
    choice("weights", weights, WEIGHTS)
    trace_decay = proportion("trace_decay", trace_decay)
    node_limit = count("node_limit", node_limit)
    tol, max_steps = positive("tol", tol), count("max_steps", max_steps)
    uniform = uniform_policy(game)
    first = uniform if initial_policy is None else as_policy(game, initial_policy, "initial_policy")
    shape = (game.num_states, *game.num_actions)
    least = RAREST ** (1 / game.num_agents)

    def target(policy: Policy, q_sa: FloatArray) -> FloatArray:
        """T_λ Q   (soft-qmix Eq. 24)."""
        w_sa = joint_policy(policy).reshape(q_sa.shape)
        bonus_ms = entropy_bonus(policy, temperature=temperature)[None]
        v_ms = np.einsum("sa,sa->s", w_sa, q_sa) + bonus_ms
        return np.asarray(backup(game, trace_values(game, w_sa, v_ms, bonus_ms, trace_decay))[0])

    def following(policy: Policy, q_sa: FloatArray) -> _Point:
        wanted_sa = target(policy, q_sa)
        played = policy if weights == "policy" else uniform
        unproven, gap = 0, 0.0
        if mixer == "monotone":
            w_sa = joint_policy(tuple(np.maximum(own, least) for own in played)).reshape(q_sa.shape)
            found = monotone_projections(wanted_sa, w_sa, np.array(game.num_actions), node_limit)  # (1)
            wanted_sa, _, errors, bounds, _ = found
            unproven, gap = int((bounds < errors).sum()), float((errors - bounds).max())
        local = local_values(wanted_sa.reshape(shape), played)  # (2)
        if mixer == "additive":
            wanted_sa = additive_mix(local).reshape(q_sa.shape)  # (1)
        return _Point(local_policy(local, temperature=temperature), wanted_sa, local, unproven, gap)  # (3)

    def apart(one: _Point, other: _Point) -> float:
        policies = max(float(np.abs(own - others).max()) for own, others in zip(one.policy, other.policy, strict=True))
        size = max(temperature, float(np.abs(one.q_sa).max()))
        return max(policies, float(np.abs(one.q_sa - other.q_sa).max()) / size)

    def at(here: _Point, values: Values) -> Iterate[tuple[_Point, _Point, Values]]:
        ahead = following(here.policy, here.q_sa)
        floor = rounding_floor(ahead.q_sa, temperature)
        return Iterate((here, ahead, values), apart(ahead, here), floor, float(values.objective))

    def step(last: Iterate[tuple[_Point, _Point, Values]]) -> Iterate[tuple[_Point, _Point, Values]]:
        _, here, values = last.point
        return at(here, evaluate(game, here.policy, temperature=temperature, guess=values.v_ms))

    values = evaluate(game, first, temperature=temperature)
    q_sa = values.q_msa[0]
    run = iterate(
        at(_Point(first, q_sa, local_values(values.q, first), 0, 0.0), values),
        step,
        tol=tol,
        max_steps=max_steps,
        ceiling=LARGEST_RESIDUAL,
        apart=lambda one, other: apart(one[0], other[0]),
    )
    here, ahead, values = run.last.point
    answer = solution(
        here.policy,
        values,
        run,
        equation=MIXED_RESPONSE,
        solver="soft_qmix",
        parameters={
            "temperature": temperature,
            "mixer": mixer,
            "trace_decay": trace_decay,
            "weights": weights,
            "initial_policy": first,
            "node_limit": node_limit,
            "tol": tol,
            "max_steps": max_steps,
        },
        q_tot=here.q_sa.reshape(shape),
        individual_q=here.local,
    )
    unproven = max(here.unproven, ahead.unproven)
    if not unproven:
        return answer
    left = (
        f"the order was not proven best in {unproven} states, within {max(here.gap, ahead.gap):.1e} of the least error"
    )
    return dataclasses.replace(answer, detail=f"{answer.detail}; {left}" if answer.detail else left)
