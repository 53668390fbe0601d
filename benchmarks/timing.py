"""Two callables timed in turn, so that a machine whose speed drifts drifts for both."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Row", "compare", "per_step", "seconds"]


@dataclass(frozen=True)
class Row:
    """One comparison: median seconds of ours and of the yardstick, the median ratio over pairs, and its target."""

    what: str
    ours: float
    yardstick: str
    theirs: float
    ratio: float
    target: str
    note: str = ""


def seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def compare(
    what: str,
    ours: Callable[[], object],
    yardstick: str,
    theirs: Callable[[], object],
    *,
    target: str,
    note: str = "",
    pairs: int = 9,
) -> Row:
    """Run both once unmeasured (they compile), then in turn."""
    ours()
    theirs()
    times = [(seconds(ours), seconds(theirs)) for _ in range(pairs)]
    ratio = statistics.median(a / b for a, b in times)
    return Row(
        what,
        statistics.median(a for a, _ in times),
        yardstick,
        statistics.median(b for _, b in times),
        ratio,
        target,
        note,
    )


def per_step(
    what: str,
    run: Callable[[int], object],
    yardstick: str,
    bare: Callable[[], object],
    *,
    steps: int,
    target: str = "<= 3",
    note: str = "",
    pairs: int = 9,
) -> Row:
    """What a step costs: `run(steps)` less `run(0)`, over the steps, and the yardstick, in turn."""
    run(1)
    bare()
    times = []
    for _ in range(pairs):
        whole, start = seconds(lambda: run(steps)), seconds(lambda: run(0))
        times.append(((whole - start) / steps, seconds(bare)))
    ratio = statistics.median(a / b for a, b in times)
    ours, theirs = statistics.median(a for a, _ in times), statistics.median(b for _, b in times)
    return Row(what, ours, yardstick, theirs, ratio, target, note)
