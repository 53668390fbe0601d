"""What a slack says of inequalities and equations, in doubles, fractions and balls."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.balls import Undecided, balls
from mathrl.proofs_checks import all_of, at_most, equal
from mathrl.proofs_checks.slack import Unmet, premise

NUMBERS = st.integers(-50, 50)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=5))
def test_all_arithmetics_agree(pairs):
    left, right = (np.array(side, dtype=np.float64) for side in zip(*pairs, strict=True))
    for relation in (at_most, equal):
        floats = relation(left, right)
        for exact in (np.frompyfunc(Fraction, 1, 1), balls):
            found = relation(exact(left), exact(right))
            assert found.violated == floats.violated
            assert found.trivial == floats.trivial
            assert [float(str(x)) if not isinstance(x, Fraction) else float(x) for x in found.entries] == [
                *floats.entries
            ]


def test_an_inequality_and_an_equation():
    assert not at_most(1.0, 2.0).violated
    assert at_most(2.0, 1.0).violated
    assert equal(2.0, 1.0).violated
    assert equal(1.0, 2.0).violated
    assert not equal(2.0, 2.0).violated
    assert all_of(at_most(1.0, 2.0), equal(1.0, 2.0)).violated


def test_rounding_is_no_violation_and_may_be_doubtful():
    assert not equal(1.0, 1.0 + 1e-13).violated
    assert not equal(1.0, 1.0 + 1e-13).doubtful
    assert equal(1.0, 1.0 + 1e-11).doubtful
    assert not equal(1.0, 1.0 + 1e-11).violated
    assert equal(1.0, 1.0 + 1e-9).violated
    assert not equal(1.0, 1.0 + 1e-9, rounding=1e-6).violated


def test_infinite_sides():
    assert at_most(np.inf, 1.0).violated
    assert not at_most(-np.inf, 1.0).violated
    assert not equal(np.inf, np.inf).violated
    with pytest.raises(ArithmeticError, match="not a number"):
        assert at_most(np.nan, 1.0).violated


def test_balls_that_overlap_decide_nothing():
    with pytest.raises(Undecided):
        assert at_most(balls(["1 +/- 0.1"]), balls(["1"])).violated
    both = at_most(balls(["1 +/- 0.1", "2"]), balls(["1", "1"]))
    assert both.violated  # by the second entry, whatever the first is


def test_numpys_numbers_are_doubles():
    """A whole number of NumPy's has a numerator, and is no fraction for that: rounding would count as a violation."""
    assert not equal(np.int64(1), np.float64(1 + 1e-13)).violated
    assert not equal(np.array([1, 2]).sum(), 3 + 1e-13).violated


def test_what_is_trivial():
    assert at_most(np.array([0.0, 1.0]), np.array([1.0, 0.0])).trivial
    assert not at_most(np.array([0.0, 1.0]), np.array([1.0, 2.0])).trivial


def test_a_premise():
    premise(True)
    with pytest.raises(Unmet):
        premise(np.bool_(False))
