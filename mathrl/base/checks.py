"""The vocabulary of checks on input, and the one form of its messages: argument, found, expected, mend."""

import difflib
import math
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from decimal import Decimal
from itertools import islice
from numbers import Real
from typing import Any, NoReturn, TypeVar

import numpy as np

from mathrl.base.array_types import FloatArray
from mathrl.base.tensors import MOST_AXES, first_entry, on_the_host
from mathrl.base.text import printable, shown

__all__ = [
    "NUMBERS",
    "SIMPLEX_TOLERANCE",
    "SINGLE_PRECISION",
    "FloatArray",
    "InvalidInput",
    "as_floats",
    "as_numbers",
    "choice",
    "count",
    "discount_factor",
    "fail",
    "finite",
    "flag",
    "instance",
    "iterated",
    "mend_of_sum",
    "normalised",
    "not_negative",
    "permutation_of",
    "positive",
    "probabilities",
    "proportion",
    "real",
    "room",
    "shape",
    "unwrapped",
]

T = TypeVar("T")

SIMPLEX_TOLERANCE = 1e-9
"""How far from 1 the sum of a row of probabilities may be."""

SINGLE_PRECISION = 1e-5
"""How far from 1 it counts as rounded in single precision, which leaves up to 1e-6."""

NUMBERS = (Real, Decimal)
"""The classes of what `real` takes, after `unwrapped`; but for true and false, which Python counts among them."""

_LONGEST_NAME = 250

_MOST_NUMBERS = 2**48
"""How many numbers an array may hold: of two million gigabytes one byte too many."""

_FEW = 4
"""How many choices a message lists at most, whether near to what was given or not."""


class InvalidInput(ValueError):
    """Bad input. The message names the argument, what was found, what was expected, and the mend, in one line."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


def fail(argument: str, found: str, expected: str, mend: str = "") -> NoReturn:
    """Raise `InvalidInput` in the one form that all messages have."""
    argument = argument if len(argument) <= _LONGEST_NAME else argument[: _LONGEST_NAME - 1] + "…"  # it may be a path
    raise InvalidInput(f"{argument} {found}, expected {expected}" + (f": {mend}" if mend else ""))


def entry(argument: str, index: Iterable[Any]) -> str:
    """Name one entry of an array argument, as in `transitions[3, 0, 1]`."""
    return f"{argument}[{', '.join(str(int(i)) for i in index)}]"


def as_floats(argument: str, values: Any) -> FloatArray:
    """Copy `values` into a C-ordered float64 array of finite numbers."""
    return finite(argument, as_numbers(argument, values))


def as_numbers(argument: str, values: Any) -> FloatArray:
    """Copy `values` into a C-ordered float64 array, also of numbers that are not finite; tensors are detached."""
    raw = values
    if isinstance(values, np.ma.MaskedArray):
        mend = "fill it; Game takes a mask of the actions that there are as available"
        fail(argument, "is a masked array", "a plain array", mend)
    try:
        if len(first_entry(values)[1]) > MOST_AXES:  # NumPy would go on, and double its work with each level
            raise TypeError
        raw = np.asarray(on_the_host(values))
        if raw.dtype.kind not in "biuf":
            raise TypeError
        with np.errstate(over="ignore"):
            return np.array(raw, dtype=np.float64, order="C")
    except MemoryError:
        raise
    except Exception:  # what is no array may raise anything in its own `__array__`
        kind = f"has dtype {raw.dtype}" if isinstance(raw, np.ndarray) else "is ragged or not numeric"
        fail(argument, kind, "a rectangular array of real numbers")


def finite(argument: str, array: FloatArray, if_negative: str = "") -> FloatArray:
    """Require finite numbers; `if_negative` is the mend for −∞."""
    if not np.isfinite(array).all():
        index = np.argwhere(~np.isfinite(array))[0]
        mend = if_negative if array[tuple(index)] < 0 else ""
        fail(entry(argument, index) if len(index) else argument, f"is {array[tuple(index)]}", "a finite number", mend)
    return array


def shape(argument: str, array: Any, expected: tuple[int, ...]) -> None:
    """Require `array.shape == expected`."""
    if tuple(array.shape) != tuple(expected):
        fail(argument, f"has shape {tuple(map(int, array.shape))}", f"{tuple(expected)}")


def probabilities(argument: str, rows: FloatArray, mend: str = "normalise the row") -> None:
    """Require that the last axis of `rows` holds probabilities: not negative, with sum 1 up to 1e-9."""
    if (rows < 0).any():
        index = np.argwhere(rows < 0)[0]
        fail(entry(argument, index), f"is {rows[tuple(index)]:g}", "a probability", "probabilities are not negative")
    row_sums(argument, rows.sum(axis=-1), mend)


def normalised(
    rows: FloatArray, axes: int | tuple[int, ...] = -1, slack: float = SINGLE_PRECISION
) -> tuple[FloatArray, float]:
    """Divide distributions over `axes` by their sums where these are off 1 by rounding, up to `slack`.

    Returns them, and by how much a sum was off at most. Those within 1e-9 are taken as they are, and others left.
    """
    if rows.ndim == 0:
        return rows, 0.0
    sums = rows.sum(axis=axes, keepdims=True)
    off = np.abs(sums - 1)
    rounded = (off > SIMPLEX_TOLERANCE) & (off <= slack)
    return rows / np.where(rounded, sums, 1.0), float(off.max(initial=0.0))


def row_sums(argument: str, sums: FloatArray, mend: str = "normalise the row") -> None:
    """Require that sums of rows, indexed as the rows are, are 1 up to 1e-9."""
    off = np.abs(sums - 1) > SIMPLEX_TOLERANCE
    if off.any():
        index = np.argwhere(off)[0]
        name = entry(argument, index) if len(index) else argument
        total = float(sums[tuple(index)])
        fail(name, f"sums to {total!r}", "1", mend_of_sum(total, mend))


def mend_of_sum(total: float, mend: str) -> str:
    """What to do where probabilities sum to `total`: `mend`, or that for single precision so near 1."""
    single = "rows of single precision are so: convert to float64, then normalise"
    return single if abs(total - 1) < SINGLE_PRECISION else mend


def real(argument: str, value: Any) -> float:
    """Require one finite real number: of Python or numpy, a fraction, a decimal, or an array of no axes with one."""
    given = unwrapped(value)
    if isinstance(given, bool) or not isinstance(given, NUMBERS):
        fail(argument, f"is {shown(value)}", "a number")
    try:
        number = float(given)
    except (OverflowError, ValueError):  # the latter of a decimal that signals that it is none
        fail(argument, f"is {shown(value)}", "a number that a float can hold")
    if not math.isfinite(number):
        fail(argument, f"is {number}", "a finite number")
    return number


def unwrapped(value: Any) -> Any:
    """Return what an array of no axes holds, of any library, and a numpy number as Python's; anything else as it is."""
    holds_one = getattr(value, "ndim", None) == 0 and hasattr(value, "item")
    return value.item() if holds_one and not isinstance(value, np.ma.MaskedArray) else value


def positive(argument: str, value: Any, mend: str = "") -> float:
    """Require a finite number > 0."""
    number = real(argument, value)
    if number <= 0:
        fail(argument, f"is {number:g}", "a number > 0", mend)
    return number


def not_negative(argument: str, value: Any, mend: str = "") -> float:
    """Require a finite number >= 0."""
    number = real(argument, value)
    if number < 0:
        fail(argument, f"is {number:g}", "a number >= 0", mend)
    return number


def discount_factor(argument: str, value: Any, mend: str = "") -> float:
    """Require a number in [0, 1)."""
    number = real(argument, value)
    if not 0 <= number < 1:
        fail(argument, f"is {number:g}", "a number in [0, 1)", mend if number == 1 else "")
    return number


def proportion(argument: str, value: Any) -> float:
    """Require a number in [0, 1]."""
    number = real(argument, value)
    if not 0 <= number <= 1:
        fail(argument, f"is {number:g}", "a number in [0, 1]")
    return number


def count(argument: str, value: Any, minimum: int = 0, maximum: int | None = sys.maxsize) -> int:
    """Require a whole number from `minimum` to `maximum`; None: however large."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < minimum:
        fail(argument, f"is {shown(value)}", f"a whole number, at least {minimum}")
    if maximum is not None and value > maximum:
        fail(argument, f"is {shown(value)}", f"a whole number, at most {maximum}")
    return int(value)


def room(argument: str, *sizes: int) -> None:
    """Require that an array of these sizes, which the argument asks for, is not beyond all memory."""
    if math.prod(sizes) > _MOST_NUMBERS:
        fail(argument, f"asks for an array of {shown(math.prod(sizes))} numbers", "one that fits into memory")


def flag(argument: str, value: Any) -> bool:
    """Require true or false."""
    return bool(instance(argument, value, (bool, np.bool_), "true or false"))


def instance(argument: str, value: Any, kind: "type[T] | tuple[type[T], ...]", expected: str, mend: str = "") -> T:
    """Require an object of a class, which `expected` puts into words, or of one of several."""
    if not isinstance(value, kind):
        fail(argument, f"is of type {type(value).__name__}", expected, mend)
    return value


def iterated(argument: str, values: Any, expected: str, mend: str = "") -> Iterator[Any]:
    """Require something that can be gone through, but no text and no dict, and begin to."""
    if not isinstance(values, (str, bytes, dict)):
        with suppress(TypeError):
            return iter(values)
    fail(argument, f"is {shown(values)}", expected, mend)


def choice(argument: str, value: str, choices: Iterable[str], see: str = "") -> str:
    """Require one of `choices`; else name all where they are few, and the nearest, or where they are listed (`see`)."""
    known = list(choices)
    if isinstance(value, str) and value in known:
        return value
    few = 0 < len(known) <= _FEW
    near = _near(value, known) if isinstance(value, str) else []
    listed = see if see else "" if few else ", ".join(known)
    mend = f"did you mean {' or '.join(near)}?" if near else f"see {listed}" if listed else ""
    fail(argument, f"{shown(value)} is unknown", " or ".join(map(repr, known)) if few else "a known name", mend)


def _near(value: str, known: list[str]) -> list[str]:
    """Those of `known` that are spelt much like it; only what differs by capitals, where something does."""
    alike = [name for name in known if name.lower() == value.lower()]
    return alike or difflib.get_close_matches(value, known, n=3, cutoff=0.6)


def permutation_of(argument: str, given: Any, size: int, otherwise: str = "") -> list[int]:
    """Require each of 0 … size − 1 once."""
    try:
        items = list(islice(given, size + 1))
    except TypeError:
        items = []
    whole = all(isinstance(item, (int, np.integer)) and not isinstance(item, bool) for item in items)
    if not whole or sorted(items) != list(range(size)):
        fail(argument, f"is {shown(given)}", f"each number from 0 to {size - 1} once{otherwise}")
    return [int(item) for item in items]
