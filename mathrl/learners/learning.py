"""What a learner leaves behind: policies on the way, rewards, and the opponent models where it has them."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray, count, fail, iterated, room
from mathrl.games import Game
from mathrl.learners.pieces import IntArray

__all__ = ["Learning", "Records", "collected", "points", "runs"]


@dataclass(frozen=True, eq=False)
class Records:
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


@dataclass(frozen=True, eq=False, repr=False)
class Learning:
    """Several runs of a learner on one game. The arrays are read-only.

    `learner`   the name of the function
    `settings`  what it was called with
    `seeds`     the K seeds, one for each run: run k draws from `numpy.random.default_rng([seed, k])`
    `episodes`  (T,), how many episodes had been played when a policy was recorded; the first is 0
    `policy`    per agent (K, T, S, A_i): what the agent would play then, without what it adds to explore
    `rewards`   (K, T − 1, n): the mean reward of each agent in the episodes between two records
    `models`    per agent (K, T, S, B), what it expects of the others' joint action, in C order; None where it has none
    `observed`  per agent (K, T, S, B), the frequencies of it that it has observed; None where it keeps none
    `coverage`  (K, T), the share of all pairs of a state and a joint action that had been visited; None where it counts
                none
    """

    learner: str
    settings: Any
    seeds: tuple[int, ...]
    episodes: IntArray
    policy: tuple[FloatArray, ...]
    rewards: FloatArray
    models: tuple[FloatArray, ...] | None = None
    observed: tuple[FloatArray, ...] | None = None
    coverage: FloatArray | None = None

    def __post_init__(self) -> None:
        groups = (self.policy, self.models or (), self.observed or ())
        alone = (self.episodes, self.rewards, *(() if self.coverage is None else (self.coverage,)))
        for array in (*alone, *(own for group in groups for own in group)):
            array.flags.writeable = False

    def __repr__(self) -> str:
        runs = f"{len(self.seeds)} run{'s' * (len(self.seeds) > 1)}"
        return f"<Learning: {self.learner}, {runs} of {self.episodes[-1]} episodes, {len(self.policy)} agents>"

    def played(self, *actions: int) -> FloatArray:
        """The probability of a joint action in the first state, (K, T)."""
        if len(actions) != len(self.policy):
            fail("actions", f"are {len(actions)}", f"{len(self.policy)}, one an agent")
        share = np.ones(self.policy[0].shape[:2])
        for pi, a in zip(self.policy, actions, strict=True):
            share *= pi[:, :, 0, count("actions", a, 0, pi.shape[-1] - 1)]
        return share


def runs(seeds: "int | Iterable[int]") -> tuple[int, ...]:
    """The numbers of the runs: 0 … seeds − 1 of a number, else the numbers themselves."""
    if isinstance(seeds, (int, np.integer)):
        return tuple(range(count("seeds", seeds, 1)))
    found = tuple(count("seeds", k) for k in iterated("seeds", seeds, "a whole number, or several"))
    if not found:
        fail("seeds", "is empty", "at least one")
    return found


def points(episodes: int, record: "int | Iterable[int]") -> IntArray:
    """When policies are recorded: at 0 and at the end, and every `record` episodes, or after those that it lists."""
    last = count("episodes", episodes, 1)
    if isinstance(record, (int, np.integer)):
        between = range(0, last, count("record", record, 1))
        room("episodes", len(between))
        return np.append(np.arange(between.start, between.stop, between.step, dtype=np.int64), last)
    listed = {count("record", t, 0, last) for t in iterated("record", record, "a whole number, or several")}
    return np.array(sorted(listed | {0, last}), dtype=np.int64)


def collected(
    learner: str,
    settings: Any,
    game: Game,
    run: "Callable[[np.random.Generator, Records], None]",
    *,
    episodes: int,
    seeds: "int | Iterable[int]",
    seed: int,
    record: "int | Iterable[int]",
    models: bool = False,
    observed: bool = False,
) -> Learning:
    """Call `run` with a generator and the records to write, for each seed, and gather what it wrote.

    It is for learners of one state. Agents with fewer actions than others leave the last columns as they are.
    """
    numbers, times, seed = runs(seeds), points(episodes, record), count("seed", seed, maximum=None)
    n, sizes = game.num_agents, game.num_actions
    others = [math.prod(sizes) // own for own in sizes]
    K, T = len(numbers), len(times)
    room("seeds", K, T, n, max(sizes) + 2 * max(others) * (models or observed))
    policy, rewards = np.zeros((K, T, n, max(sizes))), np.zeros((K, T - 1, n))
    expected, seen = (
        np.zeros((K, T, n, max(others))) if kept else np.zeros((K, 0, 0, 0)) for kept in (models, observed)
    )
    for k, number in enumerate(numbers):
        run(
            np.random.default_rng([seed, number]),
            Records(times, policy[k], rewards[k], expected[k], seen[k]),
        )
    return Learning(
        learner,
        settings,
        numbers,
        times,
        tuple(policy[:, :, i, None, : sizes[i]].copy() for i in range(n)),
        rewards,
        tuple(expected[:, :, i, None, : others[i]].copy() for i in range(n)) if models else None,
        tuple(seen[:, :, i, None, : others[i]].copy() for i in range(n)) if observed else None,
    )
