"""Many independent games in chunks, on several threads; each chunk is reported, an interrupt ends the work early."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from math import ceil

from mathrl.base.checks import count
from mathrl.iteration.iterate import is_interruptible, report

__all__ = ["in_chunks"]

_LARGEST = 2**18
"""The most payoffs in a chunk: an interrupt waits for the chunks that are being solved."""

_SMALLEST = 2**11
"""Payoffs below which a chunk is not worth a thread."""

_EACH = 8
"""The least number of chunks for each worker: games differ, and with many chunks the workers end at about one time."""


def in_chunks(work: Callable[[slice], float], num_games: int, *, payoffs_each: int, workers: int | None) -> list[slice]:
    """Call `work(chunk)` for all chunks of games on `workers` threads; the chunks that were done.

    `workers` None is one thread for each core. `work` returns the largest residual of its games, which is reported with
    the number of games done so far. An interrupt leaves the chunks that have not begun. It is raised, unless the block
    is `interruptible` and a chunk was done before it came.
    """
    threads = _cores() if workers is None else count("workers", workers, 1)
    chunks = _chunks(num_games, payoffs_each, threads)
    solved = 0
    with ThreadPoolExecutor(threads) as pool:
        pending = {pool.submit(work, chunk): chunk for chunk in chunks}
        try:
            for future in as_completed(pending):
                solved += pending[future].stop - pending[future].start
                report(solved, future.result())
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            if solved == 0 or not is_interruptible():
                raise
            return [chunk for future, chunk in pending.items() if not future.cancelled() and not future.exception()]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return chunks


def _chunks(num_games: int, each: int, threads: int) -> list[slice]:
    fair = ceil(num_games / (_EACH * threads))
    size = max(min(fair, _LARGEST // each), _SMALLEST // each, 1)
    return [slice(first, min(first + size, num_games)) for first in range(0, num_games, size)]


def _cores() -> int:
    """How many cores this process may use."""
    with suppress(AttributeError):  # not on every system
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
