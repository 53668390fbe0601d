"""How far somebody's policy, Q and V are from the exact ones, and the exact targets of critics."""

from mathrl.oracle.assertions import assert_qre, assert_soft_q, assert_soft_v, assert_td_target
from mathrl.oracle.compare import compare
from mathrl.oracle.critics import aorpo_target, dmac_target, hasac_target, rommeo_target, soft_qmix_target
from mathrl.oracle.report import Entry, Measure, Report
from mathrl.oracle.targets import n_step_target, one_step_target, td_lambda_target

__all__ = [
    "Entry",
    "Measure",
    "Report",
    "aorpo_target",
    "assert_qre",
    "assert_soft_q",
    "assert_soft_v",
    "assert_td_target",
    "compare",
    "dmac_target",
    "hasac_target",
    "n_step_target",
    "one_step_target",
    "rommeo_target",
    "soft_qmix_target",
    "td_lambda_target",
]
