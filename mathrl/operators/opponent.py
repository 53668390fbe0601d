"""ROMMEO's operators: one agent's soft values with a regularised model of its opponents.

    V(s)       = κ log Σ_b P(b|s) (Σ_a exp(Q(s, a, b)/α))^{α/κ}                                  (9)
    π(a|s, b)  = exp(Q(s, a, b)/α) / Σ_{a'} exp(Q(s, a', b)/α)                                   (10)
    ρ(b|s)     = P(b|s) (Σ_a exp(Q(s, a, b)/α))^{α/κ} / exp(V(s)/κ)                              (11)
    (T Q)(s, a, b) = r(s, a, b) + γ Σ_t P(t|s, a, b) V(t)                                        (13)
    V^{π,ρ}(s) = E_{b~ρ, a~π(·|s, b)}[Q(s, a, b)] + α E_{b~ρ}[H(π(·|s, b))] − κ KL(ρ(·|s) ‖ P(·|s))   (36)

Numbers are those of the ROMMEO paper (rommeo). a is the agent's own action and b the joint action of all others, as one
axis in C order; q is (S, A_i, B). α is the temperature. κ, the `divergence_weight`, is 1 in the paper: its temperature
weighs the entropy alone, and the divergence of the opponent model ρ from the prior P keeps weight 1. With κ = α, (9) is
the soft maximum over joint actions weighted by the prior (aorpo Theorem 6).
"""

from typing import Any

from mathrl.operators.bellman import backup
from mathrl.softmax import (
    boltzmann,
    entropy,
    kl_divergence,
    log_probabilities,
    soft_max,
    target_log_ratio,
    target_soft_max,
)

__all__ = [
    "conditional_policy",
    "marginal_policy",
    "opponent_backup",
    "opponent_model",
    "opponent_model_improvement",
    "opponent_policy_value",
    "opponent_value",
    "own_and_others",
]


def own_and_others(x: Any, agent: int) -> Any:
    """x (S, A_1, …, A_n) as (S, A_i, B): the agent's own action, then the others' joint action   (rommeo §2.2)."""
    xp = x.__array_namespace__()
    others = [axis for axis in range(1, x.ndim) if axis != agent + 1]
    return xp.reshape(xp.permute_dims(x, (0, agent + 1, *others)), (x.shape[0], x.shape[agent + 1], -1))


def conditional_policy(q: Any, *, temperature: float) -> Any:
    """π(a|s, b), (S, A_i, B)   (rommeo Eq. 10; at Q^{π,ρ} it is the policy improvement of Theorem 4, Eq. 38)."""
    xp = q.__array_namespace__()
    return xp.permute_dims(boltzmann(xp.permute_dims(q, (0, 2, 1)), temperature), (0, 2, 1))  # (10)


def opponent_value(q: Any, prior: Any, *, temperature: float, divergence_weight: float = 1.0) -> Any:
    """V(s), (S,): what (10) and (11) attain   (rommeo Eq. 9)."""
    return target_soft_max(_own_soft_max(q, temperature), log_probabilities(prior), divergence_weight)  # (9)


def opponent_model(q: Any, prior: Any, *, temperature: float, divergence_weight: float = 1.0) -> Any:
    """ρ(b|s), (S, B): the prior tilted towards what suits the agent   (rommeo Eq. 11)."""
    return _tilted(_own_soft_max(q, temperature), prior, divergence_weight)  # (11)


def opponent_model_improvement(
    q: Any, conditional: Any, prior: Any, *, temperature: float, divergence_weight: float = 1.0
) -> Any:
    """ρ̃(b|s) ∝ P(b|s) exp((E_{a~π}[Q(s, a, b)] + α H(π(·|s, b)))/κ) at a given π   (rommeo Theorem 5, Eq. 39)."""
    xp = q.__array_namespace__()
    own_last = xp.permute_dims(conditional, (0, 2, 1))
    attained = xp.sum(xp.permute_dims(q, (0, 2, 1)) * own_last, axis=-1) + temperature * entropy(own_last)
    return _tilted(attained, prior, divergence_weight)


def marginal_policy(conditional: Any, model: Any) -> Any:
    """π(a|s) = Σ_b ρ(b|s) π(a|s, b), (S, A_i): what the agent is seen to play   (rommeo §A, Algorithm 1)."""
    xp = conditional.__array_namespace__()
    return xp.sum(conditional * model[:, None, :], axis=-1)


def opponent_policy_value(
    q: Any, conditional: Any, model: Any, prior: Any, *, temperature: float, divergence_weight: float = 1.0
) -> Any:
    """V^{π,ρ}(s), (S,), of any conditional policy and opponent model   (rommeo Eq. 33-36)."""
    xp = q.__array_namespace__()
    own_last = xp.permute_dims(conditional, (0, 2, 1))
    attained = xp.sum(xp.permute_dims(q, (0, 2, 1)) * own_last, axis=-1) + temperature * entropy(own_last)
    return xp.sum(model * attained, axis=-1) - divergence_weight * kl_divergence(model, prior)  # (36)


def opponent_backup(
    q: Any,
    prior: Any,
    agent: int,
    rewards: Any,
    transitions: Any,
    *,
    discount: float,
    temperature: float,
    divergence_weight: float = 1.0,
) -> Any:
    """T Q, (S, A_1, …, A_n), of one agent's Q and rewards of that shape   (rommeo Eq. 12-13): a γ-contraction."""
    own = own_and_others(q, agent)
    v = opponent_value(own, prior, temperature=temperature, divergence_weight=divergence_weight)
    return backup(v, rewards, transitions, discount=discount)  # (13)


def _own_soft_max(q: Any, temperature: float) -> Any:
    """α log Σ_a exp(Q(s, a, b)/α), (S, B)."""
    return soft_max(q.__array_namespace__().permute_dims(q, (0, 2, 1)), temperature)


def _tilted(attained: Any, prior: Any, divergence_weight: float) -> Any:
    """The model ∝ P(b) exp(x(b)/κ), (S, B)."""
    log_prior = log_probabilities(prior)
    return prior.__array_namespace__().exp(log_prior + target_log_ratio(attained, log_prior, divergence_weight))
