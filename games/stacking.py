"""Many matrix games as one stochastic game, so that every solver is a solver for all of them at once."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from mathrl.base.checks import fail, iterated
from mathrl.base.text import shown
from mathrl.games.given import Booleans
from mathrl.games.model import Game, check_game
from mathrl.games.naming import shared

__all__ = ["stack"]

_SCALES = 1e6
"""How much larger one game's rewards may be than another's: 10 of 16 digits are then left to the smaller."""


def stack(games: Iterable[Game]) -> Game:
    """Put many matrix games into one stochastic game, so that every solver solves all of them at once.

    State k is the k-th matrix game; it leads to itself, and the discount is 0. So row k of a policy, of q and of v
    belongs to that game.

    `games`  matrix games with the same agents and actions; where one is general-sum, common payoffs count as equal
             rewards; each may have its own available actions

    Returns a `Game`, whose start is uniform: `objective` is the mean over the games. Agents and actions have the names
    that all games give them, if they do. An iteration goes on until all
    games are solved. Its residual is the largest one, and it has one status for all: a cycle in one game is a cycle of
    the stack, and `nash_q` stops at the first game outside the class that it solves. `mathrl.batch.each` gives every
    game a status of its own.

    Rounding floors are those of the largest rewards, so the games' scales must lie within a factor of 1e6. Raises
    `ValueError` naming the game that does not fit.

    >>> from mathrl.games import random_matrix
    >>> stack(random_matrix((2, 3), seed=k) for k in range(4))
    <Game: 4 states, 2 agents, 2×3 actions, common payoff, discount 0.0, sparse>
    """
    given = list(iterated("games", games, "matrix games, in a list for example"))
    if not given:
        fail("games", f"is {shown(games)}", "at least one matrix game")
    for k, game in enumerate(given):
        _fits(k, game, given[0])
    scales = np.array([game.reward_scale for game in given])
    least = np.where(scales > 0, scales, np.inf).min()
    if scales.max() > _SCALES * least:
        k = int(np.where(scales > 0, scales, np.inf).argmin())
        mend = "its rounding would be lost in theirs; scale the games alike (scale_rewards) or solve them one by one"
        fail(f"games[{k}]", f"has rewards of size {least:.1g}", f"a scale within 1e6 of {scales.max():.1g}", mend)
    common_payoff = all(game.common_payoff for game in given)
    num_actions, num_games = given[0].num_actions, len(given)
    shape = given[0].rewards.shape if common_payoff else (len(num_actions), 1, *num_actions)
    rewards = np.stack([np.broadcast_to(game.rewards, shape) for game in given], axis=-len(num_actions) - 1)
    rewards = rewards.reshape((num_games, *num_actions) if common_payoff else (-1, num_games, *num_actions))
    names: Any = {kind: shared([getattr(game, kind) for game in given]) for kind in ("agent_names", "action_names")}
    return Game.stochastic(rewards, _stay(num_games, given[0]), 0.0, available=_available(given), **names)


def _available(games: Sequence[Game]) -> list[Booleans] | None:
    """Per agent which actions there are in each game; None where all are available."""
    if all(game.masks is None for game in games):
        return None
    return [np.concatenate(own) for own in zip(*(game.available for game in games), strict=True)]


def _fits(k: int, game: Any, first: Game) -> None:
    """Require that game k is a matrix game with as many agents and actions as the first one."""
    check_game(game, f"games[{k}]")
    if game.num_states != 1 or game.discount != 0:
        fail(f"games[{k}]", f"has {game.num_states} states and discount {game.discount:g}", "a matrix game")
    if game.ended is not None:
        fail(f"games[{k}]", "has a terminal state", "a matrix game")
    if game.num_actions != first.num_actions:
        found, expected = ("×".join(map(str, one.num_actions)) for one in (game, first))
        fail(f"games[{k}]", f"has {found} actions", f"{expected}, as games[0] has")


def _stay(num_games: int, first: Game) -> Any:
    """The transitions with which each state leads to itself, as a CSR array (S·A, S)."""
    from scipy.sparse import csr_array

    rows = num_games * first.num_joint_actions
    entries = np.ones(rows), np.arange(rows) // first.num_joint_actions, np.arange(rows + 1)
    return csr_array(entries, shape=(rows, num_games))
