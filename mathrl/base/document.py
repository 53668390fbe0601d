"""JSON: values as JSON data, and documents read strictly and checked against a schema; errors name the place."""

import json
import math
import re
import reprlib
from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np

from mathrl.base.checks import InvalidInput, choice, fail

__all__ = ["check", "parse", "plain"]

_TYPES = {
    "boolean": "true or false",
    "object": "{…}",
    "array": "a list",
    "number": "a number",
    "integer": "a whole number",
    "string": "text in quotes",
    "null": "null",
}
"""What JSON schema calls a type, in words of JSON."""

_BRIEF = reprlib.Repr()
_BRIEF.maxlevel = 1
"""Shows what was found, which may be a whole file, in part of a line."""


def parse(text: str, expected: str) -> Any:
    """The values of a JSON text in which each key stands once and all numbers are finite; `expected` is what it is."""

    def refuse(constant: str) -> NoReturn:
        # The parser does not say where it is; strings are matched first, so that none is taken for a constant.
        found = (match for match in re.finditer(r'"(?:\\.|[^"\\])*"|-?Infinity|NaN', text) if match[0] == constant)
        line = 1 + text.count("\n", 0, next(found).start())
        fail(f"line {line}", f"holds {constant}", "finite numbers")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            fail(f"key {max(names, key=names.count)!r}", "is given twice", "each key once")
        return dict(pairs)

    try:
        return json.loads(text, parse_constant=refuse, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        fail(f"line {error.lineno}, column {error.colno}", f"is not JSON ({error.msg})", "JSON")
    except InvalidInput:
        raise
    except (RecursionError, ValueError) as error:
        fail("the JSON", f"cannot be read ({error})", expected)


def check(document: Any, schema: Mapping[str, Any]) -> None:
    """Require what a schema says of the document; of several errors the outermost is named."""
    from jsonschema import Draft202012Validator

    error = min(Draft202012Validator(schema).iter_errors(document), key=lambda error: len(error.path), default=None)
    if error is None:
        return
    key = ".".join(map(str, error.path))
    inside = f" in {key!r}" if key else ""
    expected: Any = error.validator_value
    if error.validator == "required":
        missing = next(name for name in expected if name not in error.instance)
        fail(f"key {missing!r}", f"is missing{inside}", f"the keys {', '.join(expected)}")
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        choice(f"key{inside}", next(name for name in error.instance if name not in known), known)
    if error.validator == "type":
        wanted = " or ".join(_TYPES[kind] for kind in (expected if isinstance(expected, list) else [expected]))
    else:
        wanted = " or ".join(map(str, expected)) if isinstance(expected, list) else repr(expected)
    fail(f"key {key!r}" if key else "the JSON", f"is {_BRIEF.repr(error.instance)}", wanted, _asked_for_by(error))


def _asked_for_by(error: Any) -> str:
    """The key that asks for what was found to be otherwise, where a schema says so (`dependentSchemas`)."""
    kind, *rest = error.schema_path
    return f"{rest[0]!r} needs it" if kind == "dependentSchemas" else ""


def plain(value: Any) -> Any:
    """`value` as JSON data: arrays become lists, numbers that are not finite None, and what JSON does not know text."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)
