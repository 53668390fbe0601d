"""The papers' operators: one short pure function per equation, for NumPy, JAX and other arrays, floats or balls.

They run on floats, on NumPy arrays of balls (`mathrl.balls`, which enclose), of fractions and of symbols (exact,
where no exp or log enters), and on JAX arrays under jit, vmap and grad, also with respect to temperature and
discount.

An action that is not available has q = −∞, and policies, targets, priors and models are 0 there. Every operator then
gives what it gives on the smaller arrays without such actions, and −∞ or 0 at these. Rewards of a game are −∞ there
already. Where episodes end, the rewards and transitions to pass are those of `game.in_play`.
"""

from typing import Any

from mathrl.operators.actor import (
    actor_gradient,
    actor_gradient_variance,
    actor_objective,
    actor_signal,
    counterfactual_signal,
    linear_signal,
)
from mathrl.operators.axes import own_and_others
from mathrl.operators.bellman import (
    ENTROPIES,
    backup,
    entropy_bonus,
    entropy_bonus_of_logs,
    expectation,
    policy_backup,
    policy_transitions,
    soft_value,
    soft_value_of_logs,
    subset_q,
)
from mathrl.operators.credit import greedy_policy, igi_gap, igm_gap, igm_set_gap, igo_gap
from mathrl.operators.divergence import (
    additive_distance,
    additive_parts,
    divergence_backup,
    divergence_improvement,
    divergence_optimality_backup,
    divergence_response,
    divergence_soft_max,
    divergence_value,
    linear_divergence_improvement,
    log_divergence_ratio,
    sequential_divergence_improvement,
)
from mathrl.operators.drift import (
    clipped_ratio_drift,
    expected_parts,
    kl_drift,
    largest_ratio,
    mirror_value,
    soft_advantage,
    squared_drift,
)
from mathrl.operators.monotone import (
    additive_mix,
    critic_loss,
    local_policy,
    local_values,
    monotonicity_gap,
    trace_target,
)
from mathrl.operators.opponent import (
    conditional_policy,
    marginal_policy,
    opponent_backup,
    opponent_model,
    opponent_model_improvement,
    opponent_policy_value,
    opponent_value,
)
from mathrl.operators.optimality import optimality_backup, soft_optimality_backup
from mathrl.operators.residuals import (
    divergence_optimality_residual,
    opponent_residual,
    optimality_residual,
    policy_residual,
    quantal_response_log_residuals,
    quantal_response_residual,
    quantal_response_residuals,
    soft_optimality_residual,
)
from mathrl.operators.response import (
    deviation_gain,
    greedy_response,
    marginal_q,
    quantal_response,
    sequential_improvement,
)
from mathrl.operators.sampled import (
    sampled_divergence_target,
    sampled_opponent_target,
    sampled_soft_target,
    sampled_trace_step,
)

__all__ = [
    "ENTROPIES",
    "actor_gradient",
    "actor_gradient_variance",
    "actor_objective",
    "actor_signal",
    "additive_distance",
    "additive_mix",
    "additive_parts",
    "backup",
    "clipped_ratio_drift",
    "conditional_policy",
    "counterfactual_signal",
    "critic_loss",
    "deviation_gain",
    "divergence_backup",
    "divergence_improvement",
    "divergence_optimality_backup",
    "divergence_optimality_residual",
    "divergence_response",
    "divergence_soft_max",
    "divergence_value",
    "entropy_bonus",
    "entropy_bonus_of_logs",
    "expectation",
    "expected_parts",
    "greedy_policy",
    "greedy_response",
    "igi_gap",
    "igm_gap",
    "igm_set_gap",
    "igo_gap",
    "kl_drift",
    "largest_ratio",
    "linear_divergence_improvement",
    "linear_signal",
    "local_policy",
    "local_values",
    "log_divergence_ratio",
    "marginal_policy",
    "marginal_q",
    "mirror_value",
    "monotonicity_gap",
    "opponent_backup",
    "opponent_model",
    "opponent_model_improvement",
    "opponent_policy_value",
    "opponent_residual",
    "opponent_value",
    "optimality_backup",
    "optimality_residual",
    "own_and_others",
    "policy_backup",
    "policy_residual",
    "policy_transitions",
    "quantal_response",
    "quantal_response_log_residuals",
    "quantal_response_residual",
    "quantal_response_residuals",
    "sampled_divergence_target",
    "sampled_opponent_target",
    "sampled_soft_target",
    "sampled_trace_step",
    "sequential_divergence_improvement",
    "sequential_improvement",
    "soft_advantage",
    "soft_optimality_backup",
    "soft_optimality_residual",
    "soft_value",
    "soft_value_of_logs",
    "squared_drift",
    "subset_q",
    "trace_target",
]

_RENAMED = {"best_response": "greedy_response", "exploitability": "deviation_gain"}
"""Old names, which mean something else in `mathrl.exploitability`."""


def __getattr__(name: str) -> Any:
    """Find what had another name."""
    if name in _RENAMED:
        return globals()[_RENAMED[name]]
    raise AttributeError(f"module 'mathrl.operators' has no attribute {name!r}")
