"""What an agent has learned of its game and of the others: rewards, transitions, and models of its opponents."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from mathrl.base.array_types import ArrayLike
from mathrl.games.model import Game, names_of

__all__ = ["LearnedModel"]


@dataclass(frozen=True)
class LearnedModel:
    """What an agent has learned at some step of an iteration: rewards and transitions, and models of its opponents.

    `game`            the learned rewards and transitions, as a game
    `opponent_model`  per agent its model ρ(a_{-i} | s) of the others' joint actions, (S, B_i) in C order; None: no
                      model
    """

    game: Game
    opponent_model: Sequence[ArrayLike] | None = None

    def mixed_with(self, game: Game, real_share: float) -> Game:
        """Return the learned game with a share of the real transitions mixed in   (aorpo Theorem 6).

            β P + (1 − β) P_k

        `game`        the real game, of which P is taken, and the discount, the start, and which actions are available
                      and which states terminal
        `real_share`  β, in [0, 1]; 0 gives the learned rewards and transitions as they are

        P_k and the rewards are those of the learned game.
        """
        if game.played:
            learned = Game.stochastic(
                self.game.rewards,
                self.game.transitions,
                game.discount,
                game.start,
                available=game.masks,
                terminal=game.ended,
            ).in_play
            ours: Any = game.transitions
            return replace(learned, transitions=real_share * ours + (1 - real_share) * learned.transitions)
        mixed: Any = self.game.transitions
        if real_share > 0:
            mixed = real_share * game.transitions + (1 - real_share) * mixed
        elif game.masks is None and game.ended is None:
            return self.game
        kept: Any = {"available": game.masks, "terminal": game.ended, "state_names": game.state_names}
        kept |= names_of(game)
        return Game.stochastic(self.game.rewards, mixed, game.discount, game.start, **kept)
