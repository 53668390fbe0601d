"""Dataclass fields that are kept as JSON, each declared in one line: how it is written and read, and its shapes.

    policy: Policy = field(metadata=stored(arrays("S A_i")))
    v: FloatArray = field(metadata=stored(array("S", "n S")))

A shape is a text of axes, whose lengths are looked up when a file is read: `n` agents, `S` states, `A` for all of
A_1, …, A_n, `A_i` and `B_i` for the actions of agent i and the joint actions of all others. Arrays of probabilities
name the axis over which they sum to 1, and indices the axis that they are indices of.
"""

import math
import reprlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np

from mathrl.base.checks import InvalidInput, fail, probabilities
from mathrl.base.document import plain

__all__ = [
    "FORM",
    "INTEGER",
    "MAY_LACK",
    "NUMBER",
    "TEXT",
    "Form",
    "Lengths",
    "array",
    "array_with_gaps",
    "arrays",
    "arrays_with_gaps",
    "check_field",
    "check_form",
    "indices",
    "nested",
    "number_or_array",
    "of_type",
    "optional",
    "read_field",
    "read_fields",
    "shape_of",
    "stored",
    "written_fields",
]

T = TypeVar("T")
Lengths = Mapping[str, tuple[int, ...]]

FORM, MAY_LACK = "form", "may_lack"
"""The keys of a field's metadata."""


def _written(value: Any) -> Any:
    """`value` as JSON data; a dataclass of stored fields as an object."""
    if is_dataclass(value) and any(FORM in item.metadata for item in fields(value)):
        return written_fields(value)
    return plain(value)


@dataclass(frozen=True)
class Form:
    """How a field is read from JSON and written, and which shapes its array, or each agent's, can have.

    `kind` is the dataclass whose fields it holds, if it holds one. `read` raises `KeyError`, `OverflowError`,
    `TypeError` or `ValueError` where the JSON is not of this form.
    """

    read: Callable[[Any], Any]
    write: Callable[[Any], Any] = _written
    shapes: tuple[str, ...] = ()
    each_agent: bool = False
    sums_to_1_over: str = ""
    indices_of: str = ""
    kind: Any = None


def stored(form: Form, *, may_lack: bool = False) -> dict[str, Any]:
    """The metadata of a field of this form. `may_lack`: older files are without it, and get the default."""
    return {FORM: form, MAY_LACK: may_lack}


def written_fields(value: Any) -> dict[str, Any]:
    """All fields of a dataclass of stored fields as JSON data."""
    return {item.name: item.metadata[FORM].write(getattr(value, item.name)) for item in fields(value)}


def read_fields(kind: Any, values: Mapping[str, Any], source: str, expected: str) -> dict[str, Any]:
    """All fields of a dataclass of stored fields; errors name `source` and the key that is missing or broken."""
    read: dict[str, Any] = {}
    for item in fields(kind):
        if item.name in values:
            read[item.name] = read_field(item, values[item.name], source, expected)
        elif not item.metadata[MAY_LACK]:
            fail(source, f"lacks the key {item.name!r}", expected)
    return read


def read_field(item: Any, value: Any, source: str, expected: str) -> Any:
    """A field of a dataclass from JSON data; an error names `source` and the key."""
    try:
        return item.metadata[FORM].read(value)
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        found = f"has the key {item.name!r} with value {reprlib.repr(value)}"
        raise InvalidInput(f"{source} {found}, expected {expected}") from error


def shape_of(axes: str, lengths: Lengths) -> tuple[int, ...]:
    """The shape that a text of axes stands for."""
    return tuple(length for axis in axes.split() for length in lengths[axis])


def check_field(item: Any, value: Any, source: str, lengths: Lengths, of_agent: Sequence[Lengths]) -> None:
    """`check_form` of a field of a dataclass; `source` is where the dataclass stands."""
    check_form(item.metadata[FORM], value, f"{source}: key {item.name!r}", lengths, of_agent)


def check_form(form: Form, value: Any, where: str, lengths: Lengths, of_agent: Sequence[Lengths]) -> None:
    """Require one of the shapes of a form, probabilities and indices; `of_agent` are the lengths that agents differ in.

    Numbers that JSON does not know are nan when they are read back, and nan is let pass.
    """
    if form.each_agent and value is not None:
        if len(value) != len(of_agent):
            fail(where, f"has {len(value)} arrays", f"{len(of_agent)}, one per agent")
        for i, own in enumerate(value):
            _check(f"{where}, array {i},", own, form, {**lengths, **of_agent[i]})
    elif form.shapes and isinstance(value, np.ndarray):
        _check(where, value, form, lengths)
    elif form.indices_of:
        (length,) = lengths[form.indices_of]
        outside = value[(value < 0) | (value >= length)]
        if outside.size:
            fail(where, f"holds {outside[0]}", f"indices of {length} points, from 0 to {length - 1}")


def _check(where: str, value: Any, form: Form, lengths: Lengths) -> None:
    allowed = {axes: shape_of(axes, lengths) for axes in form.shapes}
    if value.shape not in allowed.values():
        named = (f"{shape} for ({_spelled(axes)})" for axes, shape in allowed.items())
        counted = {"steps", "K"} & set(" ".join(form.shapes).split())
        fail(
            where, f"has shape {value.shape}", " or ".join(named), "" if counted else "the lengths are those of policy"
        )
    if form.sums_to_1_over:
        axes = next(axes for axes, shape in allowed.items() if shape == value.shape)
        named_axes = [axis for axis in axes.split() for _ in lengths[axis]]
        summed = [k for k, axis in enumerate(named_axes) if axis == form.sums_to_1_over]
        rows = np.moveaxis(value, summed, range(-len(summed), 0))
        if not np.isfinite(rows).all():
            fail(where.rstrip(","), "holds null", "probabilities")
        probabilities(f"{where.rstrip(',')}, row", rows.reshape(*rows.shape[: -len(summed)], -1))


def _spelled(axes: str) -> str:
    return ", ".join("A_1, …, A_n" if axis == "A" else axis for axis in axes.split())


def of_type(kind: type) -> Callable[[Any], Any]:
    """A reader that takes values of exactly this type."""

    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError
        return value

    return read


def _number(value: Any) -> float:
    return math.nan if value is None else value if type(value) is int else of_type(float)(value)


def _array(value: Any) -> Any:
    return np.array(of_type(list)(value), dtype=np.float64)


def _array_with_gaps(value: Any) -> Any:
    array = _array(value)
    array[np.isnan(array)] = -np.inf
    return array


NUMBER = Form(_number)
INTEGER = Form(of_type(int))
TEXT = Form(of_type(str))


def indices(of: str) -> Form:
    """A list of indices of the axis `of`."""
    return Form(lambda value: np.array([*map(of_type(int), of_type(list)(value))], np.int64), indices_of=of)


def array(*shapes: str, sums_to_1_over: str = "") -> Form:
    """An array of floats, of one of these shapes."""
    return Form(_array, shapes=shapes, sums_to_1_over=sums_to_1_over)


def array_with_gaps(*shapes: str) -> Form:
    """An array of floats that are −∞ where JSON has null: values at joint actions that are not available."""
    return Form(_array_with_gaps, shapes=shapes)


def number_or_array(*shapes: str) -> Form:
    """A number, or an array of one of these shapes."""
    return Form(lambda value: _array(value) if isinstance(value, list) else _number(value), shapes=shapes)


def arrays(*shapes: str, sums_to_1_over: str = "") -> Form:
    """A tuple of arrays, one for each agent, of one of these shapes."""

    def read(value: Any) -> Any:
        return tuple(map(_array, of_type(list)(value)))

    return Form(read, shapes=shapes, each_agent=True, sums_to_1_over=sums_to_1_over)


def arrays_with_gaps(*shapes: str) -> Form:
    """A tuple of arrays, one for each agent, of floats that are −∞ where JSON has null."""
    return Form(lambda value: tuple(map(_array_with_gaps, of_type(list)(value))), shapes=shapes, each_agent=True)


def nested(kind: Callable[..., T]) -> Form:
    """A dataclass whose own fields are stored ones."""

    def read(value: Any) -> T:
        return kind(**read_fields(kind, of_type(dict)(value), "the object", getattr(kind, "__name__", "")))

    return Form(read, kind=kind)


def optional(form: Form) -> Form:
    """The form, or None."""
    return replace(form, read=lambda value: None if value is None else form.read(value))
