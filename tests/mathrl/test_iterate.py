"""The one loop: when it stops, what it keeps, who may watch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.iterate import MINIMUM_TOL, Iterate, iterate, watching
from mathrl.solution import Status

FLOOR = 2.0**-52


def halve(last):
    """The residual, in floors, is the point."""
    return at(last.point / 2)


def at(point):
    return Iterate(point, point * FLOOR, FLOOR, -point)


@given(st.floats(0.5, 1e9), st.floats(1e-3, 1e6), st.integers(0, 40))
def test_it_stops_at_the_first_residual_within_tol_floors(first, tol, max_steps):
    run = iterate(at(first), halve, tol=tol, max_steps=max_steps)
    points = [first, *(-run.history)]
    goal = max(tol, MINIMUM_TOL)
    assert points[-1] == run.last.point
    assert all(point > goal for point in points[:-1])
    assert (run.status is Status.CONVERGED) == (points[-1] <= goal)
    assert run.status is Status.CONVERGED or (run.status is Status.MAX_STEPS and len(run.history) == max_steps)


def test_a_step_that_knows_no_better_is_a_stall():
    run = iterate(at(1e9), lambda last: halve(last) if last.point > 1e8 else None, tol=10, max_steps=99)
    assert (run.status, len(run.history)) == (Status.STALLED, 4)
    assert run.last.point == -run.history[-1]


def test_a_residual_that_is_no_number_is_not_convergence():
    run = iterate(at(float("nan")), lambda last: None, tol=10, max_steps=5)
    assert run.status is Status.STALLED


def interrupted(last):
    if last.point < 1e8:
        raise KeyboardInterrupt
    return halve(last)


def test_an_interrupt_ends_the_run_only_where_somebody_watches():
    with pytest.raises(KeyboardInterrupt):
        iterate(at(1e9), interrupted, tol=10, max_steps=99)
    seen = []
    with watching(lambda step, residual: seen.append((step, residual))):
        run = iterate(at(1e9), interrupted, tol=10, max_steps=99)
    assert (run.status, len(run.history)) == (Status.INTERRUPTED, 4)
    assert seen == [(step, 1e9 / 2**step * FLOOR) for step in (1, 2, 3, 4)]


def test_watchers_nest_and_leave():
    outer, inner = [], []
    with watching(lambda step, _: outer.append(step)):
        with watching(lambda step, _: inner.append(step)):
            iterate(at(64), halve, tol=8, max_steps=99)
        iterate(at(16), halve, tol=8, max_steps=99)
    iterate(at(16), halve, tol=8, max_steps=99)
    assert (outer, inner) == ([1], [1, 2, 3])
