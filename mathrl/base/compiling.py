"""Who is told that kernels are being compiled: nobody, unless a program asks to be.

`mathrl.base.compile` reports each compilation here; numba compiles one kernel at a time, with those that it calls.
This module imports nothing heavy, so that a program can ask before anything is imported that compiles.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["announcing", "began", "ended"]


class _Announcement:
    """One call of `tell`, as soon as compilation has taken `after` seconds, all pieces together."""

    def __init__(self, tell: Callable[[], object], after: float) -> None:
        self._tell, self._left = tell, after
        self._open, self._since = 0, 0.0
        self._timer: threading.Timer | None = None

    def began(self) -> None:
        if self._open == 0:
            self._since = time.monotonic()
            self._timer = threading.Timer(max(self._left, 0.0), self._say)
            self._timer.daemon = True
            self._timer.start()
        self._open += 1

    def ended(self) -> None:
        if self._timer is None:
            return  # what ends had begun before anybody asked
        self._open -= 1
        if self._open == 0:
            self._timer.cancel()
            self._timer = None
            self._left -= time.monotonic() - self._since

    def _say(self) -> None:
        tell, self._tell = self._tell, lambda: None
        tell()


_asked: list[_Announcement] = []


@contextmanager
def announcing(tell: Callable[[], object], *, after: float) -> Iterator[None]:
    """Within the block call `tell` once, from another thread, when compiling has taken `after` seconds."""
    announcement = _Announcement(tell, after)
    _asked.append(announcement)
    try:
        yield
    finally:
        _asked.remove(announcement)


def began() -> None:
    """A compilation begins; it may be part of another one."""
    for announcement in _asked:
        announcement.began()


def ended() -> None:
    """The compilation that began last is over."""
    for announcement in _asked:
        announcement.ended()
