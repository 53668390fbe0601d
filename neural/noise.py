"""Random numbers of a compiled loop: one block of uniform numbers a step, cut into the parts that are needed.

Every call of a random function inside a compiled loop costs a second of compiling. So a step draws once, from a key of
its own, and all else is a function of these uniform numbers. The draws are JAX's threefry: of several runs side by side
each draws what it would draw alone.
"""

from collections.abc import Mapping
from math import prod

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

__all__ = ["block", "categorical", "gumbel", "index", "normal"]


def block(key: Array, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    """Draw independent numbers u, uniform in (0, 1), as arrays of these shapes, by name."""
    sizes = {name: prod(shape) for name, shape in shapes.items()}
    tiny = float(np.finfo(jnp.result_type(float)).tiny)
    drawn = jax.random.uniform(key, (sum(sizes.values()),), minval=tiny)
    parts, begin = {}, 0
    for name, shape in shapes.items():
        parts[name] = drawn[begin : begin + sizes[name]].reshape(shape)
        begin += sizes[name]
    return parts


def gumbel(u: Array) -> Array:
    """−log(−log u): argmax_a (log π(a) + g(a)) of such numbers g is a draw from π."""
    return -jnp.log(-jnp.log(u))


def normal(u: Array) -> Array:
    """Φ⁻¹(u): numbers of the standard normal distribution."""
    return jnp.sqrt(2.0) * jax.scipy.special.erfinv(2 * u - 1)


def index(u: Array, size: Array | int) -> Array:
    """⌊u · size⌋: whole numbers from 0 to size − 1, all alike."""
    return jnp.minimum((u * size).astype(jnp.int32), size - 1)


def categorical(u: Array, weights: Array) -> Array:
    """The first entry of weights w ≥ 0, (…, A), at which their running sum reaches u Σ w.

    It is a draw from w / Σ w, and never an entry whose weight is 0: u > 0, and the running sum ends at Σ w.
    """
    sums = jnp.cumsum(weights, axis=-1)
    return jnp.argmax(sums >= u[..., None] * sums[..., -1:], axis=-1)
