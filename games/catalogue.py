"""The games by name. This file, and no other, imports the files that hold them."""

import ast
import os
from os import PathLike
from pathlib import Path
from typing import Any

from mathrl.base.checks import InvalidInput, choice, fail, instance
from mathrl.base.text import shown
from mathrl.games import matrix, random, stochastic
from mathrl.games.files import SUFFIXES, load_file, names_file
from mathrl.games.model import Game
from mathrl.games.registry import REGISTRY, Entry, game

__all__ = ["Entry", "entry", "game", "load", "names"]

FAMILIES = (matrix, stochastic, random)
LISTED = f"`mathrl games` or mathrl.games.names(), or give a file that ends in {' or '.join(SUFFIXES)}"


def names() -> tuple[str, ...]:
    """Return the names of all games in the catalogue: those that `load` knows.

    Returns a tuple of strings, in the order of the catalogue. `entry` says more of each.
    """
    return tuple(REGISTRY)


def entry(name: str) -> Entry:
    """Return what the catalogue says of a game: its source, summary, factory and parameters.

    `name`  the name of the game; - and _ are the same in it

    Returns an `Entry`. Raises `ValueError` where no game has this name.
    """
    instance("name", name, str, "the name of a game")
    return REGISTRY[choice("game", name.replace("_", "-"), REGISTRY, see=LISTED)]


def load(name_or_path: str | PathLike[str]) -> Game:
    """Build a game by name, or read it from a file.

    `name_or_path`  a name as in "climbing"; a name with parameters as in "penalty(k=-50)", whose values are literals;
                    or the path of a file that ends in .json, .npz, .nfg, .gam or .csv

    Returns a `Game`. Raises `InvalidInput`, a `ValueError`, where the name, a parameter or the file is not right.

    >>> load("climbing").num_actions
    (3, 3)
    >>> float(load("penalty(k=-50)").rewards.min())
    -50.0
    """
    if not isinstance(name_or_path, (str, PathLike)):
        fail("name_or_path", f"is {shown(name_or_path)}", "a name or a path")
    text = os.fspath(name_or_path)
    if "(" not in text and os.path.exists(text) and not names_file(text):
        fail(f"path {text!r}", f"ends in {Path(text).suffix!r}", " or ".join(SUFFIXES))
    if not isinstance(name_or_path, str) or names_file(text):
        return load_file(text)
    name, parenthesis, rest = text.partition("(")
    known = entry(name.strip())
    parameters = _literals(text, rest, known) if parenthesis else {}
    try:
        return known.factory(**parameters)
    except InvalidInput as error:
        raise InvalidInput(f"{known.name}: {error} (it is {known.call} by default)") from error


def _literals(text: str, rest: str, known: Entry) -> dict[str, Any]:
    """The parameters of a call whose text after the first parenthesis is `rest`; only literals are evaluated."""
    form = f"{known.name}(parameter=literal, …)"
    try:
        call = ast.parse(f"_({rest}", mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            fail("game", f"is {shown(text)}", form)
        if call.args:
            fail("game", f"is {shown(text)}", form, "name every parameter")
        parameters = {keyword.arg or "**": ast.literal_eval(keyword.value) for keyword in call.keywords}
    except InvalidInput:
        raise
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        fail("game", f"is {shown(text)}", form)
    if len(parameters) < len(call.keywords):
        fail("game", f"is {shown(text)}", "each parameter once")
    for parameter in parameters:
        if parameter not in known.parameters:
            takes = ", ".join(known.parameters) or "none"
            fail(f"parameter {parameter!r}", f"is unknown to {known.name}", f"one of its parameters ({takes})")
    return parameters
