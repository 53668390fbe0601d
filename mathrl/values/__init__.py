"""Exact values: of product policies, with modelled opponents, towards a target policy, of one controller of all agents.

`linear_system` solves V = b + γ P V. On it stand `policy_values` (soft Q and V of a policy), `joint_control` (one
controller of all agents), `modelled_opponents` (an agent that plans for all, ROMMEO and AORPO), `target_policy` (values
regularised towards a target, DMAC), and `rommeo_objective` (what a conditional policy and an opponent model are worth).
"""

from mathrl.values.modelled_opponents import LearnedModel
from mathrl.values.rommeo_objective import (
    as_strategies,
    best_evidence_bound,
    evidence_bound,
    log_evidence,
    opponent_policy_q,
)

__all__ = [
    "LearnedModel",
    "as_strategies",
    "best_evidence_bound",
    "evidence_bound",
    "log_evidence",
    "opponent_policy_q",
]
