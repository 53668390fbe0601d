"""The one loop of all iterative solvers: step, residual, stop, history; reports to a watcher, and interruption."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.iteration.outcome import Status

__all__ = [
    "LARGEST_RESIDUAL",
    "MINIMUM_TOL",
    "Iterate",
    "Run",
    "interruptible",
    "is_interruptible",
    "iterate",
    "report",
    "unwatched",
    "watching",
]

Point = TypeVar("Point")
Watcher = Callable[[int, float], None]

MINIMUM_TOL = 8.0
"""The least `tol`, in rounding floors: a smaller one counts as this one."""

LARGEST_RESIDUAL = 0.01
"""A policy that is further than this from its own quantal response is no equilibrium, whatever rounding leaves."""

_RETURN = 1e-9
"""How near to an earlier point a cycle comes back, as a share of the residual."""

_ASKED_AFTER = 64
"""After how many steps it is first asked whether rounding decides what is next."""

_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@dataclass(frozen=True)
class Iterate(Generic[Point]):
    """A point, the residual of the defining equation there, its rounding floor, and the entry for `history`.

    A list holds one entry for each of several steps that were taken at once.
    """

    point: Point
    residual: float
    rounding_floor: float
    record: float | tuple[float, ...] | list[float]


@dataclass(frozen=True)
class Run(Generic[Point]):
    """How an iteration ended: the last iterate, the status, one record per step, the period of a cycle."""

    last: Iterate[Point]
    status: Status
    history: FloatArray
    period: int | None = None


def iterate(
    first: Iterate[Point],
    step: Callable[[Iterate[Point]], Iterate[Point] | None],
    *,
    tol: float,
    max_steps: int,
    ceiling: float = math.inf,
    apart: Callable[[Point, Point], float] | None = None,
    lost: Callable[[Point], bool] | None = None,
) -> Run[Point]:
    """Take steps until the residual is at most max(tol, 8) rounding floors, and at most `ceiling`.

    Where the rounding floors exceed `ceiling`, a large residual could pass for rounding; it never counts as converged.
    `step` returns the next iterate, or None if it knows of no better one (the status is then `STALLED`).

    With `apart`, the distance of two points in the units of the residual, a return to an earlier point ends the run as
    `CYCLED` with the period, or as `STALLED` if the step leads nowhere (period 1). A return is a distance of at most 8
    rounding floors and 1e-9 of the residual: a run that still converges does not come back so near. Each point is
    compared with the last one kept, after 0, 1, 3, 7, … steps (Brent 1980): a cycle of period p, entered after m steps,
    is found after about 3·max(m, p) steps.

    With `lost`, which says of a point that rounding decides what is next, such a run ends as `STALLED`. It is asked
    after 64, 128, 256, … steps.
    """
    watcher = _watcher.get()
    last, status = first, Status.MAX_STEPS
    history: list[float | tuple[float, ...]] = []
    kept, kept_after, period = first.point, 0, None
    tolerance = max(tol, MINIMUM_TOL)

    def enough(here: Iterate[Point]) -> bool:
        return here.residual <= min(tolerance * here.rounding_floor, ceiling)

    try:
        with _unwatched():  # an interrupt within a step, also in a loop there, belongs to this loop
            while not enough(last):
                if len(history) >= max_steps:
                    break
                following = step(last)
                if following is None:
                    status = Status.STALLED
                    break
                last = following
                history += last.record if isinstance(last.record, list) else [last.record]
                if watcher is not None:
                    watcher(len(history), last.residual)
                if lost is not None and not enough(last) and _asked_after(len(history)) and lost(last.point):
                    status = Status.STALLED
                    break
                if apart is not None and not enough(last):
                    near = min(MINIMUM_TOL * last.rounding_floor, _RETURN * last.residual)
                    if apart(last.point, kept) <= near:
                        period = len(history) - kept_after
                        status = Status.CYCLED if period > 1 else Status.STALLED
                        break
                    if len(history) == 2 * kept_after + 1:
                        kept, kept_after = last.point, len(history)
            else:
                status = Status.CONVERGED
    except KeyboardInterrupt:
        if watcher is None:
            raise
        status = Status.INTERRUPTED
    shape = () if isinstance(first.record, list) else np.shape(first.record)
    records = np.array(history) if history else np.empty((0, *shape))
    return Run(last, status, records, period)


def _asked_after(steps: int) -> bool:
    """Whether so many steps are 64 or twice, four times, … as many."""
    return steps >= _ASKED_AFTER and steps & (steps - 1) == 0


@contextmanager
def _unwatched() -> Iterator[None]:
    token = _watcher.set(None)
    try:
        yield
    finally:
        _watcher.reset(token)


def unwatched(function: Callable[[], Point]) -> Point:
    """Call `function`, whose loops then report to nobody, and return its value; an interrupt goes to the caller."""
    with _unwatched():
        return function()


def report(step: int, residual: float) -> None:
    """Tell the watcher, if there is one, about work that is not a loop of steps."""
    watcher = _watcher.get()
    if watcher is not None:
        watcher(step, residual)


def is_interruptible() -> bool:
    """Whether an interrupt ends the running solver, which returns what it has; else it is raised, as is usual."""
    return _watcher.get() is not None


@contextmanager
def interruptible() -> Iterator[None]:
    """Let an interrupt end the running solver or batch, which returns what it has, as within `watching`.

    Outside such blocks an interrupt is raised, so that it also ends a loop around solvers. A watcher that is there
    stays.
    """
    token = _watcher.set(_watcher.get() or (lambda step, residual: None))
    try:
        yield
    finally:
        _watcher.reset(token)


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Within the block call `watcher(step, residual)` after every step of every solver.

    An interrupt (Ctrl-C) then ends the running solver with `Status.INTERRUPTED` and the iterate it had reached, and a
    batch with what was done of it.
    """
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)
