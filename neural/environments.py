"""What a loop asks of an environment: pure functions of one state, which JAX can compile and map over many.

What is drawn at random is a function of uniform numbers u, of which a step and a reset take `num_random` each. `seen`
is what is kept of a state in the replay buffer; observations, features and masks are computed from it.
"""

from typing import Any, NamedTuple, Protocol

from jax import Array

from mathrl.neural.heads import Head

__all__ = ["Environment", "Step"]


class Step(NamedTuple):
    """What a joint action brings: the next state, one reward for all agents, and whether the episode has ended."""

    state: Any
    reward: Array
    ended: Array


class Environment(Protocol):
    """An environment with one reward for all agents."""

    def __hash__(self) -> int: ...

    @property
    def head(self) -> Head:
        """What actions there are."""

    @property
    def num_agents(self) -> int:
        """How many agents there are, n."""

    @property
    def num_features(self) -> int:
        """How many numbers describe a state to a critic."""

    @property
    def num_observed(self) -> int:
        """How many numbers an actor sees."""

    @property
    def num_random(self) -> int:
        """How many uniform numbers a step takes, and a reset."""

    @property
    def discount(self) -> float:
        """The discount, γ."""

    @property
    def horizon(self) -> float:
        """The most steps, discounted, that are expected of an episode: 1/(1 − γ) unless it is shorter."""

    @property
    def largest_reward(self) -> float:
        """A bound on |r|, or where that is far above most of it a number of its size, by which values are scaled."""

    def reset(self, u: Array) -> Any:
        """Draw a first state."""

    def step(self, u: Array, state: Any, actions: Array) -> Step:
        """Play the actions of all agents."""

    def seen(self, state: Any) -> Any:
        """What is kept of a state."""

    def features(self, seen: Any) -> Array:
        """What a critic sees of it, (features,)."""

    def observations(self, seen: Any) -> Array:
        """What each actor sees of it, (n, observed)."""

    def available(self, seen: Any) -> Array:
        """Which actions there are, (n, A)."""
