"""`rationality=` beside `temperature=` where equilibria are traced: the same answers, and exactly one of both."""

import inspect
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl import batch
from mathrl.base.rationality import one_temperature
from mathrl.equilibria import equilibria, logit_curves
from mathrl.games import load
from mathrl.solvers import qre, qre_branch

CHICKEN = load("chicken")
PAYOFFS = np.random.default_rng(0).standard_normal((5, 2, 2, 2))
TAKING = {
    "qre": lambda **asked: qre(CHICKEN, **asked),
    "qre_branch": lambda **asked: qre_branch(CHICKEN, **asked),
    "batch.qre": lambda **asked: batch.qre(PAYOFFS, **asked),
    "batch.qre_branch": lambda **asked: batch.qre_branch(PAYOFFS, **asked),
    "equilibria": lambda **asked: equilibria(CHICKEN, CURVES, **asked),
}
CURVES = logit_curves(CHICKEN, temperatures=(0.2, 2.0))
everything = pytest.mark.parametrize("call", TAKING.values(), ids=TAKING)


def policies(found):
    found = found if isinstance(found, tuple) else (found,)
    return [own for one in found for own in (one if isinstance(one, tuple) else one.policy)]


@everything
def test_a_rationality_gives_the_answer_of_its_temperature(call):
    ours, theirs = policies(call(rationality=2.0)), policies(call(temperature=0.5))
    assert all(np.array_equal(one, other) for one, other in zip(ours, theirs, strict=True))


@everything
def test_exactly_one_of_both_is_given(call):
    with pytest.raises(ValueError, match="temperature is given beside rationality, expected one of both"):
        call(temperature=1.0, rationality=1.0)
    with pytest.raises(ValueError, match="temperature is missing, expected temperature, or rationality"):
        call()


@everything
@pytest.mark.parametrize("rationality", [0, -1.0, np.nan, np.inf, "2", 1e-310, True])
def test_a_rationality_without_a_temperature_is_refused(call, rationality):
    with pytest.raises(ValueError, match=r"^rationality is"):
        call(rationality=rationality)


@pytest.mark.parametrize("name", ["qre", "qre_branch"])
def test_the_solution_records_the_temperature_alone(name):
    found = TAKING[name](rationality=4.0)
    assert (found.temperature, found.parameters["temperature"]) == (0.25, 0.25)
    assert "rationality" not in found.parameters
    again = TAKING[name](**found.parameters)
    assert again.to_dict() == found.to_dict()


def test_several_rationalities_are_found_in_their_order():
    found = qre_branch(CHICKEN, rationality=[4.0, 0.5])
    assert [one.temperature for one in found] == [0.25, 2.0]
    with pytest.raises(ValueError, match=r"rationality\[1\] is 0"):
        qre_branch(CHICKEN, rationality=[1.0, 0.0])
    games = batch.qre(PAYOFFS, rationality=np.arange(1.0, 6.0))
    assert [one.temperature for one in games] == (1 / np.arange(1.0, 6.0)).tolist()
    with pytest.raises(ValueError, match=r"rationality\[2\] is -1"):
        batch.qre(PAYOFFS, rationality=np.array([1, 1, -1.0, 1, 1]))
    with pytest.raises(ValueError, match="shape"):
        batch.qre(PAYOFFS, rationality=[1.0, 2.0])


def test_curves_are_followed_over_a_range_of_rationalities():
    ours, theirs = logit_curves(CHICKEN, rationalities=(0.5, 4.0)), logit_curves(CHICKEN, temperatures=(0.25, 2.0))
    for one, other in zip(ours, theirs, strict=True):
        assert one.temperatures == (0.25, 2.0)
        assert np.array_equal(one.rationality, other.rationality)
    for asked, message in (
        ({}, "temperatures are missing"),
        ({"temperatures": (1, 2), "rationalities": (1, 2)}, "temperatures are given beside rationalities"),
        ({"rationalities": (2, 1)}, r"rationalities are \(2, 1\), expected two rationalities, the lowest first"),
        ({"rationalities": (1, 2, 3)}, "rationalities are 3 numbers"),
        ({"rationalities": (0, 2)}, r"rationalities\[0\] is 0"),
    ):
        with pytest.raises(ValueError, match=message):
            logit_curves(CHICKEN, **asked)


@given(st.floats(1e-300, 1e300))
def test_the_temperature_is_the_nearest_number_to_the_inverse(rationality):
    exact = 1 / Fraction(rationality)
    found = Fraction(one_temperature(None, rationality))
    assert abs(found - exact) <= exact * Fraction(1, 2**53)
    assert one_temperature(None, np.array([rationality])).tolist() == [float(found)]


def test_a_temperature_is_passed_on_as_it_is():
    anything = object()
    assert one_temperature(anything, None) is anything


def test_signatures_offer_both():
    for function in (qre, qre_branch, batch.qre, batch.qre_branch):
        parameters = inspect.signature(function).parameters
        assert parameters["temperature"].default is parameters["rationality"].default is None
