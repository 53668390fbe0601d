"""The Markov chains that the paper's bounds compare, in any arithmetic: laws over time, returns, distances.

A chain is what happens where policies are executed in dynamics. Joint actions are one axis in C order, (S, A).
`mathrl.bounds` computes the same in doubles alone; the formulas of the bounds are its own, in every arithmetic.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mathrl.arithmetic import namespace
from mathrl.proofs_checks.joint_control import outer as joint
from mathrl.proofs_checks.policy_value import rewards_of
from mathrl.softmax import total_variation

__all__ = [
    "Chain",
    "apart",
    "branched_total",
    "chain",
    "distances",
    "dynamics_distance",
    "dynamics_error",
    "expected",
    "joint",
    "largest",
    "largest_distance",
    "laws",
    "over_time",
    "paid",
    "policies_apart",
    "reward_bound",
    "total",
]

STEPS = 512
"""How many steps stand for all of them: with discounts up to 0.9 what comes later is below 1e-23 of a return."""


@dataclass(frozen=True, eq=False)
class Chain:
    """A policy in its dynamics.

    `start`   the law of the first state, (S,)
    `played`  π(a|s), (S, A)
    `step`    P_π(t|s), (S, S)
    """

    start: Any
    played: Any
    step: Any


def chain(start: Any, transitions: Any, played: Any) -> Chain:
    """The chain of a joint policy (S, A) in dynamics (S, A_1, …, A_n, S)."""
    return Chain(start, played, (played[:, :, None] * transitions.reshape(*played.shape, -1)).sum(axis=1))


def laws(of: Chain, steps: int = STEPS, start: Any = None) -> Any:
    """The laws of the state at t = 0 … steps − 1, (steps, S), by doubling; from another start (…, S) where given."""
    found, power = (of.start if start is None else start)[None], of.step
    while len(found) < steps:
        found, power = np.concatenate([found, found @ power]), power @ power
    return found[:steps]


def over_time(law_ts: Any, of_s: Any) -> Any:
    """max_t E[f(s_t)] where f is (S,)."""
    return largest(law_ts @ of_s)


def largest(x: Any) -> Any:
    """The largest entry."""
    return namespace(x).max(x)


def dynamics_distance(transitions: Any, other: Any) -> Any:
    """d(s, a) = D_TV of the next state's laws, (S, A)."""
    return total_variation(transitions, other).reshape(len(transitions), -1)


def dynamics_error(transitions: Any, other: Any, along: Chain) -> Any:
    """max_t E[d(s_t, a_t)] along a chain."""
    return over_time(laws(along), expected(along, dynamics_distance(transitions, other)))


def expected(of: Chain, x_sa: Any) -> Any:
    """E_{a~π}[x(s, a)], (S,)."""
    return (of.played * x_sa).sum(axis=1)


def largest_distance(policy: Any, other: Any) -> Any:
    """max_s D_TV(π(·|s), π'(·|s))."""
    return largest(total_variation(policy, other))


def distances(policies: Sequence[Any], others: Sequence[Any], *, each: bool) -> Any:
    """Σ_j max_s D_TV(π^j, π'^j), or where not `each`, max_s D_TV of the joint policies."""
    if each:
        return sum(largest_distance(*pair) for pair in zip(policies, others, strict=True))
    return largest_distance(joint(policies), joint(others))


def policies_apart(policy: Sequence[Any], other: Sequence[Any], agent: int, *, each: bool) -> Any:
    """max_s D_TV of the agent's policies and `distances` of all others' together."""
    rest, of_rest = ([*chosen[:agent], *chosen[agent + 1 :]] for chosen in (policy, other))
    return largest_distance(policy[agent], other[agent]) + distances(rest, of_rest, each=each)


def total(game: Any, agent: int, of: Chain) -> Any:
    """Σ_t γ^t E[r(s_t, a_t)], t from 0."""
    return _visits(game, of) @ paid(game, agent, of)


def branched_total(game: Any, agent: int, pre: Chain, post: Chain, branch_length: int) -> Any:
    """Σ_t γ^t E[r(s_t, a_t)] where the state at time t is the one min(t, k) steps of `post` after what `pre` reached at
    max(t − k, 0), and the action is that of `post`.
    """
    early, late, begun = pre.start, _visits(game, pre), 0
    paid_s = paid(game, agent, post)
    for t in range(branch_length):
        begun = begun + game.discount**t * (early @ paid_s)
        early, late = early @ post.step, late @ post.step
    return begun + game.discount**branch_length * (late @ paid_s)


def apart(game: Any, one: Any, other: Any, returns: str) -> Any:
    """How far two totals are apart as returns: "sums", Σ_{t≥1} γ^t r_t where the first step is t = 1, or "normalised",
    (1 − γ) Σ_{t≥0} γ^t r_t.
    """
    return abs(one - other) * (game.discount if returns == "sums" else 1 - game.discount)


def reward_bound(game: Any, agent: int, reward: str) -> Any:
    """r_max: "largest", max r, or "size", max |r|."""
    rewards = rewards_of(game, agent)
    return largest(rewards if reward == "largest" else abs(rewards))


def paid(game: Any, agent: int, of: Chain) -> Any:
    """E_{a~π}[r(s, a)], (S,)."""
    return expected(of, rewards_of(game, agent).reshape(of.played.shape))


def _visits(game: Any, of: Chain) -> Any:
    """Σ_t γ^t p_t, (S,)."""
    xp = namespace(of.step)
    matrix = xp.eye(len(of.step)) - game.discount * of.step.T
    return xp.linalg.solve(matrix, of.start[:, None])[:, 0]
