"""What an algorithm is: the loop that it runs in, what an agent climbs, and how all agents take their turns."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from jax import Array

from mathrl.neural.actors import Improve
from mathrl.neural.critics import Targets, soft_targets
from mathrl.neural.environments import Environment
from mathrl.neural.learner import Learner, start
from mathrl.neural.measures import Measures, measures
from mathrl.neural.objectives import Objective
from mathrl.neural.settings import Common

__all__ = ["Algorithm", "Loop", "Run", "entropies"]


class Run(Protocol):
    """All that a run consists of: a tree of arrays, among them its networks."""

    @property
    def learner(self) -> Learner:
        """The networks."""


class Loop(NamedTuple):
    """How runs begin and go on. All is a function of arrays, so that it can be compiled and mapped over runs.

    `begun`     from an algorithm, an environment, settings, a random key and the first policies or None: a run before
                its first step
    `advanced`  from an algorithm, an environment, a run, how many iterations, settings, the number of the first
                iteration and how many the whole run has: the run after these iterations, and the means over them of
                numbers that tell how it goes, `reward` among them
    `steps`     how many steps of the environment an iteration takes, by the settings
    `waits`     after how many steps of the environment policies begin to learn, by the settings
    """

    begun: Callable[["Algorithm", Environment, Any, Array, Array | None], Any]
    advanced: Callable[["Algorithm", Environment, Any, int, Any, Array, Array], tuple[Any, dict[str, Array]]]
    steps: Callable[[Any], int]
    waits: Callable[[Any], int]


def entropies(environment: Environment, settings: Common) -> Any:
    """α times the sum of the largest entropies of all agents."""
    return settings.temperature * environment.num_agents * environment.head.most_entropy


class Algorithm(NamedTuple):
    """An algorithm: what is different about it.

    `name`       as on the command line
    `summary`    what it is, in a line
    `settings`   the class of its settings
    `loop`       how its runs begin and go on
    `objective`  what an agent climbs, by the environment and the settings
    `improve`    how all agents take a turn
    `targets`    what its critics regress on
    `follow`     by what share networks that follow the actors move after these have learned, by the settings; None:
                 there are no such networks
    `bonus`      the most that policies are paid in a step beside the reward, by the environment and the settings
    `measures`   what the exact solver says of the networks, by the environment, what learns, and the mean reward
    """

    name: str
    summary: str
    settings: type[Common]
    loop: Loop
    objective: Callable[[Environment, Any], Objective]
    improve: Improve
    targets: Targets = soft_targets
    follow: Callable[[Any], Any] | None = None
    bonus: Callable[[Environment, Any], Any] = entropies
    measures: Measures = measures

    def start(self, environment: Environment, settings: Common, key: Array, policy: Array | None = None) -> Learner:
        """New networks, with all that this algorithm needs of them."""
        given = {"bonus": self.bonus(environment, settings), "followers": self.follow is not None}
        return start(environment, settings, key, policy, **given)
