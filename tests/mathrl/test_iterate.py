"""The one loop: when it stops, what it keeps, who may watch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.iteration.iterate import MINIMUM_TOL, Iterate, iterate, watching
from mathrl.iteration.outcome import Status

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


def test_a_run_that_rounding_leads_ends_when_it_is_asked():
    asked = []
    run = iterate(
        at(100.0), lambda last: last, tol=8, max_steps=1_000, lost=lambda point: asked.append(point) or len(asked) == 3
    )
    assert (run.status, len(run.history)) == (Status.STALLED, 256)  # after 64, 128 and 256 steps


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


def distance(one, other):
    return float(abs(one - other))


def far(point):
    """A point that never converges."""
    return Iterate(point, 1.0, FLOOR, float(point))


@given(st.integers(2, 40), st.integers(0, 60))
def test_a_cycle_is_found_with_its_period(period, before):
    """Points 0 … before − 1, then before … before + period − 1 again and again."""

    def step(last):
        return far(last.point + 1 if last.point + 1 < before + period else before)

    run = iterate(far(0), step, tol=10, max_steps=10_000, apart=distance)
    assert (run.status, run.period) == (Status.CYCLED, period)
    assert len(run.history) <= 3 * max(before, period) + period


def test_a_step_that_leads_nowhere_is_a_stall_not_a_cycle():
    run = iterate(far(3), lambda last: far(3), tol=10, max_steps=99, apart=distance)
    assert (run.status, run.period) == (Status.STALLED, 1)
    assert iterate(far(3), lambda last: far(3), tol=10, max_steps=9).status is Status.MAX_STEPS


def test_a_record_of_several_numbers_is_a_row():
    def step(last):
        return Iterate(last.point + 1, 1.0, FLOOR, (last.point, -1.0))

    assert iterate(far(0), step, tol=10, max_steps=3).history.tolist() == [[0, -1], [1, -1], [2, -1]]


def test_an_interrupt_of_a_loop_within_a_step_ends_the_whole():
    """The inner loop would else keep it for itself, and the outer one go on from an answer that is none."""
    watched = []

    def step(last):
        if last.point == 3:
            iterate(far(0), lambda inner: (_ for _ in ()).throw(KeyboardInterrupt), tol=10, max_steps=9)
        return far(last.point + 1)

    with watching(lambda steps, residual: watched.append(steps)):
        run = iterate(far(0), step, tol=10, max_steps=99)
    assert (run.status, run.last.point) == (Status.INTERRUPTED, 3)
    assert watched == [1, 2, 3]


def test_what_converges_slowly_around_its_limit_is_no_cycle():
    """Points alternate about 0 and come 1 floor nearer every other step: none returns, though all are near."""

    def step(last):
        return Iterate(-last.point * (1 - 1e-4), abs(last.point) * 2, FLOOR, 0.0)

    first = Iterate(300 * FLOOR, 600 * FLOOR, FLOOR, 0.0)
    run = iterate(first, step, tol=100, max_steps=99_999, apart=distance)
    assert run.status is Status.CONVERGED


def test_convergence_comes_before_a_return():
    run = iterate(far(0), lambda last: Iterate(0, FLOOR, FLOOR, 0.0), tol=10, max_steps=9, apart=distance)
    assert (run.status, run.period) == (Status.CONVERGED, None)
