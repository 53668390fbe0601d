"""How far somebody's policy, Q and V are from the exact ones, and the exact targets of critics.

`compare` reports on numbers that a code holds; `assert_soft_q`, `assert_soft_v`, `assert_qre` and `assert_td_target`
are for its tests. `one_step_target`, `n_step_target` and `td_lambda_target` are what a critic of any code should
regress on in the mean, `hasac_target`, `rommeo_target`, `dmac_target`, `soft_qmix_target` and `aorpo_target` what the
papers print, and `sampled_target` takes stored steps. `time_limit_shares` says which steps a time limit cuts.
"""

from mathrl.oracle.assertions import assert_soft_q, assert_soft_v, assert_td_target
from mathrl.oracle.compare import compare
from mathrl.oracle.critics import aorpo_target, dmac_target, hasac_target, rommeo_target, soft_qmix_target
from mathrl.oracle.entries import Entry
from mathrl.oracle.equilibrium import assert_qre
from mathrl.oracle.limits import time_limit_shares
from mathrl.oracle.report import Measure, Report
from mathrl.oracle.sampled import sampled_target
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
    "sampled_target",
    "soft_qmix_target",
    "td_lambda_target",
    "time_limit_shares",
]
