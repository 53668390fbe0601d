"""Kernels of `mathrl.operators.bellman` on flat arrays.

v_ms (m, S) holds m value functions, r_mx (m, X) their rewards, P_xt (X, S) the transitions with rows x = (s, a) in
C order; the CSR kernels take `data`, `indices`, `indptr` instead. w_sa (S, A) holds the joint probabilities π(a|s).
Indices are read as unsigned (`np.uintp`): signed ones cost numba a test for a negative index at every access.
"""

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.base.compile import kernel

__all__ = ["backup", "backup_csr", "dot", "policy_transitions", "policy_transitions_csr"]

Indices = npt.NDArray[np.integer]


@kernel
def dot(x_t: FloatArray, y_t: FloatArray) -> float:
    """Σ_t x_t y_t in eight interleaved sums: the order is fixed, and still fills the vector units of the processor."""
    size = len(x_t)
    blocked = size - size % 8
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
    for t in range(0, blocked, 8):
        s0 += x_t[t] * y_t[t]
        s1 += x_t[t + 1] * y_t[t + 1]
        s2 += x_t[t + 2] * y_t[t + 2]
        s3 += x_t[t + 3] * y_t[t + 3]
        s4 += x_t[t + 4] * y_t[t + 4]
        s5 += x_t[t + 5] * y_t[t + 5]
        s6 += x_t[t + 6] * y_t[t + 6]
        s7 += x_t[t + 7] * y_t[t + 7]
    for t in range(blocked, size):
        s0 += x_t[t] * y_t[t]
    return ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))


@kernel
def backup(v_ms: FloatArray, r_mx: FloatArray, P_xt: FloatArray, discount: float, out_mx: FloatArray) -> None:
    """Kernel of `operators.backup`: overwrites `out_mx`.

        Q(x) = r(x) + γ Σ_t P(t|x) V(t)

    v_ms (m, S) holds m value functions, r_mx (m, X) their rewards, P_xt (X, S) the transitions, rows x = (s, a) in C
    order.
    """
    for x in range(P_xt.shape[0]):
        for m in range(v_ms.shape[0]):
            out_mx[m, x] = r_mx[m, x] + discount * dot(P_xt[x], v_ms[m])


@kernel
def backup_csr(
    v_ms: FloatArray,
    r_mx: FloatArray,
    data: FloatArray,
    indices: Indices,
    indptr: Indices,
    discount: float,
    out_mx: FloatArray,
) -> None:
    """Kernel of `operators.backup` for CSR transitions: overwrites `out_mx`.

    v_ms is (m, S) and r_mx (m, X); `data`, `indices` and `indptr` are those of the transitions, rows x = (s, a) in C
    order.
    """
    for x in range(len(indptr) - 1):
        for m in range(v_ms.shape[0]):
            expected = 0.0
            for k in range(np.uintp(indptr[x]), np.uintp(indptr[x + 1])):
                expected += data[k] * v_ms[m, np.uintp(indices[k])]
            out_mx[m, x] = r_mx[m, x] + discount * expected


@kernel
def policy_transitions(P_xt: FloatArray, w_sa: FloatArray, out_st: FloatArray) -> None:
    """Kernel of `operators.policy_transitions`: overwrites `out_st`.

        P_π(t|s) = Σ_a w(s, a) P(t|s, a)

    P_xt is (S·A, S), rows (s, a) in C order, and w_sa (S, A) holds the joint probabilities π(a|s).
    """
    num_states, num_joint_actions = w_sa.shape
    for s in range(num_states):
        out_st[s, :] = 0.0
        for a in range(num_joint_actions):
            weight = w_sa[s, a]
            if weight > 0:
                row = P_xt[s * num_joint_actions + a]
                for t in range(num_states):
                    out_st[s, t] += weight * row[t]


@kernel
def policy_transitions_csr(
    data: FloatArray,
    indices: Indices,
    indptr: Indices,
    w_sa: FloatArray,
    out_data: FloatArray,
    out_indices: Indices,
    out_indptr: Indices,
) -> int:
    """Kernel of `operators.policy_transitions` for CSR transitions: overwrites the outputs, returns the entries used.

    w_sa is (S, A). The outputs need room for all entries of the rows with w > 0; next states come in the order in which
    they first appear.
    """
    num_states, num_joint_actions = w_sa.shape
    place = np.full(num_states, -1, np.int64)
    used = 0
    out_indptr[0] = 0
    for s in range(num_states):
        first = used
        for a in range(num_joint_actions):
            weight = w_sa[s, a]
            if weight > 0:
                x = s * num_joint_actions + a
                for k in range(np.uintp(indptr[x]), np.uintp(indptr[x + 1])):
                    t = np.uintp(indices[k])
                    if place[t] < first:
                        place[t] = used
                        out_indices[used] = t
                        out_data[used] = weight * data[k]
                        used += 1
                    else:
                        out_data[np.uintp(place[t])] += weight * data[k]
        out_indptr[s + 1] = used
    return used
