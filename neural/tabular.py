"""A game of this library as an environment: states are one-hot rows, which every agent sees whole.

    s' = the first successor of (s, a) at which the running sum of P(·|s, a) exceeds a uniform number u

Agents have as many actions as the one that has most; those beyond its own are not available to an agent.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from scipy.sparse import csr_array

from mathrl.base.checks import fail
from mathrl.games.model import Game, check_game
from mathrl.neural.environments import Step
from mathrl.neural.heads import Categorical
from mathrl.neural.precision import in_precision

__all__ = ["Tabular", "tabular"]


@dataclass(frozen=True, eq=False)
class Tabular:
    """A `Game` with a common payoff as an `Environment`; `tabular` makes one.

    `game`        the game
    `rewards`     r(s, a), (S·A,), joint actions in C order, 0 where an action is not available
    `successors`  (S·A, K), the states that follow with positive probability, the last one repeated
    `cumulative`  (S·A, K), the sums of their probabilities up to each; 1 from the last one on
    `masks`       (S, n, A)
    `first`       (S,), the sums of the start's probabilities up to each state; no episode starts where it has ended

    `largest_reward` is max |r(s, a)|. Environments of equal games are equal, so that what was compiled for one of them
    serves the others.
    """

    game: Game
    rewards: Array
    successors: Array
    cumulative: Array
    masks: Array
    first: Array
    largest_reward: float

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tabular):
            return NotImplemented
        return self.rewards.dtype == other.rewards.dtype and self.game == other.game

    def __hash__(self) -> int:
        return hash(self.game)

    @property
    def head(self) -> Categorical:
        """A probability for each action."""
        return Categorical(max(self.game.num_actions))

    @property
    def num_agents(self) -> int:
        """How many agents there are, n."""
        return self.game.num_agents

    @property
    def num_features(self) -> int:
        """S, as states are one-hot rows."""
        return self.game.num_states

    @property
    def num_observed(self) -> int:
        """S: every agent sees the state."""
        return self.game.num_states

    @property
    def num_random(self) -> int:
        """One number decides which state comes next."""
        return 1

    @property
    def discount(self) -> float:
        """The discount of the game, γ."""
        return self.game.discount

    @property
    def horizon(self) -> float:
        """That of the game: 1/(1 − γ), or with γ = 1 the longest play."""
        return self.game.horizon

    def reset(self, u: Array) -> Array:
        """Draw a state from the start, none where the episode has ended."""
        return _first_above(self.first, u[0])

    def step(self, u: Array, state: Array, actions: Array) -> Step:
        """Pay r(s, a), and draw the next state from P(·|s, a)."""
        row = self._row(state, actions)
        following = self.successors[row, _first_above(self.cumulative[row], u[0])]
        return Step(following, self.rewards[row], jnp.asarray(self.game.terminal)[following])

    def seen(self, state: Array) -> Array:
        """The number of the state."""
        return state

    def features(self, seen: Array) -> Array:
        """The state as a one-hot row."""
        return jax.nn.one_hot(seen, self.game.num_states, dtype=jnp.result_type(float))

    def observations(self, seen: Array) -> Array:
        """The same row for every agent."""
        row = self.features(seen)
        return jnp.broadcast_to(row, (self.num_agents, *row.shape))

    def available(self, seen: Array) -> Array:
        """Which actions each agent has in this state."""
        return self.masks[seen]

    def _row(self, state: Array, actions: Array) -> Array:
        """The place of (s, a) among all, in C order."""
        row = state
        for agent, size in enumerate(self.game.num_actions):
            row = row * size + actions[agent]
        return row


def tabular(game: Game) -> Tabular:
    """A game as an environment for networks.

    `game`  a `Game` with a common payoff

    Raises `ValueError` for other games, as one critic stands for all agents; where the game has ended wherever it may
    start; and where the largest reward is no number of the precision in which networks compute.
    """
    check_game(game)
    if not game.common_payoff:
        fail("game", "has rewards that differ between agents", "a common payoff", "one critic learns for all agents")
    start = np.where(game.terminal, 0.0, game.start)
    if not start.any():
        fail("game", "has ended wherever it may start", "a start at which something is played")
    rewards = np.where(np.isfinite(game.rewards), game.rewards, 0.0).ravel()
    largest = float(np.abs(rewards).max())
    in_precision("game", largest, f"has rewards of up to {largest:.2g}", "scale rewards and temperature together")
    transitions = game.transitions
    plain = transitions.reshape(len(rewards), -1) if isinstance(transitions, np.ndarray) else transitions
    rows = csr_array(plain, copy=True)  # the arrays of a game cannot be changed
    rows.eliminate_zeros()
    lengths = np.diff(rows.indptr)
    # A row without successors is that of a terminal state, where nothing is played: `first` and `step` see to that.
    places = np.minimum(np.arange(lengths.max()), np.maximum(lengths, 1)[:, None] - 1) + rows.indptr[:-1, None]
    places = np.minimum(places, rows.nnz - 1)
    sums = np.cumsum(rows.data)[places] - np.concatenate([[0.0], np.cumsum(rows.data)])[rows.indptr[:-1], None]
    last = np.arange(lengths.max()) >= lengths[:, None] - 1
    width = max(game.num_actions)
    masks = np.stack([np.pad(own, ((0, 0), (0, width - own.shape[1]))) for own in game.available], axis=1)
    first = np.cumsum(start) / start.sum()
    first[np.flatnonzero(start)[-1] :] = 1.0
    return Tabular(
        game,
        jnp.asarray(rewards),
        jnp.asarray(rows.indices[places], jnp.int32),
        jnp.asarray(np.where(last, 1.0, sums)),
        jnp.asarray(masks),
        jnp.asarray(first),
        largest,
    )


def _first_above(cumulative: Array, u: Array) -> Array:
    """The first place at which a running sum that ends at 1 exceeds u < 1."""
    return jnp.argmax(cumulative > u, axis=-1).astype(jnp.int32)
