"""What an algorithm is: the loop that it runs in, what an agent climbs, and how all agents take their turns."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from jax import Array

from mathrl.neural.actors import Improve
from mathrl.neural.environments import Environment
from mathrl.neural.learner import Learner
from mathrl.neural.objectives import Objective
from mathrl.neural.settings import Common

__all__ = ["Algorithm", "Loop", "Run"]


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


class Algorithm(NamedTuple):
    """An algorithm: what is different about it.

    `name`       as on the command line
    `summary`    what it is, in a line
    `settings`   the class of its settings
    `loop`       how its runs begin and go on
    `objective`  what an agent climbs, by the environment and the settings
    `improve`    how all agents take a turn
    """

    name: str
    summary: str
    settings: type[Common]
    loop: Loop
    objective: Callable[[Environment, Any], Objective]
    improve: Improve
