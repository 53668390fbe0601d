"""What an agent has learned of its game and of the others: rewards, transitions, and models of its opponents."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy.typing as npt

from mathrl.games.model import Game

__all__ = ["LearnedModel"]


@dataclass(frozen=True)
class LearnedModel:
    """What an agent has learned at some step of an iteration: rewards and transitions, and models of its opponents.

    `game`            the learned rewards and transitions, as a game
    `opponent_model`  per agent its model ρ(a_{-i} | s) of the others' joint actions, (S, B_i) in C order; None: no
                      model
    """

    game: Game
    opponent_model: Sequence[npt.ArrayLike] | None = None

    def mixed_with(self, game: Game, real_share: float) -> Game:
        """Return the learned game with a share of the real transitions mixed in   (aorpo Theorem 6).

            β P + (1 − β) P_k

        `game`        the real game, of which P is taken, and the discount and start
        `real_share`  β, in [0, 1]; 0 gives the learned game as it is

        P_k and the rewards are those of the learned game.
        """
        if real_share == 0:
            return self.game
        mixed = real_share * game.transitions + (1 - real_share) * self.game.transitions
        return Game.stochastic(self.game.rewards, mixed, game.discount, game.start)
