"""Checkpoints: all arrays of a run in one file, written whole or not at all, and read back bit for bit."""

import io
from pathlib import Path
from typing import Any, TypeVar
from zipfile import BadZipFile

import jax
import jax.numpy as jnp
import numpy as np

from mathrl.base.checks import fail
from mathrl.base.files import read, write_bytes

__all__ = ["restore", "save"]

T = TypeVar("T")

_UNREADABLE = (BadZipFile, EOFError, KeyError, OSError, RuntimeError, ValueError)
"""What reading raises where bytes are missing or changed."""


def save(path: Path, tree: Any, **counts: int) -> None:
    """Write the arrays of a tree and some whole numbers; the same content gives the same bytes."""
    leaves = {f"array_{k}": np.asarray(_plain(leaf)) for k, leaf in enumerate(jax.tree.leaves(tree))}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **leaves, **{name: np.int64(count) for name, count in counts.items()})
    write_bytes(path, buffer.getvalue())


def restore(path: Path, like: T, *counts: str) -> tuple[T, dict[str, int]]:
    """Read what `save` wrote: a tree like this one, and the whole numbers of these names.

    Raises `ValueError` where the file is not such a checkpoint.
    """
    expected = "a checkpoint of the same algorithm, game and settings"
    mend = "begin again in a new folder"

    def parse(data: bytes) -> tuple[T, dict[str, int]]:
        leaves, form = jax.tree.flatten(like)
        try:
            with np.load(io.BytesIO(data)) as stored:
                arrays = [stored[f"array_{k}"] for k in range(len(leaves))]
                found = {name: int(stored[name]) for name in counts}
        except _UNREADABLE:  # what these say is of NumPy, and not of the study
            fail("content", "is not readable", expected, mend)
        for k, (leaf, array) in enumerate(zip(leaves, arrays, strict=True)):
            plain = jax.eval_shape(_plain, leaf)
            if (array.shape, array.dtype) != (plain.shape, plain.dtype):
                fail(f"array {k}", f"is {array.shape} of {array.dtype}", expected, mend)
        restored = [_typed(leaf, array) for leaf, array in zip(leaves, arrays, strict=True)]
        return jax.tree.unflatten(form, restored), found

    return read(path, parse, expected)


def _plain(leaf: Any) -> Any:
    """The numbers of an array of random keys; other arrays as they are."""
    return jax.random.key_data(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf


def _typed(like: Any, array: Any) -> Any:
    """Keys again where keys were."""
    keys = jnp.issubdtype(like.dtype, jax.dtypes.prng_key)
    return jax.random.wrap_key_data(array) if keys else jnp.asarray(array)
