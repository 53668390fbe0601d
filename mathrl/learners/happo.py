"""HAPPO in tables: agents in turn, each with the ratios of those before it in its advantages.

It is (1) to (4) of `mathrl.learners.clipped`: with m - 1 agents updated before agent i_m,

    M = Π_{j < m} π_new^{i_j}(a^{i_j}) / π_old^{i_j}(a^{i_j}) · A(a),

of which agent i_m maximises the clipped mean. Source: Kuba et al. (2022), Trust Region Policy Optimisation in
Multi-Agent Reinforcement Learning, Section 4.2, and HASAC (Liu et al. 2024), Appendix B, without clipping.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from mathrl.games import Game
from mathrl.learners.clipped import Clipped, learn
from mathrl.learners.learning import Learning

__all__ = ["happo"]


def happo(
    game: Game,
    *,
    settings: Clipped,
    episodes: int = 200,
    seeds: int | Iterable[int] = 1,
    seed: int = 0,
    record: int | Iterable[int] = 1,
    initial_policy: Sequence[Any] | None = None,
) -> Learning:
    """Learn by HAPPO in a matrix game with a common payoff.

    `game`            any number of agents and actions
    `settings`        how it learns
    `episodes`        how many, ≥ 1; each is `settings.plays` joint actions and one update
    `seeds`           how many runs, or their numbers; run k draws from `numpy.random.default_rng([seed, k])`
    `seed`            a whole number
    `record`          after every how many episodes policies are recorded, or after which
    `initial_policy`  one array of positive probabilities an agent; uniform by default

    Raises `ValueError` for games of several states, without a common payoff, or with unavailable actions.

    >>> from mathrl.games import load
    >>> learned = happo(load("hasac"), settings=Clipped(), initial_policy=[[0.6, 0.2, 0.2]] * 2)
    >>> round(float(learned.played(0, 0)[0, -1]), 2)
    1.0
    """
    return learn("happo", True, game, settings, episodes, seeds, seed, record, initial_policy)
