"""Games as JSON documents, described by game.schema.json beside this file; `Game` itself checks the numbers."""

import json
import re
import reprlib
from importlib.resources import files
from typing import Any, NoReturn

import numpy as np

from mathrl.games.csr import from_arrays, to_arrays
from mathrl.games.gambit import is_matrix
from mathrl.games.model import Game
from mathrl.games.validate import InvalidInput, as_floats, choice, fail

__all__ = ["parse", "render"]

_TYPES = {
    "boolean": "true or false",
    "object": "{…}",
    "array": "a list",
    "number": "a number",
    "string": "text in quotes",
    "null": "null",
}
"""What JSON schema calls a type, in words of JSON."""


def parse(text: str) -> Game:
    """Read a game. Errors name the line or the key that is broken."""
    document = _document(text)
    _check_schema(document)
    name = "payoffs" if document["kind"] == "matrix" else "rewards"
    given: Any = document[name]
    rewards: Any = as_floats(name, given) if document["common_payoff"] else given
    if document["kind"] == "matrix":
        return Game.matrix(rewards)
    transitions = document["transitions"]
    if isinstance(transitions, dict):
        transitions = {f"transitions.{part}": values for part, values in transitions.items()}
        transitions = from_arrays(transitions, "transitions.", rewards)
    return Game.stochastic(rewards, transitions, document["discount"], document.get("start"))


def render(game: Game) -> str:
    """One line of JSON, in numbers that read back exactly."""
    matrix = is_matrix(game)
    document: dict[str, Any] = {"format": "mathrl-game", "version": 1}
    document |= {"kind": "matrix" if matrix else "stochastic", "common_payoff": game.common_payoff}
    if matrix:
        document |= {"payoffs": game.rewards.squeeze(-game.num_agents - 1).tolist()}
    else:
        document |= {"rewards": game.rewards.tolist(), "transitions": _transitions(game)}
        document |= {"discount": game.discount, "start": game.start.tolist()}
    return json.dumps(document, allow_nan=False) + "\n"


def _transitions(game: Game) -> Any:
    if isinstance(game.transitions, np.ndarray):
        return game.transitions.tolist()
    return {part: array.tolist() for part, array in to_arrays(game, "").items()}


def _document(text: str) -> Any:
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
        fail("the JSON", f"cannot be read ({error})", "a game")


def _check_schema(document: Any) -> None:
    from jsonschema import Draft202012Validator

    schema = json.loads(files("mathrl.games").joinpath("game.schema.json").read_text(encoding="utf-8"))
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
        wanted = " or ".join(expected) if isinstance(expected, list) else repr(expected)
    fail(f"key {key!r}" if key else "the JSON", f"is {reprlib.repr(error.instance)}", wanted)
