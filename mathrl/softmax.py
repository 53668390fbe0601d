"""Soft-max algebra in log space: one short pure function per formula, over the last axis, for any array API array.

NumPy arrays of balls are enclosed (`mathrl.balls`), those of fractions are taken where no exp or log enters. The
temperature (α, or ω where there is a target policy ρ) is a number > 0 and may be a ball or traced by JAX. Policies, and
ρ, are rows that sum to 1.
"""

from typing import Any

from mathrl.arithmetic import alike, all_there, at_ends, log_one_plus, log_part, log_total, namespace, shift, there

__all__ = [
    "boltzmann",
    "entropy",
    "entropy_of_logs",
    "kl_divergence",
    "kl_divergence_of_logs",
    "log_boltzmann",
    "log_probabilities",
    "log_sum_exp",
    "soft_max",
    "target_log_ratio",
    "target_soft_max",
    "total_variation",
]


@alike
def log_sum_exp(x: Any) -> Any:
    """log Σ_a exp x(a), shifted by max x, so that no exp overflows.

    `x`  numbers, (…, A), at least one of each row finite

    Returns an array (…): the sum is over the last axis.
    """
    return at_ends(_log_sum_exp, x)[..., 0]


@alike
def soft_max(q: Any, temperature: Any) -> Any:
    """α log Σ_a exp(Q(a)/α): the largest expected Q plus α times entropy   (aorpo Eq. 7, inside the expectation).

    `q`            Q, (…, A)
    `temperature`  α > 0, the weight of the entropy

    Returns an array (…): the sum is over the last axis. It tends to max Q as α → 0, and to mean Q + α log A as α → ∞;
    actions of Q = −∞, which are not available, count in neither. It is −∞ where all Q are. Rounding leaves a few
    units of eps (|max Q| + α log A), also where the two cancel and the value is near 0.
    """
    # It grows with Q(a), at the rate π(a), and with α, at the rate H(π).
    return at_ends(_soft_max, q, temperature)[..., 0]


@alike
def target_soft_max(q: Any, log_target: Any, temperature: Any) -> Any:
    """ω log Σ_a ρ(a) exp(Q(a)/ω): the largest E_π[Q] − ω KL(π ‖ ρ)   (dmac Eq. 20).

    `q`            Q, (…, A)
    `log_target`   log ρ, (…, A), −∞ where ρ is 0; ρ is divided by its sum
    `temperature`  ω > 0, the weight of the divergence

    Returns an array (…): the sum is over the last axis. It tends to max Q over the support of ρ as ω → 0, and to E_ρ[Q]
    as ω → ∞.
    """

    def at(q: Any, temperature: Any) -> Any:
        _, middle, log_mean = _tilt(q, log_target, temperature)
        return middle + temperature * log_mean

    # It grows with Q(a), at the rate π(a), and falls as α grows, at the rate KL(π ‖ ρ).
    return at_ends(at, q, temperature)[..., 0]


@alike
def target_log_ratio(q: Any, log_target: Any, temperature: Any) -> Any:
    """log(π(a)/ρ(a)) = Q(a)/ω − log Σ_b ρ(b) exp(Q(b)/ω) of π ∝ ρ exp(Q/ω)   (dmac Eq. 5, Eq. 19).

    This π attains `target_soft_max`.

    `q`            Q, (…, A)
    `log_target`   log ρ, (…, A), −∞ where ρ is 0; ρ is divided by its sum
    `temperature`  ω > 0, the weight of the divergence

    Returns an array (…, A), finite also where π underflows. Where ρ is 0 it is some finite number, which says nothing.
    """
    x, _, log_mean = _tilt(q, log_target, temperature)
    return log_part(x / temperature, log_mean, x, temperature, log_target)


@alike
def log_probabilities(rows: Any) -> Any:
    """log(P(a)/Σ_b P(b)) of rows P, which then sum to 1 exactly; −∞ where P is 0.

    `rows`  P ≥ 0, (…, A), each row with a positive sum

    Returns an array (…, A).
    """
    xp = namespace(rows)
    positive = rows > 0
    logs = xp.log(xp.where(positive, rows, 1.0))
    parts = log_part(logs, xp.log(xp.sum(rows, axis=-1, keepdims=True)), xp.where(positive, logs, -xp.inf), 1)
    return xp.where(positive, parts, -xp.inf)


@alike
def log_boltzmann(q: Any, temperature: Any) -> Any:
    """log π(a) = Q(a)/α − log Σ_b exp(Q(b)/α) of the Boltzmann policy π   (log of hasac Eq. 3).

    `q`            Q, (…, A)
    `temperature`  α > 0, the weight of the entropy

    Returns log π, an array (…, A), finite also where π(a) underflows, and −∞ only where Q is.
    """
    scaled, _ = _scaled(q, temperature)
    logs = log_part(scaled, log_total(scaled), q, temperature)
    return logs if all_there(q) else namespace(q).where(there(q), logs, -namespace(q).inf)


@alike
def boltzmann(q: Any, temperature: Any) -> Any:
    """π(a) = exp(Q(a)/α) / Σ_b exp(Q(b)/α), which maximises E_π[Q] + α H(π)   (hasac Eq. 3).

    `q`            Q, (…, A)
    `temperature`  α > 0, the weight of the entropy

    Returns π, an array (…, A) whose rows sum to 1, or are 0 where all Q are −∞. It grows with Q(a) and falls with each
    other Q(b): over balls Q it lies between what two opposite corners give.
    """
    logs = log_boltzmann(q, temperature)
    return namespace(logs).exp(logs)


@alike
def entropy(policy: Any) -> Any:
    """H(π) = −Σ_a π(a) log π(a) in nats, with 0 log 0 = 0.

    `policy`  π, (…, A), rows sum to 1

    Returns an array (…): the sum is over the last axis.
    """
    xp = namespace(policy)
    return -xp.sum(policy * xp.log(xp.where(policy > 0, policy, 1.0)), axis=-1)


@alike
def entropy_of_logs(log_policy: Any) -> Any:
    """H(π) = −Σ_a exp(l(a)) l(a) of l = log π, in nats: finite, and so is its gradient.

    `log_policy`  l, (…, A), −∞ where π is 0

    Returns an array (…): the sum is over the last axis.
    """
    xp = namespace(log_policy)
    return -xp.sum(xp.exp(log_policy) * xp.where(log_policy > -xp.inf, log_policy, 0.0), axis=-1)


@alike
def kl_divergence(policy: Any, other: Any) -> Any:
    """KL(π ‖ ρ) = Σ_a π(a) log(π(a)/ρ(a)) in nats; infinite where π(a) > 0 = ρ(a).

    `policy`  π, (…, A), rows sum to 1
    `other`   ρ, (…, A), rows sum to 1

    Returns an array (…): the sum is over the last axis.
    """
    xp = namespace(policy)
    played = policy > 0
    ratio = xp.log(xp.where(played, policy, 1.0)) - xp.log(xp.where(other > 0, other, 1.0))
    return xp.sum(xp.where(played & (other <= 0), xp.inf, policy * ratio), axis=-1)


@alike
def kl_divergence_of_logs(log_policy: Any, log_other: Any) -> Any:
    """KL(π ‖ ρ) = Σ_a exp(l(a)) (l(a) − m(a)) of l = log π and m = log ρ; infinite where π(a) > 0 = ρ(a).

    `log_policy`  l, (…, A), −∞ where π is 0
    `log_other`   m, (…, A), −∞ where ρ is 0

    Returns an array (…): the sum is over the last axis. The gradient is finite also where probabilities are 0.
    Differences between rare actions keep their digits.
    """
    xp = namespace(log_policy)
    policy, played, known = xp.exp(log_policy), log_policy > -xp.inf, log_other > -xp.inf
    ratio = xp.where(played, log_policy, 0.0) - xp.where(known, log_other, 0.0)
    return xp.sum(xp.where(played & ~known, xp.inf, policy * ratio), axis=-1)


@alike
def total_variation(policy: Any, other: Any) -> Any:
    """TV(π, ρ) = ½ Σ_a |π(a) − ρ(a)|, between 0 and 1   (aorpo §C).

    `policy`  π, (…, A), rows sum to 1
    `other`   ρ, (…, A), rows sum to 1

    Returns an array (…): the sum is over the last axis.
    """
    xp = namespace(policy)
    return xp.sum(xp.abs(policy - other), axis=-1) / 2


def _soft_max(q: Any, temperature: Any) -> Any:
    """`soft_max` with the last axis kept."""
    scaled, middle = _scaled(q, temperature)
    return middle + temperature * log_total(scaled)


def _log_sum_exp(x: Any) -> Any:
    """`log_sum_exp` with the last axis kept."""
    middle = shift(x)
    return middle + log_total(x - middle)


def _scaled(q: Any, temperature: Any) -> tuple[Any, Any]:
    """(Q − m)/α and m, the largest Q. Where m = −∞, in a row without available actions, 0 stands for the former."""
    middle = shift(q)
    if all_there(q):
        return (q - middle) / temperature, middle
    # Not by Q − m itself, whose derivative in α is not finite where Q is not.
    xp, known, some = namespace(q), there(q), there(middle)
    base = xp.where(some, middle, 0.0)
    return xp.where(known | ~some, (xp.where(known, q, base) - base) / temperature, -xp.inf), middle


def _tilt(q: Any, log_target: Any, temperature: Any) -> tuple[Any, Any, Any]:
    """Q − m, m, and log E_ρ[exp((Q − m)/ω)], with m the largest Q that ρ plays; ρ is taken over its sum.

    It is not good enough that ρ sums to 1 up to rounding: where the best action is as rare as that rounding, what is
    missing in the sum would count as much as this action.
    """
    xp = namespace(q)
    rho, played = xp.exp(log_target), log_target > -xp.inf
    middle = shift(xp.where(played, q, -xp.inf))
    apart = xp.where(played, q - middle, 0.0)
    scaled = apart / temperature
    # Where ω ≫ |Q| the mean is near 1, and ω times its logarithm would lose what log1p keeps.
    fall = xp.sum(rho * xp.expm1(scaled), axis=-1, keepdims=True) / xp.sum(rho, axis=-1, keepdims=True)
    whole = _log_sum_exp(log_target + scaled) - _log_sum_exp(log_target)
    return apart, middle, log_one_plus(fall, whole)
