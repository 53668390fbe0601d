"""Games of nashpy: two agents, two matrices."""

from typing import Any

import numpy as np

from mathrl.base.checks import fail
from mathrl.base.text import shown
from mathrl.games.model import Game, check_game
from mathrl.interop.arrays import to_arrays

__all__ = ["from_nashpy", "to_nashpy"]


def from_nashpy(game: Any) -> Game:
    """Make a matrix game of a `nashpy.Game`.

    `game`  a `nashpy.Game`: its matrices are those of the row and of the column player

    Raises `ValueError` for anything else.
    """
    matrices = getattr(game, "payoff_matrices", None)
    if not isinstance(matrices, tuple) or len(matrices) != 2:
        fail("game", f"is of type {type(game).__name__}", "a nashpy.Game")
    return Game.matrix([np.asarray(matrix) for matrix in matrices])


def to_nashpy(game: Game, nashpy: Any) -> Any:
    """Make a `nashpy.Game` of a matrix game of two agents.

    `game`    a matrix game of two agents in which all actions are available
    `nashpy`  the module: `to_nashpy(game, nashpy)` after `import nashpy`; mathrl does not import it

    Returns a `nashpy.Game`, whose actions have no names. Raises `ValueError` for other games, and for a module that
    has no `Game`.
    """
    check_game(game)
    if not callable(getattr(nashpy, "Game", None)):
        fail("nashpy", f"is {shown(nashpy)}", "the module nashpy", "import nashpy, and hand it over")
    if game.num_agents != 2:
        fail("game", f"has {game.num_agents} agent{'s' * (game.num_agents > 1)}", "2, as nashpy's games have")
    return nashpy.Game(*to_arrays(game))
