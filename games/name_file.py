"""Names of states in files: JSON, in which a list is a tuple.

Texts, numbers, true and false, None, and tuples of these, one in another, read back equal to what they were.
"""

import json
import math
from typing import Any

import numpy as np

from mathrl.base import document
from mathrl.base.checks import fail
from mathrl.base.text import shown

__all__ = ["from_lists", "names_from_text", "names_to_text", "to_lists"]

_KEPT = "a text, a number, None or a tuple of these"
_MEND = "dataclasses.replace(game, state_names=tuple(map(str, game.state_names))) has texts in their place"


def to_lists(names: tuple[Any, ...]) -> list[Any]:
    """Return names as JSON data. Raise `InvalidInput` naming one that would not read back."""
    return [_list(f"state_names[{i}]", name) for i, name in enumerate(names)]


def from_lists(names: Any) -> Any:
    """Return the names that JSON data stands for: lists are tuples."""
    return tuple(map(from_lists, names)) if isinstance(names, list) else names


def names_to_text(names: tuple[Any, ...]) -> str:
    """Return names as the text of a JSON list."""
    return json.dumps(to_lists(names))


def names_from_text(text: str) -> Any:
    """Return the names that the text of a JSON list stands for; a list within it is a tuple."""
    return from_lists(document.parse(text, "names of states"))


def _list(argument: str, name: Any) -> Any:
    if isinstance(name, np.generic):
        name = name.item()
    if isinstance(name, tuple):
        return [_list(f"{argument}[{i}]", part) for i, part in enumerate(name)]
    if not (name is None or isinstance(name, (str, int)) or (isinstance(name, float) and math.isfinite(name))):
        fail(argument, f"is {shown(name)}", f"{_KEPT}, as files keep them", _MEND)
    return name
