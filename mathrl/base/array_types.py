"""Types of arrays by short names, which is what `help` and `inspect.signature` print of them.

Type checkers see the types themselves. When a program runs, each name is an empty class: `help` prints an alias as what
it stands for, a line or two for `ArrayLike`. (Python 3.12 has aliases that keep their names, `TypeAliasType`; mathrl
also runs on 3.11.)
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

__all__ = ["AnyArray", "ArrayLike", "BoolArray", "FloatArray", "IntArray", "Policy", "printed_as"]


def printed_as(name: str, meaning: str, stands_for: Any) -> Any:
    """A class that signatures print as `name`: they leave out the module of what is built in."""
    return type(name, (), {"__module__": "builtins", "__doc__": meaning, "stands_for": stands_for})


if TYPE_CHECKING:
    AnyArray = npt.NDArray[Any]
    ArrayLike = npt.ArrayLike
    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]
    BoolArray = npt.NDArray[np.bool_]
    Policy = tuple[FloatArray, ...]
else:
    AnyArray = printed_as("AnyArray", "An array of any type.", npt.NDArray[Any])
    ArrayLike = printed_as("ArrayLike", "What `numpy.asarray` takes: an array, a number, nested lists.", npt.ArrayLike)
    FloatArray = printed_as("FloatArray", "An array of float64.", npt.NDArray[np.float64])
    IntArray = printed_as("IntArray", "An array of int64.", npt.NDArray[np.int64])
    BoolArray = printed_as("BoolArray", "An array of truth values.", npt.NDArray[np.bool_])
    Policy = printed_as(
        "Policy",
        "A product policy: one array (S, A_i) per agent, rows sum to 1.",
        tuple[npt.NDArray[np.float64], ...],
    )
