"""The simplest fraction near a float: what was meant, against a search through all denominators."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.bounds import simplest_fraction
from tests.examples import LONG

EVERY = st.floats(allow_nan=False, allow_infinity=False)
EPS = Fraction(2) ** -52
MEANT = st.integers(1, 10**6).flatmap(lambda below: st.tuples(st.integers(0, below), st.just(below)))


def within(fraction, x, eps=EPS):
    return abs(fraction - Fraction(x)) <= 8 * eps * abs(Fraction(x))


@given(MEANT)
def test_it_is_the_fraction_that_was_meant(meant):
    """Two fractions with denominators up to 10^6 are 10^-12 apart: no double is near both."""
    assert simplest_fraction(meant[0] / meant[1]) == Fraction(*meant)


@given(st.fractions(0, 1, max_denominator=1000), st.fractions(0, 1, max_denominator=1000), st.integers(1, 5))
def test_it_is_the_fraction_that_was_computed(one, other, times):
    """Sums, products and quotients of a few doubles; of differences those that do not cancel."""
    assert simplest_fraction(times * float(one) + float(other)) == times * one + other
    assert simplest_fraction(float(one) * float(other)) == one * other
    if one - other > Fraction(1, 4):
        assert simplest_fraction(float(one) - float(other)) == one - other


@given(st.fractions(0, 1, max_denominator=300))
def test_single_precision_is_read_as_such(meant):
    """Fractions with denominators up to 300 are 1e-5 apart, and singles within 6e-8 of them."""
    assert simplest_fraction(np.float32(float(meant))) == meant


@given(EVERY)
def test_it_is_near_the_number(x):
    assert within(simplest_fraction(x), x)
    assert simplest_fraction(-x) == -simplest_fraction(x)


@pytest.mark.parametrize("x", [2.0**-10, 0.1, 1e-4, 2 / 3, 355 / 113, math.pi, 0.30000000000000004])
def test_search_through_all_denominators(x):
    """For each denominator, only the two numerators next to x can be near it."""
    simplest = simplest_fraction(x)
    for denominator in range(1, min(simplest.denominator, 20_000 if LONG else 5_000)):
        below = math.floor(Fraction(x) * denominator)
        assert not within(Fraction(below, denominator), x)
        assert not within(Fraction(below + 1, denominator), x)


@pytest.mark.parametrize("x", [math.nan, math.inf, "0.1", True])
def test_what_is_no_finite_number_is_refused(x):
    with pytest.raises(ValueError, match=r"^x is"):
        simplest_fraction(x)
