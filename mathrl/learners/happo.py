"""HAPPO in tables: agents in turn, each with the ratios of those before it in its advantages.

It is (1) to (4) of `mathrl.learners.clipped`: with m - 1 agents updated before agent i_m,

    M = Π_{j < m} π_new^{i_j}(a^{i_j}) / π_old^{i_j}(a^{i_j}) · A(a),

of which agent i_m maximises the clipped mean. Source: Kuba et al. (2022), Trust Region Policy Optimisation in
Multi-Agent Reinforcement Learning, Section 4.2, and HASAC (Liu et al. 2024), Appendix B, without clipping.
"""

from collections.abc import Sequence
from typing import Any

from mathrl.games import Game
from mathrl.learners.clipped import Clipped, clipped
from mathrl.learners.learner import Runs, learner
from mathrl.learners.learning import Learning

__all__ = ["happo"]


@learner(Clipped)
def happo(game: Game, settings: Clipped, runs: Runs, *, initial_policy: Sequence[Any] | None = None) -> Learning:
    """Learn by HAPPO in a matrix game with a common payoff; an episode is `plays` joint actions and one update.

    `initial_policy`  one array of positive probabilities an agent; uniform by default

    The other arguments are those of `mathrl.learners.Learner`, and the settings those of `Clipped`. Any number of
    agents and actions. Raises `ValueError` for games of several states, without a common payoff, or with unavailable
    actions.

    >>> from mathrl.games import load
    >>> learned = happo(load("hasac"), initial_policy=[[0.6, 0.2, 0.2]] * 2, episodes=200)
    >>> round(float(learned.played(0, 0)[0, -1]), 2)
    1.0
    """
    return clipped("happo", True, game, settings, runs, initial_policy)
