"""The replay buffer: the last steps of several copies of an environment, and windows of steps drawn from it.

The buffer is a ring of `capacity` rows, one for each step of all copies. A window of n steps begins at a drawn row and
copy, and ends early where an episode ended or was cut off: what follows belongs to another one.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from mathrl.neural.noise import indices

__all__ = ["Buffer", "Transition", "empty", "store", "windows"]


class Transition(NamedTuple):
    """A step, or several along leading axes.

    `seen`       what was seen of the state
    `actions`    what all agents played
    `reward`     what it paid
    `following`  what was seen of the next state
    `ended`      whether the episode ended with this step: nothing is worth anything after it
    `cut`        whether it was cut off after this step: it would have gone on
    """

    seen: Any
    actions: Array
    reward: Array
    following: Any
    ended: Array
    cut: Array


class Buffer(NamedTuple):
    """Rows of transitions (capacity, copies, …), and how many rows were ever stored."""

    rows: Transition
    stored: Array


def empty(step: Transition, capacity: int) -> Buffer:
    """A buffer for steps that look like this one, of all copies."""
    rows = jax.tree.map(lambda x: jnp.zeros((capacity, *x.shape), x.dtype), step)
    return Buffer(rows, jnp.zeros((), jnp.int32))


def store(buffer: Buffer, step: Transition) -> Buffer:
    """Put a step of all copies in the place of the oldest one."""
    place = buffer.stored % len(buffer.rows.reward)
    rows = jax.tree.map(lambda all, x: jax.lax.dynamic_update_index_in_dim(all, x, place, 0), buffer.rows, step)
    return Buffer(rows, buffer.stored + 1)


def windows(buffer: Buffer, u: Array, length: int) -> tuple[Transition, Array]:
    """Draw windows of consecutive steps.

    `u`       uniform numbers (2, B): where each window begins, and in which copy
    `length`  n, how many steps a window has

    Returns the transitions (B, n, …), and how many of each window's steps count, (B,): up to n, fewer where the episode
    ended or was cut off, or where no later step is stored yet.
    """
    capacity, copies = buffer.rows.reward.shape[:2]
    held = jnp.minimum(buffer.stored, capacity)
    age, copy = indices(u, (held, copies))  # age 0 is the oldest row that is held
    oldest = buffer.stored - held
    steps = age[:, None] + jnp.arange(length)
    drawn = jax.tree.map(lambda x: x[(oldest + steps) % capacity, copy[:, None]], buffer.rows)
    stops = drawn.ended | drawn.cut | (steps >= held - 1)
    counted = jnp.where(stops.any(axis=1), jnp.argmax(stops, axis=1) + 1, length)
    return drawn, counted
