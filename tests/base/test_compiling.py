"""Whoever asks is told, once, that kernels are being compiled, when that takes long; a program on a terminal asks."""

import time

import numba
import pytest

import mathrl.base.compile  # noqa: F401  reports what numba compiles
from mathrl import cli
from mathrl.base import compiling
from mathrl.cli import output


class Clock:
    """Time that passes when the test says so, in place of `time` and `threading` of the module."""

    def __init__(self):
        self.now, self.timers = 0.0, []

    def monotonic(self):
        return self.now

    def Timer(self, after, call):  # noqa: N802  the name in `threading`
        timer = Timer(self.now + after, call)
        self.timers.append(timer)
        return timer

    def sleep(self, seconds):
        self.now += seconds
        for timer in self.timers:
            if timer.waiting and timer.due <= self.now:
                timer.waiting = False
                timer.call()


class Timer:
    def __init__(self, due, call):
        self.due, self.call, self.waiting = due, call, False

    def start(self):
        self.waiting = True

    def cancel(self):
        self.waiting = False


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(compiling, "time", clock)
    monkeypatch.setattr(compiling, "threading", clock)
    return clock


def told(clock, *seconds):
    """How often is told, of compilations that take so long, where a second is long."""
    heard = []
    with compiling.announcing(lambda: heard.append(1), after=1.0):
        for each in seconds:
            compiling.began()
            for _ in range(round(10 * each)):
                clock.sleep(0.1)
            compiling.ended()
            clock.sleep(10.0)
    return len(heard)


@pytest.mark.parametrize(
    ("seconds", "times"),
    [((5.0,), 1), ((5.0, 5.0), 1), ((0.5,), 0), ((), 0), ((0.6, 0.6), 1), ((0.2, 0.2, 0.2), 0)],
)
def test_what_takes_a_second_in_all_is_told_once(seconds, times, clock):
    assert told(clock, *seconds) == times


def test_a_piece_of_a_piece_counts_once(clock):
    heard = []
    with compiling.announcing(lambda: heard.append(1), after=1.0):
        compiling.began()
        for _ in range(3):
            compiling.began()
            clock.sleep(0.2)
            compiling.ended()
        clock.sleep(0.2)
        assert heard == []
        clock.sleep(0.3)
        compiling.ended()
    assert heard == [1]


def test_asking_in_the_middle_and_not_at_all(clock):
    compiling.began()
    with compiling.announcing(lambda: pytest.fail("told"), after=0.0):
        compiling.ended()
        clock.sleep(1.0)


def test_numba_reports_what_it_compiles():
    square = numba.njit(lambda x: x * x)
    heard = []
    with compiling.announcing(lambda: heard.append(1), after=0.0):
        assert square(2.0) == 4.0
        for _ in range(1000):  # another thread tells
            time.sleep(0.01)
            if heard:
                break
        assert square(3.0) == 9.0
    assert heard == [1]


@pytest.mark.parametrize(("terminal", "said"), [(True, "mathrl: compiling (once)\n"), (False, "")])
def test_the_program_says_so_on_a_terminal_only(terminal, said, clock, capsys, monkeypatch):
    def work(argv):
        compiling.began()
        clock.sleep(2 * output.DELAY)
        compiling.ended()
        return 0

    monkeypatch.setattr("mathrl.cli.games.run", work)
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    assert cli.main(["games"]) == 0
    assert capsys.readouterr() == ("", said)
