"""One state's objective, and its maximiser over the simplex where that is unique: by a level, or by Newton's method.

    f(p) = Σ_a q p + α H(p) − β KL(p‖o) − w/2 ‖p − o‖² − Σ_a [(p − (1+ε) o)₊ up + ((1−ε) o − p)₊ down]       (1)

With a multiplier λ of Σ p = 1, and a price μ ≥ 0 of KL(p‖o) that adds to β, where s = α + β + μ:

    w = 0 < s    log p = x + (h − λ)/s,   h = q − α x,   x = log o     with flats: `mathrl.mirror.levels`      (2)
    w > 0        s log(p/o) + w (p − o) = h − λ                         `mathrl.mirror.squared`                (3)

o is the old policy, p the new one; up and down are the prices of going above (1+ε) o and below (1−ε) o.
"""

from typing import NamedTuple

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.compile import inner, part
from mathrl.mirror.levels import Flats, fill, normalise
from mathrl.mirror.squared import press

__all__ = ["Objective", "maximiser", "value"]


class Objective(NamedTuple):
    """The terms of (1).

    `q_a`             the values q, (A,)
    `o_a`, `x_a`      the old policy o and x = log o
    `h_a`             h of (2); −∞ leaves an action out
    `up_a`, `down_a`  the prices of going above (1+ε) o and below (1−ε) o
    `alpha`           α, the temperature
    `beta`            β, the weight of the KL drift
    `w`               w, the weight of the squared drift
    `clip`            ε
    """

    q_a: FloatArray
    o_a: FloatArray
    x_a: FloatArray
    h_a: FloatArray
    up_a: FloatArray
    down_a: FloatArray
    alpha: float
    beta: float
    w: float
    clip: float


@inner
def value(y_a: FloatArray, f: Objective) -> float:
    """f(p) of (1) at p = exp y."""
    total = 0.0
    for a in range(len(y_a)):
        p, o = np.exp(y_a[a]), f.o_a[a]
        total += f.q_a[a] * p - 0.5 * f.w * (p - o) ** 2
        total -= max(p - (1.0 + f.clip) * o, 0.0) * f.up_a[a] + max((1.0 - f.clip) * o - p, 0.0) * f.down_a[a]
        if p > 0:
            total -= f.alpha * p * y_a[a]
            if f.beta > 0:
                total -= f.beta * p * (y_a[a] - f.x_a[a])
    return total


@part
def maximiser(s: float, f: Objective, flats: Flats, mass: float, out_a: FloatArray) -> None:
    """Write the log p of (2) or (3) with Σ p = `mass`, where s > 0 or w > 0.

    In `flats`, up and down are not yet divided by s.
    """
    if f.w > 0:
        press(f.h_a, f.x_a, s, f.w, flats, mass, out_a)  # (3)
        return
    flat = False
    for a in range(len(out_a)):
        out_a[a] = f.h_a[a] / s if f.x_a[a] == -np.inf else f.x_a[a] + f.h_a[a] / s  # (2)
        flat |= (flats.up_a[a] > 0 and flats.high_a[a] < np.inf) or (flats.down_a[a] > 0 and flats.low_a[a] > -np.inf)
        flat |= np.isfinite(flats.least_a[a]) or np.isfinite(flats.most_a[a])
    if flat:
        scaled = Flats(flats.low_a, flats.high_a, flats.up_a / s, flats.down_a / s, flats.least_a, flats.most_a)
        fill(out_a.copy(), scaled, mass, out_a)
    else:
        normalise(out_a, mass)
