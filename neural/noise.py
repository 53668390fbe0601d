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

__all__ = ["block", "categorical", "gumbel", "indices", "normal"]


def block(key: Array, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    """Draw independent numbers u, uniform in (0, 1), as arrays of these shapes, by name.

    A part depends on the key and on how many numbers come before it, and not on what follows.
    """
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
    """Φ⁻¹(u): numbers of the standard normal distribution.

    Also of the smallest u that `block` draws, of which 2 u − 1 is rounded to −1, where Φ⁻¹ is −∞.
    """
    lowest = np.finfo(u.dtype).epsneg - 1  # the next number above −1
    return jnp.sqrt(2.0) * jax.scipy.special.erfinv(jnp.maximum(2 * u - 1, lowest))


def indices(u: Array, sizes: tuple[Array | int, Array | int]) -> tuple[Array, Array]:
    """Two whole numbers, below the first and the second of these sizes, of two uniform numbers each, u (2, …).

        second = ⌊u_1 · size_2⌋,   first = ⌊(u_0 + rest/2^23) · size_1⌋,   rest = u_1 · size_2 − second

    In single precision u_0 alone is one of 2^23 numbers: it would not reach all of more, and of fewer some oftener than
    others. What is left of u_1 are further digits of it. All pairs are drawn alike up to a part of their number over
    2^46. Sizes are at most 2^30. In double precision it is 2^32 in the place of 2^23, and 2^64 of 2^46.
    """
    second, rest = _product(_word(u[1]), sizes[1])
    missing = max(32 - np.finfo(u.dtype).nmant, 0)  # how many of the 32 digits of u_0 are 0
    word = _word(u[0]) | (rest >> (32 - missing)) if missing else _word(u[0])
    first, below = _product(word, sizes[0])
    carry = below + _product(rest << missing, sizes[0])[0] < below
    return (first + carry).astype(jnp.int32), second.astype(jnp.int32)


def _word(u: Array) -> Array:
    """⌊2^32 u⌋."""
    return (u * 2.0**32).astype(jnp.uint32)


def _product(a: Array, b: Array | int) -> tuple[Array, Array]:
    """a b = high · 2^32 + low, of whole numbers of 32 bits: (high, low)."""
    b = jnp.asarray(b, jnp.uint32)
    a_1, a_0, b_1, b_0 = a >> 16, a & 0xFFFF, b >> 16, b & 0xFFFF
    one = a_1 * b_0 + (a_0 * b_0 >> 16)
    other = a_0 * b_1 + (one & 0xFFFF)
    return a_1 * b_1 + (one >> 16) + (other >> 16), a * b


def categorical(u: Array, weights: Array) -> Array:
    """The first entry of weights w ≥ 0, (…, A), at which their running sum reaches u Σ w.

    It is a draw from w / Σ w, and never an entry whose weight is 0, also where u Σ w is rounded to 0 or to Σ w.
    """
    sums = jnp.where(weights > 0, jnp.cumsum(weights, axis=-1), -1.0)
    return jnp.argmax(sums >= u[..., None] * jnp.max(sums, axis=-1, keepdims=True), axis=-1)
