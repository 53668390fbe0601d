"""What a learner leaves behind: policies on the way, rewards, and the opponent models where it has them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray, count, fail
from mathrl.learners.pieces import IntArray

__all__ = ["Learning"]


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
