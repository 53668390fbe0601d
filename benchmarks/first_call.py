"""CPU seconds of the first call on a fresh machine, whose cache of compiled kernels is empty, against their limits.

The time includes the start of Python and all imports; it is that of all threads, user and system.
"""

import os
import resource
import subprocess
import sys
import tempfile

from benchmarks.timing import Row

__all__ = ["rows"]

_CALLS = {
    "qre-branch": ("stag-hunt", 8.0),
    "haspi": ("hasac", 4.0),
    "qre": ("stag-hunt", 4.0),
}


def rows() -> list[Row]:
    return [_first_call(solver, game, limit) for solver, (game, limit) in _CALLS.items()]


def _first_call(solver: str, game: str, limit: float) -> Row:
    command = [sys.executable, "-m", "mathrl", "solve", game, "--solver", solver, "--temperature", "1"]
    taken = sorted(_seconds(command) for _ in range(3))[1]
    return Row(f"first call of {solver}, CPU", taken, "limit", limit, taken / limit, "<= 1", note="median of 3")


def _seconds(command: list[str]) -> float:
    with tempfile.TemporaryDirectory() as empty:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "NUMBA_CACHE_DIR": empty})
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
