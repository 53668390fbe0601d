"""Kernels of `mathrl.operators.optimality` on flat arrays: one pass that also keeps Q, and the greedy actions.

r_sa (S, A) has joint actions in C order, P_xt (S·A, S) rows x = (s, a) in the same order; see `mathrl.kernels.bellman`.
"""

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.base.compile import kernel
from mathrl.kernels.bellman import dot

__all__ = ["optimality_backup", "optimality_backup_csr"]

Indices = npt.NDArray[np.integer]
Actions = npt.NDArray[np.int64]


@kernel
def optimality_backup(
    v_s: FloatArray,
    r_sa: FloatArray,
    P_xt: FloatArray,
    discount: float,
    out_s: FloatArray,
    out_sa: FloatArray,
    out_actions: Actions,
) -> None:
    """Kernel of `operators.optimality_backup`: overwrites max Q, Q and the first maximiser.

        Q(s, a) = r(s, a) + γ Σ_t P(t|s, a) V(t)

    v_s is (S,), r_sa (S, A) with joint actions in C order, P_xt (S·A, S) with rows (s, a) in the same order.
    """
    num_states, num_joint_actions = r_sa.shape
    for s in range(num_states):
        out_s[s] = -np.inf
        for a in range(num_joint_actions):
            q = r_sa[s, a] + discount * dot(P_xt[s * num_joint_actions + a], v_s)
            out_sa[s, a] = q
            if q > out_s[s]:
                out_s[s] = q
                out_actions[s] = a


@kernel
def optimality_backup_csr(
    v_s: FloatArray,
    r_sa: FloatArray,
    data: FloatArray,
    indices: Indices,
    indptr: Indices,
    discount: float,
    out_s: FloatArray,
    out_sa: FloatArray,
    out_actions: Actions,
) -> None:
    """Kernel of `operators.optimality_backup` for CSR transitions: overwrites max Q, Q and the first maximiser.

    v_s is (S,), r_sa (S, A); `data`, `indices` and `indptr` are those of the transitions, rows (s, a) in C order.
    """
    num_states, num_joint_actions = r_sa.shape
    for s in range(num_states):
        best = -np.inf
        for a in range(num_joint_actions):
            x = s * num_joint_actions + a
            expected = 0.0
            for k in range(np.uintp(indptr[x]), np.uintp(indptr[x + 1])):
                expected += data[k] * v_s[np.uintp(indices[k])]
            q = r_sa[s, a] + discount * expected
            out_sa[s, a] = q
            if q > best:
                best = q
                out_actions[s] = a
        out_s[s] = best
