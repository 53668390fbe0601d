"""Maps from games to games: agents and actions renamed, rewards scaled and shifted, transitions stored another way."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray, count, fail, permutation_of, real
from mathrl.games.model import Game

__all__ = ["permute_actions", "relabel_agents", "scale_rewards", "shift_rewards", "to_dense", "to_sparse"]


def relabel_agents(game: Game, order: Sequence[int]) -> Game:
    """The game in which agent i is the old agent `order[i]`.

    r'^i(s, a') = r^order[i](s, a) and P'(t | s, a') = P(t | s, a) where a'_i = a_order[i]; a policy π of the old game
    becomes π'^i = π^order[i]. The inverse is `relabel_agents` by `numpy.argsort(order)`.
    """
    agents = permutation_of("order", order, game.num_agents)
    return _rearranged(game, _rows(game).transpose(0, *[agent + 1 for agent in agents]), agents)


def permute_actions(game: Game, agent: int, permutation: Sequence[int]) -> Game:
    """The game in which action k of `agent` is its old action `permutation[k]`.

    r'(s, a') = r(s, a) and P'(t | s, a') = P(t | s, a) where a_agent = permutation[a'_agent]; the agent's old policy π
    becomes π'(k | s) = π(permutation[k] | s). The inverse is `permute_actions` by `numpy.argsort(permutation)`.
    """
    if count("agent", agent) >= game.num_agents:
        fail("agent", f"is {agent}", f"an agent from 0 to {game.num_agents - 1}")
    actions = permutation_of("permutation", permutation, game.num_actions[agent])
    return _rearranged(game, _rows(game).take(actions, axis=agent + 1), range(game.num_agents))


def scale_rewards(game: Game, factor: float) -> Game:
    """The game with rewards r' = factor · r, the rest as it was."""
    factor = real("factor", factor)
    return _with_rewards(game, lambda rewards: factor * rewards)


def shift_rewards(game: Game, amount: float) -> Game:
    """The game with rewards r' = r + amount for every agent, state and joint action, the rest as it was."""
    amount = real("amount", amount)
    return _with_rewards(game, lambda rewards: rewards + amount)


def to_dense(game: Game) -> Game:
    """The same game with transitions stored as an array (S, A_1, …, A_n, S)."""
    transitions: Any = game.transitions
    dense = transitions.toarray() if game.sparse else transitions
    return _built(game, game.rewards, dense.reshape(game.num_states, *game.num_actions, game.num_states))


def to_sparse(game: Game) -> Game:
    """The same game with transitions stored as a CSR array (S·A, S), zeros left out."""
    from scipy.sparse import csr_array

    transitions: Any = game.transitions
    rows = transitions if game.sparse else csr_array(transitions.reshape(-1, game.num_states))
    return _built(game, game.rewards, rows)


def _rows(game: Game) -> npt.NDArray[np.int64]:
    """The row of P that belongs to each (s, a_1, …, a_n), with these as axes."""
    return np.arange(game.num_states * game.num_joint_actions).reshape(game.num_states, *game.num_actions)


def _rearranged(game: Game, old_rows: npt.NDArray[np.int64], old_agents: Sequence[int]) -> Game:
    """The game whose row (s, a') is `old_rows[s, a']` of the old one, and whose agent i is `old_agents[i]`."""
    transitions: Any = game.transitions
    rows = transitions[old_rows.ravel()] if game.sparse else transitions.reshape(-1, game.num_states)[old_rows]
    old = game.rewards_isa.reshape(len(game.rewards_isa), -1)
    rewards = old[0][old_rows] if game.common_payoff else old[list(old_agents)][:, old_rows]
    return _built(game, rewards, rows)


def _with_rewards(game: Game, change: Callable[[FloatArray], FloatArray]) -> Game:
    with np.errstate(over="ignore"):  # `Game` refuses an infinite reward, and says which
        rewards = change(game.rewards)
    return _built(game, rewards, game.transitions)


def _built(game: Game, rewards: FloatArray, transitions: Any) -> Game:
    return Game.stochastic(rewards if game.common_payoff else list(rewards), transitions, game.discount, game.start)
