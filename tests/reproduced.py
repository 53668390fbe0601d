"""What the entries of the papers compute, each once in a session of tests, for all workers.

Many tests look at the same numbers: at their cells, at tables of them, at what is said of them. The same seed and
budget give the same numbers however they are run, so one worker computes an entry and keeps it for the others. A test
that changes what an entry computes, or asks whether it comes out twice, calls `reproduce` itself.
"""

import os
import pickle
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from mathrl.base.files import write_bytes
from mathrl.base.reproduction import reproduce
from mathrl.base.runs import Runs
from mathrl.figures.reproductions import reproductions

try:
    import fcntl
except ImportError:  # on Windows: two workers may then compute the same at once
    fcntl = None

__all__ = ["cells", "computed", "entries", "reproduced"]


@cache
def folder():
    """Where this session keeps what is computed: `tests/conftest.py` says where."""
    return Path(os.environ["MATHRL_TESTS_KEEP"])


@contextmanager
def alone(path):
    """Within the block no other process is in a block of the same path."""
    with path.open("wb") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@cache
def computed(id):
    """The `Computed` of an entry: seed 0, budget "fast"; parts of simulations are shared between entries."""
    kept = folder() / f"{id}.pickle"
    with alone(folder() / f"{id}.lock"):
        if not kept.exists():
            runs = Runs(folder=folder() / "parts")
            write_bytes(kept, pickle.dumps(reproductions()[id].compute(0, "fast", runs)))
    return pickle.loads(kept.read_bytes())


@cache
def reproduced(id):
    """What `reproduce` gives of the entry that is declared under this id."""
    return reproduce(replace(reproductions()[id], compute=lambda seed, budget, runs: computed(id)))


def cells(id):
    """The cells of an entry by row and column."""
    return {(cell.row, cell.column): cell for cell in reproduced(id).cells}


def entries(*kinds):
    """The entries of these kinds as parameters of tests."""
    return [pytest.param(entry, id=entry.id) for entry in reproductions().values() if entry.kind in kinds]
