"""The soft Bellman operator of a policy, and the multi-agent soft Q over an ordered subset of agents.

    (Γ_π Q)(s, a) = r(s, a) + γ Σ_t P(t|s, a) V(t)                                         (5)
    V(s)          = E_{a~π}[Q(s, a)] + α Σ_i H(π^i(·|s))                                    (6)
    Q^{i_1:m}(s, a^{i_1:m}) = E_{a^{-i_1:m}~π}[Q(s, a)] + α Σ_{i∉i_1:m} H(π^i(·|s))         (7)

Numbers are those of the HASAC paper (hasac, Section 4.2.1); its (6) is the case `entropy="team"`. Axes: s state,
t next state, a joint action; q is (S, A_1, …, A_n) and v (S,), with a leading agent axis where the agents' values
differ. Functions take any array API array; transitions may also be a scipy sparse array (S·A, S).
"""

from collections.abc import Sequence
from typing import Any

from mathrl.base.checks import choice
from mathrl.softmax import entropy as shannon_entropy

ENTROPIES = ("team", "own", "none")
"""Whose entropy enters the value."""

__all__ = [
    "ENTROPIES",
    "backup",
    "entropy_bonus",
    "expectation",
    "policy_backup",
    "policy_transitions",
    "soft_value",
    "subset_q",
]


def expectation(q: Any, policy: Sequence[Any], keep: Sequence[int] = ()) -> Any:
    """E_{a~π}[Q(s, a)] over the actions of all agents but those in `keep`   (hasac Eq. 6, first term).

    q (…, S, A_1, …, A_n) becomes (…, S) followed by the action axes of `keep`, in the order given.
    """
    xp = q.__array_namespace__()
    num_agents = len(policy)
    others = [agent for agent in range(num_agents) if agent not in keep]
    first = q.ndim - num_agents
    q = xp.permute_dims(q, (*range(first), *(first + agent for agent in (*keep, *others))))
    for agent in reversed(others):
        between = q.ndim - first - 1
        pi_sa = policy[agent]
        q = xp.sum(q * xp.reshape(pi_sa, (pi_sa.shape[0], *[1] * between, pi_sa.shape[1])), axis=-1)
    return q


def entropy_bonus(policy: Sequence[Any], *, temperature: float, entropy: str = "team") -> Any:
    """What entropy adds to V(s): α Σ_j H(π^j) for `"team"`, α H(π^i) for `"own"`, 0 for `"none"`   (hasac Eq. 6).

    Shape (n, S) for `"own"`, else (S,).
    """
    xp = policy[0].__array_namespace__()
    choice("entropy", entropy, ENTROPIES)
    own = temperature * xp.stack([shannon_entropy(agent_policy) for agent_policy in policy])
    return {"team": xp.sum(own, axis=0), "own": own, "none": xp.zeros_like(own[0, :])}[entropy]


def soft_value(q: Any, policy: Sequence[Any], *, temperature: float, entropy: str = "team") -> Any:
    """V(s) = E_{a~π}[Q(s, a)] + the entropy's part   (hasac Eq. 6)."""
    return expectation(q, policy) + entropy_bonus(policy, temperature=temperature, entropy=entropy)  # (6)


def policy_transitions(transitions: Any, policy: Sequence[Any]) -> Any:
    """P_π(t|s) = Σ_a π(a|s) P(t|s, a), shape (S, S), of dense transitions   (hasac Eq. 5 and 6 taken together)."""
    xp = transitions.__array_namespace__()
    states_last = xp.permute_dims(transitions, (transitions.ndim - 1, *range(transitions.ndim - 1)))
    return xp.permute_dims(expectation(states_last, policy), (1, 0))


def backup(v: Any, rewards: Any, transitions: Any, *, discount: float) -> Any:
    """Q(s, a) = r(s, a) + γ Σ_t P(t|s, a) V(t)   (hasac Eq. 5).

    With an agent axis in v (n, S) or in rewards (n, S, A_1, …, A_n), the result has one too.
    """
    xp = v.__array_namespace__()
    dense = transitions.ndim > 2
    lead = rewards.ndim - transitions.ndim + 1 if dense else int(rewards.size != transitions.shape[0])
    sa_shape = rewards.shape[lead:]
    if v.ndim == 1:
        return rewards + discount * xp.reshape(transitions @ v, sa_shape)  # (5)
    expected = xp.stack([xp.reshape(transitions @ v[agent, :], sa_shape) for agent in range(v.shape[0])])
    return rewards + discount * expected  # (5)


def policy_backup(
    q: Any,
    policy: Sequence[Any],
    rewards: Any,
    transitions: Any,
    *,
    discount: float,
    temperature: float,
    entropy: str = "team",
) -> Any:
    """Γ_π Q   (hasac Eq. 5 with Eq. 6): a γ-contraction in the maximum norm, whose fixed point is Q_π."""
    v = soft_value(q, policy, temperature=temperature, entropy=entropy)
    return backup(v, rewards, transitions, discount=discount)


def subset_q(q: Any, policy: Sequence[Any], subset: Sequence[int], *, temperature: float, entropy: str = "team") -> Any:
    """The multi-agent soft Q of an ordered subset of agents   (hasac Eq. 7).

    The axes after the state are those of `subset`, in its order: all agents give Q itself, none gives V. `"team"` adds
    the entropies of the agents outside the subset, `"own"` that of agent i where it is outside (with an agent axis),
    `"none"` nothing.
    """
    xp = q.__array_namespace__()
    others = [agent for agent in range(len(policy)) if agent not in subset]
    expected = expectation(q, policy, keep=subset)
    if not others:
        return expected
    counted = entropy_bonus(policy, temperature=temperature, entropy="own")
    outside = xp.stack([counted[i, :] * float(i in others) for i in range(len(policy))])
    bonus = {"team": xp.sum(outside, axis=0), "own": outside, "none": 0 * outside[0, :]}[
        choice("entropy", entropy, ENTROPIES)
    ]
    return expected + xp.reshape(bonus, (*bonus.shape, *[1] * len(subset)))  # (7)
