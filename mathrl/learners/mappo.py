"""MAPPO in tables: all agents at once, each with the same advantages.

It is (1) to (3) of `mathrl.learners.clipped`, without (4): no agent sees what the others have just changed. Source: Yu
et al. (2022), The Surprising Effectiveness of PPO in Cooperative Multi-Agent Games, and HASAC (Liu et al. 2024),
Appendix B, without clipping.
"""

from collections.abc import Sequence
from typing import Any

from mathrl.games import Game
from mathrl.learners.clipped import Clipped, clipped
from mathrl.learners.learner import Runs, learner
from mathrl.learners.learning import Learning

__all__ = ["mappo"]


@learner(Clipped)
def mappo(game: Game, settings: Clipped, runs: Runs, *, initial_policy: Sequence[Any] | None = None) -> Learning:
    """Learn by MAPPO in a matrix game with a common payoff; an episode is `plays` joint actions and one update.

    `initial_policy`  one array of positive probabilities an agent; uniform by default

    The other arguments are those of `mathrl.learners.Learner`, and the settings those of `Clipped`. Any number of
    agents and actions. Raises `ValueError` for games of several states, without a common payoff, or with unavailable
    actions.

    >>> from mathrl.games import load
    >>> learned = mappo(load("hasac"), initial_policy=[[0.6, 0.2, 0.2]] * 2, episodes=200)
    >>> round(float(learned.played(0, 0)[0, -1]), 2)
    1.0
    """
    return clipped("mappo", False, game, settings, runs, initial_policy)
