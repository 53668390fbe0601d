"""Probabilities that were computed of a game in play (`Game.in_play`), as they are shown of the game itself.

Where an episode has ended, rows are ignored, and shown as uniform.
"""

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.games.model import Game
from mathrl.games.policies import uniform_policy

__all__ = ["shown_conditional", "shown_rows"]


def shown_rows(game: Game, rows: FloatArray) -> FloatArray:
    """Return probabilities (S, …) of one choice in each state: uniform over all choices where an episode has ended."""
    if game.ended is None:
        return rows
    choices = rows[0].size
    return np.where(game.ended.reshape(-1, *[1] * (rows.ndim - 1)), 1 / choices, rows)


def shown_conditional(game: Game, agent: int, pi_sab: FloatArray) -> FloatArray:
    """Return π(a|s, b), (S, A_i, B), with rows that sum to 1 everywhere.

    Where an episode has ended, or the others' joint action b is not available, the row is uniform over the agent's
    available actions: it is ignored.
    """
    if game.masks is None:
        return pi_sab
    even_sa = shown_rows(game, uniform_policy(game)[agent])
    ignored_sb = np.asarray(pi_sab.max(axis=1) <= 0)
    if game.ended is not None:
        ignored_sb[game.ended] = True
    return np.where(ignored_sb[:, None, :], even_sa[:, :, None], pi_sab)
