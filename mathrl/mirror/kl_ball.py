"""The maximiser in a ball of relative entropy, KL(p‖o) ≤ R, where the ball binds: a search for the price μ of it.

    p_μ = the maximiser with β + μ in place of β,   KL(p_μ‖o) = R                                             (1)
    d KL/dμ = −Σ_a v (r − r̄)²,   v = p/(s + w p),   r = log(p/o),   r̄ = Σ v r / Σ v,   s = α + β + μ           (2)
    μ ≤ (f(p_0) − f(p'))/(R − KL(p'‖o))   for every p' in the ball                                           (3)

The sums of (2) are over the actions that lie on no flat. μ is found by Newton's method on KL^(-1/2), which is nearly
linear in μ, within a bracket that starts with (3). At temperature 0 on a face of maximisers (`mathrl.mirror.face`) that
the ball reaches, the p of largest entropy is wanted: the same search, with the entropy as the objective.
"""

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.compile import inner, part
from mathrl.mirror.levels import Flats, fill, is_free, logarithms, no_flats
from mathrl.mirror.objective import Objective, maximiser, value
from mathrl.mirror.squared import MOST_STEPS

__all__ = ["divergence", "face_in_kl_ball", "in_kl_ball"]

EPS, TINY = float(np.finfo(np.float64).eps), float(np.finfo(np.float64).tiny)


@inner
def divergence(y_a: FloatArray, x_a: FloatArray) -> float:
    """KL(p‖o) = Σ o (r exp r − (exp r − 1)) with r = log p − log o: no term is negative, and small r are exact."""
    total = 0.0
    for a in range(len(y_a)):
        if x_a[a] == -np.inf:
            if y_a[a] > -np.inf:
                return np.inf
            continue
        if y_a[a] == -np.inf:
            total += np.exp(x_a[a])
            continue
        r = y_a[a] - x_a[a]
        if abs(r) < 1e-2:  # Σ (n − 1) rⁿ/n!, n = 2 … 8
            series, term = 0.0, r
            for n in range(2, 9):
                term *= r / n
                series += (n - 1) * term
            total += np.exp(x_a[a]) * series
        else:
            total += np.exp(y_a[a]) * r - np.exp(x_a[a]) * np.expm1(r)
    return total


@part
def in_kl_ball(
    f: Objective, flats: Flats, radius: float, inside_a: FloatArray, inside: float, out_a: FloatArray
) -> None:
    """Overwrite `out_a`, log p of the maximiser without the ball, by log p of (1).

    `inside_a` is the log p of a policy in the ball, and `inside` its KL(p‖o).
    """
    steepest = (value(out_a, f) - value(inside_a, f)) / (radius - inside)  # (3), but for rounding
    left, right, proven = 0.0, max(steepest, TINY), False
    slack = 8 * EPS * (np.sqrt(radius) + radius)
    mu = _first_price(f, radius)
    if not left < mu < right:
        mu = 1e-2 * right
    for _ in range(MOST_STEPS):
        price = f.alpha + f.beta + mu
        maximiser(price, f, flats, 1.0, out_a)
        distance = divergence(out_a, f.x_a)
        if abs(distance - radius) <= slack:
            break
        if distance > radius:
            left = mu
        else:
            right, proven = mu, True
        slope, following = _fall(price, f, flats, out_a), np.inf
        if slope > 0 and distance > 0:
            following = mu + (np.sqrt(distance / radius) - 1.0) * 2.0 * distance / slope
        if not proven and following >= right:
            right *= 4.0
        if not left < following < right:
            following = np.sqrt(left * right) if left > 0 else 1e-2 * right
        if following == mu or not left < following < right:
            break
        mu = following


@part
def face_in_kl_ball(f: Objective, flats: Flats, bounds: FloatArray, radius: float, out_a: FloatArray) -> None:
    """Overwrite `out_a`, the even p of the face between `bounds` (2, A), by log p of (1) at temperature 0."""
    actions = len(out_a)
    on_face = no_flats(actions)
    logarithms(bounds[0], on_face.least_a)
    logarithms(bounds[1], on_face.most_a)
    e_a, nearest_a, zero_a = f.x_a.copy(), np.empty(actions), np.zeros(actions)
    flat_a = -f.x_a  # h of the entropy alone, q = 0 and α = 1
    for a in range(actions):
        if on_face.most_a[a] == -np.inf:
            e_a[a], flat_a[a] = -np.inf, -np.inf
    fill(e_a, on_face, 1.0, nearest_a)
    least = divergence(nearest_a, f.x_a)
    if least < radius:
        entropy = Objective(zero_a, f.o_a, f.x_a, flat_a, zero_a, zero_a, 1.0, 0.0, 0.0, 0.0)
        in_kl_ball(entropy, on_face, radius, nearest_a, least, out_a)
    else:
        in_kl_ball(f, flats, radius, f.x_a, 0.0, out_a)


@inner
def _first_price(f: Objective, radius: float) -> float:
    """μ of (1) as the radius tends to 0: √(Var_o h / 2R) − α − β."""
    mean, variance = 0.0, 0.0
    for a in range(len(f.h_a)):
        if f.h_a[a] > -np.inf:
            mean += np.exp(f.x_a[a]) * f.h_a[a]
    for a in range(len(f.h_a)):
        if f.h_a[a] > -np.inf:
            variance += np.exp(f.x_a[a]) * (f.h_a[a] - mean) ** 2
    return float(np.sqrt(0.5 * variance / radius)) - f.alpha - f.beta


@inner
def _fall(price: float, f: Objective, flats: Flats, y_a: FloatArray) -> float:
    """−d KL/dμ of (2) at p = exp y, where s = `price`."""
    total, centre, slope = 0.0, 0.0, 0.0
    for a in range(len(y_a)):
        if is_free(y_a[a], flats, a):
            weight = np.exp(y_a[a]) / (price + f.w * np.exp(y_a[a]))
            total += weight
            centre += weight * (y_a[a] - f.x_a[a])
    if total > 0:
        centre /= total
    for a in range(len(y_a)):
        if is_free(y_a[a], flats, a):
            weight = np.exp(y_a[a]) / (price + f.w * np.exp(y_a[a]))
            slope += weight * (y_a[a] - f.x_a[a] - centre) ** 2
    return slope
