"""The simplest fraction that rounds to a double: against a search through all denominators."""

import math
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mathrl.bounds import simplest_fraction

EVERY = st.floats(allow_nan=False, allow_infinity=False)


@given(st.integers(1, 10**7).flatmap(lambda below: st.tuples(st.integers(0, below), st.just(below))))
def test_it_is_the_fraction_that_was_meant(meant):
    """Two fractions with denominators up to 10^7 are 10^-14 apart: no double is nearest to both."""
    assert simplest_fraction(meant[0] / meant[1]) == Fraction(*meant)


@given(EVERY)
def test_it_rounds_to_the_number(x):
    assert float(simplest_fraction(x)) == x
    assert simplest_fraction(-x) == -simplest_fraction(x)


@given(st.floats(0, 1e6, exclude_min=True))
def test_none_of_smaller_denominator_rounds_to_the_number(x):
    """Of those, the nearest does not; around a power of 2, what rounds to it reaches twice as far up as down."""
    assume(math.frexp(x)[0] != 0.5)
    denominator = simplest_fraction(x).denominator
    if denominator > 1:
        assert float(Fraction(x).limit_denominator(denominator - 1)) != x


@pytest.mark.parametrize("x", [2.0**-10, 2.0**-30, 0.1, 1 - 2**-53, 1e-4, 2 / 3, 355 / 113])
def test_search_through_all_denominators(x):
    """For each denominator, only the two numerators next to x can round to it."""
    simplest = simplest_fraction(x)
    for denominator in range(1, min(simplest.denominator, 20_000)):
        below = math.floor(Fraction(x) * denominator)
        assert float(Fraction(below, denominator)) != x != float(Fraction(below + 1, denominator))


@pytest.mark.parametrize(
    ("x", "fraction"),
    [
        (0.0, Fraction(0)),
        (-0.25, Fraction(-1, 4)),
        (2.0**-60, Fraction(1, 2**60 - 127)),  # up to 2^-60 (1 + 2^-53), a tie that is rounded to it
        (2.0**60, Fraction(2**60 - 64)),  # down to 2^60 (1 - 2^-54)
        (5e-324, Fraction(1, 2**1075 // 3 + 1)),  # below 3/2 of the least double, a tie that is not
        (1e23, Fraction(int(1e23) - 2**23)),  # doubles are 2^24 apart, and the tie is rounded to it
    ],
)
def test_by_hand(x, fraction):
    assert simplest_fraction(x) == fraction


@pytest.mark.parametrize("x", [math.nan, math.inf, "0.1", True])
def test_what_is_no_finite_number_is_refused(x):
    with pytest.raises(ValueError, match=r"^x is"):
        simplest_fraction(x)
