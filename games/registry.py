"""Named games as decorated factories. `mathrl.games.catalogue` imports all files that hold some."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

from mathrl.base.checks import fail
from mathrl.base.registry import Registry
from mathrl.games.model import Game

__all__ = ["REGISTRY", "Entry", "game"]

Factory = TypeVar("Factory", bound=Callable[..., Game])


@dataclass(frozen=True)
class Entry:
    """A named game: where it comes from, what it is, and the factory that builds it.

    `name`        what `load` knows it by
    `source`      the paper or book that it is taken from
    `summary`     one sentence on what it is
    `factory`     the function that builds it; all its parameters have defaults
    `parameters`  these parameters with their defaults
    """

    name: str
    source: str
    summary: str
    factory: Callable[..., Game]
    parameters: Mapping[str, Any]

    @property
    def call(self) -> str:
        """How the game is asked for with its defaults, as in `penalty(k=-100)`."""
        parameters = ", ".join(f"{name}={default!r}" for name, default in self.parameters.items())
        return f"{self.name}({parameters})" if parameters else self.name


REGISTRY = Registry[Entry]("name", "game")
"""The entries by name, in the order of their definition."""


def game(name: str, *, source: str, summary: str = "") -> Callable[[Factory], Factory]:
    """Make a decorator that registers a function as the game `name`; it returns the function unchanged.

    `name`     what `load` will know the game by
    `source`   the paper or book that it is taken from
    `summary`  one sentence on what it is; by default the first line of the function's docstring

    Raises `ValueError` where a parameter of the function has no default, or the name is taken.
    """

    def described(factory: Factory) -> Entry:
        parameters = {key: parameter.default for key, parameter in inspect.signature(factory).parameters.items()}
        if inspect.Parameter.empty in parameters.values():
            place = f"{factory.__module__}.{factory.__qualname__}"
            fail(f"factory {place}", "has a parameter without a default", "a default for each")
        line = summary or (inspect.getdoc(factory) or "").partition("\n")[0]
        return Entry(name, source, line, factory, MappingProxyType(parameters))

    return REGISTRY.declare(name, described)
