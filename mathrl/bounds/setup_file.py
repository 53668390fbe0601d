"""Setups as JSON files, described by setup.schema.json beside this file; `Setup.of` itself checks the numbers."""

import json
from contextlib import suppress
from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import Any

from mathrl.base import document
from mathrl.base.checks import InvalidInput, fail
from mathrl.base.files import as_path, decode, read, write_text
from mathrl.bounds.setup import Setup, check_setup
from mathrl.games.catalogue import load
from mathrl.games.files import names_file
from mathrl.games.json_file import from_json, to_json, transitions_from_json, transitions_to_json
from mathrl.games.model import Game, check_agent

__all__ = ["example", "game_of", "load_setup", "save_setup", "schema"]


def load_setup(path: str | PathLike[str], agent: int | None = None) -> Setup:
    """Read a setup from a JSON file.

    `path`   the file; `save_setup` writes such files
    `agent`  from which agent's side it is seen; by default from that which the file names

    Returns a `Setup`. Raises `InvalidInput`, a `ValueError`, naming the file and the line, key or array that is broken;
    and where another agent is asked for than the one whose opponents the file has models of.
    """
    path = as_path("path", path)
    return read(path, lambda data: _parse(decode(data), path.parent, agent), "a setup")


def game_of(path: str | PathLike[str]) -> str | None:
    """The file from which a setup takes its game. None where it holds the game, names it, or is no setup."""
    path = as_path("path", path)
    with suppress(InvalidInput):
        values = read(path, lambda data: document.parse(decode(data), "a setup"), "a setup")
        given = values.get("game") if isinstance(values, dict) else None
        return str(path.parent / given) if isinstance(given, str) and names_file(given) else None
    return None


def save_setup(setup: Setup, path: str | PathLike[str]) -> None:
    """Write a setup to a JSON file from which `load_setup` reads exactly the same setup.

    `setup`  the setup; what is perfect in it is left out
    `path`   where to write it

    The file is written whole or not at all.
    """
    check_setup(setup)
    write_text(as_path("path", path), json.dumps(_to_json(setup), allow_nan=False) + "\n")


def example() -> str:
    """The text of a small setup to start from, in which nothing is perfect."""
    return _beside("example.json")


def schema() -> dict[str, Any]:
    """The JSON schema of a setup."""
    described: dict[str, Any] = json.loads(_beside("setup.schema.json"))
    return described


def _beside(name: str) -> str:
    """The text of a file beside this one."""
    return files("mathrl.bounds").joinpath(name).read_text(encoding="utf-8")


def _parse(text: str, folder: Path, agent: int | None) -> Setup:
    values = document.parse(text, "a setup")
    if isinstance(values, dict) and isinstance(values.get("model"), dict) and "transitions" in values["model"]:
        fail("key 'model'", "is a whole game", "its transitions alone", "rewards, discount and start are the game's")
    document.check(values, schema())
    game = _game(values["game"], folder)
    named = values.setdefault("agent", 0)
    values["agent"] = named if agent is None else check_agent(game, agent)
    if values["agent"] != named and "opponent_models" in values:
        fail("agent", f"is {agent}", f"{named}, whose opponents the file has models of", "leave opponent_models out")
    model = transitions_from_json("model", values["model"], game.rewards_isa[0]) if "model" in values else None
    parts = ("policy", "data_policy", "opponent_models", "agent", "features")
    return Setup.of(game, model=model, **{part: values[part] for part in parts if part in values})


def _game(given: Any, folder: Path) -> Game:
    try:
        if isinstance(given, dict):
            return from_json(given)
        return load(folder / given if names_file(given) else given)
    except InvalidInput as error:
        raise InvalidInput(f"key 'game': {error}") from error


def _to_json(setup: Setup) -> dict[str, Any]:
    values: dict[str, Any] = {"format": "mathrl-bound", "version": 1, "game": to_json(setup.game)}
    if setup.model is not setup.game:
        values["model"] = transitions_to_json(setup.model)
    values["policy"] = [array.tolist() for array in setup.policy]
    if setup.data_policy is not setup.policy:
        values["data_policy"] = [array.tolist() for array in setup.data_policy]
    if any(model is not setup.policy[j] for j, model in zip(setup.opponents, setup.opponent_models, strict=True)):
        values["opponent_models"] = [array.tolist() for array in setup.opponent_models]
    values["agent"] = setup.agent
    if setup.features is not None:
        values["features"] = setup.features.tolist()
    return values
