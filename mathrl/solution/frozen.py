"""Arrays that cannot be written to, alone or in tuples."""

from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray

__all__ = ["frozen"]


def frozen(value: Any) -> Any:
    """`value` with read-only copies of its arrays, where they are not read-only already."""
    if isinstance(value, tuple):
        return tuple(frozen(item) for item in value)
    return _read_only(value) if isinstance(value, np.ndarray) else value


def _read_only(array: FloatArray) -> FloatArray:
    if array.flags.writeable or array.base is not None:
        array = array.copy()
        array.flags.writeable = False
    return array
