"""What the output of an actor's network means: a distribution over the actions of one agent.

A head gives the number of outputs, draws actions from uniform numbers, `num_random` each, and says how actions enter a
critic. Outputs are (…, outputs), and `available` is (…, A), where false marks an action that there is not.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from mathrl.neural.noise import categorical, normal
from mathrl.softmax import entropy_of_logs, log_boltzmann

__all__ = ["Categorical", "Drawn", "Head", "TanhGaussian"]


class Drawn(NamedTuple):
    """Actions that were drawn: as the environment takes them, as a critic takes them, and log π of each."""

    actions: Array
    encoded: Array
    log_policy: Array


class Categorical(NamedTuple):
    """π(a) = softmax(x)(a) of outputs x, over A actions of which some may be missing. A critic takes one-hot rows.

    `size`  A, the largest number of actions of an agent
    """

    size: int

    @property
    def outputs(self) -> int:
        """How many outputs the network has."""
        return self.size

    @property
    def num_random(self) -> int:
        """How many uniform numbers a draw takes."""
        return 1

    @property
    def most_entropy(self) -> float:
        """The largest entropy of a policy, log A."""
        return math.log(self.size)

    def log_policy(self, x: Array, available: Array) -> Array:
        """Log π(a), (…, A), −∞ where an action is not available."""
        logs: Array = log_boltzmann(jnp.where(available, x, -jnp.inf), 1.0)
        return logs

    def encode(self, actions: Array, dtype: jnp.dtype | None = None) -> Array:
        """One-hot rows (…, A)."""
        return jax.nn.one_hot(actions, self.size, dtype=dtype or jnp.result_type(float))

    def draw(self, x: Array, available: Array, u: Array) -> Drawn:
        """Draw from π by one uniform number each, u (…, 1)."""
        logs = self.log_policy(x, available)
        actions = categorical(u[..., 0], jnp.exp(logs))
        chosen = jnp.take_along_axis(logs, actions[..., None], axis=-1)[..., 0]
        return Drawn(actions, self.encode(actions, x.dtype), chosen)

    def anything(self, available: Array, u: Array) -> Array:
        """Draw from all available actions alike, by one uniform number each, u (…, 1)."""
        return categorical(u[..., 0], available.astype(u.dtype))

    def entropy(self, x: Array, available: Array, u: Array) -> Array:
        """H(π), (…), exactly."""
        entropy: Array = entropy_of_logs(self.log_policy(x, available))
        return entropy


class TanhGaussian(NamedTuple):
    """a = tanh(μ + σ ξ) with normal ξ, in (−1, 1)^d, of outputs (μ, log σ). A critic takes a as it is.

    log π(a) = Σ_d log N(x; μ, σ²) − log(1 − tanh² x): the density is that of a in (−1, 1)^d, whatever box of actions
    the environment stretches it to.

    `size`  d, the number of coordinates of an agent's action
    """

    size: int

    @property
    def outputs(self) -> int:
        """How many outputs the network has."""
        return 2 * self.size

    @property
    def num_random(self) -> int:
        """How many uniform numbers a draw takes."""
        return self.size

    @property
    def most_entropy(self) -> float:
        """The largest entropy of a policy, d log 2, that of all points of the box alike."""
        return self.size * math.log(2)

    def encode(self, actions: Array, dtype: jnp.dtype | None = None) -> Array:
        """The actions themselves."""
        return actions

    def draw(self, x: Array, available: Array, u: Array) -> Drawn:
        """Draw a = tanh(μ + σ ξ) with ξ = Φ⁻¹(u) of uniform u (…, d); it can be differentiated in μ and σ."""
        mean, log_deviation = jnp.split(x, 2, axis=-1)
        log_deviation = jnp.clip(log_deviation, *_LOG_DEVIATIONS)
        standard = normal(u)
        before = mean + jnp.exp(log_deviation) * standard
        density = -(standard**2) / 2 - log_deviation - jnp.log(2 * jnp.pi) / 2
        stretch = 2 * (jnp.log(2.0) - before - jax.nn.softplus(-2 * before))  # log(1 − tanh²) without cancellation
        actions = jnp.tanh(before)
        return Drawn(actions, actions, jnp.sum(density - stretch, axis=-1))

    def anything(self, available: Array, u: Array) -> Array:
        """Draw from the whole box alike."""
        return 2 * u - 1

    def entropy(self, x: Array, available: Array, u: Array) -> Array:
        """−log π(a) of a drawn a, whose mean is H(π)."""
        return -self.draw(x, available, u).log_policy


_LOG_DEVIATIONS = (-5.0, 2.0)
"""Between what log σ stays."""

Head = Categorical | TanhGaussian
