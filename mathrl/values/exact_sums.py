"""The rewards of a game with a potential, each one exact but for one rounding (compiled).

Products are split into two doubles whose sum is exact (Dekker 1971), and sums are kept as doubles that do not overlap
(Shewchuk 1997), from which the nearest double is read at the end.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.base.compile import inner, kernel
from mathrl.games.model import Game

__all__ = ["as_csr", "shaped_rewards"]

_SPLITTER = 2.0**27 + 1

_PARTS = 64
"""Room for the doubles of one sum: more than there can be once they are packed, about 40 of 53 digits each."""

Indices = npt.NDArray[np.integer]


def as_csr(game: Game) -> tuple[FloatArray, Indices, Indices]:
    """Return the data, the indices and the row pointers of a game's transitions as CSR, rows (s, a) in C order."""
    from scipy.sparse import csr_array

    P: Any = game.csr_xt if game.sparse else csr_array(game.dense_xt)
    return P.data, P.indices, P.indptr


@kernel
def shaped_rewards(
    r_mx: FloatArray,
    phi_kms: FloatArray,
    data: FloatArray,
    indices: Indices,
    indptr: Indices,
    discount: float,
    actions: int,
    out_mx: FloatArray,
) -> None:
    """Overwrite `out_mx` by r(x) + Σ_k (γ Σ_t P(t|x) Φ_k(t) − Φ_k(s)), x = (s, a) in C order.

    r_mx is (m, X) and phi_kms (K, m, S); `data`, `indices` and `indptr` are those of CSR transitions, and `actions` is
    the number of joint actions.
    """
    parts = np.empty(_PARTS)
    for m in range(r_mx.shape[0]):
        for x in range(r_mx.shape[1]):
            parts[0], used = r_mx[m, x], 1
            for k in range(len(phi_kms)):
                used = _add(parts, used, -phi_kms[k, m, x // actions])
                for i in range(indptr[x], indptr[x + 1]):
                    phi = phi_kms[k, m, indices[i]]
                    weight, left = _product(discount, data[i])
                    for factor in (weight, left):
                        high, low = _product(factor, phi)
                        used = _add(parts, _add(parts, used, high), low)
            out_mx[m, x] = _nearest(parts, used)


@inner
def _product(x: float, y: float) -> tuple[float, float]:
    """The nearest double of x y, and what it lacks."""
    high, scaled_x, scaled_y = x * y, _SPLITTER * x, _SPLITTER * y
    x1, y1 = scaled_x - (scaled_x - x), scaled_y - (scaled_y - y)
    x2, y2 = x - x1, y - y1
    return high, x2 * y2 - (((high - x1 * y1) - x2 * y1) - x1 * y2)


@inner
def _add(parts: FloatArray, used: int, x: float) -> int:
    """Add x to the sum of the first `used` of `parts`, in order of size; return how many there are now."""
    if used == len(parts):
        used = _packed(parts)
    kept = 0
    for k in range(used):
        y = parts[k]
        if abs(x) < abs(y):
            x, y = y, x
        high = x + y
        low = y - (high - x)
        if abs(low) > 0.0:  # not after −∞, an action that is not available, of which low is no number
            parts[kept] = low
            kept += 1
        x = high
    parts[kept] = x
    return kept + 1


@inner
def _packed(parts: FloatArray) -> int:
    """Make the same sum of as few parts as have room for its digits, from the largest on; return how many they are.

    That doubles do not overlap does not bound their number: they may have as little as one digit each.
    """
    most = len(parts)
    first, left = most - 1, parts[most - 1]
    for k in range(most - 2, -1, -1):
        high = left + parts[k]
        low = parts[k] - (high - left)
        left = high
        if low != 0.0:
            parts[first] = high
            first -= 1
            left = low
    parts[first] = left
    for k in range(first, most):
        parts[k - first] = parts[k]
    return most - first


@inner
def _nearest(parts: FloatArray, used: int) -> float:
    """The double nearest to the sum: added from the largest on, the first that is not exact decides.

    What is left is smaller, and counts only where that one is half way between two doubles.
    """
    total = float(parts[used - 1])
    for k in range(used - 2, -1, -1):
        high = total + float(parts[k])
        lost = parts[k] - (high - total)
        if lost != 0.0:
            other = high + 2.0 * lost
            half_way = other - high == 2.0 * lost
            return other if half_way and k > 0 and (lost > 0.0) == (parts[k - 1] > 0.0) else high
        total = high
    return total
