"""Games with unavailable actions among many games: those in which each agent has as many actions are solved together,
as smaller games without the others.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.batch.payoffs import MatrixGames
from mathrl.games.compact import available_first, joint_places, lifted, restricted
from mathrl.games.profile import split

__all__ = ["Smaller", "smaller_games"]

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Smaller:
    """Some of the games, without the actions that are not available.

    `rows`         (B',), which of the games they are
    `games`        the smaller games, without masks
    `num_actions`  (A_1, …, A_n) of the games as given
    `places`       per agent (B', A_i'), the action as given of each action that is left
    """

    rows: Integers
    games: MatrixGames
    num_actions: tuple[int, ...]
    places: tuple[Integers, ...]

    def restrict(self, policy_bk: FloatArray) -> FloatArray:
        """Of policies of all games, side by side, those of the smaller ones (B', K')."""
        return np.concatenate(restricted(split(policy_bk[self.rows], self.num_actions), self.places), axis=1)

    def lift(self, policy_bk: FloatArray) -> FloatArray:
        """Policies of the smaller games as those of the games as given (B', K), 0 where an action was left out."""
        own = split(policy_bk, self.games.num_actions.tolist())
        return np.concatenate(lifted(own, self.places, self.num_actions), axis=1)


def smaller_games(games: MatrixGames) -> Iterator[Smaller]:
    """The games with masks, by the numbers of actions that their agents have."""
    assert games.available is not None
    num_actions = tuple(games.num_actions.tolist())
    counts_bi = np.stack([own.sum(axis=1) for own in games.available], axis=1)
    for counts in np.unique(counts_bi, axis=0):
        rows = np.flatnonzero((counts_bi == counts).all(axis=1))
        places = available_first(own[rows] for own in games.available)
        joint_bx = joint_places(places, num_actions)
        r_bma = np.take_along_axis(games.r_bma[rows], joint_bx[:, None], axis=2)
        yield Smaller(rows, MatrixGames(r_bma, counts, games.temperature_b[rows]), num_actions, places)
