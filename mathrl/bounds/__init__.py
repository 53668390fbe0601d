"""AORPO's calculators: what its bounds on returns under learned models are worth on a game.

`Setup.of` takes a game, a learned model of it, policies and opponent models. Of a setup, `returns`, `branched_returns`
and `measure` give exact returns and errors; `compare_returns` and `compare_distances` set every claim of the paper
beside what it bounds; `rollout` and `compare_schemes` follow rollouts. Of numbers alone, `theorem_1` …
`extended_lemma_c4` are the printed bounds, `coupling_…` and `linear_…` sharper ones, `best_branch_length` the best k,
`rollout_lengths` and `error_budget` the paper's schedule. Returns are sums Σ γ^t r_t; bounds, and what is compared with
them, are 1 − γ times that, as in the paper's proofs.
"""

from mathrl.bounds.branch_length import best_branch_length
from mathrl.bounds.claims import CLAIMS, DISTANCE_CLAIMS, Claim, DistanceClaim
from mathrl.bounds.compare import (
    DYNAMICS_ERRORS,
    Comparison,
    DistanceComparison,
    compare_distances,
    compare_returns,
)
from mathrl.bounds.compare_schemes import SchemeComparison, compare_schemes, compare_schemes_by_row
from mathrl.bounds.compounding import Compounding
from mathrl.bounds.errors import (
    READINGS,
    Errors,
    dynamics_distance,
    exact_opponent_errors,
    joint_distances,
    measure,
    state_distances,
)
from mathrl.bounds.exact import simplest_fraction
from mathrl.bounds.lemmas import (
    extended_lemma_c1,
    extended_lemma_c2,
    extended_lemma_c3,
    extended_lemma_c4,
    lemma_c1,
    lemma_c2,
    lemma_c3,
    lemma_c4,
)
from mathrl.bounds.process import Process
from mathrl.bounds.returns import Returns, branched_return, branched_returns, expected_return, returns, scheduled_return
from mathrl.bounds.rollouts import Rollout, branch_law, rollout
from mathrl.bounds.schedule import SCHEDULES, ErrorBudget, Schedule, branch_length_at, error_budget, rollout_lengths
from mathrl.bounds.schemes import (
    SCHEMES,
    accumulated_distance,
    printed_real_to_simu,
    printed_simu_to_real,
)
from mathrl.bounds.setup import Setup
from mathrl.bounds.setup_file import load_setup, save_setup
from mathrl.bounds.sharper import (
    coupling_lemma_c1,
    coupling_lemma_c2,
    coupling_lemma_c3,
    coupling_lemma_c4,
    coupling_theorem_1,
    coupling_theorem_2,
    coupling_theorem_3,
    linear_theorem_1,
    linear_theorem_2,
    trivial_bound,
)
from mathrl.bounds.theorems import (
    extended_theorem_a1,
    extended_theorem_b1,
    extended_theorem_b2,
    theorem_1,
    theorem_2,
    theorem_3,
    theorem_4,
    theorem_5,
)
from mathrl.bounds.value_bound import value_bound

__all__ = [
    "CLAIMS",
    "DISTANCE_CLAIMS",
    "DYNAMICS_ERRORS",
    "READINGS",
    "SCHEDULES",
    "SCHEMES",
    "Claim",
    "Comparison",
    "Compounding",
    "DistanceClaim",
    "DistanceComparison",
    "ErrorBudget",
    "Errors",
    "Process",
    "Returns",
    "Rollout",
    "Schedule",
    "SchemeComparison",
    "Setup",
    "accumulated_distance",
    "best_branch_length",
    "branch_law",
    "branch_length_at",
    "branched_return",
    "branched_returns",
    "compare_distances",
    "compare_returns",
    "compare_schemes",
    "compare_schemes_by_row",
    "coupling_lemma_c1",
    "coupling_lemma_c2",
    "coupling_lemma_c3",
    "coupling_lemma_c4",
    "coupling_theorem_1",
    "coupling_theorem_2",
    "coupling_theorem_3",
    "dynamics_distance",
    "error_budget",
    "exact_opponent_errors",
    "expected_return",
    "extended_lemma_c1",
    "extended_lemma_c2",
    "extended_lemma_c3",
    "extended_lemma_c4",
    "extended_theorem_a1",
    "extended_theorem_b1",
    "extended_theorem_b2",
    "joint_distances",
    "lemma_c1",
    "lemma_c2",
    "lemma_c3",
    "lemma_c4",
    "linear_theorem_1",
    "linear_theorem_2",
    "load_setup",
    "measure",
    "printed_real_to_simu",
    "printed_simu_to_real",
    "returns",
    "rollout",
    "rollout_lengths",
    "save_setup",
    "scheduled_return",
    "simplest_fraction",
    "state_distances",
    "theorem_1",
    "theorem_2",
    "theorem_3",
    "theorem_4",
    "theorem_5",
    "trivial_bound",
    "value_bound",
]
