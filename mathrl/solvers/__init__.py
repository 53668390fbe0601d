"""The solvers: `solver(game, *, temperature, …) -> Solution`, one a file."""

from mathrl.solvers.divergence_iteration import divergence_iteration
from mathrl.solvers.divergence_limit import divergence_limit
from mathrl.solvers.divergence_policy_iteration import divergence_policy_iteration
from mathrl.solvers.haspi import haspi
from mathrl.solvers.mehaml import mehaml
from mathrl.solvers.nash_q import nash_q
from mathrl.solvers.optimal import optimal
from mathrl.solvers.qre import qre
from mathrl.solvers.qre_branch import qre_branch
from mathrl.solvers.rommeo_q import rommeo_q
from mathrl.solvers.rommeo_self_play import rommeo_self_play
from mathrl.solvers.soft_evaluation import soft_evaluation
from mathrl.solvers.soft_q_iteration import soft_q_iteration
from mathrl.solvers.soft_qmix import soft_qmix

__all__ = [
    "divergence_iteration",
    "divergence_limit",
    "divergence_policy_iteration",
    "haspi",
    "mehaml",
    "nash_q",
    "optimal",
    "qre",
    "qre_branch",
    "rommeo_q",
    "rommeo_self_play",
    "soft_evaluation",
    "soft_q_iteration",
    "soft_qmix",
]
