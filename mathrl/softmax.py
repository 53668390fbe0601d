"""Soft-max algebra in log space: one short pure function per formula, over the last axis, for any array API array."""

from typing import Any

__all__ = [
    "boltzmann",
    "entropy",
    "kl_divergence",
    "log_boltzmann",
    "log_probabilities",
    "log_sum_exp",
    "soft_max",
    "target_log_ratio",
    "target_soft_max",
    "total_variation",
]


def log_sum_exp(x: Any) -> Any:
    """log Σ_a exp x(a), shifted by max x, so that no exp overflows."""
    xp = x.__array_namespace__()
    shift = xp.max(x, axis=-1, keepdims=True)
    return shift[..., 0] + xp.log(xp.sum(xp.exp(x - shift), axis=-1))


def soft_max(q: Any, temperature: float) -> Any:
    """α log Σ_a exp(Q(a) / α): the largest expected Q plus α times entropy.

    It tends to max Q as α → 0, and to mean Q + α log A as α → ∞.
    """
    xp = q.__array_namespace__()
    shift = xp.max(q, axis=-1, keepdims=True)
    return shift[..., 0] + temperature * xp.log(xp.sum(xp.exp((q - shift) / temperature), axis=-1))


def target_soft_max(q: Any, log_target: Any, temperature: float) -> Any:
    """α log Σ_a ρ(a) exp(Q(a) / α): the largest E_π[Q] − α KL(π ‖ ρ); `log_target` is log ρ, −∞ where ρ is 0.

    It tends to max Q over the support of ρ as α → 0, and to E_ρ[Q] as α → ∞.
    """
    _, largest, log_total = _from_largest(q, log_target, temperature)
    return largest + temperature * log_total


def target_log_ratio(q: Any, log_target: Any, temperature: float) -> Any:
    """log(π(a) / ρ(a)) of π ∝ ρ exp(Q / α), which attains `target_soft_max`: finite also where π underflows."""
    scaled, _, log_total = _from_largest(q, log_target, temperature)
    return scaled - log_total[..., None]


def log_probabilities(rows: Any) -> Any:
    """log P of rows P, made to sum to 1 exactly; −∞ where P is 0."""
    xp = rows.__array_namespace__()
    positive = rows > 0
    logs = xp.log(xp.where(positive, rows, 1.0)) - xp.log(xp.sum(rows, axis=-1, keepdims=True))
    return xp.where(positive, logs, -xp.inf)


def _from_largest(q: Any, log_target: Any, temperature: float) -> tuple[Any, Any, Any]:
    """(Q − m)/α, m, and log E_ρ[exp((Q − m)/α)], with m the largest Q that ρ plays; ρ is taken over its sum.

    That it sums to 1 but for rounding is not good enough: where the best action is as rare as rounding, what is missing
    would count as much as it.
    """
    xp = q.__array_namespace__()
    played = log_target > -xp.inf
    largest = xp.max(xp.where(played, q, -xp.inf), axis=-1)
    scaled = xp.where(played, (q - largest[..., None]) / temperature, 0.0)
    # Where α ≫ |Q| the mean is near 1, and α times its logarithm would lose what log1p keeps.
    rho = xp.exp(log_target)
    fall = xp.sum(rho * xp.expm1(scaled), axis=-1) / xp.sum(rho, axis=-1)
    near = fall > -0.5
    whole = log_sum_exp(log_target + scaled) - log_sum_exp(log_target)
    return scaled, largest, xp.where(near, xp.log1p(xp.where(near, fall, 0.0)), whole)


def log_boltzmann(q: Any, temperature: float) -> Any:
    """log π(a) of the Boltzmann policy, finite where π(a) itself underflows."""
    xp = q.__array_namespace__()
    scaled = (q - xp.max(q, axis=-1, keepdims=True)) / temperature
    return scaled - xp.log(xp.sum(xp.exp(scaled), axis=-1, keepdims=True))


def boltzmann(q: Any, temperature: float) -> Any:
    """π(a) = exp(Q(a) / α) / Σ_b exp(Q(b) / α)   (hasac Eq. 3; maximises E_π[Q] + α H(π))."""
    xp = q.__array_namespace__()
    return xp.exp(log_boltzmann(q, temperature))


def entropy(policy: Any) -> Any:
    """H(π) = −Σ_a π(a) log π(a) in nats, with 0 log 0 = 0."""
    xp = policy.__array_namespace__()
    return -xp.sum(policy * xp.log(xp.where(policy > 0, policy, 1.0)), axis=-1)


def kl_divergence(policy: Any, other: Any) -> Any:
    """KL(π ‖ ρ) = Σ_a π(a) log(π(a) / ρ(a)); infinite where π(a) > 0 = ρ(a)."""
    xp = policy.__array_namespace__()
    played = policy > 0
    ratio = xp.log(xp.where(played, policy, 1.0)) - xp.log(xp.where(other > 0, other, 1.0))
    return xp.sum(xp.where(played & (other <= 0), xp.inf, policy * ratio), axis=-1)


def total_variation(policy: Any, other: Any) -> Any:
    """½ Σ_a |π(a) − ρ(a)|, between 0 and 1."""
    xp = policy.__array_namespace__()
    return xp.sum(xp.abs(policy - other), axis=-1) / 2
