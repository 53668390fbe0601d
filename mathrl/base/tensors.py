"""Tensors of PyTorch, alone or in lists, made ready for NumPy. Torch itself is not imported."""

from typing import Any

import numpy as np

__all__ = ["MOST_AXES", "first_entry", "on_the_host"]

MOST_AXES = 64
"""NumPy's arrays have no more axes. Lists are followed no deeper, as one that holds itself has no end."""


def first_entry(values: Any) -> tuple[Any, list[int]]:
    """Return the first entry of nested lists, and how long each list on the way to it is.

    Where they are nested deeper than any array, the search ends one list after `MOST_AXES`.
    """
    lengths: list[int] = []
    while isinstance(values, (list, tuple)) and values and len(lengths) <= MOST_AXES:
        lengths.append(len(values))
        values = values[0]
    return values, lengths


def on_the_host(values: Any) -> Any:
    """Tensors of PyTorch, alone or in lists, as ones that numpy reads: detached, on the CPU, in a precision it has.

    Raises `ValueError` where the lists are ragged, or deeper than arrays are.
    """
    first, lengths = first_entry(values)
    if len(lengths) > MOST_AXES:
        raise ValueError("lists in lists")
    return _detached(values, lengths) if _is_tensor(first) else values


def _detached(values: Any, lengths: list[int]) -> Any:
    """`on_the_host` of lists that are as long as `lengths` say, and of what is in them."""
    if isinstance(values, (list, tuple)):
        if lengths[:1] == [len(values)]:
            return [_detached(value, lengths[1:]) for value in values]
        if _is_tensor(first_entry(values)[0]):
            raise ValueError("ragged lists of tensors")
    if not _is_tensor(values):
        return values
    tensor = values.detach().cpu()
    try:
        return np.asarray(tensor)
    except TypeError:  # numpy has no bfloat16
        return np.asarray(tensor.float())


def _is_tensor(value: Any) -> bool:
    return not isinstance(value, type) and all(callable(getattr(value, name, None)) for name in ("detach", "cpu"))
