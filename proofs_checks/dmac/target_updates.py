"""The iteration whose target is the policy before: improvement, limit, distance from the optimum   (dmac Section 4.2)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from mathrl.games import Game
from mathrl.operators import sequential_divergence_improvement
from mathrl.proofs_checks.dmac.product_optima import stage_search, without_main_effects
from mathrl.proofs_checks.divergence_limits import nearest_optimal, proportional
from mathrl.proofs_checks.families import instances, numbers, policies, rows, stochastic_games
from mathrl.proofs_checks.joint_control import controlled, iterates, joint_q, optimal_values, outer
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.policy_value import divergence_q, divergence_v
from mathrl.proofs_checks.slack import Slack, all_of, at_most, equal
from mathrl.proofs_checks.strategies import temperatures
