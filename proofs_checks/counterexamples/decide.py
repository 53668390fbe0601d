"""Each counterexample read from its file and decided by the function that is named after it."""

import importlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from flint import arb, ctx, fmpq

from .exact import distributions

__all__ = ["Decided", "decide", "decide_by", "main", "stored"]

FOLDER = Path(__file__).parent

BITS = 512
"""Binary digits of the balls in which logarithms and exponentials are taken."""

Function = Callable[[dict[str, Any]], tuple[bool, Any]]


class Decided(NamedTuple):
    """What a function found of a file.

    `premises`  whether the instance meets all premises of the statement
    `slack`     by how much the statement holds, a fraction or a ball
    `violated`  whether the premises are met and the slack is negative, without doubt
    """

    premises: bool
    slack: Any
    violated: bool


def stored() -> Iterator[str]:
    """The names of all files: the id of a claim, or `id@variant`."""
    return (path.stem for path in sorted(FOLDER.glob("*.json")))


def decide(key: str) -> Decided:
    """Decide the counterexample of this name again."""
    data = json.loads((FOLDER / f"{key}.json").read_text(encoding="utf-8"))
    name = re.sub(r"[^a-z0-9]", "_", key.replace("@", "__"))
    paper = key.split(".")[0].replace("-", "_")
    module = importlib.import_module(f"{__package__}.redecide_{paper}")
    return decide_by(getattr(module, name), data["instance"])


def decide_by(function: Function, instance: dict[str, Any]) -> Decided:
    """Decide an instance, as it stands in a file, by a function of its numbers as fractions of python-flint."""
    before = ctx.prec
    ctx.prec = BITS
    try:
        numbers = _fractions(instance)
        premises, slack = function(numbers)
        met = bool(premises) and _lawful(numbers)
        return Decided(met, slack, met and bool(slack < 0))
    finally:
        ctx.prec = before


def main(chosen: Sequence[str]) -> int:
    """Decide all files, or those of the claims and papers that are named; 1 where one is not violated."""
    names = {key: {key, key.split("@")[0], key.split(".")[0]} for key in stored()}
    wrong = set(chosen).difference(*names.values())
    if wrong:
        print(f"{min(wrong)} is no claim or paper with a counterexample: {', '.join(names)}")  # noqa: T201
        return 2
    undecided = decided = 0
    for key in (key for key, own in names.items() if not chosen or own & set(chosen)):
        found = decide(key)
        undecided, decided = undecided + (not found.violated), decided + found.violated
        word = "violated" if found.violated else "NOT DECIDED"
        slack = arb(found.slack).str(8) if isinstance(found.slack, fmpq) else found.slack.str(8)
        print(f"{key:44} premises {'met' if found.premises else 'NOT MET':8} slack {slack:28} {word}")  # noqa: T201
    print(f"{decided} of {decided + undecided} are violated, with all premises met")  # noqa: T201
    return 1 if undecided else 0


_LAWS = ("policy", "policies", "transitions", "distribution")
"""How names of rows of probabilities end."""


def _lawful(instance: dict[str, Any]) -> bool:
    """Whether all games and policies of an instance are such: rows sum to 1, discounts are in [0, 1)."""
    for name, value in instance.items():
        if isinstance(value, dict) and "transitions" in value:
            if not (
                distributions(value["transitions"]) and distributions(value["start"]) and 0 <= value["discount"] < 1
            ):
                return False
        elif name.startswith("joint") and name.endswith("policy"):
            if not distributions([_flat(joint) for joint in value]):
                return False
        elif (name.endswith(_LAWS) and not distributions(value)) or (name == "temperature" and not value > 0):
            return False
    return True


def _flat(nested: Any) -> list[Any]:
    return [x for each in nested for x in _flat(each)] if isinstance(nested, list) else [nested]


def _fractions(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _fractions(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_fractions(each) for each in value]
    return fmpq(*map(int, value.split("/"))) if isinstance(value, str) else value
