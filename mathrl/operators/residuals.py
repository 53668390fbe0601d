"""The equations that solutions satisfy, as arrays: left side less right side, zero where the equation holds.

Axes are those of `operators.bellman`: q is (S, A_1, …, A_n), with a leading agent axis where the agents' values
differ; a policy has one array (S, A_i) per agent. A γ-contraction T with fixed point Q* gives ‖Q − Q*‖ ≤ ‖T Q − Q‖/(1
− γ).
"""

from collections.abc import Sequence
from typing import Any

from mathrl.arithmetic import alike, difference, namespace
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


@alike
def quantal_response_residuals(q: Any, policy: Sequence[Any], *, temperature: Any) -> tuple[Any, ...]:
    """π^i(a^i|s) − exp(Q^i(s, a^i)/α) / Σ_b exp(Q^i(s, b)/α) with Q^i = E_{π^{-i}}[Q]   (hasac Eq. 3).

    All are zero exactly at a QRE of the values q. All agents respond to the policy as it is.

    `q`            Q, (S, A_1, …, A_n), or (n, S, A_1, …, A_n) where the agents' values differ
    `policy`       π, one array (S, A_i) per agent
    `temperature`  α > 0

    Returns one array (S, A_i) per agent.
    """
    return tuple(
        pi_sa - quantal_response(q, policy, agent, temperature=temperature) for agent, pi_sa in enumerate(policy)
    )


@alike
def quantal_response_log_residuals(q: Any, log_policy: Sequence[Any], *, temperature: Any) -> tuple[Any, ...]:
    """log π^i − (Q^i/α − log Σ_b exp(Q^i(s, b)/α)) with Q^i = E_{π^{-i}}[Q]   (log of hasac Eq. 3).

    Rare actions weigh as much as common ones.

    `q`            Q, (S, A_1, …, A_n), or (n, S, A_1, …, A_n) where the agents' values differ
    `log_policy`   log π, one array (S, A_i) per agent, −∞ where π is 0
    `temperature`  α > 0

    Returns one array (S, A_i) per agent, −∞ where π is 0 and the response is not.
    """
    policy = [namespace(logs).exp(logs) for logs in log_policy]
    responses = (log_boltzmann(marginal_q(q, policy, agent), temperature) for agent in range(len(policy)))
    return tuple(difference(logs, response) for logs, response in zip(log_policy, responses, strict=True))


@alike
def quantal_response_residual(q: Any, policy: Sequence[Any], *, temperature: Any) -> Any:
    """max over i, s, a^i of |π^i − exp(Q^i/α) / Σ_b exp(Q^i(s, b)/α)|, Q^i = E_{π^{-i}}[Q]   (hasac Eq. 3).

    It is zero exactly at a QRE of the values q: the largest entry of `quantal_response_residuals`.

    `q`            Q, (S, A_1, …, A_n), or (n, S, A_1, …, A_n) where the agents' values differ
    `policy`       π, one array (S, A_i) per agent
    `temperature`  α > 0

    Returns one number.
    """
    residuals = quantal_response_residuals(q, policy, temperature=temperature)
    xp = namespace(residuals[0])
    return xp.max(xp.stack([xp.max(xp.abs(residual)) for residual in residuals]))


@alike
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

    This is Γ_π Q − Q, zero exactly at the soft Q of the policy.

    `q`            Q, (S, A_1, …, A_n), or (n, S, A_1, …, A_n) where the agents' values differ
    `policy`       π, one array (S, A_i) per agent
    `rewards`      r, (S, A_1, …, A_n), or (n, S, A_1, …, A_n) where the agents' rewards differ
    `transitions`  P(t|s, a), (S, A_1, …, A_n, S), or a scipy sparse array (S·A, S)
    `discount`     γ, in [0, 1)
    `temperature`  α ≥ 0, the weight of the entropy
    `entropy`      whose entropy counts: "team" (all agents'; the default), "own" (each agent's in its own value) or
                   "none"

    Returns (S, A_1, …, A_n), with an agent axis where q or the rewards have one or `entropy` is "own". Raises
    `ValueError` for another `entropy`.
    """
    target = policy_backup(q, policy, rewards, transitions, discount=discount, temperature=temperature, entropy=entropy)
    return difference(target, q)


@alike
def optimality_residual(q: Any, rewards: Any, transitions: Any, *, discount: Any) -> Any:
    """r(s, a) + γ Σ_t P(t|s, a) max_b Q(t, b) − Q(s, a)   (Bellman's; hasac Eq. 5 and 6 as α → 0).

    b is a joint action of all agents, who have one reward function. It is zero exactly at the optimal Q.

    `q`            Q, (S, A_1, …, A_n)
    `rewards`      r, (S, A_1, …, A_n)
    `transitions`  P(t|s, a), (S, A_1, …, A_n, S), or a scipy sparse array (S·A, S)
    `discount`     γ, in [0, 1)

    Returns (S, A_1, …, A_n).
    """
    q_sa = flat(q)
    return difference(backup(namespace(q_sa).max(q_sa, axis=-1), rewards, transitions, discount=discount), q)


@alike
def soft_optimality_residual(q: Any, rewards: Any, transitions: Any, *, discount: Any, temperature: Any) -> Any:
    """r(s, a) + γ Σ_t P(t|s, a) α log Σ_b exp(Q(t, b)/α) − Q(s, a)   (aorpo §D, hasac [7]).

    b is a joint action of all agents, who have one reward function. It is zero exactly at the soft optimal Q.

    `q`            Q, (S, A_1, …, A_n)
    `rewards`      r, (S, A_1, …, A_n)
    `transitions`  P(t|s, a), (S, A_1, …, A_n, S), or a scipy sparse array (S·A, S)
    `discount`     γ, in [0, 1)
    `temperature`  α > 0, the weight of the entropy

    Returns (S, A_1, …, A_n).
    """
    return difference(backup(soft_max(flat(q), temperature), rewards, transitions, discount=discount), q)


@alike
def divergence_optimality_residual(
    q: Any, log_target: Any, rewards: Any, transitions: Any, *, discount: Any, temperature: Any
) -> Any:
    """r(s, a) + γ Σ_t P(t|s, a) ω log Σ_b ρ(b|t) exp(Q(t, b)/ω) − Q(s, a)   (dmac Eq. 20, Eq. 21).

    It is zero exactly at Q_ρ^*.

    `q`            Q, (S, A_1, …, A_n)
    `log_target`   log ρ of joint actions, (S, A_1, …, A_n), −∞ where ρ is 0
    `rewards`      r, (S, A_1, …, A_n)
    `transitions`  P(t|s, a), (S, A_1, …, A_n, S), or a scipy sparse array (S·A, S)
    `discount`     γ, in [0, 1)
    `temperature`  ω > 0, the weight of the divergence

    Returns (S, A_1, …, A_n).
    """
    v = divergence_soft_max(q, log_target, temperature=temperature)
    return difference(backup(v, rewards, transitions, discount=discount), q)


@alike
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

    It is zero exactly at the agent's Q*.

    `q`                  Q of agent i, (S, A_1, …, A_n)
    `prior`              P(b|s), (S, B), over the others' joint actions in C order
    `agent`              i, the number of the agent
    `rewards`            r of agent i, (S, A_1, …, A_n)
    `transitions`        P(t|s, a), (S, A_1, …, A_n, S), or a scipy sparse array (S·A, S)
    `discount`           γ, in [0, 1)
    `temperature`        α > 0, the weight of the entropy
    `divergence_weight`  κ > 0, the weight of the divergence of ρ from P; default 1, as in the paper

    Returns (S, A_1, …, A_n).
    """
    weights = {"temperature": temperature, "divergence_weight": divergence_weight}
    return difference(opponent_backup(q, prior, agent, rewards, transitions, discount=discount, **weights), q)
