"""Soft-QMIX: a mixed Q of limited form, local values that keep its order, and their Boltzmann policies, in turn."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mathrl.arithmetic import difference, or_zero
from mathrl.base.array_types import ArrayLike
from mathrl.base.checks import FloatArray, choice, count, fail, positive, proportion
from mathrl.equations import MIXED_RESPONSE
from mathrl.games.model import Game, as_played, shown_q
from mathrl.games.policies import Policy, as_initial_policy, uniform_policy
from mathrl.games.profile import Profile
from mathrl.iteration.iterate import LARGEST_RESIDUAL, MINIMUM_TOL, Iterate, iterate
from mathrl.iteration.outcome import rounding_floor
from mathrl.operators import entropy_bonus, local_policy, local_values
from mathrl.solution import Solution
from mathrl.solution.answer import solution
from mathrl.values.attained import DIFFERENT, judged, roundings
from mathrl.values.mixed_q import PROJECTIONS, Projected, mixed_target
from mathrl.values.overflow import in_range
from mathrl.values.policy_values import Values, backup, evaluate

__all__ = ["soft_qmix"]

WEIGHTS = ("policy", "uniform")
MIXERS = tuple(PROJECTIONS)

_EPS = float(np.finfo(np.float64).eps)


class _Point(NamedTuple):
    """π_k and what the projection that led there found; its `q_sa` is Q_k."""

    policy: Policy
    found: Projected


_State = tuple[_Point, _Point, Values]
"""Where the iteration is, where it goes next, and the exact values of the present policy."""


@dataclass(frozen=True)
class _Iteration:
    """The equations (1) to (3) of `soft_qmix` in one game; `weighting` is the policy behind w, None for the present
    one.
    """

    game: Game
    temperature: float
    trace_decay: float
    mixer: str
    weighting: Policy | None
    node_limit: int
    goal: float

    def first(self, policy: Policy) -> Iterate[_State]:
        """The first iterate: a policy and its soft Q."""
        values = evaluate(self.game, policy, temperature=self.temperature)
        found = Projected(shown_q(self.game, values.q_msa[0]), local_values(values.q, policy))
        return self.at(_Point(policy, found), values)

    def step(self, last: Iterate[_State]) -> Iterate[_State]:
        _, here, values = last.point
        return self.at(here, evaluate(self.game, here.policy, temperature=self.temperature, guess=values.v_ms))

    def at(self, here: _Point, values: Values) -> Iterate[_State]:
        ahead = self.following(here)
        residual, floor = judged(
            self.apart(ahead, here),
            rounding_floor(ahead.found.q_sa, self.temperature),
            self.goal,
            lambda: self._floors(ahead, here),
            lambda: self._misses(ahead, here),
        )
        return Iterate((here, ahead, values), residual, floor, float(values.objective))

    def following(self, here: _Point) -> _Point:
        wanted_sa = mixed_target(self.game, here.policy, here.found.q_sa, self.temperature, self.trace_decay)
        found = PROJECTIONS[self.mixer](self.game, wanted_sa, self._weights(here), self.node_limit)  # (1), (2)
        return _Point(local_policy(found.local, temperature=self.temperature), found)  # (3)

    def apart(self, one: _Point, other: _Point) -> float:
        policies = max(float(np.abs(own - others).max()) for own, others in zip(one.policy, other.policy, strict=True))
        size = max(self.temperature, float(np.abs(or_zero(one.found.q_sa)).max()))
        gap = max(policies, float(np.abs(difference(one.found.q_sa, other.found.q_sa)).max()) / size)
        if size > DIFFERENT * self.temperature and size > DIFFERENT * float(self._played(one)[1].min()):
            gap = max(gap, float(self._q_misses(one, other).max()))
        return gap

    def _weights(self, here: _Point) -> Policy:
        return here.policy if self.weighting is None else self.weighting

    def _played(self, here: _Point) -> tuple[FloatArray, FloatArray]:
        """π over joint actions (S, A), and max(α, E_π|Q|) of each state."""
        joint_sa = Profile.of(here.policy).joint_sa
        size_s = np.einsum("sa,sa->s", joint_sa, np.abs(or_zero(here.found.q_sa)))
        return joint_sa, np.maximum(self.temperature, size_s)

    def _q_misses(self, one: _Point, other: _Point) -> FloatArray:
        """By how much Q differs in each state where it is played, E_π|Q − Q'|/max(α, E_π|Q|)."""
        joint_sa, size_s = self._played(one)
        gap_sa = np.abs(difference(one.found.q_sa, other.found.q_sa))
        return np.asarray(np.einsum("sa,sa->s", joint_sa, gap_sa) / size_s)

    def _floors(self, ahead: _Point, here: _Point) -> FloatArray:
        """What rounding leaves of the policies, and of Q where it is played, in each state, (2S,).

        eps max(1, Σ_a π^i(a) (1 − π^i(a)) δ^i(a)/(α eps)),   eps max(1, E_π[δ]/(eps max(α, E_π|Q|)))
        """
        (joint_sa, size_s), delta_sa = self._played(ahead), self._roundings(ahead)
        floor_s = np.full(len(size_s), _EPS)
        for pi_sa, own_sa in zip(ahead.policy, self._local_roundings(delta_sa, here), strict=True):
            moved_s = np.einsum("sa,sa,sa->s", pi_sa, 1 - pi_sa, own_sa)
            floor_s = np.maximum(floor_s, moved_s / self.temperature)
        of_q_s = np.einsum("sa,sa->s", joint_sa, delta_sa) / size_s
        return np.concatenate([floor_s, np.maximum(_EPS, of_q_s)])

    def _misses(self, ahead: _Point, here: _Point) -> FloatArray:
        """What a step changes of the policies, also if f grows by its roundings, and of Q where it is played, (2S,)."""
        parts = zip(ahead.found.local, self._local_roundings(self._roundings(ahead), here), strict=True)
        doubtful = local_policy([f_sa + own_sa for f_sa, own_sa in parts], temperature=self.temperature)
        miss_s = np.zeros(self.game.num_states)
        for following in (ahead.policy, doubtful):
            for own, others in zip(following, here.policy, strict=True):
                miss_s = np.maximum(miss_s, np.abs(own - others).max(axis=1))
        return np.concatenate([miss_s, self._q_misses(ahead, here)])

    def _roundings(self, ahead: _Point) -> FloatArray:
        """What rounding leaves of Q, δ (S, A), from that of its target."""
        joint_sa, _ = self._played(ahead)
        bonus_s = entropy_bonus(ahead.policy, temperature=self.temperature)
        v_ms = (np.einsum("sa,sa->s", joint_sa, or_zero(ahead.found.q_sa)) + bonus_s)[None]
        of_target_sa = roundings(self.game, backup(self.game, v_ms), v_ms)[0]
        return np.asarray(np.maximum(of_target_sa, _EPS * np.abs(or_zero(ahead.found.q_sa))))

    def _local_roundings(self, delta_sa: FloatArray, here: _Point) -> Policy:
        """What it leaves of f, per agent (S, A_i): E_{w^{-i}}[δ] + (1 − 1/n) E_w[δ]."""
        game, weights = self.game, self._weights(here)
        mean_s = np.einsum("sa,sa->s", Profile.of(weights).joint_sa, delta_sa)
        less = local_values(delta_sa.reshape(game.num_states, *game.num_actions), weights)  # E − (1 − 1/n) E
        return tuple(own_sa + 2 * (1 - 1 / game.num_agents) * mean_s[:, None] for own_sa in less)


def soft_qmix(
    game: Game,
    *,
    temperature: float,
    mixer: str = "monotone",
    trace_decay: float = 0.4,
    weights: str = "policy",
    initial_policy: Sequence[ArrayLike] | None = None,
    node_limit: int = 500,
    tol: float = 100.0,
    max_steps: int = 10_000,
) -> Solution:
    """Iterate Soft-QMIX in exact expectation, to a fixed point or a cycle.

        Q_{k+1} = the nearest table of the mixer's form to T_λ Q_k under π_k         (soft-qmix Eq. 6, 13, 24)   (1)
        f_{k+1} = argmin_f Σ_a w(a|s) (Σ_i f_i(s, a_i) − Q_{k+1}(s, a))²               (soft-qmix Eq. 14)        (2)
        π_{k+1}^i = softmax(f_{k+1}^i / α)                                             (soft-qmix Eq. 15)        (3)

    Each loss is minimised exactly, in every state; "nearest" in (1) means least Σ_a w(a|s) (·)². As w is a product over
    agents, (2) is a mean over the others' actions, so f keeps the order of a monotone Q (`operators.local_values`), and
    (3) is a simultaneous quantal response to Q_{k+1}.

    With the weights `"policy"` projections keep E_π[Q]. At a fixed point V is therefore exact, whatever λ is, and Q is
    the nearest table to the policy's own soft Q. So the fixed points are the QREs of the game for the mixers
    `"unrestricted"` and `"additive"`, and those of its monotone image for `"monotone"`. Simultaneous responses may
    lower the objective and may cycle, for example where two agents are paid for differing. soft-qmix Lemma 4.3 and
    Theorem 4.4 do not exclude this: they are about Eq. 9, which (2) replaces.

    `game`            a game with a common payoff
    `temperature`     α > 0, the weight of the entropy, in units of the rewards
    `mixer`           the form of Q: `"monotone"` (default), QMIX's class, by `mathrl.stage.monotone_projection`;
                      `"additive"`, a sum over agents (VDN); `"unrestricted"`, T_λ Q itself
    `trace_decay`     λ of the TD(λ) targets T_λ Q, in [0, 1], default 0.4: 0 gives one-step targets, 1 the exact soft Q
                      of π_k
    `weights`         w: `"policy"` (default), π_k, as the paper learns on-policy; or `"uniform"`, as from uniform play
    `initial_policy`  π_0, per agent (S, A_i), states by actions, rows sum to 1; default: uniform; Q_0 is its soft Q
    `node_limit`      the most partial orders that a projection looks at: 500 (default) are enough to prove tables of
                      4×4×4 and of two agents with 6 actions; larger tables take 0.1 s and more for each state and step
    `tol`             stop at a residual of this many rounding floors (see `mathrl.Solution`); below 8 counts as 8;
                      default 100
    `max_steps`       the most steps; default 10,000

    Returns `policy` = π_k with its exact soft values q and v, `q_tot` = Q_k, and `individual_q` = f_k, whose first
    maximisers are the greedy actions; the paper fixes its Q_i only up to their order. `residual` is the larger of
    ‖π_{k+1} − π_k‖∞ and ‖Q_{k+1} − Q_k‖∞/max(α, ‖Q_{k+1}‖∞); above 0.01 the run never counts as converged. Where Q has
    much larger entries than are played, E_π|Q_{k+1} − Q_k|/max(α, E_π|Q_{k+1}|) in each state counts too. `history`
    holds the exact objective after each step. A run in which π and Q come back ends as `CYCLED`, with the number of
    steps as `period`. Where a projection is not proven best, `detail` says in how many states and bounds the error.
    Raises `ValueError` naming the argument, also for a general-sum game, as the agents mix one Q.

    >>> from mathrl.games import load
    >>> found = soft_qmix(load("soft-qmix"), temperature=1.0)
    >>> found.converged, found.policy[0].round(2).tolist(), found.q_tot[0, 0].round(2).tolist()
    (True, [[1.0, 0.0, 0.0]], [8.0, -12.0, -12.0])
    """
    game = as_played(game)
    temperature = positive("temperature", temperature)
    if not game.common_payoff:
        fail("game", "is general-sum", "a common payoff", "the agents mix one Q; solver qre takes any game")
    in_range(game, temperature)
    choice("mixer", mixer, MIXERS)
    choice("weights", weights, WEIGHTS)
    trace_decay = proportion("trace_decay", trace_decay)
    node_limit = count("node_limit", node_limit)
    tol, max_steps = positive("tol", tol), count("max_steps", max_steps)
    uniform = uniform_policy(game)
    first = as_initial_policy(game, initial_policy)
    weighting = None if weights == "policy" else uniform
    iteration = _Iteration(game, temperature, trace_decay, mixer, weighting, node_limit, max(tol, MINIMUM_TOL))
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
