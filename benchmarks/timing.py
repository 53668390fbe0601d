"""Two callables timed in turn, so that a machine whose speed drifts drifts for both."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Row", "compare"]


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
