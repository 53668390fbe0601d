"""Recorded runs: at least 1,000 instances of each claim, kept in files with the hash of what was checked."""

import ast
import hashlib
import inspect
import json
import sys
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mathrl.base.files import write_text
from mathrl.proofs_checks.ledger import Claim
from mathrl.proofs_checks.search import Found, search

__all__ = ["FOLDER", "LEAST", "Record", "campaign", "recorded", "source_hash", "write"]

FOLDER = Path(__file__).parent / "campaigns" / "recorded"

LEAST = 1_000
"""How many instances a recorded run takes of each claim, at least."""


@dataclass(frozen=True)
class Record:
    """What a recorded run found of one claim.

    `examples`    how many instances met the premises
    `unmet`       how many did not
    `nontrivial`  how many of the former were not trivial
    `violated`    how many violated the form that must hold: 0, or 1 as that ends a search
    `broken`      whether an instance violated the form that must fail; None where none is named
    `tightest`    the least slack, in roundings
    `seed`        of the search
    `commit`      of the repository
    `source`      the file
    `current`     whether the check is still what it was
    """

    examples: int
    unmet: int
    nontrivial: int
    violated: int
    broken: bool | None
    tightest: float
    seed: int
    commit: str
    source: str
    current: bool


def recorded(claim: Claim, folder: Path = FOLDER) -> Record | None:
    """The recorded run of a claim; None where there is none."""
    path = folder / f"{claim.paper}.json"
    entry = _read(path).get(claim.key)
    if entry is None:
        return None
    current = entry["hash"] == source_hash(claim)
    kept = {name: value for name, value in entry.items() if name != "hash"}
    return Record(**kept, source=f"campaigns/recorded/{path.name}", current=current)


def campaign(claim: Claim, *, examples: int, seed: int, commit: str) -> dict[str, Any]:
    """Search a claim on many instances; what came of it as it stands in a file."""
    survived = None if claim.survives is None else search(claim, claim.survives, examples=examples, seed=seed)
    broken = None if claim.breaks is None else search(claim, claim.breaks, examples=examples, seed=seed)
    found = Found() if survived is None else survived
    return {
        "examples": found.examples,
        "unmet": found.unmet,
        "nontrivial": found.nontrivial,
        "violated": int(found.violating is not None),
        "broken": None if broken is None else broken.violating is not None,
        "tightest": round(max(-1e6, min(1e6, found.tightest)), 3),
        "seed": seed,
        "commit": commit,
        "hash": source_hash(claim),
    }


def write(claim: Claim, entry: Mapping[str, Any], folder: Path) -> None:
    """Write down what came of a claim; other claims' records stay as they are."""
    path = folder / f"{claim.paper}.json"
    write_text(path, json.dumps(dict(sorted((_read(path) | {claim.key: entry}).items())), indent=1) + "\n")


def source_hash(claim: Claim) -> str:
    """A hash of the check's code and of its forms: of the function and those of its own module that it names.

    Docstrings and layout do not enter.
    """
    module = sys.modules[claim.check.__module__]
    seen: dict[str, str] = {}
    _collect(claim.check, module.__dict__, module.__name__, seen)
    text = json.dumps([seen, repr(claim.survives), repr(claim.breaks)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _collect(function: Callable[..., Any], names: Mapping[str, Any], module: str, seen: dict[str, str]) -> None:
    if function.__name__ in seen:
        return
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    tree.decorator_list = []
    if ast.get_docstring(tree) is not None:
        tree.body = tree.body[1:]
    seen[function.__name__] = ast.dump(tree)
    for node in ast.walk(tree):
        called = names.get(node.id) if isinstance(node, ast.Name) else None
        if inspect.isfunction(called) and called.__module__ == module:
            _collect(called, names, module, seen)


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}
