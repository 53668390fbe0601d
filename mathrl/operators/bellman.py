"""The soft Bellman operator of a policy, and the multi-agent soft Q over an ordered subset of agents.

Axes: s state, t next state, a joint action; q is (S, A_1, …, A_n) and v (S,), with a leading agent axis where the
agents' values differ; a policy has one array (S, A_i) per agent. Functions take any array API array, and NumPy arrays
of balls or fractions; transitions may also be a scipy sparse array (S·A, S). The temperature α and the discount γ may
be balls, fractions or traced by JAX. Numbers of equations are those of the HASAC paper (hasac, Section 4.2.1).
"""

from collections.abc import Callable, Sequence
from typing import Any

from mathrl.arithmetic import alike, namespace, weighted
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


@alike
def expectation(q: Any, policy: Sequence[Any], keep: Sequence[int] = ()) -> Any:
    """E_{a~π}[Q(s, a)] = Σ_a Π_i π^i(a^i|s) Q(s, a) over all agents i but those in `keep`   (hasac Eq. 6, first term).

    `q`       Q, (S, A_1, …, A_n), or (n, S, A_1, …, A_n) where the agents' values differ
    `policy`  π, one array (S, A_i) per agent
    `keep`    the agents whose actions are not averaged over; default: none

    Returns (S,) or (n, S), followed by the action axes of the agents in `keep`, in the order given there. It is −∞
    where an action with Q = −∞, which is not available, has a positive probability, and nowhere else.
    """
    xp = namespace(q)
    num_agents = len(policy)
    others = [agent for agent in range(num_agents) if agent not in keep]
    first = q.ndim - num_agents
    q = xp.permute_dims(q, (*range(first), *(first + agent for agent in (*keep, *others))))
    for agent in reversed(others):
        between = q.ndim - first - 1
        pi_sa = policy[agent]
        weights = xp.reshape(pi_sa, (pi_sa.shape[0], *[1] * between, pi_sa.shape[1]))
        q = xp.sum(weighted(weights, q), axis=-1)
    return q


@alike
def entropy_bonus(policy: Sequence[Any], *, temperature: Any, entropy: str = "team") -> Any:
    """What entropy adds to V(s): α Σ_j H(π^j) for `"team"`, α H(π^i) for `"own"`, 0 for `"none"`   (hasac Eq. 6).

    `policy`       π, one array (S, A_i) per agent
    `temperature`  α ≥ 0, the weight of the entropy
    `entropy`      "team" (the default), "own" or "none"; of "none" no logarithm is taken

    Returns (S,), or (n, S) for "own". Raises `ValueError` for another `entropy`.
    """
    return _bonus(shannon_entropy, policy, temperature, entropy)


@alike
def entropy_bonus_of_logs(log_policy: Sequence[Any], *, temperature: Any, entropy: str = "team") -> Any:
    """α Σ_j H(π^j) for `"team"`, α H(π^i) for `"own"`, 0 for `"none"`, computed from log π   (hasac Eq. 6).

    It is what `entropy_bonus` is, for networks, which hold log π. It is finite where probabilities are 0 or underflow,
    and so is its gradient.

    `log_policy`   log π, one array (S, A_i) per agent, −∞ where π is 0
    `temperature`  α ≥ 0, the weight of the entropy
    `entropy`      "team" (the default), "own" or "none"; of "none" no logarithm is used

    Returns (S,), or (n, S) for "own". Raises `ValueError` for another `entropy`.
    """
    return _bonus(entropy_of_logs, log_policy, temperature, entropy)


@alike
def soft_value(q: Any, policy: Sequence[Any], *, temperature: Any, entropy: str = "team") -> Any:
    """V(s) = E_{a~π}[Q(s, a)] + α Σ_j H(π^j(·|s)) for `entropy="team"`   (hasac Eq. 6).

    `q`            Q, (S, A_1, …, A_n), or (n, S, A_1, …, A_n) where the agents' values differ
    `policy`       π, one array (S, A_i) per agent
    `temperature`  α ≥ 0, the weight of the entropy
    `entropy`      whose entropy counts: "team" (all agents'; the default), "own" (each agent's in its own value) or
                   "none"

    Returns (S,), or (n, S) where q has an agent axis or `entropy` is "own". Raises `ValueError` for another `entropy`.
    """
    return expectation(q, policy) + entropy_bonus(policy, temperature=temperature, entropy=entropy)


@alike
def soft_value_of_logs(q: Any, log_policy: Sequence[Any], *, temperature: Any, entropy: str = "team") -> Any:
    """V(s) = E_{a~π}[Q(s, a)] + α Σ_j H(π^j(·|s)) for `entropy="team"`, computed from log π   (hasac Eq. 6).

    It is what `soft_value` is, for networks, which hold log π.

    `q`            Q, (S, A_1, …, A_n), or (n, S, A_1, …, A_n) where the agents' values differ
    `log_policy`   log π, one array (S, A_i) per agent, −∞ where π is 0
    `temperature`  α ≥ 0, the weight of the entropy
    `entropy`      whose entropy counts: "team" (all agents'; the default), "own" (each agent's in its own value) or
                   "none"

    Returns (S,), or (n, S) where q has an agent axis or `entropy` is "own". Raises `ValueError` for another `entropy`.
    """
    policy = [namespace(logs).exp(logs) for logs in log_policy]
    return expectation(q, policy) + entropy_bonus_of_logs(log_policy, temperature=temperature, entropy=entropy)


@alike
def policy_transitions(transitions: Any, policy: Sequence[Any]) -> Any:
    """P_π(t|s) = Σ_a π(a|s) P(t|s, a), shape (S, S), of dense transitions   (hasac Eq. 5 and 6 taken together).

    `transitions`  P(t|s, a), (S, A_1, …, A_n, S), a dense array
    `policy`       π, one array (S, A_i) per agent

    Returns (S, S).
    """
    xp = namespace(transitions)
    states_last = xp.permute_dims(transitions, (transitions.ndim - 1, *range(transitions.ndim - 1)))
    return xp.permute_dims(expectation(states_last, policy), (1, 0))


@alike
def backup(v: Any, rewards: Any, transitions: Any, *, discount: Any) -> Any:
    """Q(s, a) = r(s, a) + γ Σ_t P(t|s, a) V(t)   (hasac Eq. 5).

    `v`            V, (S,), or (n, S) where the agents' values differ
    `rewards`      r, (S, A_1, …, A_n), or (n, S, A_1, …, A_n) where the agents' rewards differ
    `transitions`  P(t|s, a), (S, A_1, …, A_n, S), or a scipy sparse array (S·A, S)
    `discount`     γ, in [0, 1)

    Returns Q, (S, A_1, …, A_n), or (n, S, A_1, …, A_n) where v or the rewards have an agent axis.
    """
    xp = namespace(v)
    dense = transitions.ndim > 2
    lead = rewards.ndim - transitions.ndim + 1 if dense else int(rewards.size != transitions.shape[0])
    sa_shape = rewards.shape[lead:]
    if v.ndim == 1:
        return rewards + discount * xp.reshape(transitions @ v, sa_shape)
    expected = xp.stack([xp.reshape(transitions @ v[agent, :], sa_shape) for agent in range(v.shape[0])])
    return rewards + discount * expected


@alike
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

    It is a γ-contraction in the maximum norm, whose fixed point is Q_π.

    `q`            Q, (S, A_1, …, A_n), or (n, S, A_1, …, A_n) where the agents' values differ
    `policy`       π, one array (S, A_i) per agent
    `rewards`      r, (S, A_1, …, A_n), or (n, S, A_1, …, A_n) where the agents' rewards differ
    `transitions`  P(t|s, a), (S, A_1, …, A_n, S), or a scipy sparse array (S·A, S)
    `discount`     γ, in [0, 1)
    `temperature`  α ≥ 0, the weight of the entropy
    `entropy`      whose entropy counts: "team" (all agents'; the default), "own" (each agent's in its own value) or
                   "none"

    Returns Γ_π Q, (S, A_1, …, A_n), with an agent axis where q or the rewards have one or `entropy` is "own". Raises
    `ValueError` for another `entropy`.
    """
    v = soft_value(q, policy, temperature=temperature, entropy=entropy)
    return backup(v, rewards, transitions, discount=discount)


@alike
def subset_q(q: Any, policy: Sequence[Any], subset: Sequence[int], *, temperature: Any, entropy: str = "team") -> Any:
    """Q^{i_1:m}(s, a^{i_1:m}) = E_{a^{-i_1:m}~π}[Q(s, a)] + α Σ_{i∉i_1:m} H(π^i(·|s))   (hasac Eq. 7).

    It is the multi-agent soft Q of an ordered subset i_1:m of the agents. If the subset holds all agents it is Q
    itself, if it is empty it is V.

    `q`            Q, (S, A_1, …, A_n), or (n, S, A_1, …, A_n) where the agents' values differ
    `policy`       π, one array (S, A_i) per agent
    `subset`       i_1:m, the numbers of the agents, in any order
    `temperature`  α ≥ 0, the weight of the entropy
    `entropy`      "team" (the default) adds the entropies of the agents outside the subset, "own" that of agent i where
                   it is outside (with an agent axis), "none" nothing

    Returns (S,) or (n, S), followed by the action axes of the agents in `subset`, in the order given there. Raises
    `ValueError` for another `entropy`, unless the subset holds all agents.
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
