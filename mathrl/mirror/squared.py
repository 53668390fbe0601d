"""The squared drift, with or without an entropy: a safeguarded Newton method on the multiplier of Σ p = mass.

    s log(p/o) + w (p − o) = h − λ,   h = q − α log o,   Σ_a p(a) = mass                                     (1)

Each p(a), held between bounds, is a falling function of λ. With s > 0 its logarithm r = log(p/o) solves

    r + k (exp r − 1) = z,   k = w o/s,   z = (h − λ)/s                                                      (2)

Where o = 0 (then s is the temperature alone) h is q, and (1) reads s log p + w p = q − λ.
"""

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.compile import inner, part
from mathrl.mirror.levels import Flats

__all__ = ["MOST_STEPS", "press", "ratio"]

EPS = float(np.finfo(np.float64).eps)

MOST_STEPS = 200
"""How many steps a safeguarded search takes at most. Bisection alone comes to adjacent doubles after about 64 steps, or
1,100 where 0 lies in the bracket.
"""


@inner
def ratio(z: float, k: float) -> float:
    """The r of (2), for k ≥ 0: Newton's method, monotone from a start above the root."""
    r = z / (1.0 + k)
    if z > 0:
        r = min(r, z)
        if k > 0:
            r = min(r, np.log1p(z / k))
    elif r < -0.5:
        r = min(r, z + k, np.log(max(z + k + np.log(k), 1.0)) - np.log(k)) if k > 0 else z
    for _ in range(MOST_STEPS):
        following = r - (r + k * np.expm1(r) - z) / (1.0 + k * np.exp(r))
        if not following < r:
            break
        r = following
    return r


@part
def press(h_a: FloatArray, x_a: FloatArray, s: float, w: float, flats: Flats, mass: float, out_a: FloatArray) -> None:
    """Write the log p of (1) between the bounds of `flats`; its kinks play no part. x is log o.

    An action whose h is −∞ is left out.
    """
    left, right = _bracket(h_a, x_a, s, w, flats, mass)
    lam, excess, weights = left, 0.0, 0.0
    weight_a = np.empty(len(h_a))
    for _ in range(MOST_STEPS):
        total, weights = _at_multiplier(lam, h_a, x_a, s, w, flats, weight_a, out_a)
        excess = total - mass
        if abs(excess) <= EPS * mass:
            break
        if excess > 0:
            left = lam
        else:
            right = lam
        following = lam + excess / weights if weights > 0 else np.inf
        if not left < following < right:
            following = 0.5 * (left + right)
        if following == lam or not left < following < right:
            break
        lam = following
    for a in range(len(h_a)):  # correct to first order for what rounding of λ leaves
        if weight_a[a] > 0:
            p = np.exp(out_a[a]) - excess * weight_a[a] / weights
            out_a[a] = min(max(np.log(p), flats.least_a[a]), flats.most_a[a]) if p > 0 else out_a[a]


@inner
def _bracket(h_a: FloatArray, x_a: FloatArray, s: float, w: float, flats: Flats, mass: float) -> tuple[float, float]:
    """Two multipliers λ between which Σ p passes `mass`: where one p(a) alone has all of it, and where all share it."""
    floor, allowed = 0.0, 0
    for a in range(len(h_a)):
        if h_a[a] > -np.inf:
            floor += np.exp(flats.least_a[a])
            allowed += 1
    room = max(mass - floor, 0.0) / allowed
    left, right, start = np.inf, -np.inf, -np.inf
    for a in range(len(h_a)):
        if h_a[a] == -np.inf:
            continue
        o, x = np.exp(x_a[a]), x_a[a] if x_a[a] > -np.inf else 0.0
        y = min(flats.most_a[a], np.log(mass))
        price = h_a[a] - w * (np.exp(y) - o) - (s * (y - x) if s > 0 else 0.0)  # (1)
        left = min(left, price)
        if flats.most_a[a] >= np.log(mass):
            start = max(start, price)
        p = np.exp(flats.least_a[a]) + room
        right = max(right, h_a[a] - w * (p - o) - (s * (np.log(p) - x) if s > 0 else 0.0))
    return max(left, start), right


@inner
def _at_multiplier(
    lam: float, h_a: FloatArray, x_a: FloatArray, s: float, w: float, flats: Flats, out_weight_a: FloatArray,
    out_a: FloatArray,
) -> tuple[float, float]:  # fmt: skip
    """Write the log p of (1) at λ and −dp/dλ, 0 at the bounds; return Σ p and −dΣ p/dλ."""
    total, weights = 0.0, 0.0
    for a in range(len(h_a)):
        out_weight_a[a] = 0.0
        out_a[a] = -np.inf
        if h_a[a] == -np.inf:
            continue
        x = x_a[a]
        if s > 0:
            ref = x if x > -np.inf else 0.0
            offset = 0.0 if x > -np.inf else w
            y = ref + ratio((h_a[a] - lam - offset) / s, w * np.exp(ref) / s)  # (2)
        else:
            p = np.exp(x) + (h_a[a] - lam) / w
            y = np.log(p) if p > 0 else -np.inf
        if y <= flats.least_a[a]:
            y = flats.least_a[a]
        elif y >= flats.most_a[a]:
            y = flats.most_a[a]
        else:
            out_weight_a[a] = np.exp(y) / (s + w * np.exp(y))
            weights += out_weight_a[a]
        out_a[a] = y
        total += np.exp(y)
    return total, weights
