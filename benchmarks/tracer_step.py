"""Nanoseconds of CPU for each step of the compiled tracer, here and in another checkout: --against PATH.

Fixed games are traced on one thread, here and there in turn, each in a process of its own. Shown are the medians over
the pairs, and the median of the ratios with an interval that holds it with a probability of about 95 %.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from math import sqrt
from pathlib import Path

import numpy as np

from mathrl import batch

SETTINGS = {
    "3x3, scale 10, rationality 2": ((3, 3), 10.0, 2.0, 300),
    "3x2x4, scale 3, rationality 2": ((3, 2, 4), 3.0, 2.0, 60),
    "5x5x5, scale 1, rationality 10": ((5, 5, 5), 1.0, 10.0, 4),
}

_HERE = Path(__file__).parents[1]


def work() -> None:
    """Answer each line with the nanoseconds per step of that setting, as `_Worker` asks."""
    for line in sys.stdin:
        num_actions, scale, rationality, games = SETTINGS[line.strip()]
        payoffs = scale * np.random.default_rng(0).standard_normal((games, len(num_actions), *num_actions))
        start = time.process_time_ns()
        found = batch.qre_branch(payoffs, temperature=1 / rationality, workers=1)
        print((time.process_time_ns() - start) / found.steps.sum(), flush=True)


class _Worker:
    """A process that uses the `mathrl` of a checkout."""

    def __init__(self, checkout: Path) -> None:
        command = [sys.executable, str(Path(__file__)), "--work"]
        paths = f"{checkout}{os.pathsep}{_HERE}"
        pipe = subprocess.PIPE
        environment = {**os.environ, "PYTHONPATH": paths}
        self._process = subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True)

    def nanoseconds(self, setting: str) -> float:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(setting, file=self._process.stdin, flush=True)
        return float(self._process.stdout.readline())


def interval(values: list[float]) -> tuple[float, float, float]:
    """The median, and the order statistics that enclose the true one with a probability of about 95 %."""
    ordered, spread = sorted(values), 0.98 * sqrt(len(values))
    low, high = int(len(ordered) / 2 - spread), int(len(ordered) / 2 + spread)
    return statistics.median(ordered), ordered[max(low, 0)], ordered[min(high, len(ordered) - 1)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", type=Path, metavar="PATH", help="another checkout")
    parser.add_argument("--pairs", type=int, default=40, metavar="N")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.work:
        work()
        return
    workers = [_Worker(path) for path in (_HERE, asked.against) if path is not None]
    for setting in SETTINGS:
        for worker in workers:
            worker.nanoseconds(setting)  # compiles
        times = [[worker.nanoseconds(setting) for worker in workers] for _ in range(asked.pairs)]
        medians = [statistics.median(column) for column in zip(*times, strict=True)]
        line = f"{setting:32} {medians[0]:9.0f} ns"
        if asked.against is not None:
            ratio, low, high = interval([ours / theirs for ours, theirs in times])
            line += f"   there {medians[1]:9.0f} ns   ratio {ratio:.3f} [{low:.3f}, {high:.3f}]"
        print(line, flush=True)


if __name__ == "__main__":
    main()
