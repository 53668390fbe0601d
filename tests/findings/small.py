"""The few formulas that the examples share, written out in plain Python, without mathrl.

The examples of docs/findings.md are small enough for loops and fractions, so what they show rests on this file and on
their own lines alone. Where exponentials force floats, each test leaves a margin that rounding cannot fill: CLOSE is
ten thousand times the rounding of any sum here, and a claimed difference is always far larger than CLOSE.
"""

import math
from fractions import Fraction

__all__ = ["CLOSE", "discounted", "divergence", "entropy", "expect", "log_sum", "same", "softmax", "solve", "variation"]

CLOSE = 1e-9


def same(one, other):
    """Whether two numbers, or two sequences of numbers, differ by no more than CLOSE."""
    if hasattr(one, "__len__"):
        return len(one) == len(other) and all(same(x, y) for x, y in zip(one, other, strict=True))
    return abs(one - other) <= CLOSE


def log_sum(values, temperature=1.0, weights=None):
    """α log Σ_a w(a) exp(x(a)/α), with all weights 1 unless given."""
    weights = weights or [1] * len(values)
    top = max(values)
    return top + temperature * math.log(
        sum(w * math.exp((x - top) / temperature) for x, w in zip(values, weights, strict=True))
    )


def softmax(values, temperature=1.0, weights=None):
    """w(a) exp(x(a)/α), normalised."""
    weights = weights or [1] * len(values)
    top = log_sum(values, temperature, weights)
    return [w * math.exp((x - top) / temperature) for x, w in zip(values, weights, strict=True)]


def expect(policy, values):
    """Σ_a π(a) x(a)."""
    return sum(p * x for p, x in zip(policy, values, strict=True))


def entropy(policy):
    """−Σ_a π(a) log π(a)."""
    return -sum(p * math.log(p) for p in policy if p > 0)


def divergence(policy, target):
    """KL(π‖ρ), which is infinite where π plays what ρ does not."""
    if any(p > 0 and not q for p, q in zip(policy, target, strict=True)):
        return math.inf
    return sum(p * math.log(p / q) for p, q in zip(policy, target, strict=True) if p > 0)


def variation(one, other):
    """D_TV: half the sum of the absolute differences."""
    return sum(abs(x - y) for x, y in zip(one, other, strict=True)) / 2


def discounted(terms, discount, last):
    """Normalised return (1 − γ) Σ_t γ^t x_t of the terms x_0 … and of `last`, which is paid for ever after them."""
    head = sum(discount**t * x for t, x in enumerate(terms))
    return (1 - discount) * head + discount ** len(terms) * last


def solve(matrix, right):
    """Solve linear equations in fractions; None if they have not one solution."""
    rows = [[*map(Fraction, row), Fraction(x)] for row, x in zip(matrix, right, strict=True)]
    for i in range(len(rows)):
        pivot = next((j for j in range(i, len(rows)) if rows[j][i]), None)
        if pivot is None:
            return None
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [x / rows[i][i] for x in rows[i]]
        for j in range(len(rows)):
            if j != i:
                rows[j] = [x - rows[j][i] * y for x, y in zip(rows[j], rows[i], strict=True)]
    return [row[-1] for row in rows]
