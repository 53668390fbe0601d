"""Two callables timed in turn, so that a machine whose speed drifts drifts for both."""

import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Row", "compare", "compare_with_peer", "per_step", "seconds", "unmeasured", "within"]


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
    return compare_with_peer(what, ours, yardstick, lambda: seconds(theirs), target=target, note=note, pairs=pairs)


def compare_with_peer(
    what: str,
    ours: Callable[[], object],
    yardstick: str,
    theirs: Callable[[], float],
    *,
    target: str,
    note: str = "",
    pairs: int = 9,
    each: int = 1,
) -> Row:
    """The same for a peer that times itself: `theirs` returns seconds. The row shows the seconds of one of `each`."""
    ours()
    theirs()
    return _medians(
        what, yardstick, [(seconds(ours) / each, theirs() / each) for _ in range(pairs)], target=target, note=note
    )


def within(what: str, ours: Callable[[], object], limit: float, *, note: str = "", runs: int = 1) -> Row:
    """Ours, compiled before, against a limit in seconds."""
    return _medians(what, "limit", [(seconds(ours), limit) for _ in range(runs)], target="<= 1", note=note)


def unmeasured(what: str, yardstick: str, *, target: str, note: str) -> Row:
    """A comparison that cannot be made here, `note` says why."""
    return Row(what, math.nan, yardstick, math.nan, math.nan, target, note)


def _medians(what: str, yardstick: str, times: list[tuple[float, float]], *, target: str, note: str) -> Row:
    ours, theirs = (statistics.median(column) for column in zip(*times, strict=True))
    return Row(what, ours, yardstick, theirs, statistics.median(a / b for a, b in times), target, note)


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
    return _medians(what, yardstick, times, target=target, note=note)
