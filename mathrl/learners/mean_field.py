"""The exact mean-field dynamics of learners by play.

A learner's state x changes by what is played. With D_x the distribution of the joint action in state x, the mean field
is

    x_{t+1} = Σ_a D_{x_t}(a) F_t(x_t, a)                                                           (1)

where F_t(x, a) is the state after a. It is enumerated, not sampled: the first step from x_0 is the exact expectation of
a run's, and later ones are what runs tend to as many small steps average out. For all learners here but WoLF-PHC, F is
linear in the indicator of a, and (1) is F at the distribution itself.
"""

from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray, count
from mathrl.games import Game
from mathrl.learners.plain import plain

__all__ = ["mean_field"]


def mean_field(game: Game, settings: Any, *, episodes: int) -> tuple[FloatArray, ...]:
    """The policies of the mean field (1), from the mean of the initial state.

    `game`      a matrix game, all actions available
    `settings`  those of a learner: `Fmq`, `Jal`, `Pr2Q`, `RommeoQ` or `WolfPhc`
    `episodes`  how many steps, ≥ 1

    Returns per agent (episodes + 1, A_i): what it would play after 0, 1, … episodes, without exploration. Raises
    `ValueError` as `plain` does.
    """
    episodes = count("episodes", episodes, 1)
    learner = plain(settings, game)
    x = learner.initial(None, episodes)
    policies = [learner.policies(x, 0)]
    for t in range(episodes):
        x = learner.mean(x, t)
        policies.append(learner.policies(x, t + 1))
    return tuple(np.stack(own) for own in zip(*policies, strict=True))
