"""The maximiser in a ball of total variation, ½‖p − o‖₁ ≤ R, where the ball binds: what rises and what falls, apart.

    p = o + rise − fall,   Σ rise = Σ fall = R,   rise and fall ≥ 0,   one of them 0 at each action           (1)

Rises and falls are two programs, each with a multiplier of its own: p ≥ o with mass 1 + R, and p ≤ o with mass 1 − R.
At temperature 0 on a face of maximisers (`mathrl.mirror.face`) that the ball reaches, the p of largest entropy again
consists of rises and falls.
"""

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.compile import inner, part
from mathrl.mirror.face import even, face
from mathrl.mirror.levels import Flats
from mathrl.mirror.objective import Objective, maximiser

__all__ = ["face_in_variation_ball", "in_variation_ball", "variation"]

EPS = float(np.finfo(np.float64).eps)


@inner
def variation(p_a: FloatArray, o_a: FloatArray) -> float:
    """½‖p − o‖₁ as the larger of what rises and what falls."""
    rise, fall = 0.0, 0.0
    for a in range(len(p_a)):
        rise += max(p_a[a] - o_a[a], 0.0)
        fall += max(o_a[a] - p_a[a], 0.0)
    return max(rise, fall)


@part
def in_variation_ball(f: Objective, flats: Flats, radius: float, out_a: FloatArray) -> None:
    """Write log p of (1) where the objective is strictly concave."""
    s, fall_a = f.alpha + f.beta, np.empty(len(out_a))
    low_a, high_a, up_a, down_a, _, most_a = flats
    nothing_a = np.full(len(out_a), -np.inf)
    maximiser(s, f, Flats(low_a, high_a, up_a, down_a, nothing_a, f.x_a), 1.0 - radius, fall_a)
    maximiser(s, f, Flats(low_a, high_a, up_a, down_a, f.x_a, most_a), 1.0 + radius, out_a)
    _join(out_a, fall_a, f.x_a, out_a)


@part
def face_in_variation_ball(f: Objective, bounds: FloatArray, radius: float, tie: float, out_a: FloatArray) -> None:
    """Write log p of (1) at temperature 0; `bounds` (2, A) are those of the face without the ball."""
    actions, o_a = len(out_a), f.o_a
    rise_bounds, fall_bounds, fall_a = np.empty((2, actions)), np.empty((2, actions)), np.empty(actions)
    nearest_a = np.minimum(np.maximum(o_a, bounds[0]), bounds[1])
    if variation(nearest_a, o_a) <= radius:
        rise_bounds[0], rise_bounds[1] = np.maximum(bounds[0], o_a), np.maximum(bounds[1], o_a)
        fall_bounds[0], fall_bounds[1] = np.minimum(bounds[0], o_a), np.minimum(bounds[1], o_a)
    else:
        top_a, zero_a = np.full(actions, 1.0 + radius), np.zeros(actions)
        # With ties an action may rise on one face and fall on the other: then only exactly equal values are ties.
        for close in (tie, 0.0):
            face(f, o_a, top_a, 1.0 + radius, close, rise_bounds)
            face(f, zero_a, o_a, 1.0 - radius, close, fall_bounds)
            if not np.any((rise_bounds[1] > o_a) & (fall_bounds[0] < o_a)):
                break
    even(fall_bounds[0], fall_bounds[1], 1.0 - radius, fall_a)
    even(rise_bounds[0], rise_bounds[1], 1.0 + radius, out_a)
    _join(out_a, fall_a, f.x_a, out_a)


@inner
def _join(rise_a: FloatArray, fall_a: FloatArray, x_a: FloatArray, out_a: FloatArray) -> None:
    """Write log p: that of the rising program where it rose by more than rounding, else that of the falling one."""
    for a in range(len(x_a)):
        slack = 4 * EPS * (1.0 - x_a[a]) if x_a[a] > -np.inf else 0.0
        out_a[a] = rise_a[a] if rise_a[a] > x_a[a] + slack else min(fall_a[a], x_a[a])
