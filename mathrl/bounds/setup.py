"""What AORPO's bounds speak of: a real game, a learned model of it, and what one agent knows of the others.

| paper | here |
|---|---|
| T, T̂ | the transitions of `game` and of `model` |
| i, −i | `agent`, `opponents` |
| π^i, π^j | `policy` |
| π_D^i, π_D^j | `data_policy` |
| π̂^j | `opponent_models` |
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np

from mathrl.arithmetic import all_there, there
from mathrl.base.checks import FloatArray, InvalidInput, as_floats, fail, instance
from mathrl.bounds.process import Process, check_discount
from mathrl.games.model import Game, check_agent, names_of
from mathrl.games.policies import Policy, as_opponent_models, as_policy
from mathrl.games.transform import to_dense, to_sparse

__all__ = ["Setup", "check_setup"]


@dataclass(frozen=True, eq=False, repr=False)
class Setup:
    """A real game, a learned model of it, and the policies and opponent models of one agent. Build it with `Setup.of`.

    `game`             the real game
    `model`            the same game in the learned dynamics: rewards, discount and start are those of `game`
    `policy`           (π^1, …, π^n): what the agents play now
    `data_policy`      (π_D^1, …, π_D^n): what they played when the data were collected
    `opponent_models`  π̂^j, (S, A_j), of each opponent j ≠ i, in their order
    `agent`            i, the agent from whose side all is seen; 0 is the first
    `features`         the states as vectors, (S, d), for the compounding error of §6.3; None: one-hot
    """

    game: Game
    model: Game
    policy: Policy
    data_policy: Policy
    opponent_models: Policy
    agent: int
    features: FloatArray | None = None

    @classmethod
    def of(
        cls,
        game: Game,
        *,
        policy: Sequence[Any],
        model: Any = None,
        data_policy: Sequence[Any] | None = None,
        opponent_models: Sequence[Any] | None = None,
        agent: int = 0,
        features: Any = None,
    ) -> Self:
        """Check all parts and put them together.

        What is left out is perfect: the model is the game, π_D is π, and π̂^j is π^j.

        `game`             the real game T, of a discount below 1; its model has the same available actions and
                           terminal states
        `policy`           π, what the agents play, (S, A_i) per agent
        `model`            the transitions T̂ of the learned dynamics, dense (S, A_1, …, A_n, S) or sparse (S·A, S)
        `data_policy`      π_D, what they played when the data were collected, (S, A_i) per agent
        `opponent_models`  π̂^j, n − 1 arrays (S, A_j), those of the agents j ≠ i in their order
        `agent`            i, the agent from whose side all is seen
        `features`         the states as vectors, (S, d), for the compounding error; None: one-hot

        Raises `ValueError` naming the argument.
        """
        agent = check_agent(game, agent)
        check_discount(game)
        paid = _paid(game.rewards if game.common_payoff else game.rewards[agent])
        with np.errstate(over="ignore"):
            if not np.isfinite(np.ptp(paid) / (1 - game.discount)):
                fail("game", f"has rewards from {paid.min():g} to {paid.max():g}", "finite returns", "scale them")
        played = as_policy(game, policy)
        others = (*played[:agent], *played[agent + 1 :])
        return cls(
            game=game,
            model=game if model is None else _model(game, model),
            policy=played,
            data_policy=played if data_policy is None else as_policy(game, data_policy, "data_policy"),
            opponent_models=others if opponent_models is None else as_opponent_models(game, opponent_models, agent),
            agent=agent,
            features=None if features is None else _features(game, features),
        )

    def __repr__(self) -> str:
        return f"<Setup: agent {self.agent} of {self.game!r}>"

    @property
    def opponents(self) -> tuple[int, ...]:
        """The numbers of the agents j ≠ i."""
        return tuple(j for j in range(self.game.num_agents) if j != self.agent)

    @property
    def rewards(self) -> FloatArray:
        """The agent's rewards r^i(s, a), (S, A), joint actions in C order; −∞ for what is not available."""
        rewards = self.game.rewards if self.game.common_payoff else self.game.rewards[self.agent]
        return rewards.reshape(self.game.num_states, -1)

    @property
    def paid(self) -> FloatArray:
        """The rewards of all available joint actions: what the largest and the least reward are taken of."""
        return _paid(self.rewards)

    @property
    def modelled_policy(self) -> Policy:
        """What the agent plays and takes the others to play, (π^i, π̂^{-i})."""
        models = list(self.opponent_models)
        return (*models[: self.agent], self.policy[self.agent], *models[self.agent :])

    @cached_property
    def real(self) -> Process:
        """The real process, T with π: its return is η_i[π^i, π^{-i}]."""
        return Process(self.game, self.policy)

    @cached_property
    def data(self) -> Process:
        """The process that the data come from, T with π_D."""
        return Process(self.game, self.data_policy)

    @cached_property
    def learned(self) -> Process:
        """The policies in the learned dynamics, T̂ with π: its return is η̂_i[π^i, π^{-i}]."""
        return Process(self.model, self.policy)

    @cached_property
    def modelled(self) -> Process:
        """The model against opponent models, T̂ with (π^i, π̂^{-i}): its return is η̂_i[π^i, π̂^{-i}]."""
        return Process(self.model, self.modelled_policy)


def check_setup(setup: Any) -> None:
    """Raise `ValueError` unless `setup` is a `Setup`."""
    instance("setup", setup, Setup, "a mathrl.bounds.Setup", "Setup.of and load_setup make one")


def _paid(rewards: FloatArray) -> FloatArray:
    """The rewards that are not −∞."""
    return rewards if all_there(rewards) else rewards[there(rewards)]


def _features(game: Game, values: Any) -> FloatArray:
    """Check the states as vectors."""
    features = as_floats("features", values)
    if features.ndim != 2 or len(features) != game.num_states:
        fail("features", f"has shape {features.shape}", f"({game.num_states}, d), one vector per state")
    with np.errstate(over="ignore"):
        if not np.isfinite((features**2).sum()):
            fail("features", f"are up to {np.abs(features).max():g}", "vectors whose squares are finite", "scale them")
    features.flags.writeable = False
    return features


def _model(game: Game, transitions: Any) -> Game:
    """The game with these transitions, stored as the game's own are."""
    try:
        model = Game.stochastic(
            game.rewards,
            transitions,
            game.discount,
            game.start,
            available=game.masks,
            terminal=game.ended,
            state_names=game.state_names,
            **names_of(game),
        )
    except InvalidInput as error:
        raise InvalidInput(str(error).replace("transitions", "model", 1)) from error
    return to_sparse(model) if game.sparse else to_dense(model)
