"""Separable concave programs over the simplex, solved to rounding: the inner maximisation of mirror learning.

For one state: values q(a), the old policy o = exp x, and

    maximise  Σ_a q(a) p(a) + α H(p) − β KL(p‖o) − w/2 ‖p − o‖² − Σ_a [(p − (1+ε) o)₊ up + ((1−ε) o − p)₊ down](a)   (1)
    over p ≥ 0 with Σ_a p(a) = 1 and, if asked for,  KL(p‖o) ≤ R  or  ½‖p − o‖₁ ≤ R  or  o/R ≤ p ≤ R o.          (2)

With a multiplier λ of Σ p = 1, each p(a) is a falling function of λ that is constant on flats: those come from the
kinks of (1) and the bounds of (2). Which module solves what:

    α + β + w > 0    one maximiser: a log Σ exp between flats, or Newton's method on λ  `objective`
    all three 0      a face of maximisers, of which the one of largest entropy is taken  `face`
    a ball binds     rises and falls apart, or β + μ for β with a price μ of the ball  `variation_ball`, `kl_ball`
"""

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.compile import inner, kernel, part
from mathrl.mirror.face import even, face
from mathrl.mirror.kl_ball import divergence, face_in_kl_ball, in_kl_ball
from mathrl.mirror.levels import Flats, no_flats
from mathrl.mirror.objective import Objective, maximiser
from mathrl.mirror.variation_ball import face_in_variation_ball, in_variation_ball, variation

__all__ = ["EVERYWHERE", "KL_BALL", "RATIO", "TOTAL_VARIATION_BALL", "maximise"]

EVERYWHERE, KL_BALL, TOTAL_VARIATION_BALL, RATIO = 0, 1, 2, 3
"""The kinds of neighbourhood: which of the constraints (2) holds."""


@kernel
def maximise(
    q_sa: FloatArray, x_sa: FloatArray, up_sa: FloatArray, down_sa: FloatArray, alpha: float, beta: float, w: float,
    clip: float, kind: int, radius: float, tie_s: FloatArray, out_sa: FloatArray, out_log_sa: FloatArray,
) -> None:  # fmt: skip
    """Write the p that maximises (1) under (2), and log p, for every row; rows of p sum to 1 to rounding."""
    actions = q_sa.shape[1]
    q_a, o_a, h_a, flats = np.empty(actions), np.empty(actions), np.empty(actions), no_flats(actions)
    for s in range(q_sa.shape[0]):
        f = Objective(q_a, o_a, x_sa[s], h_a, up_sa[s], down_sa[s], alpha, beta, w, clip)
        _prepare(q_sa[s], np.max(q_sa[s]), kind, radius, f, flats)
        if alpha + beta > 0 or w > 0:
            _strict(f, flats, kind, radius, out_log_sa[s])
        else:
            _linear(f, flats, kind, radius, tie_s[s], out_log_sa[s])
        _probabilities(out_log_sa[s], out_sa[s])


@inner
def _prepare(q_a: FloatArray, largest: float, kind: int, radius: float, out: Objective, out_flats: Flats) -> None:
    """Write q less its largest, o, h = q − α x and the flats: zeros that stay, the kinks of (1), the ratios of (2)."""
    keeps_zeros = out.beta > 0 or kind in (KL_BALL, RATIO)
    for a in range(len(q_a)):
        x, q = out.x_a[a], q_a[a] - largest
        out.q_a[a], out.o_a[a], out.h_a[a] = q, np.exp(x), q if x == -np.inf else q - out.alpha * x
        out_flats.low_a[a], out_flats.high_a[a], out_flats.up_a[a], out_flats.down_a[a] = -np.inf, np.inf, 0.0, 0.0
        out_flats.least_a[a], out_flats.most_a[a] = -np.inf, np.inf
        if keeps_zeros and x == -np.inf:
            out.h_a[a], out_flats.most_a[a] = -np.inf, -np.inf
        if out.up_a[a] > 0 or out.down_a[a] > 0:
            out_flats.low_a[a] = x + np.log1p(-out.clip) if out.clip < 1 else -np.inf
            out_flats.high_a[a] = x + np.log1p(out.clip)
            out_flats.up_a[a], out_flats.down_a[a] = out.up_a[a], out.down_a[a]
        if kind == RATIO:
            out_flats.least_a[a], out_flats.most_a[a] = x - np.log(radius), x + np.log(radius)


@inner
def _probabilities(out_log_a: FloatArray, out_a: FloatArray) -> None:
    """Write p and shift log p so that Σ p = 1 to rounding."""
    total = 0.0
    for a in range(len(out_a)):
        out_a[a] = np.exp(out_log_a[a])
        total += out_a[a]
    for a in range(len(out_a)):
        out_a[a] /= total
        out_log_a[a] -= np.log(total)


@part
def _strict(f: Objective, flats: Flats, kind: int, radius: float, out_a: FloatArray) -> None:
    """Write log p where (1) is strictly concave."""
    maximiser(f.alpha + f.beta, f, flats, 1.0, out_a)
    if kind == TOTAL_VARIATION_BALL and variation(np.exp(out_a), f.o_a) > radius:
        in_variation_ball(f, flats, radius, out_a)
    elif kind == KL_BALL and divergence(out_a, f.x_a) > radius:
        in_kl_ball(f, flats, radius, f.x_a, 0.0, out_a)


@part
def _linear(f: Objective, flats: Flats, kind: int, radius: float, tie: float, out_a: FloatArray) -> None:
    """Write log p where (1) is linear between kinks."""
    bounds = np.empty((2, len(out_a)))
    face(f, np.exp(flats.least_a), np.exp(flats.most_a), 1.0, tie, bounds)
    even(bounds[0], bounds[1], 1.0, out_a)
    if kind == TOTAL_VARIATION_BALL and variation(np.exp(out_a), f.o_a) > radius:
        face_in_variation_ball(f, bounds, radius, tie, out_a)
    elif kind == KL_BALL and divergence(out_a, f.x_a) > radius:
        face_in_kl_ball(f, flats, bounds, radius, out_a)
