"""Orders and choices that rounding must not decide: numbers that differ by no more than rounding go by index.

Two numbers that are equal in exact arithmetic differ in their last digits once they are computed, and which of them is
the larger depends on the machine. Let x be the largest of the numbers that are left, and

    tie(x) = {k : x_k ≥ x − slack − share·|x|}.                                                   (1)

All of tie(x) come next, the lowest index first; then the same is done with what is left. `slack` and `share` should be
well above what rounding leaves, and well below any difference that means something.
"""

import numpy as np
import numpy.typing as npt

from mathrl.base.array_types import ArrayLike

__all__ = ["first_largest", "first_least", "largest_first"]


def largest_first(
    values: ArrayLike, *, slack: float = 0.0, share: float = 0.0, count: int | None = None
) -> npt.NDArray[np.intp]:
    """The indices of the flat `values`, the largest value first and ties (1) by index; NaN comes last.

    With a `count` only so many of them, in less time.

    >>> largest_first([0.1 + 0.2, 1.0, 0.3], slack=1e-12).tolist()
    [1, 0, 2]
    """
    x = np.asarray(values, dtype=np.float64).ravel()
    order = np.argsort(-x, kind="stable")
    wanted = len(x) if count is None else min(count, len(x))
    rising = -x[order][: len(x) - int(np.isnan(x).sum())]
    start = 0
    while start < min(wanted, len(rising)):
        largest = -rising[start]
        least = largest - slack - share * abs(largest) if np.isfinite(largest) else largest
        end = int(np.searchsorted(rising, -least, side="right"))  # (1)
        order[start:end] = np.sort(order[start:end])
        start = end
    return order[:wanted]


def first_largest(values: ArrayLike, *, slack: float = 0.0, share: float = 0.0) -> int:
    """The first index of (1): that of the largest value, the lowest where several are the largest but for rounding.

    >>> first_largest([0.3, 0.1 + 0.2], slack=1e-12)
    0
    """
    return int(largest_first(values, slack=slack, share=share, count=1)[0])


def first_least(values: ArrayLike, *, slack: float = 0.0, share: float = 0.0) -> int:
    """As `first_largest`, of the least value.

    >>> first_least([0.1 + 0.2, 0.3, 1.0], slack=1e-12)
    0
    """
    return first_largest(-np.asarray(values, dtype=np.float64), slack=slack, share=share)
