"""Matrix games as files and other packages hold them: payoffs, with no states and no actions that are not available."""

import numpy as np

from mathrl.base.checks import fail
from mathrl.games.model import Game

__all__ = ["MOST_PLAYERS", "check_matrix", "is_matrix"]

MOST_PLAYERS = 60
"""An array of the payoffs has an axis for each player, and NumPy has no more than 64."""


def is_matrix(game: Game) -> bool:
    """True where `Game.matrix` of the payoffs gives the same game, transitions and all."""
    if not isinstance(game.transitions, np.ndarray) or game.num_states > 1 or game.ended is not None:
        return False
    return bool(game.discount == 0 and game.start[0] == 1 and (game.transitions == 1).all())


def check_matrix(game: Game, suffix: str) -> None:
    """Require a game that a file of this ending holds: a matrix game in which all actions are available."""
    if not is_matrix(game):
        fail("game", f"is {game!r}", "a matrix game", f"a {suffix} file has no states, save it as .json or .npz")
    if game.masks is not None:
        mend = f"a {suffix} file has all actions, leave these out of the payoffs, or save the game as .json or .npz"
        fail("game", f"is {game!r}", "a game in which all actions are available", mend)
