"""Games as JSON documents, described by game.schema.json beside this file; `Game` itself checks the numbers."""

import json
from importlib.resources import files
from typing import Any

import numpy as np

from mathrl.base import document
from mathrl.base.checks import as_floats
from mathrl.games.csr import from_arrays, to_arrays
from mathrl.games.gambit import is_matrix
from mathrl.games.model import Game

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
    rewards: Any = values[name]
    if values["kind"] == "matrix":
        return Game.matrix(rewards, common_payoff=values["common_payoff"])
    rewards = as_floats(name, rewards) if values["common_payoff"] else rewards
    transitions = transitions_from_json("transitions", values["transitions"], rewards)
    return Game.stochastic(rewards, transitions, values["discount"], values.get("start"))


def to_json(game: Game) -> dict[str, Any]:
    """Return the document that describes a game."""
    matrix = is_matrix(game)
    values: dict[str, Any] = {"format": "mathrl-game", "version": 1}
    values |= {"kind": "matrix" if matrix else "stochastic", "common_payoff": game.common_payoff}
    if matrix:
        return values | {"payoffs": game.rewards.squeeze(-game.num_agents - 1).tolist()}
    values |= {"rewards": game.rewards.tolist(), "transitions": transitions_to_json(game)}
    return values | {"discount": game.discount, "start": game.start.tolist()}


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
