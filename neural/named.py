"""Environments by name: games of `mathrl.games` that have a common payoff, and environments that are no games."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from mathrl.base.checks import choice
from mathrl.games import load, names
from mathrl.games.files import names_file
from mathrl.neural import summaries
from mathrl.neural.environments import Environment
from mathrl.neural.quadratics import Quadratics
from mathrl.neural.tabular import Tabular, tabular

__all__ = ["ENVIRONMENTS", "Named", "described", "environment"]


class Named(NamedTuple):
    """An environment that is no game: what it is, in a line, and how it is made."""

    summary: str
    make: Callable[[], Environment]


ENVIRONMENTS: Mapping[str, Named] = {
    name: Named(summaries.ENVIRONMENTS[name], make) for name, make in {"max-of-two-quadratics": Quadratics}.items()
}
"""All environments that are no games."""


def environment(name_or_path: str) -> Environment:
    """The environment of this name, or the game of this name or in this file, as networks learn in it.

    Raises `ValueError` where there is none, and where the agents of the game have different payoffs.
    """
    plain = name_or_path.replace("_", "-")
    if plain in ENVIRONMENTS:
        return ENVIRONMENTS[plain].make()
    if plain == plain.partition("(")[0] and not names_file(name_or_path):
        choice("game", plain, [*ENVIRONMENTS, *names()], see="mathrl games, and mathrl train --list")
    return tabular(load(name_or_path))


def described(environment: Environment) -> dict[str, Any]:
    """What tells two games apart whose names are the same: sizes, and a digest of all that learning depends on."""
    if not isinstance(environment, Tabular):
        return {}
    game = environment.game
    arrays = (
        *(environment.rewards, environment.successors, environment.cumulative, environment.masks, environment.first),
        game.terminal,
    )
    digest = hashlib.sha256(repr((game.num_actions, game.discount)).encode())
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return {"states": game.num_states, "actions": list(game.num_actions), "digest": digest.hexdigest()[:16]}
