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
"""More doubles that do not overlap there cannot be: their exponents differ by 53 each."""

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
    kept = 0
    for k in range(used):
        y = parts[k]
        if abs(x) < abs(y):
            x, y = y, x
        high = x + y
        low = y - (high - x)
        if low != 0.0:
            parts[kept] = low
            kept += 1
        x = high
    parts[kept] = x
    return kept + 1


@inner
def _nearest(parts: FloatArray, used: int) -> float:
    """The sum as a double: added from the largest on, the first that is not exact decides, as the rest is smaller."""
    total = float(parts[used - 1])
    for k in range(used - 2, -1, -1):
        high = total + float(parts[k])
        if parts[k] - (high - total) != 0.0:
            return high
        total = high
    return total
