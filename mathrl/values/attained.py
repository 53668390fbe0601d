"""How exactly doubles can tell the values of a game, state by state, by what is attained there.

    δ(s, a) = eps (|r(s, a)| + γ Σ_t P(t|s, a) |V(t)|)                                            (1)
    f(s)    = max(Σ_a w(a|s) δ(s, a), eps |T V(s)|),   T V(s) = T Q(s, ·)                         (2)
    d(s)    = T(Q + δ)(s) − T Q(s)                                                                (3)

(1) is what rounding leaves of Q = r + γ P V. With w the policy that attains a maximum T, plain or soft, (2) is what it
leaves of T V: entries that nobody plays do not count. (3) is by how much T V might be larger if each Q is larger by
its own rounding. That is about f, unless an action that is not played is so nearly as good, and the sum of such large
numbers, that doubles cannot tell whether it is better.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mathrl.arithmetic import or_zero
from mathrl.base.checks import FloatArray
from mathrl.games.model import Game, shown_q
from mathrl.games.policies import Policy
from mathrl.games.profile import Profile
from mathrl.iteration.outcome import rounding_floor
from mathrl.softmax import boltzmann
from mathrl.values.policy_values import Values, backup, own_q

__all__ = [
    "DIFFERENT",
    "TIES",
    "TINY",
    "Actions",
    "Weighed",
    "doubts",
    "floors",
    "judged",
    "judged_responses",
    "optimal_actions",
    "own_parts",
    "plain_floors",
    "policy_floors",
    "roundings",
    "tied",
    "weighed",
]

Actions = npt.NDArray[np.int64]

_EPS = float(np.finfo(np.float64).eps)

TINY = float(np.finfo(np.float64).tiny)
"""The least rounding floor. Values that decay to 0 end among denormal numbers, which have no relative precision."""

_ALIKE = 16.0
"""Actions whose roundings are at most so many floors of their state leave no doubt beyond these floors."""


TIES = 64.0
"""Roundings within which two actions tie, of the larger of their own."""

DIFFERENT = 2.0**10
"""Numbers that differ by a larger factor are judged state by state where policies respond to them."""


def roundings(game: Game, q_msa: FloatArray, v_ms: FloatArray, *, least: bool = False) -> FloatArray:
    """Return δ (m, S, A) of (1) for Q = r + γ P V, 0 where a joint action is not available.

    It takes a pass over the transitions where V has both signs; `least` leaves that out: then each |Σ P V| takes the
    place of Σ P |V|, which may be larger.
    """
    r_msa = game.rewards_isa
    ahead_msa = np.abs(q_msa - r_msa)
    if not least and v_ms.min() < 0 < v_ms.max():
        ahead_msa = backup(game, np.abs(v_ms)) - r_msa
    delta_msa = np.asarray(_EPS * (np.abs(r_msa) + ahead_msa))
    return delta_msa if game.barred_sa is None else np.where(game.barred_sa, 0.0, delta_msa)


def floors(delta_sa: FloatArray, attained: FloatArray | Actions, reached_s: FloatArray) -> FloatArray:
    """Return f (S,) of (2) for one value function; `attained` is w (S, A), or the one action of each state (S,)."""
    if attained.ndim == 1:
        weighed_s = delta_sa[np.arange(len(delta_sa)), attained]
    else:
        weighed_s = np.einsum("sa,sa->s", attained, delta_sa)
    return np.asarray(np.maximum(np.maximum(weighed_s, _EPS * np.abs(reached_s)), TINY))


def plain_floors(largest: float, reached_s: FloatArray) -> FloatArray | None:
    """Return eps |T V|, a lower bound of f, where all numbers in the game are so much alike that (3) leaves no doubt.

    `largest` is an upper bound of all δ, eps (‖r‖∞ + γ ‖V‖∞) for example. None is returned where numbers are not alike:
    then (1) decides, at the cost of passes over Q.
    """
    floor_s = np.maximum(_EPS * np.abs(reached_s), TINY)
    return floor_s if largest <= _ALIKE * float(floor_s.min()) else None


def doubts(
    delta_sa: FloatArray,
    floor_s: FloatArray,
    q_sa: FloatArray,
    reached_s: FloatArray,
    largest: Callable[[FloatArray], FloatArray],
) -> FloatArray:
    """Return d (S,) of (3), or 0 where it is at most a few floors f; `largest` is the maximum T of (S, A)."""
    doubtful_s = delta_sa.max(axis=1) > _ALIKE * floor_s
    if not doubtful_s.any():
        return np.zeros_like(floor_s)
    # T(Q + c) = T Q + c: without T Q in it, the rise loses no digits.
    return np.where(doubtful_s, largest(q_sa - reached_s[:, None] + delta_sa), 0.0)


def tied(game: Game, q_sa: FloatArray, v_s: FloatArray, actions_s: Actions, slack: float) -> npt.NDArray[np.bool_]:
    """Say which actions are as good as the greedy ones but for `slack` roundings (1), the larger of the two, (S, A)."""
    states = np.arange(len(q_sa))
    greedy_s = q_sa[states, actions_s][:, None]
    largest = _EPS * (game.reward_scale + game.discount * float(np.abs(v_s).max()))
    near_sa = np.asarray(q_sa >= greedy_s - slack * largest)
    if np.count_nonzero(near_sa) == len(q_sa):
        return near_sa
    delta_sa = roundings(game, q_sa[None], v_s[None])[0]
    larger_sa = np.maximum(delta_sa, delta_sa[states, actions_s][:, None])
    return np.asarray(q_sa - greedy_s >= -slack * larger_sa)


def optimal_actions(game: Game, q_sa: FloatArray, v_s: FloatArray) -> npt.NDArray[np.bool_]:
    """Say which actions are optimal at the Q and V of an optimal policy, but for rounding and what V lacks, (S, A).

    They are within 64 roundings of the best, or twice as many as max Q − V is in some state, if that is more.
    """
    greedy_s, best_s = q_sa.argmax(axis=1), q_sa.max(axis=1)
    floor_s = floors(roundings(game, q_sa[None], v_s[None])[0], greedy_s, best_s)
    return tied(game, q_sa, v_s, greedy_s, max(TIES, 2 * float((np.abs(best_s - v_s) / floor_s).max())))


class Weighed(NamedTuple):
    """How much is missed in all states together.

    `residual`        the largest miss
    `rounding_floor`  where every state's miss is within `goal` of its own floor, the largest floor of all states, as
                      that is how wrong the values of some state may be; else the floor of which the residual is as many
                      as the worst state's miss is of its own floor. So the residual is within `goal` of it exactly
                      where every state's miss is within `goal` of the state's floor
    `left`            the largest miss of a state that is not within `goal` of its floor, 0 where all are
    """

    residual: float
    rounding_floor: float
    left: float


def weighed(miss_s: FloatArray, floor_s: FloatArray, goal: float) -> Weighed:
    """Return how much is missed, from the misses of all states and their floors.

    >>> weighed(np.array([4.0, 1.0]), np.array([8.0, 0.5]), 1.0)
    Weighed(residual=4.0, rounding_floor=2.0, left=1.0)
    >>> weighed(np.array([4.0, 1.0]), np.array([8.0, 0.5]), 2.0)
    Weighed(residual=4.0, rounding_floor=8.0, left=0.0)
    """
    largest, worst = float(miss_s.max()), float((miss_s / floor_s).max())
    if worst <= goal:
        return Weighed(largest, float(floor_s.max()), 0.0)
    left = float(miss_s.max(initial=0.0, where=miss_s > goal * floor_s))
    return Weighed(largest, largest / worst, left)


def policy_floors(values: Values, policy: Policy, temperature: float | None) -> FloatArray:
    """Return what rounding leaves of a policy's own responses in each state, (S,): by what the policy attains there.

        eps max(1, f(s)/α),  or f(s) without a temperature α,  with f of (2) for w = π, the largest of all agents

    A response softmax(Q^i/α) changes by at most the mean of the changes of Q^i/α, weighed by itself.
    """
    w_sa = Profile.of(policy).joint_sa
    delta_msa = roundings(values.game, values.q_msa, values.v_ms)
    floor_s = np.max([floors(own_sa, w_sa, v_s) for own_sa, v_s in zip(delta_msa, values.v_ms, strict=True)], axis=0)
    return np.asarray(floor_s if temperature is None else np.maximum(_EPS, floor_s / temperature))


def judged(
    residual: float,
    floor: float,
    goal: float,
    floors_of_states: Callable[[], FloatArray],
    misses_of_states: Callable[[], FloatArray],
) -> tuple[float, float]:
    """Return the residual of a policy and its rounding floor, from `floor`, that of the largest entry of all.

    Where numbers differ by a factor of more than 1,024, states decide, each by its own floor. That takes time, so it is
    done only where the residual is within `goal` of the largest floor.
    """
    if residual > goal * floor:
        return residual, floor
    floor_s = floors_of_states()
    if floor <= DIFFERENT * float(floor_s.min()):
        return residual, floor
    found = weighed(misses_of_states(), floor_s, goal)
    return found.residual, found.rounding_floor


def judged_responses(
    values: Values, policy: Profile, temperature: float | None, residual: float, goal: float
) -> tuple[float, float]:
    """Return `judged` of a policy and its responses, best or quantal ones, that differ by `residual` at most."""
    return judged(
        residual,
        rounding_floor(values.q, temperature),
        goal,
        lambda: _response_floors(values, policy, temperature),
        lambda: _response_misses(values, policy, temperature),
    )


def _response_floors(values: Values, policy: Profile, temperature: float | None) -> FloatArray:
    """What rounding leaves of the responses in each state, (S,).

        eps max(1, Σ_a ρ(a) (1 − ρ(a)) δ^i(a)/(α eps)),  ρ = softmax(Q^i/α),  δ^i = E_{π^{-i}}[δ]

    A response that is nearly pure stays so, however many temperatures a rounding of Q is.
    """
    if temperature is None:
        return policy_floors(values, policy, None)
    found = np.full(values.game.num_states, _EPS)
    for own_sa, delta_sa in own_parts(values, policy):
        rho_sa = _response(own_sa, temperature)
        found = np.maximum(found, np.einsum("sa,sa,sa->s", rho_sa, 1 - rho_sa, delta_sa) / temperature)
    return found


def _response_misses(values: Values, policy: Profile, temperature: float | None) -> FloatArray:
    """max |π^i − softmax(Q^i/α)| or max Q^i − E_π[Q^i] in each state, (S,), also if all Q^i grow by their roundings."""
    found = np.zeros(values.game.num_states)
    for pi_sa, (own_sa, delta_sa) in zip(policy, own_parts(values, policy), strict=True):
        for q_sa in (own_sa, own_sa + delta_sa):
            if temperature is None:
                misses_s = q_sa.max(axis=1) - np.einsum("sa,sa->s", pi_sa, or_zero(q_sa))
            else:
                misses_s = np.abs(pi_sa - _response(q_sa, temperature)).max(axis=1)
            found = np.maximum(found, misses_s)
    return found


def _response(own_sa: FloatArray, temperature: float) -> FloatArray:
    with np.errstate(over="ignore"):  # of what is not available
        return np.asarray(boltzmann(own_sa, temperature))


def own_parts(values: Values, policy: Profile) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Return each agent's Q^i = E_{π^{-i}}[Q], −∞ for what is not available, and its rounding, (S, A_i)."""
    delta = replace(values, q_msa=roundings(values.game, values.q_msa, values.v_ms))
    ends = np.cumsum(policy.num_actions)[:-1]
    own_sk, delta_sk = (own_q(each, policy) for each in (values, delta))
    parts = (np.split(each_sk, ends, axis=1) for each_sk in (shown_q(values.game, own_sk), delta_sk))
    return zip(*parts, strict=True)
