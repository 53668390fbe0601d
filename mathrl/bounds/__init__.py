"""AORPO's calculators: what its bounds on returns under learned models are worth on a game."""

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
from mathrl.bounds.process import Process
from mathrl.bounds.returns import Returns, branched_return, branched_returns, expected_return, returns, scheduled_return
from mathrl.bounds.setup import Setup

__all__ = [
    "READINGS",
    "Errors",
    "Process",
    "Returns",
    "Setup",
    "branched_return",
    "branched_returns",
    "dynamics_distance",
    "exact_opponent_errors",
    "expected_return",
    "joint_distances",
    "measure",
    "returns",
    "scheduled_return",
    "simplest_fraction",
    "state_distances",
]
