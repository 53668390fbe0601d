"""Warm start-up of the program and of the import, against the limits that a user notices."""

import subprocess
import sys
from pathlib import Path

from benchmarks.timing import Row, seconds

__all__ = ["rows"]


def rows() -> list[Row]:
    program = str(Path(sys.executable).with_name("mathrl"))
    return [
        _limit("mathrl --help", [program, "--help"], 0.3),
        _limit("import mathrl", [sys.executable, "-c", "import mathrl"], 0.5),
        _limit("from mathrl import Game, load", [sys.executable, "-c", "from mathrl import Game, load"], 0.5),
    ]


def _limit(what: str, command: list[str], limit: float) -> Row:
    def run() -> None:
        subprocess.run(command, check=True, capture_output=True)

    run()
    times = sorted(seconds(run) for _ in range(7))
    return Row(what, times[3], "limit", limit, times[3] / limit, "<= 1")
