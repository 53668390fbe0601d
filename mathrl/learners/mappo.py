"""MAPPO in tables: all agents at once, each with the same advantages.

It is (1) to (3) of `mathrl.learners.clipped`, without (4): no agent sees what the others have just changed. Source: Yu
et al. (2022), The Surprising Effectiveness of PPO in Cooperative Multi-Agent Games, and HASAC (Liu et al. 2024),
Appendix B, without clipping.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from mathrl.games import Game
from mathrl.learners.clipped import Clipped, learn
from mathrl.learners.learning import Learning

__all__ = ["mappo"]


def mappo(
    game: Game,
    *,
    settings: Clipped,
    episodes: int = 200,
    seeds: int | Iterable[int] = 1,
    seed: int = 0,
    record: int | Iterable[int] = 1,
    initial_policy: Sequence[Any] | None = None,
) -> Learning:
    """Learn by MAPPO in a matrix game with a common payoff.

    `game`            any number of agents and actions
    `settings`        how it learns
    `episodes`        how many, ≥ 1; each is `settings.plays` joint actions and one update
    `seeds`           how many runs, or their numbers; run k draws from `numpy.random.default_rng([seed, k])`
    `seed`            a whole number
    `record`          after every how many episodes policies are recorded, or after which
    `initial_policy`  one array of positive probabilities an agent; uniform by default

    Raises `ValueError` for games of several states, without a common payoff, or with unavailable actions.

    >>> from mathrl.games import load
    >>> learned = mappo(load("hasac"), settings=Clipped(), initial_policy=[[0.6, 0.2, 0.2]] * 2)
    >>> round(float(learned.played(0, 0)[0, -1]), 2)
    1.0
    """
    return learn("mappo", False, game, settings, episodes, seeds, seed, record, initial_policy)
