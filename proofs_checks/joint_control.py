"""All agents as one controller: its optimum with a divergence from a target, and DMAC's iteration of such optima.

Joint policies are (S, A) here, joint actions in C order. What needs no fixed point runs in any arithmetic; `optimum`,
and what calls it, in doubles.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mathrl.arithmetic import namespace
from mathrl.operators import backup, divergence_improvement, divergence_soft_max
from mathrl.operators.axes import flat
from mathrl.proofs_checks.instances import Tables
from mathrl.proofs_checks.policy_value import divergence_v
from mathrl.softmax import log_probabilities

__all__ = ["controlled", "iterates", "joint_q", "optimal_values", "optimum", "outer", "with_optimum"]

_STEPS = 500
"""More policy improvements than any small game takes; each but the last few makes the error γ times smaller."""

_TIED = 1e-9
"""Actions whose values differ by no more than this part of the largest value are equally good."""


def controlled(game: Any) -> Tables:
    """The same game with one agent who chooses joint actions, in any arithmetic."""
    rewards = flat(game.rewards)
    transitions = namespace(rewards).reshape(game.transitions, (*rewards.shape, -1))
    return Tables(rewards, transitions, game.discount, game.start, True)


def outer(policy: Sequence[Any]) -> Any:
    """Π_i π^i(a_i|s) as a joint policy (S, A)."""
    joint = policy[0]
    for own in policy[1:]:
        joint = flat(joint[:, :, None] * own[:, None, :])
    return joint


def joint_q(game: Any, v: Any) -> Any:
    """Q(s, a) = r(s, a) + γ Σ_t P(t|s, a) V(t), (S, A)."""
    return flat(backup(v, game.rewards, game.transitions, discount=game.discount))


def with_optimum(game: Any, v: Any, target_policy: Any, *, temperature: Any) -> Tables:
    """The game whose rewards are changed by a number for each state, so that V_ρ* is v; for one controller.

    Every game is of this kind, with its own V_ρ* as v. So claims on optima need no fixed point to be found.
    """
    alone = controlled(game)
    best = divergence_soft_max(joint_q(alone, v), log_probabilities(target_policy), temperature=temperature)
    return Tables(alone.rewards + (v - best)[:, None], alone.transitions, alone.discount, alone.start, True)


def optimum(game: Any, target_policy: Any, *, temperature: float) -> tuple[Any, Any]:
    """π_ρ* and V_ρ* over joint policies, (S, A) and (S,), by policy iteration in doubles   (dmac Section 4.3)."""
    alone, policy = _in_doubles(controlled(game)), target_policy
    v = divergence_v(alone, policy, target_policy, temperature=temperature)
    for _ in range(_STEPS):
        policy = divergence_improvement(joint_q(alone, v), target_policy, temperature=temperature)
        before, v = v, divergence_v(alone, policy, target_policy, temperature=temperature)
        if np.abs(v - before).max() <= 4 * np.finfo(float).eps * np.abs(v).max():
            break
    return policy, v


def iterates(game: Any, first_policy: Any, *, temperature: float, steps: int) -> list[tuple[Any, Any]]:
    """The policies π^k and values Ṽ^k = V*_{π^{k−1}} of DMAC's iteration, k = 1, …, `steps`   (dmac Eq. 3)."""
    found, policy = [], first_policy
    for _ in range(steps):
        policy, v = optimum(game, policy, temperature=temperature)
        found.append((policy, v))
    return found


def optimal_values(game: Any) -> tuple[Any, Any]:
    """V* of the game, (S,), and which joint actions are optimal, (S, A), in doubles by policy iteration."""
    alone = _in_doubles(controlled(game))
    size = 1 + np.abs(alone.rewards).max() / (1 - alone.discount)
    greedy = np.zeros(alone.num_states, dtype=int)
    for _ in range(_STEPS):
        policy = np.eye(alone.num_actions[0])[greedy]
        v = divergence_v(alone, policy, policy, temperature=0)
        q = joint_q(alone, v)
        better = q.max(axis=1) > q[np.arange(len(greedy)), greedy] + _TIED * size
        if not better.any():
            break
        greedy = np.where(better, q.argmax(axis=1), greedy)
    return v, q >= q.max(axis=1, keepdims=True) - _TIED * size


def _in_doubles(game: Tables) -> Tables:
    """The game; a loop that ends where rounding does would take balls for what they are not."""
    if game.rewards.dtype.hasobject:
        raise TypeError("optima are found in doubles")
    return game
