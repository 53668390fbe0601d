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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray, choice, count, fail, positive, proportion
from mathrl.equations import MIXED_RESPONSE
from mathrl.equations.mixing import RAREST
from mathrl.games.model import Game, check_game
from mathrl.games.policies import Policy, as_policy, uniform_policy
from mathrl.games.profile import Profile
from mathrl.iteration.iterate import LARGEST_RESIDUAL, Iterate, iterate
from mathrl.iteration.outcome import rounding_floor
from mathrl.operators import additive_mix, entropy_bonus, local_policy, local_values
from mathrl.solution import Solution
from mathrl.solution.answer import solution
from mathrl.stage.monotone_projection import monotone_projections
from mathrl.values.policy_values import Values, backup, evaluate, trace_values

__all__ = ["soft_qmix"]

WEIGHTS = ("policy", "uniform")


class _Projected(NamedTuple):
    """Q_{k+1} of (1), (S, A), f_{k+1} of (2), in how many states the order is unproven, and what that may leave."""

    q_sa: FloatArray
    local: Policy
    unproven: int = 0
    gap: float = 0.0


def _monotone(game: Game, wanted_sa: FloatArray, played: Policy, node_limit: int) -> _Projected:
    """The nearest table of QMIX's class."""
    least = RAREST ** (1 / game.num_agents)
    weighing = Profile.of(np.maximum(own, least) for own in played)
    found = monotone_projections(wanted_sa, weighing.joint_sa, weighing.num_actions, node_limit)  # (1)
    q_sa, _, errors, bounds, _ = found
    local = _local_values(game, q_sa, played)
    return _Projected(q_sa, local, int((bounds < errors).sum()), float((errors - bounds).max()))


def _additive(game: Game, wanted_sa: FloatArray, played: Policy, node_limit: int) -> _Projected:
    """The nearest sum of functions of one action each: that of the f of (2)."""
    local = _local_values(game, wanted_sa, played)
    return _Projected(additive_mix(local).reshape(wanted_sa.shape), local)  # (1)


def _unrestricted(game: Game, wanted_sa: FloatArray, played: Policy, node_limit: int) -> _Projected:
    """The table itself."""
    return _Projected(wanted_sa, _local_values(game, wanted_sa, played))


def _local_values(game: Game, q_sa: FloatArray, played: Policy) -> Policy:
    return local_values(q_sa.reshape(game.num_states, *game.num_actions), played)  # (2)


_PROJECTIONS: dict[str, Callable[[Game, FloatArray, Policy, int], _Projected]] = {
    "monotone": _monotone,
    "additive": _additive,
    "unrestricted": _unrestricted,
}

MIXERS = tuple(_PROJECTIONS)


class _Point(NamedTuple):
    """π_k and what the projection that led there found; its `q_sa` is Q_k."""

    policy: Policy
    found: _Projected


_State = tuple[_Point, _Point, Values]
"""Where the iteration is, where it goes next, and the exact values of the present policy."""


@dataclass(frozen=True)
class _Iteration:
    """(1)–(3) in one game; `weighting` is the policy whose weights w count, None for that of the present step."""

    game: Game
    temperature: float
    trace_decay: float
    mixer: str
    weighting: Policy | None
    node_limit: int

    def first(self, policy: Policy) -> Iterate[_State]:
        """From a policy and its soft Q."""
        values = evaluate(self.game, policy, temperature=self.temperature)
        return self.at(_Point(policy, _Projected(values.q_msa[0], local_values(values.q, policy))), values)

    def step(self, last: Iterate[_State]) -> Iterate[_State]:
        _, here, values = last.point
        return self.at(here, evaluate(self.game, here.policy, temperature=self.temperature, guess=values.v_ms))

    def at(self, here: _Point, values: Values) -> Iterate[_State]:
        ahead = self.following(here)
        floor = rounding_floor(ahead.found.q_sa, self.temperature)
        return Iterate((here, ahead, values), self.apart(ahead, here), floor, float(values.objective))

    def following(self, here: _Point) -> _Point:
        played = here.policy if self.weighting is None else self.weighting
        found = _PROJECTIONS[self.mixer](self.game, self.target(here), played, self.node_limit)  # (1), (2)
        return _Point(local_policy(found.local, temperature=self.temperature), found)  # (3)

    def target(self, here: _Point) -> FloatArray:
        """T_λ Q   (soft-qmix Eq. 24)."""
        q_sa = here.found.q_sa
        w_sa = Profile.of(here.policy).joint_sa
        bonus_ms = entropy_bonus(here.policy, temperature=self.temperature)[None]
        v_ms = np.einsum("sa,sa->s", w_sa, q_sa) + bonus_ms
        return np.asarray(backup(self.game, trace_values(self.game, w_sa, v_ms, bonus_ms, self.trace_decay))[0])

    def apart(self, one: _Point, other: _Point) -> float:
        policies = max(float(np.abs(own - others).max()) for own, others in zip(one.policy, other.policy, strict=True))
        size = max(self.temperature, float(np.abs(one.found.q_sa).max()))
        return max(policies, float(np.abs(one.found.q_sa - other.found.q_sa).max()) / size)


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
    weighting = None if weights == "policy" else uniform
    iteration = _Iteration(game, temperature, trace_decay, mixer, weighting, node_limit)
    run = iterate(
        iteration.first(first),
        iteration.step,
        tol=tol,
        max_steps=max_steps,
        ceiling=LARGEST_RESIDUAL,
        apart=lambda one, other: iteration.apart(one[0], other[0]),
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
        q_tot=here.found.q_sa.reshape(game.num_states, *game.num_actions),
        individual_q=here.found.local,
    )
    unproven, gap = max(here.found.unproven, ahead.found.unproven), max(here.found.gap, ahead.found.gap)
    if not unproven:
        return answer
    left = f"in {unproven} states the fit is not proven to be the best: its error is within {gap:.1e} of the least one"
    return dataclasses.replace(answer, detail=f"{answer.detail}; {left}" if answer.detail else left)
