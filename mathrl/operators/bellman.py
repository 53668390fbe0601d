"""The soft Bellman operator of a policy, and the multi-agent soft Q over an ordered subset of agents.

Axes: s state, t next state, a joint action; q is (S, A_1, …, A_n) and v (S,), with a leading agent axis where the
agents' values differ; a policy has one array (S, A_i) per agent. Functions take any array API array, and NumPy arrays
of balls or fractions; transitions may also be a scipy sparse array (S·A, S). The temperature α and the discount γ may
be balls, fractions or traced by JAX. Numbers of equations are those of the HASAC paper (hasac, Section 4.2.1).
"""

from collections.abc import Callable, Sequence
from typing import Any

from mathrl.arithmetic import namespace
from mathrl.base.checks import choice
from mathrl.softmax import entropy as shannon_entropy
from mathrl.softmax import entropy_of_logs

ENTROPIES = ("team", "own", "none")
"""Whose entropy enters the value."""

__all__ = [
    "ENTROPIES",
    "backup",
    "entropy_bonus",
    "entropy_bonus_of_logs",
    "expectation",
    "policy_backup",
    "policy_transitions",
    "soft_value",
    "soft_value_of_logs",
    "subset_q",
]


def expectation(q: Any, policy: Sequence[Any], keep: Sequence[int] = ()) -> Any:
    """E_{a~π}[Q(s, a)] = Σ_a Π_i π^i(a^i|s) Q(s, a) over all agents i but those in `keep`   (hasac Eq. 6, first term).

    q (…, S, A_1, …, A_n) becomes (…, S) followed by the action axes of `keep`, in the order given.
    """
    xp = namespace(q)
    num_agents = len(policy)
    others = [agent for agent in range(num_agents) if agent not in keep]
    first = q.ndim - num_agents
    q = xp.permute_dims(q, (*range(first), *(first + agent for agent in (*keep, *others))))
    for agent in reversed(others):
        between = q.ndim - first - 1
        pi_sa = policy[agent]
        q = xp.sum(q * xp.reshape(pi_sa, (pi_sa.shape[0], *[1] * between, pi_sa.shape[1])), axis=-1)
    return q


def entropy_bonus(policy: Sequence[Any], *, temperature: Any, entropy: str = "team") -> Any:
    """What entropy adds to V(s): α Σ_j H(π^j) for `"team"`, α H(π^i) for `"own"`, 0 for `"none"`   (hasac Eq. 6).

    Shape (n, S) for `"own"`, else (S,). Of `"none"` no logarithm is taken. Another word raises `ValueError`.

    `policy` has one array (S, A_i) per agent; α is the temperature, ≥ 0.
    """
    return _bonus(shannon_entropy, policy, temperature, entropy)


def entropy_bonus_of_logs(log_policy: Sequence[Any], *, temperature: Any, entropy: str = "team") -> Any:
    """What `entropy_bonus` is of π, from log π, one (S, A_i) per agent, −∞ where π is 0   (hasac Eq. 6).

    Finite where probabilities are 0 or underflow, and so is its gradient.
    """
    return _bonus(entropy_of_logs, log_policy, temperature, entropy)


def soft_value(q: Any, policy: Sequence[Any], *, temperature: Any, entropy: str = "team") -> Any:
    """V(s) = E_{a~π}[Q(s, a)] + α Σ_j H(π^j(·|s)) for `entropy="team"`   (hasac Eq. 6).

    `"own"` counts H(π^i) in the value of agent i alone, shape (n, S), `"none"` nothing. Another word raises
    `ValueError`.

    q is (S, A_1, …, A_n), or (n, S, A_1, …, A_n) where the agents' values differ; `policy` has one array (S, A_i) per
    agent; α is the temperature. The result is (S,), or (n, S) with an agent axis.
    """
    return expectation(q, policy) + entropy_bonus(policy, temperature=temperature, entropy=entropy)


def soft_value_of_logs(q: Any, log_policy: Sequence[Any], *, temperature: Any, entropy: str = "team") -> Any:
    """V(s) = E_{a~π}[Q(s, a)] + α Σ_j H(π^j(·|s)) from log π, one (S, A_i) per agent, −∞ where π is 0   (hasac Eq. 6).

    The same as `soft_value`, for networks, which hold log π.

    q is (S, A_1, …, A_n), or (n, S, A_1, …, A_n) where the agents' values differ. The result is (S,), or (n, S) with an
    agent axis.
    """
    policy = [namespace(logs).exp(logs) for logs in log_policy]
    return expectation(q, policy) + entropy_bonus_of_logs(log_policy, temperature=temperature, entropy=entropy)


def policy_transitions(transitions: Any, policy: Sequence[Any]) -> Any:
    """P_π(t|s) = Σ_a π(a|s) P(t|s, a), shape (S, S), of dense transitions   (hasac Eq. 5 and 6 taken together).

    The transitions are (S, A_1, …, A_n, S); `policy` has one array (S, A_i) per agent.
    """
    xp = namespace(transitions)
    states_last = xp.permute_dims(transitions, (transitions.ndim - 1, *range(transitions.ndim - 1)))
    return xp.permute_dims(expectation(states_last, policy), (1, 0))


def backup(v: Any, rewards: Any, transitions: Any, *, discount: Any) -> Any:
    """Q(s, a) = r(s, a) + γ Σ_t P(t|s, a) V(t)   (hasac Eq. 5).

    With an agent axis in v (n, S) or in rewards (n, S, A_1, …, A_n), the result has one too.

    v is (S,) or (n, S), rewards are (S, A_1, …, A_n) or (n, S, A_1, …, A_n), transitions are (S, A_1, …, A_n, S), or a
    scipy sparse array (S·A, S); the result is shaped as rewards, or with the agent axis of v. γ is the discount.
    """
    xp = namespace(v)
    dense = transitions.ndim > 2
    lead = rewards.ndim - transitions.ndim + 1 if dense else int(rewards.size != transitions.shape[0])
    sa_shape = rewards.shape[lead:]
    if v.ndim == 1:
        return rewards + discount * xp.reshape(transitions @ v, sa_shape)
    expected = xp.stack([xp.reshape(transitions @ v[agent, :], sa_shape) for agent in range(v.shape[0])])
    return rewards + discount * expected


def policy_backup(
    q: Any,
    policy: Sequence[Any],
    rewards: Any,
    transitions: Any,
    *,
    discount: Any,
    temperature: Any,
    entropy: str = "team",
) -> Any:
    """(Γ_π Q)(s, a) = r(s, a) + γ Σ_t P(t|s, a) V(t), V(t) = E_π[Q(t, ·)] + α Σ_j H(π^j(·|t))   (hasac Eq. 5, Eq. 6).

    A γ-contraction in the maximum norm, whose fixed point is Q_π. `entropy` is as in `soft_value`.

    q and rewards are (S, A_1, …, A_n), or have a leading agent axis; `policy` has one array (S, A_i) per agent;
    transitions are (S, A_1, …, A_n, S), or a scipy sparse array (S·A, S). The result is shaped as q; γ is the discount,
    α the temperature.
    """
    v = soft_value(q, policy, temperature=temperature, entropy=entropy)
    return backup(v, rewards, transitions, discount=discount)


def subset_q(q: Any, policy: Sequence[Any], subset: Sequence[int], *, temperature: Any, entropy: str = "team") -> Any:
    """Q^{i_1:m}(s, a^{i_1:m}) = E_{a^{-i_1:m}~π}[Q(s, a)] + α Σ_{i∉i_1:m} H(π^i(·|s))   (hasac Eq. 7).

    The multi-agent soft Q of an ordered subset i_1:m of agents. The axes after the state are those of `subset`, in its
    order: all agents give Q itself, none gives V. `"team"` adds the entropies of the agents outside the subset, `"own"`
    that of agent i where it is outside (with an agent axis), `"none"` nothing.

    q is (S, A_1, …, A_n), or (n, S, A_1, …, A_n) where the agents' values differ; `policy` has one array (S, A_i) per
    agent; `subset` holds the numbers of the agents.
    """
    expected = expectation(q, policy, keep=subset)
    if all(agent in subset for agent in range(len(policy))):
        return expected

    bonus = _bonus(shannon_entropy, policy, temperature, entropy, without=subset)
    return expected + namespace(bonus).reshape(bonus, (*bonus.shape, *[1] * len(subset)))


def _bonus(
    entropy_of: Callable[[Any], Any],
    policy: Sequence[Any],
    temperature: Any,
    entropy: str,
    without: Sequence[int] = (),
) -> Any:
    """α times the entropies that count, of policies or of their logarithms; those of the agents in `without` are 0."""
    choice("entropy", entropy, ENTROPIES)
    xp = namespace(policy[0])
    if entropy == "none":
        return xp.zeros_like(policy[0][:, 0])
    counted = [
        xp.zeros_like(pi_sa[:, 0]) if agent in without else entropy_of(pi_sa) for agent, pi_sa in enumerate(policy)
    ]
    own = temperature * xp.stack(counted)
    return own if entropy == "own" else xp.sum(own, axis=0)
