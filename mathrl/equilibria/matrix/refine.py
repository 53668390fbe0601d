"""The last digits of an equilibrium of a matrix game, from its probabilities.

    π ← π + dπ,   (I − λ σ' M) dπ = σ − π,   σ = softmax(λ u)                                           (1)

Newton's method in the probabilities themselves. Those of the log ratios (`mathrl.equilibria.matrix.corrector`) are
exponentials of numbers of size λ, and come out with λ roundings, which λ u multiplies once more; here they have one.
"""

import math

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.compile import inner
from mathrl.equilibria.lu import factor, solve
from mathrl.equilibria.matrix.equations import residual, values
from mathrl.equilibria.matrix.memory import Trace
from mathrl.equilibria.matrix.vectors import copy, largest
from mathrl.values.attained import DIFFERENT

__all__ = ["refine", "unlike"]

_FLOORS = 16.0
"""A residual of at most this many rounding floors is not refined any more."""

_STEPS = 12
_RARE = 1e-12
"""A probability below this is set to its response: a change would be no more than its rounding."""

_EPS = float(np.finfo(np.float64).eps)


@inner
def refine(trace: Trace, rationality: float) -> float:
    """Overwrite π, and u and M, by a better equilibrium where there is one; max |π − softmax(λ u)|."""
    pi_k, K = trace.pi_k, len(trace.pi_k)
    system_kk = trace.spare_rk  # its first K rows; below them:
    sigma_k, gap_k, change_k, before_k = system_kk[K], system_kk[K + 1], system_kk[K + 2], system_kk[K + 3]
    best = residual(trace, rationality, sigma_k)
    enough = _FLOORS * _EPS * max(1.0, rationality * largest(trace.own_k))
    if unlike(trace, rationality, sigma_k):
        enough = _FLOORS * _EPS * _played(trace, rationality, sigma_k)
    for _ in range(_STEPS):
        if best <= enough:
            break
        _system(trace, rationality, sigma_k, system_kk)
        for k in range(K):
            before_k[k] = pi_k[k]
            gap_k[k] = sigma_k[k] - pi_k[k]
        if factor(system_kk, trace.places, K) == 0.0:
            break
        solve(system_kk, trace.places, K, gap_k, change_k)
        for k in range(K):
            pi_k[k] = pi_k[k] + change_k[k] if sigma_k[k] > _RARE else sigma_k[k]  # (1)
        values(trace)
        found = math.inf if _negative(pi_k) else residual(trace, rationality, sigma_k)
        if not found < best:
            copy(before_k, pi_k)
            values(trace)
            break
        best = found
    return best


@inner
def unlike(trace: Trace, rationality: float, sigma_k: FloatArray) -> bool:
    """Whether max(1, λ ‖u‖∞) is more than 1,024 times what counts in responses σ, and says nothing of their digits."""
    return max(1.0, rationality * largest(trace.own_k)) > DIFFERENT * _played(trace, rationality, sigma_k)


@inner
def _played(trace: Trace, rationality: float, sigma_k: FloatArray) -> float:
    """max(1, λ max_i Σ_a σ^i(a) (1 − σ^i(a)) |u^i(a)|)."""
    ends, own_k, played = trace.ends, trace.own_k, 1.0
    for i in range(len(ends) - 1):
        moved = 0.0
        for k in range(ends[i], ends[i + 1]):
            moved += sigma_k[k] * (1.0 - sigma_k[k]) * abs(own_k[k])
        played = max(played, rationality * moved)
    return played


@inner
def _negative(pi_k: FloatArray) -> int:
    """How many entries are negative, or no numbers."""
    found = 0
    for pi in pi_k:
        found += not pi >= 0.0
    return found


@inner
def _system(trace: Trace, rationality: float, sigma_k: FloatArray, out_kk: FloatArray) -> None:
    """Write I − λ σ' M of (1), with σ' du = σ (du − E_σ[du]) for each agent."""
    pair_kk, ends = trace.pair_kk, trace.ends
    for i in range(len(ends) - 1):
        first, last = ends[i], ends[i + 1]
        for m in range(len(sigma_k)):
            mean = 0.0
            for k in range(first, last):
                mean += sigma_k[k] * pair_kk[k, m]
            for k in range(first, last):
                out_kk[k, m] = (1.0 if k == m else 0.0) - rationality * sigma_k[k] * (pair_kk[k, m] - mean)
