"""What an agent has learned of its game and of the others: rewards, transitions, and models of its opponents."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy.typing as npt

from mathrl.games.model import Game

__all__ = ["LearnedModel"]


@dataclass(frozen=True)
class LearnedModel:
    """What an agent has learned by some sweep: rewards and transitions as a game, and the models of its opponents.

    `opponent_model` holds for each agent its model of the others' joint actions, (S, B_i) in C order, or is None.
    """

    game: Game
    opponent_model: Sequence[npt.ArrayLike] | None = None

    def mixed_with(self, game: Game, real_share: float) -> Game:
        """The learned game, with transitions β P + (1 − β) P_k: a share β of those of `game`   (aorpo Theorem 6)."""
        if real_share == 0:
            return self.game
        mixed = real_share * game.transitions + (1 - real_share) * self.game.transitions
        rewards = self.game.rewards if self.game.common_payoff else list(self.game.rewards)
        return Game.stochastic(rewards, mixed, game.discount, game.start)
