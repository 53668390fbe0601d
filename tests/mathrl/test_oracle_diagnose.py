"""Which explanations are stated: rules of `diagnose`, at alternatives that are made up."""

import numpy as np
import pytest

from mathrl.oracle.diagnose import Mistake, diagnose, least_squares

EXACT = np.array([10.0, 20.0, 30.0, 40.0])
ONES = np.ones(4)
BY_ONE = Mistake(EXACT, ONES, ((1.0, "plus one"),), "plus {weight:.3g}")


def said(off, mistakes=(BY_ONE,), atol=1e-8):
    return diagnose(EXACT + off, EXACT, mistakes, rtol=0, atol=atol).removeprefix("theirs are the exact ones ")


@pytest.mark.parametrize(
    ("off", "atol", "sentence"),
    [
        (ONES, 1e-8, "plus one"),
        (3 * ONES, 1e-8, "plus 3"),
        (0 * ONES, 1e-8, ""),  # nothing is to be explained
        (0.04 * ONES, 0.05, ""),  # nor here
        # named before fitted: both are within the tolerance, and the fitted one leaves nothing
        (1.009 * ONES, 0.05, "plus one (to within 0.009; explains 99.1 %)"),
        # but not where the named one leaves more than a hundredth, and more than twice as much
        (1.03 * ONES, 0.05, "plus 1.03"),
        # with noise it does not leave twice as much
        (np.array([1.02, 1.02, 1.0, 1.0]), 0.05, "plus one (to within 0.02; explains 98 %)"),
        # a hundredth may be left beyond the tolerance, unless a fitted one explains it to the tolerance
        (np.array([1.009, 0.999, 1.0, 1.0]), 1e-8, "plus one (to within 0.009; explains 99.1 %)"),
        (1.009 * ONES, 1e-8, "plus 1.01"),
        # a fitted one has to explain every entry
        (np.array([3.01, 3.0, 3.0, 3.0]), 1e-8, ""),
        # no more than a hundredth
        (np.array([1.03, 1.0, 1.0, 1.0]), 1e-8, ""),
        # nor a tenth, however large the tolerance
        (np.array([1.2, 1.0, 1.0, 1.0]), 0.3, ""),
        # and what is right must stay right
        (np.array([1.0, 1.0, 1.0, 0.0]), 1e-8, ""),
    ],
)
def test_one_mistake(off, atol, sentence):
    assert said(off, atol=atol) == sentence


def test_zeros_are_said_to_be_zeros_whatever_else_they_are():
    nothing = Mistake(0.0, EXACT, ((0.0, "times 0"),))
    assert diagnose(np.zeros(4), EXACT, [nothing]) == "theirs are all 0"
    assert diagnose(np.zeros(4), np.zeros(4), [nothing]) == ""


def test_what_is_small_beside_the_numbers_is_no_rounding_if_it_is_large_beside_the_difference():
    exact, off = 1e6 * EXACT, np.array([100.5, 100.0, 100.0, 100.0])
    mistake = Mistake(exact, ONES, ((100.0, "plus 100"),))
    said = diagnose(exact + off, exact, [mistake], rtol=0, atol=1)
    assert said == "theirs are the exact ones plus 100 (to within 0.5; explains 99.5 %)"
    assert np.isclose(exact + off, exact + 100, rtol=1e-5).all()


def test_two_that_leave_nothing_are_both_stated_and_a_worse_one_is_not():
    others = [Mistake(EXACT, ONES * 2, ((0.5, "half of two"),)), Mistake(EXACT, ONES, ((0.995, "less"),))]
    assert said(ONES, [BY_ONE, *others], atol=0.05) == "plus one, or half of two"


def test_of_many_that_leave_something_three_are_stated_the_best_first():
    many = [Mistake(EXACT, ONES, ((1 + k / 1000, f"plus {k}"),)) for k in (8, 7, 6, 5)]
    phrases = said(ONES, many).split(", or ")
    assert [phrase[:6] for phrase in phrases] == ["plus 5", "plus 6", "plus 7"]


def test_few_entries_are_no_evidence_unless_all_is_explained():
    two = np.array([1.0, 1.0, 0.0, 0.0])
    mistake = Mistake(EXACT, two, ((1.0, "named"),), "fitted")
    assert said(two, [mistake]) == "named"
    assert said(2 * two, [mistake]) == ""
    assert said(1.005 * two, [mistake]) == ""


def test_what_overflows_explains_nothing():
    """Without warnings, which are errors here."""
    huge = Mistake(EXACT, np.full(4, 1e308), ((1e10, "overflows"),), "fitted {weight:.3g}")
    assert said(np.array([1.0, 2.0, 3.0, 5.0]), [huge, Mistake(np.full(4, np.nan), ONES, ((1.0, "nan"),), "nan")]) == ""


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_least_squares_of_any_size(scale):
    part, difference = np.array([1.0, 2.0, -1.0]), np.array([2.0, 3.0, -2.5])
    expected = (difference @ part) / (part @ part)
    assert least_squares(difference * scale, part * scale) == pytest.approx(expected, rel=1e-14, abs=0)
    assert least_squares(difference * scale, part) == pytest.approx(expected * scale, rel=1e-14, abs=0)
    assert least_squares(0 * part, part * scale) == 0
    assert np.isnan(least_squares(difference, 0 * part))
