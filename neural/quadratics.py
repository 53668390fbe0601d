"""The Max of Two Quadratics: a one-shot game of two agents with continuous actions   (rommeo §5.2).

    r(a) = max(f_1, f_2),   f_1 = 0.8 [−((a¹+5)/3)² − ((a²+5)/3)²],   f_2 = −(a¹−5)² − (a²−5)² + 10,   a^i ∈ [−10, 10]

There is a local maximum 0 at (−5, −5) and the global maximum 10 at (5, 5). Actions here are a/10, in (−1, 1).
"""

from dataclasses import dataclass, field

import jax.numpy as jnp
from jax import Array

from mathrl.neural.environments import Step
from mathrl.neural.heads import TanhGaussian

__all__ = ["Quadratics"]


@dataclass(frozen=True)
class Quadratics:
    """The game as an `Environment`: one state, which never ends, and discount 0."""

    head: TanhGaussian = field(default_factory=lambda: TanhGaussian(1))
    num_agents: int = 2
    num_features: int = 1
    num_observed: int = 1
    num_random: int = 0
    discount: float = 0.0
    horizon: float = 1.0
    largest_reward: float = 50.0
    """About the mean of |r| over the box, and not its largest value, 440 in the corner (−10, 10)."""

    def reset(self, u: Array) -> Array:
        """The one state."""
        return jnp.zeros((), jnp.int32)

    def step(self, u: Array, state: Array, actions: Array) -> Step:
        """Pay the larger of the two quadratics."""
        first, second = 10 * actions[..., 0]
        low = -0.8 * (((first + 5) / 3) ** 2 + ((second + 5) / 3) ** 2)
        high = 10 - (first - 5) ** 2 - (second - 5) ** 2
        return Step(state, jnp.maximum(low, high), jnp.zeros((), bool))

    def seen(self, state: Array) -> Array:
        """The one state."""
        return state

    def features(self, seen: Array) -> Array:
        """A constant."""
        return jnp.ones(1)

    def observations(self, seen: Array) -> Array:
        """A constant for each agent."""
        return jnp.ones((2, 1))

    def available(self, seen: Array) -> Array:
        """Every point of the box."""
        return jnp.ones((2, 1), bool)
