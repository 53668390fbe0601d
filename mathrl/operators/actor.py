"""The gradient of DMAC's actors in tabular logits, exactly, and how much its three sampled forms vary.

π^i(·|s) = softmax(θ^i(s, ·)), so that ∇ log π^i(a|s) has the entries 1[b = a] − π^i(b|s) in state s. The actors'
gradient is ∇_i L_π = E_{s~D, a~π}[∇ log π^i(a_i|s) g(s, a)] with any of the three signals g here. Policies and
targets are tuples of (S, A_i), and ρ is positive where π is; q is (S, A_1, …, A_n), the temperature ω and the
distribution of states D (S,).
"""

from collections.abc import Sequence
from typing import Any

from mathrl.arithmetic import alike, namespace, or_zero, there, times, weighted
from mathrl.operators.axes import along
from mathrl.operators.bellman import expectation
from mathrl.softmax import kl_divergence, log_probabilities

__all__ = [
    "actor_gradient",
    "actor_gradient_variance",
    "actor_objective",
    "actor_signal",
    "counterfactual_signal",
    "linear_signal",
]


@alike
def actor_objective(
    q: Any, policy: Sequence[Any], target_policy: Sequence[Any], states: Any, *, temperature: Any
) -> Any:
    """L_π = Σ_s D(s) Σ_a π(a|s) (Q(s, a) − ω log(π(a|s)/ρ(a|s))), for a fixed Q   (dmac §4.5).

    `q`              Q, (S, A_1, …, A_n)
    `policy`         π, one array (S, A_i) per agent
    `target_policy`  ρ, one array (S, A_i) per agent, > 0 where π is
    `states`         D, the distribution of states, (S,)
    `temperature`    ω ≥ 0, the weight of the divergence

    Returns one number.
    """
    xp = namespace(q)
    pairs = zip(policy, target_policy, strict=True)
    divergence = xp.sum(xp.stack([kl_divergence(pi_sa, rho_sa) for pi_sa, rho_sa in pairs]), axis=0)
    return xp.sum(states * (expectation(q, policy) - temperature * divergence))


@alike
def actor_signal(q: Any, policy: Sequence[Any], target_policy: Sequence[Any], *, temperature: Any) -> Any:
    """g = Q − ω log(π/ρ) − ω, the same for all agents   (dmac §4.5, A.9).

    The constant −ω, which A.9 keeps, changes no gradient, as E[∇ log π^i] = 0.

    `q`              Q, (S, A_1, …, A_n)
    `policy`         π, one array (S, A_i) per agent
    `target_policy`  ρ, one array (S, A_i) per agent, > 0 where π is
    `temperature`    ω ≥ 0, the weight of the divergence

    Returns g, (S, A_1, …, A_n), for `actor_gradient`.
    """
    signal = q - temperature
    for agent in range(len(policy)):
        ratio = _log_ratio(policy[agent], target_policy[agent])
        signal = signal - temperature * along(ratio, agent, len(policy))
    return signal


@alike
def counterfactual_signal(
    q: Any, policy: Sequence[Any], target_policy: Sequence[Any], agent: int, *, temperature: Any
) -> Any:
    """g^i = Q − ω log(π^i/ρ^i) − E_{a_i~π^i}[Q] + ω KL(π^i ‖ ρ^i)   (dmac §4.5).

    It is `actor_signal` less its mean over the agent's own action; the other agents' policies cancel in the difference.

    `q`              Q, (S, A_1, …, A_n)
    `policy`         π, one array (S, A_i) per agent
    `target_policy`  ρ, one array (S, A_i) per agent, > 0 where π is
    `agent`          i, the number of the agent
    `temperature`    ω ≥ 0, the weight of the divergence

    Returns g^i, (S, A_1, …, A_n), for `actor_gradient`.
    """
    pi_sa, num_agents = policy[agent], len(policy)
    baseline = namespace(q).sum(weighted(along(pi_sa, agent, num_agents), q), axis=1 + agent, keepdims=True)
    own = _own_divergence(pi_sa, target_policy[agent], temperature)
    return q - or_zero(baseline) + along(own, agent, num_agents)


@alike
def linear_signal(
    individual_q: Sequence[Any],
    weights: Any,
    policy: Sequence[Any],
    target_policy: Sequence[Any],
    agent: int,
    *,
    temperature: Any,
) -> Any:
    """g^i = k_i (Q_i − E_{π^i}[Q_i]) − ω log(π^i/ρ^i) + ω KL(π^i ‖ ρ^i)   (dmac §4.5).

    It is `counterfactual_signal` where Q = Σ_i k_i Q_i + b, and does not depend on the others' actions.

    `individual_q`   Q_i, one array (S, A_i) per agent
    `weights`        k, (n, S)
    `policy`         π, one array (S, A_i) per agent
    `target_policy`  ρ, one array (S, A_i) per agent, > 0 where π is
    `agent`          i, the number of the agent
    `temperature`    ω ≥ 0, the weight of the divergence

    Returns g^i, (S, 1, …, A_i, …, 1), for `actor_gradient`.
    """
    pi_sa, own_q = policy[agent], individual_q[agent]
    advantage = own_q - namespace(own_q).sum(weighted(pi_sa, own_q), axis=-1, keepdims=True)
    own = _own_divergence(pi_sa, target_policy[agent], temperature)
    return along(times(weights[agent, :][:, None], advantage) + own, agent, len(policy))


@alike
def actor_gradient(signal: Any, policy: Sequence[Any], states: Any, agent: int) -> Any:
    """E_{s~D, a~π}[∇ log π^i(a_i|s) g(s, a)] = D π^i (ḡ − E_{π^i}[ḡ]), ḡ = E_{π^{-i}}[g], exactly   (dmac §4.5).

    `signal`  g, (S, A_1, …, A_n), or with axes of length 1 for actions that do not matter
    `policy`  π, one array (S, A_i) per agent
    `states`  D, the distribution of states, (S,)
    `agent`   i, the number of the agent

    Returns the gradient in the agent's logits, (S, A_i), where π^i = softmax(logits).
    """
    pi_sa = policy[agent]
    expected = expectation(_whole(signal, policy), policy, keep=(agent,))
    mean = namespace(expected).sum(weighted(pi_sa, expected), axis=-1, keepdims=True)
    return weighted(states[:, None] * pi_sa, expected - mean)


@alike
def actor_gradient_variance(signal: Any, policy: Sequence[Any], states: Any, agent: int) -> Any:
    """E‖ĝ − E ĝ‖² of the estimate ĝ = ∇ log π^i(a_i|s) g(s, a) from one sample s ~ D, a ~ π   (dmac §4.5).

    It is the sum of the variances of the entries of ĝ. Used is ‖∇ log π^i(a|s)‖² = 1 − 2 π^i(a|s) + Σ_b π^i(b|s)².

    `signal`  g, (S, A_1, …, A_n), or with axes of length 1 for actions that do not matter
    `policy`  π, one array (S, A_i) per agent
    `states`  D, the distribution of states, (S,)
    `agent`   i, the number of the agent

    Returns one number.
    """
    xp = namespace(signal)
    pi_sa = policy[agent]
    length = 1 - 2 * pi_sa + xp.sum(pi_sa**2, axis=-1, keepdims=True)
    whole = _whole(signal, policy)
    squared = xp.where(there(whole), or_zero(whole) ** 2 * along(length, agent, len(policy)), whole)
    mean = actor_gradient(signal, policy, states, agent)
    return xp.sum(states * expectation(squared, policy)) - xp.sum(mean**2)


def _own_divergence(pi_sa: Any, rho_sa: Any, temperature: Any) -> Any:
    """−ω log(π^i/ρ^i) + ω KL(π^i ‖ ρ^i), whose mean over π^i is 0."""
    return temperature * (kl_divergence(pi_sa, rho_sa)[:, None] - _log_ratio(pi_sa, rho_sa))


def _log_ratio(pi_sa: Any, rho_sa: Any) -> Any:
    xp = namespace(pi_sa)
    played = pi_sa > 0
    return xp.where(played, log_probabilities(pi_sa), 0.0) - xp.where(played, log_probabilities(rho_sa), 0.0)


def _whole(signal: Any, policy: Sequence[Any]) -> Any:
    """`signal` with an axis for each agent's actions."""
    return namespace(signal).broadcast_to(signal, (signal.shape[0], *(pi_sa.shape[1] for pi_sa in policy)))
