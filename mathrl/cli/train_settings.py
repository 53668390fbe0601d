"""The settings of algorithms on the command line: `--set NAME=VALUE`, and the list of what there is."""

import inspect
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from textwrap import fill
from typing import Any

from mathrl.base.checks import choice, fail
from mathrl.base.table import Table
from mathrl.cli import output
from mathrl.cli.arguments import number, whole_number
from mathrl.cli.train_names import columns, environments
from mathrl.neural.algorithms import ALGORITHMS
from mathrl.neural.settings import Common, checked

__all__ = ["assigned", "listing"]

WIDTH = 72
"""How many letters a line of a setting's meaning has on a terminal."""


def assigned(kind: type[Common], texts: Sequence[str]) -> Common:
    """The settings of an algorithm: its defaults, and the texts `name=value` in their place."""
    types = {item.name: item.type for item in fields(kind)}
    given: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip().replace("-", "_")
        if not equals:
            fail(f"--set {text}", "has no =", "a setting and its value, as in temperature=0.5")
        of = [other for other, algorithm in ALGORITHMS.items() if name in algorithm.settings.__dataclass_fields__]
        if of and name not in types:
            mend = "mathrl train --list shows them"
            fail(f"--set {name}", f"is a setting of {' and '.join(of)}", "one of this algorithm", mend)
        choice("--set", name, types, see="mathrl train --list")
        if name in given:
            fail(f"--set {name}", "is given twice", "each setting once")
        given[name] = READERS[types[name]](f"--set {name}", value.strip())
    settings = kind(**given)
    checked(settings)
    return settings


def _flag(option: str, text: str) -> bool:
    return choice(option, text.lower(), ("true", "false")) == "true"


def _several(option: str, text: str) -> tuple[int, ...]:
    return tuple(whole_number(option, part) for part in text.split(",")) if text else ()


READERS: Mapping[Any, Callable[[str, str], Any]] = {
    float: number,
    int: whole_number,
    bool: _flag,
    str: lambda option, text: text,
    tuple[int, ...]: _several,
}
"""What becomes of a text, by the type of the setting."""


def listing(format: str) -> str:
    """Algorithms, their settings, and environments."""
    settings = [(name, *of) for name, algorithm in ALGORITHMS.items() for of in _settings(algorithm.settings)]
    if format == "json":
        return json.dumps(_document(settings), ensure_ascii=False, indent=1) + "\n"
    if format == "csv":
        heads = ("algorithm", "setting", "default", "meaning")
        return output.render([Table(columns(*heads), settings)], format)
    algorithms = [(name, algorithm.summary) for name, algorithm in ALGORITHMS.items()]
    of_algorithms: dict[tuple[str, str, str], list[str]] = {}
    for algorithm, name, default, meaning in settings:
        of_algorithms.setdefault((name, default, meaning), []).append(algorithm)
    wrap = (lambda text: fill(text, WIDTH)) if format == "table" else str
    shared = [
        (name, default, "all" if len(of) == len(ALGORITHMS) else ", ".join(of), wrap(meaning))
        for (name, default, meaning), of in of_algorithms.items()
    ]
    tables = [
        Table(columns("algorithm", "what it is"), algorithms),
        Table(columns("setting", "default", "of", "meaning"), shared),
        Table(columns("environment", "what it is"), environments()),
    ]
    return output.render(tables, format)


def _document(settings: Sequence[tuple[str, str, str, str]]) -> dict[str, Any]:
    """The same for programs: defaults are written as in `--set`."""
    algorithms = [
        {
            "name": name,
            "summary": algorithm.summary,
            "settings": [
                {"name": setting, "default": default, "meaning": meaning}
                for of, setting, default, meaning in settings
                if of == name
            ],
        }
        for name, algorithm in ALGORITHMS.items()
    ]
    there = [{"name": name, "summary": summary} for name, summary in environments()]
    return {"algorithms": algorithms, "environments": there}


def _settings(kind: type[Common]) -> list[tuple[str, str, str]]:
    """Each setting, its default as `--set` takes it, and what its class says of it."""
    said: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        found = re.findall(r"(?m)^`(\w+)` +(.*(?:\n {8,}.*)*)$", inspect.cleandoc(each.__doc__ or ""))
        said |= {name: " ".join(meaning.split()) for name, meaning in found}
    return [(item.name, _written(item.default), said[item.name]) for item in fields(kind)]


def _written(default: Any) -> str:
    if isinstance(default, tuple):
        return ",".join(map(str, default))
    return str(default).lower() if isinstance(default, bool) else str(default)
