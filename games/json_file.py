"""Games as JSON documents, described by game.schema.json beside this file; `Game` itself checks the numbers.

Version 2 also has `available`, `terminal` and `state_names`; rewards of joint actions that are not available are null
in it. Version 3 also has `agent_names` and `action_names`. A game is written in the first version that has all that it
needs, for older programs.
"""

import json
import math
from importlib.resources import files
from typing import Any

import numpy as np

from mathrl.base import document
from mathrl.base.checks import FloatArray, InvalidInput, as_numbers
from mathrl.games.csr import from_arrays, to_arrays
from mathrl.games.matrix_form import is_matrix
from mathrl.games.model import Game
from mathrl.games.name_file import from_lists, to_lists, version_of

__all__ = ["from_json", "parse", "render", "to_json", "transitions_from_json", "transitions_to_json"]


def parse(text: str) -> Game:
    """Read a game from JSON text. Raises `InvalidInput` naming the line or the key that is broken."""
    return from_json(document.parse(text, "a game"))


def render(game: Game) -> str:
    """Write a game as one line of JSON, in numbers that read back exactly."""
    return json.dumps(to_json(game), allow_nan=False) + "\n"


def from_json(values: Any) -> Game:
    """Return the game that a parsed document describes."""
    schema = json.loads(files("mathrl.games").joinpath("game.schema.json").read_text(encoding="utf-8"))
    document.check(values, schema)
    name = "payoffs" if values["kind"] == "matrix" else "rewards"
    numbers = {key: _null_as_nan(values[key]) for key in (name, "transitions") if key in values}
    try:
        return _game(name, values | numbers)
    except InvalidInput as error:  # JSON has no nan
        raise InvalidInput(str(error).replace(" is nan, ", " is null, ")) from error


def _game(name: str, values: dict[str, Any]) -> Game:
    """The game of a document that fits the schema; nan stands for null in it, and `name` is the key of its rewards."""
    rewards: Any = values[name]
    available, terminal = values.get("available"), values.get("terminal")
    names = {kind: values.get(kind) for kind in ("agent_names", "action_names")}
    names["title"] = values.get("title") or None
    if values["kind"] == "matrix":
        return Game.matrix(rewards, common_payoff=values["common_payoff"], available=available, **names)
    rewards = as_numbers(name, rewards) if values["common_payoff"] else rewards
    transitions = transitions_from_json("transitions", values["transitions"], rewards)
    kept = {"available": available, "terminal": terminal, "state_names": from_lists(values.get("state_names"))}
    return Game.stochastic(rewards, transitions, values["discount"], values.get("start"), **kept, **names)


def to_json(game: Game) -> dict[str, Any]:
    """Return the document that describes a game."""
    matrix = is_matrix(game) and game.state_names is None
    values: dict[str, Any] = {"format": "mathrl-game", "version": version_of(game)}
    values |= {"kind": "matrix" if matrix else "stochastic", "common_payoff": game.common_payoff}
    values |= {} if game.title is None else {"title": game.title}
    if matrix:
        values |= {"payoffs": _unavailable_as_null(game, game.rewards.squeeze(-game.num_agents - 1))}
    else:
        values |= {"rewards": _unavailable_as_null(game, game.rewards), "transitions": transitions_to_json(game)}
        values |= {"discount": game.discount, "start": game.start.tolist()}
    if game.masks is not None:
        values["available"] = [(own[0] if matrix else own).tolist() for own in game.masks]
    if game.ended is not None:
        values["terminal"] = game.ended.tolist()
    if game.state_names is not None:
        values["state_names"] = to_lists(game.state_names)
    if game.agent_names is not None:
        values["agent_names"] = [*game.agent_names]
    if game.action_names is not None:
        values["action_names"] = [None if own is None else [*own] for own in game.action_names]
    return values


def _unavailable_as_null(game: Game, rewards: FloatArray) -> Any:
    """Rewards as nested lists, None where a joint action is not available."""
    return rewards.tolist() if game.masks is None else document.plain(rewards)


def _null_as_nan(values: Any) -> Any:
    """Nested lists with nan for None: `Game` ignores it where a joint action is not available, and refuses others."""
    if not isinstance(values, list):
        return values
    if any(isinstance(item, list) for item in values):
        return list(map(_null_as_nan, values))
    return [math.nan if item is None else item for item in values] if None in values else values


def transitions_from_json(argument: str, values: Any, rewards: Any) -> Any:
    """Transitions as `Game` takes them: nested lists, or the CSR array of an object of its three arrays."""
    if not isinstance(values, dict):
        return values
    return from_arrays({f"{argument}.{part}": array for part, array in values.items()}, f"{argument}.", rewards)


def transitions_to_json(game: Game) -> Any:
    """The transitions of a game: nested lists, or an object of the three arrays of a CSR array."""
    if isinstance(game.transitions, np.ndarray):
        return game.transitions.tolist()
    return {part: array.tolist() for part, array in to_arrays(game, "").items()}
