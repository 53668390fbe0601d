"""The equations that solutions satisfy, as arrays: left side less right side, zero where the equation holds.

Axes are those of `operators.bellman`: q is (S, A_1, …, A_n), with a leading agent axis where the agents' values
differ; a policy has one array (S, A_i) per agent. A γ-contraction T with fixed point Q* gives ‖Q − Q*‖ ≤ ‖T Q − Q‖/(1
− γ).
"""

from collections.abc import Sequence
from typing import Any

from mathrl.arithmetic import namespace
from mathrl.operators.axes import flat
from mathrl.operators.bellman import backup, policy_backup
from mathrl.operators.divergence import divergence_soft_max
from mathrl.operators.opponent import opponent_backup
from mathrl.operators.response import marginal_q, quantal_response
from mathrl.softmax import log_boltzmann, soft_max

__all__ = [
    "divergence_optimality_residual",
    "opponent_residual",
    "optimality_residual",
    "policy_residual",
    "quantal_response_log_residuals",
    "quantal_response_residual",
    "quantal_response_residuals",
    "soft_optimality_residual",
]


def quantal_response_residuals(q: Any, policy: Sequence[Any], *, temperature: Any) -> tuple[Any, ...]:
    """π^i(a^i|s) − exp(Q^i(s, a^i)/α) / Σ_b exp(Q^i(s, b)/α) with Q^i = E_{π^{-i}}[Q], (S, A_i) each   (hasac Eq. 3).

    Zero exactly at a QRE of the values q. All agents respond to the policy as it is.

    q is (S, A_1, …, A_n), or (n, S, A_1, …, A_n) where the agents' values differ; `policy` has one array (S, A_i) per
    agent; α is the temperature, > 0.
    """
    return tuple(
        pi_sa - quantal_response(q, policy, agent, temperature=temperature) for agent, pi_sa in enumerate(policy)
    )


def quantal_response_log_residuals(q: Any, log_policy: Sequence[Any], *, temperature: Any) -> tuple[Any, ...]:
    """log π^i − (Q^i/α − log Σ_b exp(Q^i(s, b)/α)) with Q^i = E_{π^{-i}}[Q], (S, A_i) each   (log of hasac Eq. 3).

    Takes log π, one (S, A_i) per agent. Rare actions weigh as much as common ones; −∞ where π is 0.

    q is (S, A_1, …, A_n), or (n, S, A_1, …, A_n) where the agents' values differ; α is the temperature, > 0.
    """
    policy = [namespace(logs).exp(logs) for logs in log_policy]
    return tuple(
        logs - log_boltzmann(marginal_q(q, policy, agent), temperature) for agent, logs in enumerate(log_policy)
    )


def quantal_response_residual(q: Any, policy: Sequence[Any], *, temperature: Any) -> Any:
    """max over i, s, a^i of |π^i − exp(Q^i/α) / Σ_b exp(Q^i(s, b)/α)|, Q^i = E_{π^{-i}}[Q]   (hasac Eq. 3).

    One number, zero exactly at a QRE of the values q: the largest entry of `quantal_response_residuals`.

    q is (S, A_1, …, A_n), or (n, S, A_1, …, A_n) where the agents' values differ; `policy` has one array (S, A_i) per
    agent; α is the temperature, > 0.
    """
    residuals = quantal_response_residuals(q, policy, temperature=temperature)
    xp = namespace(residuals[0])
    return xp.max(xp.stack([xp.max(xp.abs(residual)) for residual in residuals]))


def policy_residual(
    q: Any,
    policy: Sequence[Any],
    rewards: Any,
    transitions: Any,
    *,
    discount: Any,
    temperature: Any,
    entropy: str = "team",
) -> Any:
    """r(s, a) + γ Σ_t P(t|s, a) V(t) − Q(s, a), V(t) = E_π[Q(t, ·)] + α Σ_j H(π^j(·|t))   (hasac Eq. 5 with Eq. 6).

    Γ_π Q − Q, in the shape of q: zero exactly at the soft Q of the policy. `entropy` is as in `soft_value`.

    q and rewards are (S, A_1, …, A_n), or have a leading agent axis; `policy` has one array (S, A_i) per agent;
    transitions are (S, A_1, …, A_n, S), or a scipy sparse array (S·A, S); γ is the discount, α the temperature.
    """
    target = policy_backup(q, policy, rewards, transitions, discount=discount, temperature=temperature, entropy=entropy)
    return target - q


def optimality_residual(q: Any, rewards: Any, transitions: Any, *, discount: Any) -> Any:
    """r(s, a) + γ Σ_t P(t|s, a) max_b Q(t, b) − Q(s, a), in the shape of q   (Bellman's; hasac Eq. 5 and 6 as α → 0).

    b is a joint action of all agents, who have one reward function: zero exactly at the optimal Q.

    q and rewards are (S, A_1, …, A_n), transitions are (S, A_1, …, A_n, S), or a scipy sparse array (S·A, S); γ is the
    discount.
    """
    q_sa = flat(q)
    return backup(namespace(q_sa).max(q_sa, axis=-1), rewards, transitions, discount=discount) - q


def soft_optimality_residual(q: Any, rewards: Any, transitions: Any, *, discount: Any, temperature: Any) -> Any:
    """r(s, a) + γ Σ_t P(t|s, a) α log Σ_b exp(Q(t, b)/α) − Q(s, a), in the shape of q   (aorpo §D, hasac [7]).

    b is a joint action of all agents, who have one reward function: zero exactly at the soft optimal Q.

    q and rewards are (S, A_1, …, A_n), transitions are (S, A_1, …, A_n, S), or a scipy sparse array (S·A, S); γ is the
    discount, α the temperature.
    """
    return backup(soft_max(flat(q), temperature), rewards, transitions, discount=discount) - q


def divergence_optimality_residual(
    q: Any, log_target: Any, rewards: Any, transitions: Any, *, discount: Any, temperature: Any
) -> Any:
    """r(s, a) + γ Σ_t P(t|s, a) ω log Σ_b ρ(b|t) exp(Q(t, b)/ω) − Q(s, a), in the shape of q   (dmac Eq. 20, Eq. 21).

    `log_target` is log ρ of joint actions (S, A_1, …, A_n), −∞ where ρ is 0: zero exactly at Q_ρ^*.

    q and rewards are (S, A_1, …, A_n), transitions are (S, A_1, …, A_n, S), or a scipy sparse array (S·A, S); γ is the
    discount, ω the temperature.
    """
    v = divergence_soft_max(q, log_target, temperature=temperature)
    return backup(v, rewards, transitions, discount=discount) - q


def opponent_residual(
    q: Any,
    prior: Any,
    agent: int,
    rewards: Any,
    transitions: Any,
    *,
    discount: Any,
    temperature: Any,
    divergence_weight: Any = 1.0,
) -> Any:
    """r(s, a) + γ Σ_t P(t|s, a) V(t) − Q(s, a), V(t) = κ log Σ_b P(b|t) (Σ_a exp(Q/α))^{α/κ}   (rommeo Eq. 12-13).

    One agent's Q and rewards, (S, A_1, …, A_n); P(b|t) is the prior (S, B), κ the divergence weight. Zero exactly at
    its Q*.

    Transitions are (S, A_1, …, A_n, S), or a scipy sparse array (S·A, S); `agent` is the agent's number, γ the
    discount, α the temperature.
    """
    weights = {"temperature": temperature, "divergence_weight": divergence_weight}
    return opponent_backup(q, prior, agent, rewards, transitions, discount=discount, **weights) - q
