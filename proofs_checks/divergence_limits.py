"""What DMAC's iteration over joint policies tends to, computed from the optimal actions alone."""

from typing import Any

import numpy as np

from mathrl.proofs_checks.instances import Tables
from mathrl.proofs_checks.joint_control import controlled, optimum
from mathrl.softmax import kl_divergence

__all__ = ["discounted_divergence", "nearest_optimal", "proportional"]


def proportional(first_policy: Any, optimal: Any) -> Any:
    """1[a ∈ U_s] π^0(a|s), over its sum: what dmac Proposition 2 prints.

    `first_policy`  π^0, (S, A)
    `optimal`       which actions are in U_s, (S, A)
    """
    kept = np.where(optimal, first_policy, 0.0)
    return kept / kept.sum(axis=1, keepdims=True)


def nearest_optimal(game: Any, first_policy: Any, optimal: Any) -> tuple[Any, Any]:
    """π̃(a|s) = 1[a ∈ U_s] π^0(a|s) exp(γ Σ_t P(t|s, a) ℓ(t) − ℓ(s)) and ℓ, (S, A) and (S,), in doubles.

    ℓ(s) = log Σ_{a ∈ U_s} π^0(a|s) exp(γ Σ_t P(t|s, a) ℓ(t)) is a regularised optimum: of the target π^0 on U_s, at
    temperature 1, with the reward log π^0(U_s).

    `game`          whose transitions and discount count
    `first_policy`  π^0, (S, A)
    `optimal`       which actions are in U_s, (S, A)
    """
    alone = controlled(game)
    kept = np.log(np.where(optimal, first_policy, 0.0).sum(axis=1))
    paid = np.broadcast_to(kept[:, None], first_policy.shape)
    problem = Tables(paid, alone.transitions, alone.discount, alone.start, True)
    return optimum(problem, proportional(first_policy, optimal), temperature=1.0)


def discounted_divergence(game: Any, policy: Any, first_policy: Any) -> Any:
    """D^π(s) = E_π[Σ_t γ^t KL(π(·|s_t)‖π^0(·|s_t)) | s_0 = s], (S,), of a joint policy."""
    alone = controlled(game)
    p_st = np.einsum("sa,sat->st", policy, alone.transitions)
    return np.linalg.solve(np.eye(len(p_st)) - alone.discount * p_st, kl_divergence(policy, first_policy))
