"""The mean Jacobian of a relaxed Gumbel draw in its logits, and that of a policy, which is without relaxation.

    J = diag(π) − π πᵀ,   J̄ = E_g[∂x/∂l],   x = softmax((l + g)/τ),   ∂x/∂l = (diag(x) − x xᵀ)/τ            (1)

with π = softmax(l) and Gumbel noise g. Both are Laplacians of the complete graph on the actions, diag(W 1) − W with
weights W_ab > 0: π_a π_b in J and E[x_a x_b]/τ in J̄. So

    dᵀ J̄ d = Σ_{a<b} W_ab (d_a − d_b)² ≥ 0, and 0 only where d is constant                                  (2)

The weights of J̄. Write X_a = exp((l_a + g_a)/τ) = w_a E_a^{-1/τ} with w_a = exp(l_a/τ) and exponential variables E_a.
By 1/s² = ∫_0^∞ u e^{-us} du, with φ(u) = E[exp(−u E^{-1/τ})] and ψ(u) = −u φ'(u),

    E[x_a x_b] = ∫ ψ(w_a e^z) ψ(w_b e^z) Π_{c≠a,b} φ(w_c e^z) dz                                            (3)

For τ = 1, φ(u) = 2 √u K_1(2 √u) and ψ(u) = 2 u K_0(2 √u), of Bessel functions. Beside an action that is nearly always
played, one of probability p has in J the weight p, and in J̄, as p → 0,

    p πτ/sin(πτ) for τ < 1,   p log(1/p) for τ = 1,   p^{1/τ} (π/τ²)/sin(π/τ) for τ > 1                      (4)

to first order. In logits the relaxed mean is thus the faster one near corners.
"""

from collections.abc import Callable
from functools import cache
from itertools import combinations

import numpy as np

from mathrl.base.array_types import ArrayLike
from mathrl.base.checks import FloatArray, as_floats, fail, finite, positive
from mathrl.softmax import boltzmann

__all__ = ["exact_jacobian", "finite_logits", "relaxed_jacobian"]

_STEP = 0.3
"""The step of the trapezoid rules in strips of half width π/2: exp(−2π (π/2)/0.3) is 5e-15."""

_LEAST = -60.0
"""Where the integral over log E begins: exp(−60) of the mass is below it. Weights below that are lost."""


def exact_jacobian(logits: ArrayLike) -> FloatArray:
    """Return J = ∂softmax(l)/∂l = diag(π) − π πᵀ, (A, A), for logits l (A,)."""
    pi = boltzmann(finite_logits(logits), 1.0)
    return np.asarray(np.diag(pi) - np.outer(pi, pi))


def relaxed_jacobian(logits: ArrayLike, relaxation: float) -> FloatArray:
    """Return J̄ = E_g[∂softmax((l + g)/τ)/∂l], (A, A), by the integral (3): symmetric, rows sum to 0.

    `logits`      l, (A,)
    `relaxation`  τ > 0, from about 0.1 to 10

    >>> J = relaxed_jacobian([0.0, 0.0], 1.0)   # E[x (1 − x)] with x/(1 − x) a ratio of two exponentials
    >>> [round(float(entry), 6) for entry in J[0]]
    [0.166667, -0.166667]
    """
    tau = positive("relaxation", relaxation)
    shifted = finite_logits(logits)
    shifted = (shifted - shifted.max()) / tau
    narrow = min(1.0, tau)
    z = np.arange(-18 / narrow, 4.5 * (1 + 1 / tau), _STEP * narrow)
    phi, psi = _transforms(tau)(np.maximum(shifted[:, None] + z, _LEAST / narrow)).T
    weights = np.zeros((len(shifted), len(shifted)))
    for a, b in combinations(range(len(shifted)), 2):
        others = np.prod(np.delete(phi.T, (a, b), axis=0), axis=0)
        weights[a, b] = weights[b, a] = (psi.T[a] * psi.T[b] * others).sum() * _STEP * narrow / tau  # (3)
    return np.asarray(np.diag(weights.sum(axis=1)) - weights)


@cache
def _transforms(tau: float) -> Callable[[FloatArray], FloatArray]:
    """φ and ψ as functions of log u, the last axis of what is returned: splines of degree 7 through quadratures.

    The trapezoid rule is in log E, where the integrands fall doubly exponentially at one end.
    """
    from scipy.interpolate import make_interp_spline

    narrow = min(1.0, tau)
    t = np.arange(_LEAST, 5.0, _STEP * narrow)
    mass = np.exp(t - np.exp(t)) * _STEP * narrow
    log_u = np.arange(_LEAST / narrow, 4.5 * (1 + 1 / tau) + 1, 0.05)
    scaled = np.exp(np.minimum(log_u[:, None] - t / tau, 700.0))  # u E^{-1/τ}; exp(−exp(700)) is 0
    kept = np.exp(-scaled)
    return make_interp_spline(log_u, np.stack([kept @ mass, scaled * kept @ mass], axis=1), k=7)


def finite_logits(values: ArrayLike) -> FloatArray:
    """Logits (A,) as an array. Raises `ValueError` unless they are finite, along one axis."""
    array = as_floats("logits", values)
    if array.ndim != 1:
        fail("logits", f"have the shape {array.shape}", "one axis, the agent's actions")
    return finite("logits", array)
