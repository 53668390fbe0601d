"""The three arrays of sparse transitions, on their way into and out of files."""

import reprlib
from typing import Any

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import as_floats, fail
from mathrl.games.model import Game

__all__ = ["PARTS", "from_arrays", "to_arrays"]

PARTS = ("data", "indices", "indptr")


def to_arrays(game: Game, prefix: str) -> dict[str, npt.NDArray[Any]]:
    """The three arrays of sparse transitions by name; `prefix` is put before each name."""
    transitions: Any = game.transitions
    return {prefix + part: getattr(transitions, part) for part in PARTS}


def from_arrays(arrays: dict[str, Any], prefix: str, rewards: Any) -> Any:
    """Make a CSR array from its three arrays as a file holds them; `prefix` stands before each of their names.

    Only the form of the arrays is checked here; `Game` checks the rows. Returns None where `rewards` have no states:
    `Game` then refuses the rewards.
    """
    data = as_floats(f"{prefix}data", arrays[f"{prefix}data"])
    indices = _whole_numbers(f"{prefix}indices", arrays[f"{prefix}indices"])
    indptr = _whole_numbers(f"{prefix}indptr", arrays[f"{prefix}indptr"])
    if len(indptr) == 0 or indptr[0] != 0 or (np.diff(indptr) < 0).any():
        fail(f"{prefix}indptr", "does not rise from 0", "where each row begins, then the number of entries")
    if data.ndim != 1 or not indptr[-1] == len(indices) == len(data):
        found = f"ends at {indptr[-1]}, with {len(indices)} indices and data of shape {data.shape}"
        fail(f"{prefix}indptr", found, "three equal numbers")
    num_states = next(iter(np.shape(rewards[0] if isinstance(rewards, list) and rewards else rewards)), 0)
    if num_states == 0:
        return None
    if len(indices) and not 0 <= indices.min() <= indices.max() < num_states:
        found = f"are from {indices.min()} to {indices.max()}"
        fail(f"{prefix}indices", found, f"next states from 0 to {num_states - 1}")

    from scipy.sparse import csr_array

    return csr_array((data, indices, indptr), shape=(len(indptr) - 1, num_states))


def _whole_numbers(argument: str, values: Any) -> npt.NDArray[np.int64]:
    """Check a list of whole numbers, and return it as int64."""
    array = as_floats(argument, values)
    if array.ndim != 1 or (array != np.round(array)).any() or (np.abs(array) > 2**53).any():
        fail(argument, f"is {reprlib.repr(values)}", "a list of whole numbers")
    return array.astype(np.int64)
