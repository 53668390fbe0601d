"""Numba kernels: the operators for bulk work. They have the same names, take flat arrays, and write `out_` arrays.

A kernel checks nothing and allocates no result. `name_csr` is the kernel of `operators.name` for CSR transitions.
"""

from mathrl.kernels.bellman import backup, backup_csr, policy_transitions, policy_transitions_csr
from mathrl.kernels.optimality import optimality_backup, optimality_backup_csr
from mathrl.kernels.response import marginal_q, quantal_response_residual, sequential_improvement

__all__ = [
    "backup",
    "backup_csr",
    "marginal_q",
    "optimality_backup",
    "optimality_backup_csr",
    "policy_transitions",
    "policy_transitions_csr",
    "quantal_response_residual",
    "sequential_improvement",
]
