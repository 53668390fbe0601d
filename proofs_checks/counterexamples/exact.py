"""The few formulas that counterexamples share: fractions of python-flint, and balls where a logarithm or an exp enters.

Nested lists take the place of arrays; a policy of one state is a list of probabilities.
"""

from collections.abc import Sequence
from typing import Any

from flint import arb, fmpq, fmpq_mat

__all__ = [
    "apart",
    "distributions",
    "divergence",
    "entropy",
    "expect",
    "log_sum",
    "outer",
    "policy_values",
    "same_shape",
    "softmax",
    "variation",
]

Numbers = Sequence[Any]


def distributions(nested: Any) -> bool:
    """Whether all rows at the end of nested lists are probabilities that sum to 1."""
    if isinstance(nested[0], list):
        return all(map(distributions, nested))
    return all(p >= 0 for p in nested) and sum(nested) == 1


def same_shape(*nested: Any) -> bool:
    """Whether nested lists have the same lengths everywhere."""
    if not isinstance(nested[0], list):
        return not any(isinstance(each, list) for each in nested)
    lengths = {len(each) if isinstance(each, list) else -1 for each in nested}
    return len(lengths) == 1 and all(same_shape(*parts) for parts in zip(*nested, strict=True))


def expect(policy: Numbers, values: Numbers) -> Any:
    """Σ_a π(a) x(a)."""
    return sum((p * x for p, x in zip(policy, values, strict=True)), fmpq(0))


def outer(policies: Sequence[Numbers]) -> list[Any]:
    """Π_i π^i(a_i) of all joint actions, the last agent's action running fastest."""
    joint: list[Any] = [fmpq(1)]
    for own in policies:
        joint = [p * x for p in joint for x in own]
    return joint


def entropy(policy: Numbers) -> Any:
    """−Σ_a π(a) log π(a), in nats."""
    return -sum((arb(p) * arb(p).log() for p in policy if not p == 0), arb(0))


def divergence(policy: Numbers, target: Numbers) -> Any:
    """KL(π‖ρ) where ρ plays all that π does."""
    pairs = zip(policy, target, strict=True)
    return sum((arb(p) * (arb(p) / arb(r)).log() for p, r in pairs if not p == 0), arb(0))


def log_sum(values: Numbers, temperature: Any = 1, weights: Numbers | None = None) -> Any:
    """α log Σ_a w(a) exp(x(a)/α), all weights 1 unless given."""
    weights = [fmpq(1)] * len(values) if weights is None else weights
    total = sum((arb(w) * (arb(x) / arb(temperature)).exp() for x, w in zip(values, weights, strict=True)), arb(0))
    return arb(temperature) * total.log()


def softmax(values: Numbers, temperature: Any = 1, weights: Numbers | None = None) -> list[Any]:
    """w(a) exp(x(a)/α) over its sum."""
    weights = [fmpq(1)] * len(values) if weights is None else weights
    terms = [arb(w) * (arb(x) / arb(temperature)).exp() for x, w in zip(values, weights, strict=True)]
    return [term / sum(terms, arb(0)) for term in terms]


def apart(one: Sequence[Numbers], other: Sequence[Numbers]) -> Any:
    """The largest absolute difference of two policies' probabilities, in all states."""
    return max(abs(p - q) for own, row in zip(one, other, strict=True) for p, q in zip(own, row, strict=True))


def variation(one: Numbers, other: Numbers) -> Any:
    """D_TV: half the sum of the absolute differences."""
    return sum((abs(x - y) for x, y in zip(one, other, strict=True)), fmpq(0)) / 2


def policy_values(rewards: Sequence[Numbers], transitions: Any, discount: Any, policy: Sequence[Numbers]) -> list[Any]:
    """V = (I − γ P_π)⁻¹ r_π in fractions, from rewards (S, A), transitions (S, A, S) and a policy (S, A)."""
    states = range(len(rewards))
    rows = [
        [int(s == t) - discount * expect(policy[s], [row[t] for row in transitions[s]]) for t in states] for s in states
    ]
    right = [[expect(policy[s], rewards[s])] for s in states]
    found = fmpq_mat(rows).solve(fmpq_mat(right))
    return [found[s, 0] for s in states]
