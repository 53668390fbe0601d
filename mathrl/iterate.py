"""The one loop of all iterative solvers: step, residual, stop, history; progress and interruption for who watches."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from mathrl.games.validate import FloatArray
from mathrl.solution import Status

__all__ = ["LARGEST_RESIDUAL", "MINIMUM_TOL", "Iterate", "Run", "iterate", "watching"]

Point = TypeVar("Point")
Watcher = Callable[[int, float], None]

MINIMUM_TOL = 8.0
"""Rounding floors below which no residual can be asked for: a smaller `tol` counts as this one."""

LARGEST_RESIDUAL = 0.01
"""A policy that is further than this from its own quantal response is no equilibrium, whatever rounding leaves."""

_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@dataclass(frozen=True)
class Iterate(Generic[Point]):
    """A point, the residual of the defining equation there, what rounding alone leaves, and the entry for `history`."""

    point: Point
    residual: float
    rounding_floor: float
    record: float


@dataclass(frozen=True)
class Run(Generic[Point]):
    """How an iteration ended: the last iterate, the status, one record per step."""

    last: Iterate[Point]
    status: Status
    history: FloatArray


def iterate(
    first: Iterate[Point],
    step: Callable[[Iterate[Point]], Iterate[Point] | None],
    *,
    tol: float,
    max_steps: int,
    ceiling: float = math.inf,
) -> Run[Point]:
    """Take steps until the residual is at most max(tol, 8) rounding floors, and at most `ceiling`.

    Where rounding leaves more than `ceiling`, a large residual would pass for rounding: it never counts as converged.
    `step` returns the next iterate, or None where it knows of no better one (the status is then `STALLED`).
    """
    watcher = _watcher.get()
    last, status = first, Status.MAX_STEPS
    history: list[float] = []
    tolerance = max(tol, MINIMUM_TOL)
    try:
        while not last.residual <= min(tolerance * last.rounding_floor, ceiling):
            if len(history) == max_steps:
                break
            following = step(last)
            if following is None:
                status = Status.STALLED
                break
            last = following
            history.append(last.record)
            if watcher is not None:
                watcher(len(history), last.residual)
        else:
            status = Status.CONVERGED
    except KeyboardInterrupt:
        if watcher is None:
            raise
        status = Status.INTERRUPTED
    return Run(last, status, np.array(history))


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Within the block call `watcher(step, residual)` after every step of every solver.

    An interrupt (Ctrl-C) then ends the running solver with `Status.INTERRUPTED` and the iterate it had reached.
    """
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)
