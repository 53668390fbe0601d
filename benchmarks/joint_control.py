"""ROMMEO-Q and soft Q iteration on a sparse game of 10,000 states and 125 joint actions: a step, and the whole.

A step is the mean of all steps of a run to rounding, set-up and answer included; the yardstick is the bare contraction,
one compiled pass over rewards and transitions (r + γ P v). The whole is timed against the seconds that a user waits.
"""

from collections.abc import Callable

import numpy as np

from benchmarks.timing import Row, seconds
from mathrl.evaluate import backup
from mathrl.games import random_stochastic
from mathrl.solution import Solution
from mathrl.solvers import rommeo_q, soft_q_iteration

__all__ = ["rows"]

STATES, ACTIONS, SUCCESSORS, DISCOUNT, TEMPERATURE = 10_000, (5, 5, 5), 10, 0.95, 0.5
PATIENCE = 10.0
"""Seconds that a whole run may take."""


def rows() -> list[Row]:
    game = random_stochastic(STATES, ACTIONS, discount=DISCOUNT, successors=SUCCESSORS, seed=0)
    v = np.random.default_rng(0).normal(size=(1, STATES))
    q = np.empty((1, STATES, game.num_joint_actions))
    solvers = {
        "ROMMEO-Q": lambda: rommeo_q(game, temperature=TEMPERATURE),
        "soft Q iteration": lambda: soft_q_iteration(game, temperature=TEMPERATURE),
    }
    return [row for name, solve in solvers.items() for row in _rows(name, solve, lambda: backup(game, v, out=q))]


def _rows(name: str, solve: Callable[[], Solution], bare: Callable[[], object]) -> list[Row]:
    solution = solve().require()
    bare()
    runs = solution.v.size // STATES
    pairs = [(seconds(solve) / (solution.steps + runs), seconds(bare)) for _ in range(5)]
    ours, theirs = np.median(pairs, axis=0)
    ratio = float(np.median([a / b for a, b in pairs]))
    step = Row(f"a step of {name}", float(ours), "one pass", float(theirs), ratio, "<= 3", f"{solution.steps} steps")
    whole = seconds(solve)
    return [step, Row(f"{name}, whole", whole, "limit", PATIENCE, whole / PATIENCE, "<= 1")]
