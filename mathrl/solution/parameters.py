"""The parameters of a solver as JSON, from which the same run can be made again.

    solver(game, **read(written(parameters)))       gives the same policy, bit for bit

Numbers, texts, None and flat lists of numbers stay what they are. A tuple of arrays, one per agent, is a list of nested
lists; an array that stands alone is an object with the key `array`; a `LearnedModel` is one with the keys `game` and
`opponent_model`; an array of objects, one for each game of a batch, is one with the key `each`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import fail
from mathrl.base.document import plain
from mathrl.base.stored import Lengths, array, arrays, check_form, of_type
from mathrl.games.json_file import from_json, to_json
from mathrl.games.learned_model import LearnedModel

__all__ = ["check", "objects", "read", "written"]

_POLICIES, _MODELS = ("policy", "initial_policy", "target_policy"), ("prior", "opponent_model")
_POLICY, _MODEL = arrays("S A_i", sums_to_1_over="A_i"), arrays("S B_i", sums_to_1_over="B_i")
_JOINT_POLICY = array("S A", sums_to_1_over="A")


def written(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as JSON data."""
    return {name: _written(value) for name, value in parameters.items()}


def read(values: Any) -> dict[str, Any]:
    """The parameters that were written; raises `TypeError` or `ValueError` where they are broken."""
    return {name: _read(value) for name, value in of_type(dict)(values).items()}


def check(parameters: Mapping[str, Any], source: str, lengths: Lengths, of_agent: Sequence[Lengths]) -> None:
    """Require that policies and models are probabilities, of the shapes that the solution has."""
    for name, value in parameters.items():
        _check(name, value, f"{source}, {name}", lengths, of_agent)


def _check(name: str, value: Any, where: str, lengths: Lengths, of_agent: Sequence[Lengths]) -> None:
    kinds = {type(item) for item in value} if isinstance(value, tuple) else set()
    if name in _POLICIES and isinstance(value, np.ndarray):
        check_form(_JOINT_POLICY, value, where, lengths, of_agent)
    elif name in (*_POLICIES, *_MODELS) and kinds == {np.ndarray}:
        check_form(_POLICY if name in _POLICIES else _MODEL, value, where, lengths, of_agent)
    elif name == "models" and kinds == {LearnedModel}:
        for t, model in enumerate(value):
            _check_model(model, f"{where}[{t}]", lengths, of_agent)


def _check_model(model: LearnedModel, where: str, lengths: Lengths, of_agent: Sequence[Lengths]) -> None:
    found, expected = (model.game.num_states, *model.game.num_actions), (*lengths["S"], *lengths["A"])
    if found != expected:
        fail(f"{where}.game", f"has {_counted(found)}", f"{_counted(expected)}", "the lengths are those of policy")
    check_form(_MODEL, model.opponent_model, f"{where}.opponent_model", lengths, of_agent)


def _counted(lengths: Sequence[int]) -> str:
    return f"{lengths[0]} states and {', '.join(map(str, lengths[1:]))} actions"


def _written(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype == object:
        return {"each": [_written(item) for item in value]}
    if isinstance(value, np.ndarray):
        return {"array": plain(value)}
    if isinstance(value, LearnedModel):
        return {"game": to_json(value.game), "opponent_model": plain(value.opponent_model)}
    if isinstance(value, (list, tuple)):
        return [plain(item) if isinstance(item, np.ndarray) else _written(item) for item in value]
    return plain(value)


def _read(value: Any) -> Any:
    if value == []:  # no models
        return ()
    if isinstance(value, list) and value and all(isinstance(item, list) for item in value):
        return tuple(map(_array, value))
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return tuple(map(_read, value))
    if isinstance(value, dict) and set(value) == {"array"}:
        return _array(value["array"])
    if isinstance(value, dict) and set(value) == {"each"}:
        return objects([_read(item) for item in of_type(list)(value["each"])])
    # Older files only describe the game, by a text.
    if isinstance(value, dict) and isinstance(value.get("game"), dict):
        models = value["opponent_model"]
        return LearnedModel(from_json(value["game"]), None if models is None else tuple(map(_array, models)))
    return value


def objects(values: Sequence[Any]) -> npt.NDArray[np.object_]:
    """An array of values of any types, one for each game of a batch."""
    spread = np.empty(len(values), dtype=object)
    for k, value in enumerate(values):
        spread[k] = value
    return spread


def _array(value: Any) -> Any:
    array = np.array(of_type(list)(value))
    if array.dtype.kind not in "iuf":
        raise TypeError
    return array
