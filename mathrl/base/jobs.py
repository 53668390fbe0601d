"""A function of many items, in several processes where these are asked for, with errors that name the item.

A process dies with the one that started it, however that ends: nobody has to look for what was left behind. Ctrl-C is
for that one alone, and ends all of them.
"""

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar

from mathrl.base.checks import InvalidInput, count

__all__ = ["ItemError", "each", "nothing", "processors"]

Item = TypeVar("Item")
Result = TypeVar("Result")


class ItemError(RuntimeError):
    """A function of an item ended in an error; the message names both, and the line at which it arose."""


@dataclass(frozen=True)
class _Failure:
    """An error in another process, in words: errors of some libraries cannot be pickled."""

    said: str
    traceback: str
    bad_input: bool


def nothing(what: str, done: bool) -> None:
    """Tell nobody what is going on."""


def processors() -> int:
    """How many processors this process may use, ≥ 1."""
    allowed = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(allowed(0)) if allowed is not None else os.cpu_count() or 1


def each(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    names: Sequence[str],
    *,
    jobs: int = 1,
    prepare: Callable[[], None] | None = None,
    advance: Callable[[str, bool], None] = nothing,
) -> Generator[tuple[int, Result]]:
    """The function of each item, as they are done: pairs of an item's index and its result.

    `function`  is pickled where there are several processes, as are items and results
    `names`     what messages call each item
    `jobs`      how many processes; with 1, or one item, everything is done in this one
    `prepare`   is called in each further process first
    `advance`   is told the name of an item when it is begun, and when it is done and its result was dealt with

    After the first error no item is begun, and those that other processes are at are given up; so it is where the
    iterator is closed. Raises `ItemError`, or `ValueError` where the function says that its input is bad; both name the
    item, also one whose process was killed. A script that is run with several processes keeps its own work under
    `if __name__ == "__main__"`, as each further process reads it.
    """
    results: Generator[tuple[int, Any]]
    if count("jobs", jobs, 1) == 1 or len(items) <= 1:
        results = _in_this_one(function, items, names, advance)
    else:
        results = _in_processes(function, items, names, min(jobs, len(items)), prepare, advance)
    with closing(results):
        for k, result in results:
            if isinstance(result, _Failure):
                _raise(names[k], result)
            yield k, result
            advance(names[k], True)


def _in_this_one(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    names: Sequence[str],
    advance: Callable[[str, bool], None],
) -> Generator[tuple[int, Result | _Failure]]:
    for k, item in enumerate(items):
        advance(names[k], False)
        yield k, _tried(function, item)


def _tried(function: Callable[[Item], Result], item: Item) -> Result | _Failure:
    try:
        return function(item)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}, line {last.lineno}"
        bad_input = isinstance(error, InvalidInput)
        said = str(error) if bad_input else f"ended in {type(error).__name__}: {error} ({where})"
        return _Failure(said, "".join(traceback.format_exception(error)), bad_input)


def _raise(name: str, failure: _Failure) -> None:
    kind = InvalidInput if failure.bad_input else ItemError
    error = kind(f"{name}: {failure.said}" if failure.bad_input else f"{name} {failure.said}")
    if failure.traceback:
        error.add_note(failure.traceback)
    raise error


def _in_processes(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    names: Sequence[str],
    jobs: int,
    prepare: Callable[[], None] | None,
    advance: Callable[[str, bool], None],
) -> Generator[tuple[int, Result | _Failure]]:
    """What `_tried` says of each item. Each process has a pipe, on which it gets items and answers with results."""
    processes: dict[Connection, BaseProcess] = {}
    at: dict[Connection, int] = {}
    waiting = iter(range(len(items)))

    def hand_on(pipe: Connection) -> None:
        """Give a process the next item; let it end where there is none."""
        k = next(waiting, None)
        if k is None:
            pipe.close()
            return
        at[pipe] = k
        advance(names[k], False)
        with suppress(ConnectionError):  # whether it is there to answer is seen below
            pipe.send(items[k])

    try:
        for _ in range(jobs):
            with _no_interrupt():
                pipe, process = _started(function, prepare)
                processes[pipe] = process
            hand_on(pipe)
        while at:
            for pipe in [pipe for pipe in wait(list(at)) if isinstance(pipe, Connection)]:
                k = at.pop(pipe)
                result: Result | _Failure
                try:
                    result = pipe.recv()
                except (EOFError, ConnectionError):
                    result = _killed(processes[pipe])
                if not isinstance(result, _Failure):
                    hand_on(pipe)
                yield k, result
    except BaseException:  # also where nobody asks for more
        for process in processes.values():
            process.terminate()
        raise
    finally:
        for pipe, process in processes.items():
            pipe.close()
            process.join()


def _killed(process: BaseProcess) -> _Failure:
    process.join()
    status = process.exitcode or 0
    how = f"was killed by signal {-status}, perhaps for lack of memory" if status < 0 else f"left with status {status}"
    return _Failure(f"has no result: its process {how}", "", False)


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """Put off Ctrl-C; a process that is started within never gets it."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _started(function: Callable[[Any], Any], prepare: Callable[[], None] | None) -> tuple[Connection, BaseProcess]:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, function, prepare), daemon=True)
    process.start()
    theirs.close()
    return ours, process


def _work(pipe: Connection, function: Callable[[Any], Any], prepare: Callable[[], None] | None) -> None:
    """What a process does: it answers items with results until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if prepare is not None:
        prepare()
    while True:
        try:
            item = pipe.recv()
        except EOFError:
            return
        pipe.send(_tried(function, item))


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
