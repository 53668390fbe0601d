"""What agrees with a printed number, and what does not."""

import math

import pytest

from mathrl.base.checks import InvalidInput
from mathrl.base.printed import PaperBound, PaperStatement, PaperValue, printed


@pytest.mark.parametrize(
    ("text", "value", "tolerance"),
    [
        ("0.9990", 0.999, 0.00005),
        ("-8.2", -8.2, 0.05),
        ("−8.2", -8.2, 0.05),
        ("20", 20.0, 0.5),
        ("1.5e-4", 1.5e-4, 0.5e-5),
        ("0.0000", 0.0, 0.00005),
        ("+3.", 3.0, 0.5),
    ],
)
def test_value_and_tolerance_come_from_the_printed_digits(text, value, tolerance):
    paper = PaperValue(text)
    assert (paper.value, paper.tolerance) == (value, tolerance)


@pytest.mark.parametrize(
    ("text", "computed", "agrees"),
    [
        ("0.9990", 0.99895, True),
        ("0.9990", 0.99905, True),
        ("0.9990", 0.998949999, False),
        ("0.9990", 0.999050001, False),
        ("0.9990", 0.999, True),
        ("0.0000", 0.0, True),
        ("0.0000", -4.9e-5, True),
        ("0.0000", 5.1e-5, False),
        ("-8.2", -8.25, True),
        ("-8.2", 8.2, False),
        ("0.3", 0.1 + 0.2, True),
        ("20", 20.5, True),
        ("20", 20.51, False),
        ("1", math.nan, False),
        ("1", math.inf, False),
    ],
)
def test_a_number_agrees_when_it_rounds_to_the_printed_one(text, computed, agrees):
    assert PaperValue(text).agrees(computed) is agrees


def test_a_number_meant_exactly_allows_for_rounding_errors_alone():
    paper = PaperValue("1", exact=True)
    assert paper.tolerance == 0
    assert paper.agrees(1 + 4e-16)
    assert not paper.agrees(1 + 1e-14)


@pytest.mark.parametrize(
    ("text", "extremum", "agrees"),
    [
        ("> 3.2", 3.2, True),
        ("> 3.2", 3.3, True),
        ("> 3.2", 3.19, False),
        ("< -5.8", -5.8, True),
        ("< -5.8", -5.7, False),
    ],
)
def test_a_bound_agrees_when_the_extremum_keeps_it(text, extremum, agrees):
    assert isinstance(printed(text), PaperBound)
    assert printed(text).agrees(extremum) is agrees


@pytest.mark.parametrize(
    ("statement", "computed", "agrees"),
    [
        (PaperStatement(), 1.0, True),
        (PaperStatement(), 1 - 1e-15, True),  # a share that was rounded
        (PaperStatement(), 0.999, False),
        (PaperStatement(3), 2.0, False),
        (PaperStatement(), float("nan"), False),
    ],
)
def test_a_statement_comes_out_in_all_of_its_cases_or_not(statement, computed, agrees):
    assert printed(statement) is statement
    assert statement.agrees(computed) is agrees


@pytest.mark.parametrize("text", ["", "abc", "1,5", "0x10", "nan", "1e", "> ", "≈ 3"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(InvalidInput, match="printed"):
        printed(text)
    with pytest.raises(InvalidInput, match="printed"):
        PaperBound("3.2")
