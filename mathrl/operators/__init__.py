"""The papers' operators: one short pure function per equation, for NumPy, JAX and other array API arrays."""

from mathrl.operators.bellman import (
    ENTROPIES,
    backup,
    entropy_bonus,
    expectation,
    policy_backup,
    policy_transitions,
    soft_value,
    subset_q,
)
from mathrl.operators.optimality import optimality_backup, soft_optimality_backup
from mathrl.operators.response import (
    best_response,
    exploitability,
    marginal_q,
    quantal_response,
    quantal_response_residual,
    sequential_improvement,
)

__all__ = [
    "ENTROPIES",
    "backup",
    "best_response",
    "entropy_bonus",
    "expectation",
    "exploitability",
    "marginal_q",
    "optimality_backup",
    "policy_backup",
    "policy_transitions",
    "quantal_response",
    "quantal_response_residual",
    "sequential_improvement",
    "soft_optimality_backup",
    "soft_value",
    "subset_q",
]
