"""Small dense linear systems inside compiled code: LU factors with row pivoting, and the sign of the determinant."""

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.base.compile import inner

__all__ = ["factor", "solve"]

Integers = npt.NDArray[np.int64]


@inner
def factor(a_xy: FloatArray, rows: Integers, size: int) -> float:
    """Replace the leading `size` rows and columns by L (below) and U, with the diagonal of U inverted, and `rows` by
    the permutation.

    Returns the sign of the determinant: 1, −1, or 0 for a singular matrix, whose factors cannot be used.
    """
    sign = 1.0
    for k in range(size):
        rows[k] = k
    for k in range(size):
        pivot, largest = k, abs(a_xy[k, k])
        for x in range(k + 1, size):
            if abs(a_xy[x, k]) > largest:
                pivot, largest = x, abs(a_xy[x, k])
        if not 0.0 < largest < np.inf:
            return 0.0
        if pivot != k:
            for y in range(size):
                a_xy[k, y], a_xy[pivot, y] = a_xy[pivot, y], a_xy[k, y]
            rows[k], rows[pivot] = rows[pivot], rows[k]
            sign = -sign
        if a_xy[k, k] < 0:
            sign = -sign
        inverse = 1.0 / a_xy[k, k]
        a_xy[k, k] = inverse
        for x in range(k + 1, size):
            multiple = a_xy[x, k] * inverse
            a_xy[x, k] = multiple
            if multiple != 0.0:
                for y in range(k + 1, size):
                    a_xy[x, y] -= multiple * a_xy[k, y]
    return sign


@inner
def solve(a_xy: FloatArray, rows: Integers, size: int, b_x: FloatArray, out_x: FloatArray) -> None:
    """Write the solution of the factored system with right-hand side b into `out_x`."""
    for x in range(size):
        total = b_x[rows[x]]
        for y in range(x):
            total -= a_xy[x, y] * out_x[y]
        out_x[x] = total
    for x in range(size - 1, -1, -1):
        total = out_x[x]
        for y in range(x + 1, size):
            total -= a_xy[x, y] * out_x[y]
        out_x[x] = total * a_xy[x, x]
