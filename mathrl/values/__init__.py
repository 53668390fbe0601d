"""Exact values of policies: products, those of one controller, with modelled opponents, and near a target policy.

`linear_system` solves V = b + γ P V. The other modules use it: `policy_values` (soft Q and V of a policy),
`joint_control` (one controller of all agents), `modelled_opponents` (an agent that plans for all, as in ROMMEO and
AORPO), `target_policy` (values regularised towards a target policy, as in DMAC), `mixed_q` (targets and projections of
Soft-QMIX), and `rommeo_objective` (what a conditional policy and an opponent model are worth). `offsets` takes
constants that change no policy off the rewards, and `potentials` solves a game again in smaller numbers where `doubt`
says that rounding may move a policy.
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
