"""Which share of the visits to a state a time limit cuts, when it is no part of the state."""

from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray, count
from mathrl.games.model import Game, check_game
from mathrl.games.profile import Profile
from mathrl.oracle.arrays import policy_rows
from mathrl.oracle.counted import counted
from mathrl.values.policy_values import policy_transitions

__all__ = ["time_limit_shares"]


def time_limit_shares(game: Game, *, policy: Any, limit: int) -> FloatArray:
    """Compute the share of the visits to each state that a time limit cuts, where all visits are stored alike.

        τ(s) = d_{T−1}(s) / Σ_{t<T} d_t(s),   d_0 = start,   d_{t+1} = d_t P_π

    `game`    the game
    `policy`  π, which is played: one array (S, A_i) per agent, or functions, as in `compare`
    `limit`   T ≥ 1, the number of steps after which an episode is cut, unless it has ended

    Returns τ, (S,), which is `truncated` in `compare`, `assert_soft_q` and `assert_soft_v`; 0 in states that are not
    reached within the limit. A code that takes the limit for an end learns r + γ (1 − τ) P V. In targets of several
    steps τ is an approximation, as these take cuts for independent of the time. Raises `ValueError` naming the
    argument.

    >>> forever = Game.stochastic(np.ones((1, 2)), np.ones((1, 2, 1)), discount=0.5)
    >>> time_limit_shares(forever, policy=[[0.5, 0.5]], limit=25).tolist()    # one step in 25
    [0.04]
    """
    check_game(game)
    played = counted(game)
    rows, _ = policy_rows(played, policy)
    P_st = policy_transitions(played, Profile.of(rows).joint_sa)
    here = np.where(game.terminal, 0.0, game.start)
    visits = here.copy()
    for _ in range(count("limit", limit, 1) - 1):
        here = np.asarray(here @ P_st)
        visits += here
    return np.where(visits > 0, here / np.where(visits > 0, visits, 1.0), 0.0)
