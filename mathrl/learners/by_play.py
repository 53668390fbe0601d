"""What learners by play of a matrix game share: settings, a run of a million joint actions, and what it records.

A learner has a memory, a named tuple of numbers and arrays, and three functions:

    strategies(game, common, memory, t, out_pi_ia)          write what the agents would play in episode t
    update(rng, game, common, memory, t, joint)             learn from the joint action that was played
    recorded(game, memory, pi_ia, k, records)               write models as record k; by default there are none

`one_run` compiles one kernel of them, `ByPlay` has the settings that all of them know, and `by_play` makes the runs.
An episode is one joint action, drawn from the strategies: with probability ε an agent's own is uniform instead.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from mathrl.base.checks import FloatArray, discount_factor
from mathrl.base.compile import inner, kernel
from mathrl.games import Game
from mathrl.learners.learner import Runs
from mathrl.learners.learning import Learning
from mathrl.learners.pieces import IntArray, Payoffs, explored, joint_action, payoffs
from mathrl.learners.q_learning import Common
from mathrl.learners.records import Records, collected
from mathrl.learners.schedule import Schedule, at, between, scheduled

__all__ = ["ByPlay", "SoftByPlay", "by_play", "one_run"]

Memory = TypeVar("Memory")
Settings = TypeVar("Settings", bound="ByPlay")
Kernel = Callable[[np.random.Generator, Payoffs, Common, Memory, FloatArray, IntArray, Records], None]


@dataclass(frozen=True, kw_only=True)
class ByPlay:
    """Settings of all learners by play. Steps and exploration may be a `Schedule` of the episode.

    `step`         how far Q moves towards its target, in [0, 1]
    `exploration`  ε, the probability of an action that is drawn uniformly instead, in [0, 1]
    `initial_q`    Q at first: uniform draws between these two numbers
    `discount`     γ, in [0, 1): another episode follows, and its value counts; by default 0

    Raises `ValueError` for other numbers.
    """

    step: float | Schedule = 0.1
    exploration: float | Schedule = 0.0
    initial_q: tuple[float, float] = (0.0, 0.0)
    discount: float = 0.0

    def __post_init__(self) -> None:
        scheduled("step", self.step, 1.0)
        scheduled("exploration", self.exploration, 1.0)
        between("initial_q", self.initial_q)
        discount_factor("discount", self.discount)


@dataclass(frozen=True, kw_only=True)
class SoftByPlay(ByPlay):
    """Settings of all learners by play that draw from Boltzmann distributions: those of `ByPlay`, and one more.

    `temperature`  of that distribution, > 0 at all times, a number or a `Schedule` of the episode
    """

    temperature: float | Schedule = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        scheduled("temperature", self.temperature, above=0.0)


@inner
def nothing(game: Payoffs, memory: Any, pi_ia: FloatArray, k: int, records: Records) -> None:
    """What a learner without models records of them."""


def one_run(
    learner: str,
    strategies: Callable[[Payoffs, Common, Memory, int, FloatArray], None],
    update: Callable[[np.random.Generator, Payoffs, Common, Memory, int, int], None],
    recorded: Callable[[Payoffs, Memory, FloatArray, int, Records], None] = nothing,
) -> "Kernel[Memory]":
    """The kernel of one run of the learner with these functions. It is kept on disk under the learner's name."""

    def run(
        rng: np.random.Generator,
        game: Payoffs,
        common: Common,
        memory: Memory,
        pi_ia: FloatArray,
        actions_i: IntArray,
        records: Records,
    ) -> None:
        n, k, times = len(game.sizes), 0, records.times
        for t in range(times[-1] + 1):
            strategies(game, common, memory, t, pi_ia)
            if t == times[k]:
                for i in range(n):
                    for a in range(game.sizes[i]):
                        records.policy[k, i, a] = pi_ia[i, a]
                recorded(game, memory, pi_ia, k, records)
                k += 1
            if k == len(times):
                break
            for i in range(n):
                actions_i[i] = explored(rng, pi_ia[i], game.sizes[i], at(common.exploration, t))
            joint = joint_action(actions_i, game.sizes)
            update(rng, game, common, memory, t, joint)
            for i in range(n):
                records.rewards[k - 1, i] += game.r_ia[i, joint] / (times[k] - times[k - 1])

    run.__qualname__ = learner
    return kernel(run)


def by_play(
    learner: str,
    game: Game,
    settings: Settings,
    runs: Runs,
    begun: Callable[[Settings, Payoffs, np.random.Generator, int], Memory],
    run: "Kernel[Memory]",
    *,
    models: bool = False,
    observed: bool = False,
) -> Learning:
    """Let all agents of a matrix game learn, an episode being one joint action.

    `begun(settings, game, rng, episodes)` is the memory at first, `run` what `one_run` has made; `models` and
    `observed` say which of the two it records.
    """
    given, episodes = payoffs(game), int(runs.times[-1])
    n, most, _ = given.most
    temperature = getattr(settings, "temperature", 1.0)
    common = Common(
        step=scheduled("step", settings.step).numbers,
        temperature=scheduled("temperature", temperature).numbers,
        exploration=scheduled("exploration", settings.exploration).numbers,
        discount=float(settings.discount),
        v_i=np.zeros(n),
    )

    def once(rng: np.random.Generator, records: Records) -> None:
        memory = begun(settings, given, rng, episodes)
        run(rng, given, common, memory, np.zeros((n, most)), np.empty(n, dtype=np.int64), records)

    return collected(learner, settings, game, runs, once, models=models, observed=observed)
