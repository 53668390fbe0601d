"""The logit equilibria of a matrix game as the zeros of one function, compiled.

    G^i_a(x, λ) = x^i_a − λ (u^i(a) − u^i(0)) = 0,   a = 1 … A_i − 1,                                      (1)
    π^i(a) = exp(x^i_a) / Σ_b exp(x^i_b),  x^i_0 = 0,   u^i(a) = E_{a_{-i}~π^{-i}}[r^i(a, a_{-i})]

in the log ratios x^i_a = log(π^i(a)/π^i(0)); λ is the rationality, 1/temperature (McKelvey and Palfrey 1995). With
M^{ij}(a, b) = E[r^i | a_i = a, a_j = b] the derivatives are

    ∂G^i_a/∂x^j_b = δ_ij δ_ab − (i ≠ j) λ π^j(b) (M^{ij}(a, b) − M^{ij}(0, b) − u^i(a) + u^i(0)),           (2)
    ∂G^i_a/∂λ     = −(u^i(a) − u^i(0)).

All of it is written into the memory of a trace, which names the arrays (`mathrl.equilibria.matrix.memory`). A point
z = (x, λ) is z_x (N + 1,), λ last.
"""

import math

from mathrl.base.checks import FloatArray
from mathrl.base.compile import inner
from mathrl.equilibria.matrix.memory import Trace
from mathrl.kernels.conditional import pair_q
from mathrl.kernels.response import apart, boltzmann

__all__ = ["derivative", "evaluate", "pairs", "policy", "residual", "values"]


@inner
def policy(trace: Trace, z_x: FloatArray) -> None:
    """Write π of the log ratios in z."""
    ends, pi_k = trace.ends, trace.pi_k
    x = 0
    for i in range(len(ends) - 1):
        first, last = ends[i], ends[i + 1]
        largest = 0.0
        for k in range(first + 1, last):
            largest = max(largest, z_x[x + k - first - 1])
        total = math.exp(-largest)
        pi_k[first] = total
        for k in range(first + 1, last):
            weight = math.exp(z_x[x + k - first - 1] - largest)
            pi_k[k] = weight
            total += weight
        share = 1.0 / total
        for k in range(first, last):
            pi_k[k] *= share
        x += last - first - 1


@inner
def evaluate(trace: Trace, z_x: FloatArray) -> None:
    """Write π, u, M and G at the point z; M of two agents is constant, and must have been written by `pairs`."""
    policy(trace, z_x)
    values(trace)
    ends, own_k, g_x = trace.ends, trace.own_k, trace.g_x
    N = len(g_x) - 1
    rationality = z_x[N]
    x = 0
    for i in range(len(ends) - 1):
        for k in range(ends[i] + 1, ends[i + 1]):
            g_x[x] = z_x[x] - rationality * (own_k[k] - own_k[ends[i]])  # (1)
            x += 1
    g_x[N] = 0.0


@inner
def values(trace: Trace) -> None:
    """Write u and M of π."""
    if len(trace.ends) > 3:
        pairs(trace)
    _own(trace)


@inner
def derivative(trace: Trace, z_x: FloatArray) -> None:
    """Write (2), after `evaluate` at this point."""
    ends, pi_k, own_k, pair_kk = trace.ends, trace.pi_k, trace.own_k, trace.pair_kk
    jacobian_xy = trace.jacobian_xy
    num_agents = len(ends) - 1
    N = ends[num_agents] - num_agents
    rationality = z_x[N]
    x = 0
    for i in range(num_agents):
        zero = ends[i]
        for k in range(zero + 1, ends[i + 1]):
            gain = own_k[k] - own_k[zero]
            jacobian_xy[x, N] = -gain
            y = 0
            for j in range(num_agents):
                for m in range(ends[j] + 1, ends[j + 1]):
                    if i == j:
                        jacobian_xy[x, y] = 0.0
                    else:
                        jacobian_xy[x, y] = -rationality * pi_k[m] * (pair_kk[k, m] - pair_kk[zero, m] - gain)
                    y += 1
            jacobian_xy[x, x] = 1.0
            x += 1


@inner
def residual(trace: Trace, rationality: float, out_k: FloatArray) -> float:
    """max |π − σ| with σ = softmax(λ u), which is written, after `evaluate`."""
    for k in range(len(out_k)):
        out_k[k] = trace.own_k[k]
    for i in range(len(trace.ends) - 1):
        boltzmann(out_k, trace.ends[i], trace.ends[i + 1], rationality, 1.0)
    return apart(trace.pi_k, out_k)


@inner
def _own(trace: Trace) -> None:
    """u from M and the policy of one other agent; of a lone agent the payoffs themselves."""
    ends, pi_k, own_k, pair_kk = trace.ends, trace.pi_k, trace.own_k, trace.pair_kk
    if len(ends) == 2:
        for k in range(ends[1]):
            own_k[k] = trace.r_ma[0, k]
        return
    for i in range(len(ends) - 1):
        other = 1 if i == 0 else 0
        first, last = ends[other], ends[other + 1]
        for k in range(ends[i], ends[i + 1]):
            total = 0.0
            for m in range(first, last):
                total += pair_kk[k, m] * pi_k[m]
            own_k[k] = total


@inner
def pairs(trace: Trace) -> None:
    """Write M^{ij}(a, b), the sum of r^i over joint actions with a_i = a, a_j = b, weighted by all others' policies."""
    pair_q(trace.r_ma, trace.pi_k, trace.ends, trace.places, trace.pair_kk)
