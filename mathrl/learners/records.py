"""What the runs of a learner of one state write, and how it is gathered."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from mathrl.base.checks import FloatArray, room
from mathrl.games import Game
from mathrl.learners.learner import Runs
from mathrl.learners.learning import Learning
from mathrl.learners.pieces import IntArray

__all__ = ["Records", "collected"]


class Records(NamedTuple):
    """What one run writes.

    `times`     (T,), after how many episodes; the last one is how many there are
    `policy`    (T, n, A), the agents' policies then
    `rewards`   (T − 1, n), the mean rewards in between
    `models`    (T, n, B), or empty
    `observed`  (T, n, B), or empty
    """

    times: IntArray
    policy: FloatArray
    rewards: FloatArray
    models: FloatArray
    observed: FloatArray


def collected(
    learner: str,
    settings: Any,
    game: Game,
    runs: Runs,
    run: Callable[[np.random.Generator, Records], None],
    *,
    models: bool = False,
    observed: bool = False,
) -> Learning:
    """Call `run` with a generator and the records to write, for each of `runs`, and gather what it wrote.

    It is for learners of one state. Agents with fewer actions than others leave the last columns as they are.
    """
    n, sizes = game.num_agents, game.num_actions
    others = [math.prod(sizes) // own for own in sizes]
    K, T = len(runs.numbers), len(runs.times)
    room("seeds", K, T, n, max(sizes) + 2 * max(others) * (models or observed))
    policy, rewards = np.zeros((K, T, n, max(sizes))), np.zeros((K, T - 1, n))
    expected, seen = (
        np.zeros((K, T, n, max(others))) if kept else np.zeros((K, 0, 0, 0)) for kept in (models, observed)
    )
    for k, number in enumerate(runs.numbers):
        run(runs.generator(number), Records(runs.times, policy[k], rewards[k], expected[k], seen[k]))
    return Learning(
        learner,
        settings,
        runs.numbers,
        runs.times,
        tuple(policy[:, :, i, None, : sizes[i]].copy() for i in range(n)),
        rewards,
        tuple(expected[:, :, i, None, : others[i]].copy() for i in range(n)) if models else None,
        tuple(seen[:, :, i, None, : others[i]].copy() for i in range(n)) if observed else None,
    )
