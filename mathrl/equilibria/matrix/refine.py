"""The last digits of an equilibrium of a matrix game, from its probabilities.

    π ← π + dπ,   (I − λ σ' M) dπ = σ − π,   σ = softmax(λ u)                                           (1)

Newton's method in the probabilities themselves. Those of the log ratios (`mathrl.equilibria.matrix.equations`) are
exponentials of numbers of size λ, and come out with λ roundings, which λ u multiplies once more; here they have one.
"""

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.base.compile import kernel
from mathrl.equilibria.lu import factor, solve
from mathrl.equilibria.matrix.equations import residual, values

__all__ = ["refine"]

Integers = npt.NDArray[np.int64]

_FLOORS = 16.0
"""Rounding floors within which a residual needs no more."""

_STEPS = 12
_RARE = 1e-12
"""Below this a probability is what its response says: the change would be its own rounding."""


@kernel
def refine(
    r_ma: FloatArray,
    ends: Integers,
    rationality: float,
    pi_k: FloatArray,
    own_k: FloatArray,
    pair_kk: FloatArray,
    places: Integers,
) -> float:
    """Overwrite π, and u and M, by a better equilibrium where there is one; max |π − softmax(λ u)|."""
    K = len(pi_k)
    best = residual(ends, pi_k, own_k, rationality)
    enough = _FLOORS * np.finfo(np.float64).eps * max(1.0, rationality * np.abs(own_k).max())
    if best <= enough:
        return best
    system_kk, rows = np.empty((K, K)), np.empty(K, np.int64)
    sigma_k, gap_k, change_k, before_k = np.empty(K), np.empty(K), np.empty(K), np.empty(K)
    for _ in range(_STEPS):
        _soften(ends, rationality, own_k, sigma_k)
        _system(ends, rationality, sigma_k, pair_kk, system_kk)
        for k in range(K):
            before_k[k] = pi_k[k]
            gap_k[k] = sigma_k[k] - pi_k[k]
        if factor(system_kk, rows, K) == 0.0:
            break
        solve(system_kk, rows, K, gap_k, change_k)
        for k in range(K):
            pi_k[k] = pi_k[k] + change_k[k] if sigma_k[k] > _RARE else sigma_k[k]
        values(r_ma, ends, pi_k, own_k, pair_kk, places)
        found = residual(ends, pi_k, own_k, rationality) if pi_k.min() >= 0.0 else np.inf
        if not found < best:
            for k in range(K):
                pi_k[k] = before_k[k]
            values(r_ma, ends, pi_k, own_k, pair_kk, places)
            break
        best = found
        if best <= enough:
            break
    return best


@kernel
def _soften(ends: Integers, rationality: float, own_k: FloatArray, out_k: FloatArray) -> None:
    """softmax(λ u) of every agent."""
    for i in range(len(ends) - 1):
        first, last = ends[i], ends[i + 1]
        largest = own_k[first]
        for k in range(first, last):
            largest = max(largest, own_k[k])
        total = 0.0
        for k in range(first, last):
            out_k[k] = np.exp(rationality * (own_k[k] - largest))
            total += out_k[k]
        for k in range(first, last):
            out_k[k] /= total


@kernel
def _system(ends: Integers, rationality: float, sigma_k: FloatArray, pair_kk: FloatArray, out_kk: FloatArray) -> None:
    """I − λ σ' M, with σ' du = σ (du − E_σ[du]) for each agent."""
    for i in range(len(ends) - 1):
        first, last = ends[i], ends[i + 1]
        for m in range(len(sigma_k)):
            mean = 0.0
            for k in range(first, last):
                mean += sigma_k[k] * pair_kk[k, m]
            for k in range(first, last):
                out_kk[k, m] = (1.0 if k == m else 0.0) - rationality * sigma_k[k] * (pair_kk[k, m] - mean)
