"""ROMMEO-Q, its self-play and soft Q iteration on a sparse game of 10,000 states and 125 joint actions.

A step is the mean of all steps of a run to rounding, set-up and answer included; the yardstick is the bare contraction,
one compiled pass over rewards and transitions (r + γ P v). The whole is timed against the seconds that a user waits. A
step of self-play solves ROMMEO-Q for all agents anew, from the last values.
"""

from collections.abc import Callable

import numpy as np

from benchmarks.timing import Row, per_step, seconds
from mathrl.games import Game, random_stochastic
from mathrl.solution import Solution
from mathrl.solvers import rommeo_q, rommeo_self_play, soft_q_iteration
from mathrl.values.policy_values import backup

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
    found = [row for name, solve in solvers.items() for row in _rows(name, solve, lambda: backup(game, v, out=q))]
    return [*found, _self_play(game)]


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


def _self_play(game: Game) -> Row:
    return per_step(
        "a step of ROMMEO self-play, 3 agents",
        lambda steps: rommeo_self_play(game, temperature=TEMPERATURE, max_steps=steps),
        "ROMMEO-Q from the start",
        lambda: rommeo_q(game, temperature=TEMPERATURE),
        steps=5,
        target="<= 1",
        pairs=3,
    )
