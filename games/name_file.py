"""Names in files: JSON, in which a list is a tuple; and which version of a file a game needs for them.

Of states, texts, numbers, true and false, None, and tuples of these, one in another, read back equal to what they were.
"""

import json
import math
from typing import Any

import numpy as np

from mathrl.base import document
from mathrl.base.checks import fail
from mathrl.base.text import shown
from mathrl.games.model import Game

__all__ = ["from_lists", "names_from_text", "names_to_text", "to_lists", "version_of"]

_KEPT = "a text, a number, None or a tuple of these"
_MEND = "dataclasses.replace(game, state_names=tuple(map(str, game.state_names))) has texts in their place"


def to_lists(names: tuple[Any, ...]) -> list[Any]:
    """Return names as JSON data. Raise `InvalidInput` naming one that would not read back."""
    return [_list(f"state_names[{i}]", name) for i, name in enumerate(names)]


def from_lists(names: Any) -> Any:
    """Return the names that JSON data stands for: lists are tuples."""
    return tuple(map(from_lists, names)) if isinstance(names, list) else names


def names_to_text(names: Any) -> str:
    """Return names as the text of JSON data, a list but for the title."""
    return json.dumps(to_lists(names) if isinstance(names, tuple) else names)


def names_from_text(text: str) -> Any:
    """Return the names that the text of JSON data stands for; a list in it is a tuple."""
    return from_lists(document.parse(text, "names"))


def version_of(game: Game) -> int:
    """The first version of a `.json` or `.npz` file that holds all that a game has."""
    if game.agent_names is not None or game.action_names is not None:
        return 3
    return 1 if game.masks is None and game.ended is None and game.state_names is None else 2


def _list(argument: str, name: Any) -> Any:
    if isinstance(name, np.generic):
        name = name.item()
    if isinstance(name, tuple):
        return [_list(f"{argument}[{i}]", part) for i, part in enumerate(name)]
    if not (name is None or isinstance(name, (str, int)) or (isinstance(name, float) and math.isfinite(name))):
        fail(argument, f"is {shown(name)}", f"{_KEPT}, as files keep them", _MEND)
    return name
