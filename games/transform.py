"""Maps from games to games: agents and actions renamed, rewards scaled and shifted, transitions stored another way."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray, permutation_of, real
from mathrl.games.given import Booleans
from mathrl.games.model import Game, check_agent, check_game, names_of
from mathrl.games.naming import rearranged

__all__ = ["permute_actions", "relabel_agents", "scale_rewards", "shift_rewards", "to_dense", "to_sparse"]

Masks = tuple[Booleans, ...]


def relabel_agents(game: Game, order: Sequence[int]) -> Game:
    """Renumber the agents: agent i of the new game is agent `order[i]` of the old one.

        r'^i(s, a') = r^order[i](s, a),   P'(t | s, a') = P(t | s, a),   a'_i = a_order[i]

    `game`   the old game
    `order`  a permutation of 0 … n − 1

    Returns the new game; names go with their agents. A policy π of the old game becomes π'^i = π^order[i].
    `relabel_agents` with `numpy.argsort(order)` undoes it. Raises `ValueError` where `order` is no permutation.
    """
    check_game(game)
    agents = permutation_of("order", order, game.num_agents)
    rows = _rows(game).transpose(0, *[agent + 1 for agent in agents])
    names = names_of(game)
    for kind in ("agent_names", "action_names"):
        names[kind] = names[kind] and tuple(names[kind][agent] for agent in agents)
    return _rearranged(game, rows, agents, game.masks and tuple(game.masks[agent] for agent in agents), names)


def permute_actions(game: Game, agent: int, permutation: Sequence[int]) -> Game:
    """Renumber one agent's actions: its action k in the new game is its action `permutation[k]` in the old one.

        r'(s, a') = r(s, a),   P'(t | s, a') = P(t | s, a),   a_agent = permutation[a'_agent]

    `game`         the old game
    `agent`        the number of the agent
    `permutation`  a permutation of 0 … A_agent − 1

    Returns the new game; names go with their actions. The agent's policy π becomes π'(k | s) = π(permutation[k] | s).
    `permute_actions` with `numpy.argsort(permutation)` undoes it. Raises `ValueError` where there is no such agent, or
    `permutation` is none.
    """
    agent = check_agent(game, agent)
    actions = permutation_of("permutation", permutation, game.num_actions[agent])
    rows = _rows(game).take(actions, axis=agent + 1)
    masks = game.masks and (*game.masks[:agent], game.masks[agent][:, actions], *game.masks[agent + 1 :])
    names = names_of(game) | {"action_names": rearranged(game.action_names, agent, actions)}
    return _rearranged(game, rows, range(game.num_agents), masks, names)


def scale_rewards(game: Game, factor: float) -> Game:
    """Multiply all rewards by one number.

        r' = factor · r   at joint actions that are available

    `game`    the old game; all but its rewards stays as it is
    `factor`  any finite number, also 0 or a negative one

    Returns the new game. Raises `ValueError` where the factor, or a reward times it, is not finite.
    """
    check_game(game)
    factor = real("factor", factor)
    return _with_rewards(game, lambda rewards: factor * rewards)


def shift_rewards(game: Game, amount: float) -> Game:
    """Add one number to the rewards of every agent, state and joint action.

        r' = r + amount,   r' = r = 0 in terminal states

    `game`    the old game; all but its rewards stays as it is. Where episodes end, it is another problem: an amount > 0
              makes long episodes better
    `amount`  any finite number

    Returns the new game. Raises `ValueError` where the amount, or a reward plus it, is not finite.
    """
    check_game(game)
    amount = real("amount", amount)
    paid = np.where(game.terminal, 0.0, amount).reshape(-1, *[1] * game.num_agents)
    return _with_rewards(game, lambda rewards: rewards + paid)


def to_dense(game: Game) -> Game:
    """Store the transitions of a game as a dense array.

    `game`  the game

    Returns the same game with transitions (S, A_1, …, A_n, S).
    """
    check_game(game)
    transitions: Any = game.transitions
    dense = transitions.toarray() if game.sparse else transitions
    return _built(game, game.rewards, dense.reshape(game.num_states, *game.num_actions, game.num_states), game.masks)


def to_sparse(game: Game) -> Game:
    """Store the transitions of a game as a sparse array.

    `game`  the game

    Returns the same game with its transitions as a CSR array (S·A, S), zeros left out.
    """
    check_game(game)

    from scipy.sparse import csr_array

    transitions: Any = game.transitions
    rows = transitions if game.sparse else csr_array(transitions.reshape(-1, game.num_states))
    return _built(game, game.rewards, rows, game.masks)


def _rows(game: Game) -> npt.NDArray[np.int64]:
    """The row of P that belongs to each (s, a_1, …, a_n), with these as axes."""
    return np.arange(game.num_states * game.num_joint_actions).reshape(game.num_states, *game.num_actions)


def _rearranged(
    game: Game,
    old_rows: npt.NDArray[np.int64],
    old_agents: Sequence[int],
    masks: Masks | None,
    names: dict[str, Any],
) -> Game:
    """The game whose row (s, a') is `old_rows[s, a']` of the old one, and whose agent i is `old_agents[i]`."""
    transitions: Any = game.transitions
    rows = transitions[old_rows.ravel()] if game.sparse else transitions.reshape(-1, game.num_states)[old_rows]
    old = game.rewards_isa.reshape(len(game.rewards_isa), -1)
    rewards = old[0][old_rows] if game.common_payoff else old[list(old_agents)][:, old_rows]
    return _built(game, rewards, rows, masks, names)


def _with_rewards(game: Game, change: Callable[[FloatArray], FloatArray]) -> Game:
    """The game with `change` applied to its rewards."""
    with np.errstate(over="ignore", invalid="ignore"):  # `Game` refuses what is not finite, and says which
        rewards = change(game.rewards)
    return _built(game, rewards, game.transitions, game.masks)


def _built(
    game: Game, rewards: FloatArray, transitions: Any, masks: Masks | None, names: dict[str, Any] | None = None
) -> Game:
    """A game with these rewards, transitions, masks and names of agents and actions; all else is that of `game`."""
    kept: Any = {"available": masks, "terminal": game.ended, "state_names": game.state_names}
    kept |= names_of(game) if names is None else names
    return Game.stochastic(rewards, transitions, game.discount, game.start, **kept)
