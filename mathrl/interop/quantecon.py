"""Games of QuantEcon.py: games in normal form, and decision processes of one agent."""

from typing import Any

import numpy as np

from mathrl.base.checks import fail
from mathrl.base.extras import need
from mathrl.games.matrix_form import is_matrix
from mathrl.games.model import Game, check_game
from mathrl.interop.arrays import to_arrays

__all__ = ["from_quantecon", "to_quantecon"]


def from_quantecon(game: Any) -> Game:
    """Make a game of QuantEcon's `NormalFormGame`, or one of one agent of its `DiscreteDP`.

    `game`  a `quantecon.game_theory.NormalFormGame`, or a `quantecon.markov.DiscreteDP` in either of its forms, with a
            discount below 1

    A `NormalFormGame` is a matrix game. Of a `DiscreteDP`, r(s, a) = R(s, a), P(t | s, a) = Q(s, a, t), γ = beta, and
    an action is available where it is feasible: where R is not −∞, or the pair (s, a) is listed. It starts uniformly.
    Raises `ValueError` for anything else.
    """
    if hasattr(game, "payoff_profile_array"):
        payoffs = np.asarray(game.payoff_profile_array, dtype=np.float64)
        return Game.matrix(list(np.moveaxis(payoffs, -1, 0)), common_payoff=False)
    if not all(hasattr(game, part) for part in ("R", "Q", "beta", "to_sa_pair_form")):
        expected = "a NormalFormGame or a DiscreteDP of quantecon"
        fail("game", f"is of type {type(game).__name__}", expected)
    if not (np.asarray(game.R) < np.inf).all():
        fail("game.R", "holds nan or ∞", "finite rewards, and −∞ where an action is not feasible")
    from scipy.sparse import coo_array

    pairs = game.to_sa_pair_form()
    num_states, num_actions = int(game.num_states), 1 + int(np.max(pairs.a_indices))
    if np.ndim(game.R) == 2:
        num_actions = game.R.shape[1]
    rows = np.asarray(pairs.s_indices, dtype=np.int64) * num_actions + np.asarray(pairs.a_indices, dtype=np.int64)
    rewards = np.zeros(num_states * num_actions)
    rewards[rows] = pairs.R
    available = np.zeros(num_states * num_actions, dtype=bool)
    available[rows] = rewards[rows] != -np.inf
    rewards[~available] = 0.0
    following = coo_array(pairs.Q)
    at, to = following.coords
    shape = (num_states, num_actions)
    return Game.stochastic(
        rewards.reshape(shape),
        coo_array((following.data, (rows[at], to)), shape=(num_states * num_actions, num_states)),
        float(game.beta),
        available=None if available.all() else [available.reshape(shape)],
    )


def to_quantecon(game: Game) -> Any:
    """Make QuantEcon's `NormalFormGame` of a matrix game, or its `DiscreteDP` of a game of one agent.

    `game`  a matrix game in which all actions are available, or a game of one agent

    In a `DiscreteDP` only pairs of a state and an available action are listed, with sparse Q. In a terminal state all
    actions pay 0 and stay; its start is lost, as are names. Raises `ValueError` for a game of several agents and
    states, and where quantecon is not installed.
    """
    check_game(game)
    if game.num_agents > 1 and not is_matrix(game):
        expected = "a matrix game, or a game of one agent"
        fail("game", f"is {game!r}", expected, "QuantEcon has no stochastic games of several agents")
    need("to_quantecon", "quantecon")
    if game.num_agents > 1:
        from quantecon.game_theory import NormalFormGame

        return NormalFormGame(np.stack(to_arrays(game), axis=-1))
    from quantecon.markov import DiscreteDP
    from scipy.sparse import csr_matrix

    states, actions = np.nonzero(game.available[0])
    rows = states * game.num_actions[0] + actions
    transitions = csr_matrix(game.csr_xt if game.sparse else game.dense_xt)
    return DiscreteDP(game.rewards_isa[0].ravel()[rows], transitions[rows], game.discount, states, actions)
