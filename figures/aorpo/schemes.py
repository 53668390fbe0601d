"""The rollout schemes over the family of games: what Figures 5 and 11 draw and their text compares."""

from collections.abc import Mapping
from functools import cache

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.bounds.schemes import SCHEMES
from mathrl.figures.aorpo.family import FEEDBACKS, Rolled, family, rolled

__all__ = ["DYNAMICS_ERROR", "GAMES", "LENGTHS", "OPPONENT_ERRORS", "SHOWN", "measured", "share"]

LENGTHS = tuple(range(1, 26))
"""The rollout lengths of Figure 5."""

SHOWN = (5, 10, 15, 20, 25)
GAMES = 20
OPPONENT_ERRORS = (0.05, 0.2)
DYNAMICS_ERROR = 0.02


@cache
def _rolled(kind: str) -> tuple[Mapping[str, Rolled], ...]:
    games = family(FEEDBACKS[kind], OPPONENT_ERRORS, DYNAMICS_ERROR, GAMES)
    return tuple(rolled(load, LENGTHS) for load in games)


def measured(kind: str, quantity: str) -> Mapping[str, FloatArray]:
    """A quantity of `Rolled` for each scheme, (GAMES, LENGTHS), in one kind of the family's games."""
    return {scheme: np.array([getattr(game[scheme], quantity) for game in _rolled(kind)]) for scheme in SCHEMES}


def share(holds: npt.NDArray[np.bool_]) -> float:
    """The share of games and lengths in which something holds."""
    return float(np.mean(holds))
