"""Dataclasses of stored fields (`mathrl.base.stored`) as NumPy archives: arrays bit for bit, nothing pickled.

q                   an array, or a number, under the name of the field
policy_0, policy_1  a tuple of arrays, one for each agent
path.rationality    a field of a field that is such a dataclass itself
document            all the rest, such as texts and tuples of texts, as the text of a JSON object
"""

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from os import PathLike
from typing import Any

import numpy as np

from mathrl.base.checks import fail
from mathrl.base.document import parse
from mathrl.base.files import as_path, write_bytes, write_text
from mathrl.base.stored import FORM, MAY_LACK, Form, read_field

__all__ = ["DOCUMENT", "arrays_in", "from_arrays", "save", "to_arrays", "to_bytes"]

_BROKEN = (
    *(ValueError, TypeError, KeyError, OSError, EOFError, zipfile.BadZipFile, zlib.error),
    *(MemoryError, RuntimeError),  # an array that is said to be huge; an archive with a password
)
"""What NumPy and `zipfile` raise where an archive is broken."""

DOCUMENT = "document"
"""The name of the array that holds the text."""

Arrays = Mapping[str, Any]


def to_arrays(value: Any) -> dict[str, Any]:
    """The fields of a dataclass of stored fields, as arrays by name."""
    arrays, document = dict[str, Any](), dict[str, Any]()
    for item in fields(value):
        held = getattr(value, item.name)
        if isinstance(held, (float, np.ndarray)):
            arrays[item.name] = np.asarray(held)
        elif isinstance(held, tuple) and all(isinstance(own, np.ndarray) for own in held):
            arrays |= {f"{item.name}_{k}": own for k, own in enumerate(held)}
        elif is_dataclass(held) and any(FORM in own.metadata for own in fields(held)):
            arrays |= {f"{item.name}.{name}": own for name, own in to_arrays(held).items()}
        else:
            document[item.name] = item.metadata[FORM].write(held)
    return arrays | {DOCUMENT: np.array(json.dumps(document))}


def from_arrays(kind: Any, arrays: Arrays, source: str, expected: str) -> dict[str, Any]:
    """The fields that `to_arrays` wrote; errors name `source` and the array or key that is missing or broken."""
    document = _document(arrays, source, expected)
    read = dict[str, Any]()
    for item in fields(kind):
        name, form = item.name, item.metadata[FORM]
        inner = {key.removeprefix(f"{name}."): own for key, own in arrays.items() if key.startswith(f"{name}.")}
        if name in document:
            read[name] = read_field(item, document[name], source, expected)
        elif name in arrays:
            read[name] = _array(name, arrays[name], form, source)
        elif f"{name}_0" in arrays:
            count = sum(key.removeprefix(f"{name}_").isdecimal() for key in arrays if key.startswith(f"{name}_"))
            named = [f"{name}_{k}" for k in range(count)]
            for key in named:
                if key not in arrays:
                    fail(source, f"lacks the array {key!r}", expected)
            read[name] = tuple(_array(key, arrays[key], form, source) for key in named)
        elif inner and form.kind is not None:
            read[name] = form.kind(**from_arrays(form.kind, inner, source, expected))
        elif not item.metadata[MAY_LACK]:
            fail(source, f"lacks the array {name!r}", expected)
    return read


def to_bytes(arrays: Arrays) -> bytes:
    """An archive of these arrays."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def save(path: str | PathLike[str], value: Any, document: Mapping[str, Any]) -> None:
    """Write a dataclass, whole or not at all: as an archive where `path` ends in .npz, else `document` as JSON."""
    path = as_path("path", path)
    if path.suffix.lower() == ".npz":
        write_bytes(path, to_bytes(to_arrays(value)))
    else:
        write_text(path, json.dumps(document) + "\n")


def arrays_in(data: bytes, expected: str) -> dict[str, Any]:
    """The arrays of an archive by name; `expected` is what it was to hold."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            return dict(archive)
    except _BROKEN as error:
        ours = zipfile.is_zipfile(io.BytesIO(data)) and "pickle" not in str(error)  # else NumPy says what does not help
        why = f" ({error})" if ours else ""
        fail("the file", f"is no .npz archive of plain arrays{why}", expected)


def _document(arrays: Arrays, source: str, expected: str) -> dict[str, Any]:
    if DOCUMENT not in arrays or arrays[DOCUMENT].dtype.kind != "U" or arrays[DOCUMENT].ndim:
        fail(source, f"lacks the text {DOCUMENT!r}", expected)
    document = parse(str(arrays[DOCUMENT]), expected)
    if not isinstance(document, dict):
        fail(f"{source}: array {DOCUMENT!r}", f"holds a {type(document).__name__}", "one JSON object")
    return document


def _array(name: str, array: Any, form: Form, source: str) -> Any:
    """The array of a field, or the number if it has no axes."""
    kind, called = ("i", "integers") if form.indices_of else ("f", "floats")
    if array.dtype.kind != kind or array.dtype.itemsize != 8:
        fail(f"{source}: array {name!r}", f"has dtype {array.dtype}", f"{called} of 64 bits")
    numbers = not (form.shapes or form.indices_of)
    if numbers and array.ndim:
        fail(f"{source}: array {name!r}", f"has shape {array.shape}", "one number")
    return array.item() if array.ndim == 0 else array
