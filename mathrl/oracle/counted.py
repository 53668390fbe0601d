"""What counts in a comparison, where actions may be unavailable and episodes end.

Whatever somebody has for an action that is not available, or in a state in which the episode has ended, counts nowhere.
Inside the oracle both sides are 0 there, so that sums, differences and parts of Q need no exception: an unavailable
action pays 0 and leads nowhere. Only maxima must leave it out. A game without masks and ends is used as it is.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.games.given import Booleans
from mathrl.games.model import Game

__all__ = ["barred", "counted", "counts", "over_time", "shown", "spread", "zeroed"]


def counted(game: Game) -> Game:
    """Return the game in play in which unavailable joint actions pay 0 and lead nowhere: their Q is 0."""
    played = game.in_play
    if (barred_sa := played.barred_sa) is None:
        return game
    rewards = np.where(barred_sa.reshape(game.num_states, *game.num_actions), 0.0, played.rewards)
    transitions: Any = played.transitions
    if game.sparse:
        from scipy.sparse import diags_array

        transitions = (diags_array(np.where(barred_sa.ravel(), 0.0, 1.0)) @ transitions).tocsr()
        transitions.eliminate_zeros()
        transitions.sort_indices()
    else:
        transitions = transitions.copy()
        transitions.reshape(-1, game.num_states)[barred_sa.ravel()] = 0.0
    return replace(played, rewards=rewards, transitions=transitions, played=True)


def zeroed(game: Game, q: FloatArray) -> FloatArray:
    """Return q (…, S, A_1, …, A_n) with 0 at what counts nowhere."""
    nowhere = _nowhere(game)
    return q if nowhere is None else np.where(nowhere, 0.0, q)


def barred(game: Game, q: FloatArray) -> FloatArray:
    """Return q of `zeroed` with −∞ at joint actions that are not played, as responses and maxima need it."""
    barred_sa = game.in_play.barred_sa
    return q if barred_sa is None else np.where(barred_sa.reshape(q.shape[-1 - game.num_agents :]), -np.inf, q)


def shown(game: Game, q: FloatArray) -> FloatArray:
    """Return q of `counted(game)` as that of the game itself: −∞ where a joint action is unavailable, 0 at an end."""
    return (
        q if game.barred_sa is None else np.where(game.barred_sa.reshape(q.shape[-1 - game.num_agents :]), -np.inf, q)
    )


def counts(game: Game, agent_axis: bool, array: str) -> Booleans:
    """Say which entries of q or v count, in their shape; `array` is "q" or "v"."""
    cells = (game.num_states, *(game.num_actions if array == "q" else ()))
    kept: Any = True
    if array == "v":
        kept = ~game.terminal
    elif (nowhere := _nowhere(game)) is not None:
        kept = ~nowhere
    return np.broadcast_to(kept, (*(game.num_agents,) * agent_axis, *cells))


def spread(game: Game, values: FloatArray) -> FloatArray:
    """Return values (…, S) of states as what is added to a Q (…, S, A_1, …, A_n): 0 at what counts nowhere."""
    over_actions = values.reshape(*values.shape, *[1] * game.num_agents)
    if game.masks is None and game.ended is None:
        return over_actions
    return zeroed(game, np.broadcast_to(over_actions, (*values.shape, *game.num_actions)))


def over_time(game: Game, error: Any) -> Any:
    """Return what an error in every step comes to: error/(1 − γ), or where γ is 1 times the longest expected play."""
    return error / (1 - game.discount) if game.discount < 1 else error * game.horizon


def _nowhere(game: Game) -> Booleans | None:
    """At which joint actions q counts nowhere, (S, A_1, …, A_n): unavailable ones, and all where an episode ended."""
    barred_sa = game.in_play.barred_sa
    if barred_sa is None:
        return None
    return np.asarray(barred_sa | game.terminal[:, None]).reshape(game.num_states, *game.num_actions)
