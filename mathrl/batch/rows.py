"""Values with a row for each of B games: arrays, tuples of arrays (one per agent), mappings of these.

All else is the same for all games: numbers, texts, None.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mathrl.solution.parameters import objects

__all__ = ["apart", "frozen", "joined", "kinds", "one", "some", "stacked", "together"]

_MOST_AGENTS = 10_000

_PLAIN = (bool, int, float, str, list)


def one(value: Any, k: int) -> Any:
    """What belongs to game k."""
    if isinstance(value, np.ndarray):
        row = value[k]
        return row if isinstance(row, np.ndarray) else row.item() if isinstance(row, np.generic) else row
    if _is_arrays(value):
        return tuple(one(own, k) for own in value)
    return {name: one(own, k) for name, own in value.items()} if isinstance(value, Mapping) else value


def some(value: Any, index: Any) -> Any:
    """What belongs to some games."""
    if isinstance(value, np.ndarray):
        return value[index].copy()
    if _is_arrays(value):
        return tuple(some(own, index) for own in value)
    return {name: some(own, index) for name, own in value.items()} if isinstance(value, Mapping) else value


def frozen(value: Any) -> Any:
    """The same, with arrays that cannot be written to."""
    if isinstance(value, np.ndarray):
        value = value.view()
        value.flags.writeable = False
        return value
    if _is_arrays(value):
        return tuple(map(frozen, value))
    return {name: frozen(own) for name, own in value.items()} if isinstance(value, Mapping) else value


def kinds(value: Any) -> Any:
    """What values that are joined have in common: shapes of rows, and which fields there are."""
    if isinstance(value, np.ndarray):
        return value.shape[1:]
    if _is_arrays(value):
        return tuple(map(kinds, value))
    if isinstance(value, Mapping):
        return {name: kinds(own) if name == "parameters" or _has_rows(own) else () for name, own in value.items()}
    return ()


def joined(values: Sequence[Any], sizes: Sequence[int]) -> Any:
    """Values of batches of these sizes one after the other; where they differ, each game has a row."""
    first = values[0]
    if isinstance(first, Mapping):
        return {name: joined([value[name] for value in values], sizes) for name in first}
    if any(map(_is_arrays, values)):
        agents = len(first) if isinstance(first, tuple) else 0
        return tuple(joined([value[i] for value in values], sizes) for i in range(agents))
    if not any(isinstance(value, np.ndarray) for value in values) and all(_same(value, first) for value in values):
        return first
    return np.concatenate([_spread(value, size) for value, size in zip(values, sizes, strict=True)])


def stacked(values: Sequence[Any]) -> Any:
    """Values of single games as rows, where they are arrays or differ."""
    first = values[0]
    if isinstance(first, Mapping):
        return {name: stacked([value[name] for value in values]) for name in first}
    if isinstance(first, np.ndarray):
        return np.stack(values)
    if _is_arrays(first):
        return tuple(np.stack(own) for own in zip(*values, strict=True))
    if all(_same(value, first) for value in values):
        return first
    return _spread_each(values)


def apart(value: Mapping[str, Any], prefix: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
    """Arrays by name; and all else, arrays of objects too."""
    arrays, document = dict[str, Any](), dict[str, Any]()
    for name, own in value.items():
        if isinstance(own, np.ndarray) and own.dtype != object:
            arrays[prefix + name] = own
        elif _is_arrays(own):
            arrays |= {f"{prefix}{name}_{i}": each for i, each in enumerate(own)}
        elif isinstance(own, Mapping):
            inner, document[name] = apart(own, f"{prefix}{name}.")
            arrays |= inner
        else:
            document[name] = own
    return arrays, document


def together(arrays: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """What `apart` took apart."""
    found = dict[str, Any]()
    for name, own in document.items():
        prefix = f"{name}."
        inner = {key.removeprefix(prefix): each for key, each in arrays.items() if key.startswith(prefix)}
        found[name] = together(inner, own) if isinstance(own, dict) else own
    for name in [name for name in arrays if "." not in name]:
        stem, _, number = name.rpartition("_")
        if not (stem and number.isdecimal()):
            found[name] = arrays[name]
        elif number == "0":
            found[stem] = tuple(arrays[f"{stem}_{i}"] for i in range(_count(arrays, stem)))
    return found


def _count(arrays: Mapping[str, Any], stem: str) -> int:
    return next(i for i in range(_MOST_AGENTS) if f"{stem}_{i}" not in arrays)


def _is_arrays(value: Any) -> bool:
    return isinstance(value, tuple) and bool(value) and all(isinstance(own, np.ndarray) for own in value)


def _has_rows(value: Any) -> bool:
    return isinstance(value, (np.ndarray, Mapping)) or _is_arrays(value)


def _spread(value: Any, size: int) -> Any:
    return value if isinstance(value, np.ndarray) else _spread_each([value] * size)


def _spread_each(values: Sequence[Any]) -> Any:
    """An array of single values; of objects where they are neither all numbers of one type nor all texts."""
    same = {type(value) for value in values}
    if (same and same <= {int}) or same <= {float} or same <= {str}:
        return np.array(values)
    return objects(values)


def _same(value: Any, other: Any) -> bool:
    """Whether both are the same object, or equal numbers, texts or lists of them."""
    return value is other or (type(value) is type(other) and isinstance(value, _PLAIN) and value == other)
