"""The sums over time of which the sharper bounds consist, in closed form and without cancellation.

    S_n(y) = Σ_{j<n} (1 − y)^j = (1 − (1 − y)^n) / y                                                      (1)
    1 − c_t ≤ (y + M) S_t(y)                                                                              (2)

c_t is the chance that two processes are still together, y that their actions part them and M that their dynamics do,
at each step: see `mathrl.bounds.sharper`.
"""

from collections.abc import Iterable
from functools import reduce
from math import ceil, expm1, inf, log1p, pow

__all__ = ["any_of", "geometric_sum", "lost", "mean_apart"]


def any_of(chances: Iterable[float]) -> float:
    """1 − Π (1 − ε): the probability that any of several independent events happens, exact for tiny ε, at most 1."""
    return reduce(lambda some, each: some + each * (1 - some), chances, 0.0)


def lost(
    discount: float,
    pre: tuple[float, float],
    post: tuple[float, float] = (0.0, 0.0),
    branch_length: int = 0,
    *,
    averaged: bool = False,
) -> float:
    """(1 − γ) Σ_t γ^t (1 − c_t), at most 1: (2) with (y, M) of `pre` for t − k steps, then of `post` for k.

    For t < k the term is (y + M) S_t of `post`; for t ≥ k it is (y + M) S_k of `post` plus (1 − y)^k times
    (y + M) S_{t−k} of `pre`.
    """
    (y_pre, M_pre), (y_post, M_post) = pre, post
    summed = geometric_sum(y_post, branch_length)
    at_branch, together = (y_post + M_post) * summed, 1 - y_post * summed
    early = mean_apart(discount, 0.0, y_post + M_post, y_post, branch_length, averaged=averaged)
    late = mean_apart(discount, at_branch, together * (y_pre + M_pre), y_pre, inf, averaged=averaged)
    return min(1.0, early + discount**branch_length * late)


def mean_apart(discount: float, first: float, slope: float, y: float, steps: float, *, averaged: bool) -> float:
    """(1 − γ) Σ_{t<n} γ^t min(1, first + slope S_t(y)), n = `steps`; `averaged`: without the minimum.

    With m the first t that reaches 1, n at most: (1 − γ) Σ_{t<m} γ^t S_t(y) = Σ_{j<m−1} (1 − y)^j (γ^{j+1} − γ^m).
    """
    m = steps if averaged else min(steps, _first_full(first, slope, y))
    last = pow(discount, m)
    summed = 0.0
    if m > 1:
        summed = discount * geometric_sum(1 - discount + discount * y, m - 1)  # Σ_j (γ (1 − y))^j
        summed -= last * geometric_sum(y, m - 1) if last > 0 else 0.0
    return first * (1 - last) + slope * summed + (last - pow(discount, steps))


def geometric_sum(y: float, steps: float) -> float:
    """S_n(y) of (1), without cancellation; n for y = 0."""
    if y == 0:
        return steps
    return (1.0 if steps > 0 else 0.0) if y == 1 else -expm1(steps * log1p(-y)) / y


def _first_full(first: float, slope: float, y: float) -> float:
    """The first t ≥ 0 with first + slope S_t(y) ≥ 1, inf where there is none."""
    if first >= 1:
        return 0.0
    needed = (1 - first) / slope if slope > 0 else inf
    if needed <= 1:
        return 1.0
    if needed * y >= 1:  # S_t(y) < 1 / y
        return inf
    steps = log1p(-y * needed) / log1p(-y) if y > 0 else needed
    return float(ceil(steps)) if steps < inf else inf
