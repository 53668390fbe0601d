"""One step of MEHAML with each drift and neighbourhood, against one pass over the transitions plus a linear solve.

A random game of 1,000 states, 2 agents, 5 actions each, dense and with 10 successors; the yardstick is that of
`benchmarks.evaluation`.
"""

import itertools

import numpy as np

from benchmarks.evaluation import ACTIONS, DISCOUNT, STATES, TEMPERATURE, pass_and_solve
from benchmarks.timing import Row, per_step
from mathrl.games import random_policy, random_stochastic
from mathrl.games.profile import Profile
from mathrl.solvers import mehaml
from mathrl.values.policy_values import policy_transitions

__all__ = ["rows"]

STEPS, PAIRS = 4, 5
DRIFTS = ("none", "kl:0.5", "squared:0.5", "clipped:0.2")
NEIGHBOURHOODS = ("everywhere", "kl:0.02", "total-variation:0.1", "ratio:1.5")


def rows() -> list[Row]:
    """The slowest combination at each temperature, dense and sparse: it bounds all 16."""
    return [_worst(successors, temperature) for successors in (None, 10) for temperature in (TEMPERATURE, 0.0)]


def _worst(successors: int | None, temperature: float) -> Row:
    combinations = itertools.product(DRIFTS, NEIGHBOURHOODS)
    return max((_row(successors, temperature, *names) for names in combinations), key=lambda row: row.ratio)


def _row(successors: int | None, temperature: float, drift: str, neighbourhood: str) -> Row:
    game = random_stochastic(STATES, ACTIONS, discount=DISCOUNT, successors=successors, seed=0)
    policy = random_policy(game, np.random.default_rng(0))
    bare = pass_and_solve(game, policy_transitions(game, Profile.of(policy).joint_sa))
    options = {"temperature": temperature, "drift": drift, "neighbourhood": neighbourhood, "initial_policy": policy}

    kind = "dense" if successors is None else f"{successors} successors"
    return per_step(
        f"one MEHAML step, temperature {temperature:g}, {kind}",
        lambda number: mehaml(game, **options, max_steps=number),
        "pass + solve",
        bare,
        steps=STEPS,
        pairs=PAIRS,
        note=f"slowest of 16: {drift}, {neighbourhood}",
    )
