"""Payoffs as other packages take them: one array for each agent."""

from mathrl.base.checks import FloatArray, fail
from mathrl.games.matrix_form import is_matrix
from mathrl.games.model import Game, check_game

__all__ = ["to_arrays"]


def to_arrays(game: Game) -> list[FloatArray]:
    """Return the payoffs of a matrix game as a list of n arrays (A_1, …, A_n), one for each agent.

    `game`  a matrix game in which all actions are available

    The arrays are copies. `pygambit.Game.from_arrays(*arrays)` and `nashpy.Game(*arrays)` take them; so does
    `Game.matrix(arrays)`. Raises `ValueError` for a game with several states or with actions that are not available.

    >>> import numpy as np
    >>> [payoffs.tolist() for payoffs in to_arrays(Game.matrix([np.eye(2), -np.ones((2, 2))]))]
    [[[1.0, 0.0], [0.0, 1.0]], [[-1.0, -1.0], [-1.0, -1.0]]]
    """
    check_game(game)
    if not is_matrix(game):
        fail("game", f"is {game!r}", "a matrix game", "arrays of payoffs hold no states")
    if game.masks is not None:
        fail("game", f"is {game!r}", "a game in which all actions are available", "leave the others out of the payoffs")
    return [(game.rewards[0] if game.common_payoff else game.rewards[i, 0]).copy() for i in range(game.num_agents)]
