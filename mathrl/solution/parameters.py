"""The parameters of a solver as JSON, from which the same run can be made again.

    solver(game, **read(written(parameters)))       gives the same policy, bit for bit

Numbers, texts, None and flat lists of numbers stay what they are. A tuple of arrays, one per agent, is a list of nested
lists; an array that stands alone is an object with the key `array`; a `LearnedModel` is one with the keys `game` and
`opponent_model`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mathrl.base.document import plain
from mathrl.base.stored import of_type
from mathrl.games.json_file import from_json, to_json
from mathrl.games.learned_model import LearnedModel

__all__ = ["read", "written"]


def written(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as JSON data."""
    return {name: _written(value) for name, value in parameters.items()}


def read(values: Any) -> dict[str, Any]:
    """The parameters that were written; raises `TypeError` or `ValueError` where they are broken."""
    return {name: _read(value) for name, value in of_type(dict)(values).items()}


def _written(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {"array": plain(value)}
    if isinstance(value, LearnedModel):
        return {"game": to_json(value.game), "opponent_model": plain(value.opponent_model)}
    if isinstance(value, (list, tuple)):
        return [plain(item) if isinstance(item, np.ndarray) else _written(item) for item in value]
    return plain(value)


def _read(value: Any) -> Any:
    if isinstance(value, list) and value and all(isinstance(item, list) for item in value):
        return tuple(map(_array, value))
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return tuple(map(_read, value))
    if isinstance(value, dict) and set(value) == {"array"}:
        return _array(value["array"])
    # Older files only describe the game, by a text.
    if isinstance(value, dict) and isinstance(value.get("game"), dict):
        models = value["opponent_model"]
        return LearnedModel(from_json(value["game"]), None if models is None else tuple(map(_array, models)))
    return value


def _array(value: Any) -> Any:
    array = np.array(of_type(list)(value))
    if array.dtype.kind not in "iuf":
        raise TypeError
    return array
