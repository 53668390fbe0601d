"""All claims of the ledger: importing their modules enters them."""

import importlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from mathrl.base.checks import InvalidInput, fail
from mathrl.proofs_checks.ledger import LEDGER, PAPERS, Claim, Compound, Restatement
from mathrl.proofs_checks.printed import listed

__all__ = ["claims", "claims_of_file", "forget_files"]

_FOLDERS = ("rommeo", "aorpo", "hasac", "dmac", "soft_qmix", "own")
"""The folders of claims, in the order of the summary; each names its modules in `MODULES`."""

_OF_FILE: dict[Path, tuple[str, ...]] = {}
"""The keys that a user's file declared when it was last read."""

Entries = Mapping[str, Claim | Compound | Restatement]


def claims() -> Entries:
    """All claims of the five papers and of mathrl, by key.

    They stand in the order of the papers, there in that of the text, and each whole statement before its parts and
    readings: the order in which modules happened to be imported does not matter.
    """
    for folder in _FOLDERS:
        package = importlib.import_module(f"mathrl.proofs_checks.{folder}")
        for module in package.MODULES:
            importlib.import_module(f"{package.__name__}.{module}")
    return dict(sorted(LEDGER.items(), key=lambda item: _place(item[1])))


def _place(entry: Claim | Compound | Restatement) -> tuple[Any, ...]:
    paper = PAPERS.index(entry.paper) if entry.paper in PAPERS else len(PAPERS)
    return paper, entry.paper, _first_lines().get(entry.id, 10**9), entry.id, entry.variant or ""


@cache
def _first_lines() -> Mapping[str, int]:
    """The first line at which the papers' texts have an id."""
    return {entry.id: min(entry.lines, default=10**9) for paper in PAPERS for entry in listed(paper)}


def claims_of_file(path: str) -> Entries:
    """The claims that a user's file declares with `mathrl.proofs_checks.claim`, by key.

    Raises `ValueError` where there is no such file, where running it fails, or where it declares none.
    """
    file = Path(path).resolve()
    name = f"mathrl_claims_{file.stem}"
    spec = spec_from_file_location(name, file) if file.is_file() else None
    if spec is None or spec.loader is None:
        fail("FILE", f"there is no file {path!r}", "a Python file such as my_claims.py")
    _forget(file)
    before = set(LEDGER)
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        with _beside(file):
            spec.loader.exec_module(module)
    except InvalidInput:
        raise
    except Exception as error:
        fail(
            "FILE", f"{path!r} ends in {type(error).__name__}: {error}", "a file that runs", "run it with python alone"
        )
    finally:
        _OF_FILE[file] = tuple(key for key in LEDGER if key not in before)
    found = {key: LEDGER[key] for key in _OF_FILE[file]}
    if not found:
        fail("FILE", f"{path!r} declares no claim", "a function under the decorator mathrl.proofs_checks.claim")
    return found


def forget_files() -> None:
    """Take out what users' files declared: whoever names files anew may use their ids again."""
    for file in list(_OF_FILE):
        _forget(file)


def _forget(file: Path) -> None:
    for key in _OF_FILE.pop(file, ()):
        LEDGER.forget(key)


@contextmanager
def _beside(file: Path) -> Iterator[None]:
    """Let a file import what lies beside it, as Python does where it runs the file alone."""
    sys.path.insert(0, str(file.parent))
    try:
        yield
    finally:
        sys.path.remove(str(file.parent))
