"""Balls: what they enclose, what they refuse to answer, and how they are made and read."""

import math
import operator
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx, fmpq
from hypothesis import given
from hypothesis import strategies as st

from mathrl import softmax
from mathrl.arithmetic import maximisers, namespace, objects, shift
from mathrl.balls import Ball, Undecided, arrays, balls, contains, midpoints, precision, radii
from tests.examples import costly

NUMBERS = st.fractions(-50, 50, max_denominator=1000)
RADII = st.fractions(0, 10, max_denominator=1000)
INSIDE = st.fractions(-1, 1, max_denominator=1000)
COMPARISONS = (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne)


@st.composite
def a_ball_and_a_point(draw):
    centre, radius = draw(NUMBERS), draw(RADII)
    return Ball(centre, radius), centre + radius * draw(INSIDE)


@given(a_ball_and_a_point(), a_ball_and_a_point())
def test_arithmetic_encloses_the_exact_result(first, second):
    (x, p), (y, r) = first, second
    for operation in (operator.add, operator.sub, operator.mul):
        for left, right in ((x, y), (x, r), (p, y)):
            assert operation(left, right).contains(operation(p, r))
    if r != 0:
        assert (x / Ball(r)).contains(p / r)
    assert abs(x).contains(abs(p))
    assert (x**2).contains(p**2)
    assert x.larger(y).contains(max(p, r))
    assert x.smaller(y).contains(min(p, r))
    assert x.hull(y).contains(p)
    assert x.hull(y).contains(r)
    assert (x - p).lower() <= 0 <= (x - p).upper()


@given(a_ball_and_a_point(), a_ball_and_a_point())
def test_a_comparison_is_right_or_refused(first, second):
    (x, p), (y, r) = first, second
    for compare in COMPARISONS:
        for left, right in ((x, y), (x, r), (p, y)):
            try:
                answer = compare(left, right)
            except Undecided:
                continue
            assert answer is compare(p, r)


@given(a_ball_and_a_point())
def test_functions_enclose(drawn):
    x, p = drawn
    with precision(120):
        point = Ball(p)
        pairs = [(x.exp(), point.exp()), (x.expm1(), point.expm1())]
        if x.lower() > 0:
            pairs += [(x.log(), point.log()), (x.sqrt(), point.sqrt())]
        if x.lower() > -1:
            pairs.append((x.log1p(), point.log1p()))
    for around, value in pairs:
        assert around.hull(value).upper() == around.upper() or around.contains(value)


RADIUS_ROUNDING = 1e-7  # some hundred roundings of the 30 binary digits that a radius has


def as_wide_as_its_range(around, value, other, rounding=RADIUS_ROUNDING):
    """Whether a ball is no wider than it must be to hold two values."""
    low, high = value.smaller(other).lower(), value.larger(other).upper()
    return around.upper() - around.lower() <= (high - low) * (1 + rounding) + 1e-15


@given(a_ball_and_a_point(), a_ball_and_a_point())
def test_monotone_functions_of_a_ball_go_no_further_than_its_ends(first, second):
    (x, p), (y, r) = first, second
    with precision(120):
        low, high = x.lower(), x.upper()
        pairs = [(x.exp(), low.exp(), high.exp()), (x.expm1(), low.expm1(), high.expm1())]
        if low > 0:
            pairs += [(x.log(), low.log(), high.log()), (x.sqrt(), low.sqrt(), high.sqrt())]
        if low > -1:
            pairs.append((x.log1p(), low.log1p(), high.log1p()))
        if y.lower() > 0 or y.upper() < 0:
            assert (x / y).contains(p / r)
            pairs.append((p / y, p / y.lower(), p / y.upper()))
        assert all(as_wide_as_its_range(*pair) for pair in pairs)


def test_a_question_is_refused_only_where_the_balls_leave_it_open():
    wide, other = Ball(0, 1), Ball(3)
    assert wide < other
    assert other >= wide
    assert wide != other
    assert not wide == other  # noqa: SIM201
    for compare in COMPARISONS:
        with pytest.raises(Undecided, match="more precision, or narrower balls"):
            compare(wide, Ball(0.5))
    with pytest.raises(Undecided):
        bool(wide)
    assert bool(other)
    assert not Ball(0)
    assert Ball(2) == 2
    assert Ball(0.5) == Fraction(1, 2) == Ball("0.5")
    with pytest.raises(Undecided):
        assert wide == wide  # two numbers that are known alike need not be equal
    nothing = Ball(math.nan)
    for compare in COMPARISONS:
        with pytest.raises(Undecided):
            compare(nothing, 1)


def test_a_ball_is_no_float_and_has_no_hash():
    with pytest.raises(TypeError, match="midpoints"):
        float(Ball(1))
    with pytest.raises(TypeError, match="midpoints"):
        balls([1.0, 2.0]).astype(float)
    with pytest.raises(TypeError, match="unhashable"):
        hash(Ball(1))
    assert (Ball(1) == "one") is False
    with pytest.raises(TypeError):
        Ball(1) < "one"  # noqa: B015


@pytest.mark.parametrize("value", [1j, None, [1], np.longdouble(1), object()])
def test_other_values_are_refused(value):
    with pytest.raises(TypeError, match="expected a number"):
        Ball(value)


def test_bad_strings_and_radii_are_refused():
    with pytest.raises(ValueError, match=r"a ball of 'one': expected a number"):
        Ball("one")
    with pytest.raises(ValueError, match="radius is -1, expected a number >= 0"):
        Ball(0, -1)


def test_values_are_exact_at_any_precision():
    with precision(10):
        for value in (0.1, 2**80 + 1, np.float32(0.1), np.int64(2**53 + 1), True):
            assert Ball(value) == value
            assert radii(Ball(value) - Ball(value)) == 0
    assert Ball("1/3").contains(Fraction(1, 3))
    assert Ball(fmpq(1, 3)).contains(Fraction(1, 3))
    assert Ball(arb(1, 1)).contains(2)
    assert Ball("0.1 +/- 0.01").contains(Fraction(11, 100))
    assert not Ball("1/3").contains(1 / 3 + 1e-15)


def test_precision_ends_with_its_block():
    before = ctx.prec
    with precision(300):
        assert radii(Ball(2).sqrt()) < 1e-16  # the midpoint is rounded to a double
        assert (Ball(2).sqrt() ** 2 - 2).upper() < 1e-85
    assert ctx.prec == before


def test_numpy_scalars_and_arrays_mix_with_balls():
    for product in (np.float64(2) * Ball(3), Ball(3) * np.float64(2), np.int64(2) * Ball(3)):
        assert isinstance(product, Ball)
        assert product == 6
    for array in (np.array([1.0, 2.0]) * Ball(3), Ball(3) * np.array([1.0, 2.0]), balls([1, 2]) * 3):
        assert [ball == value for ball, value in zip(array, (3, 6), strict=True)] == [True, True]
    with pytest.raises(Undecided):
        np.max(balls([0, 1], radius=1))


def test_special_values():
    assert Ball(0).log() == -math.inf
    assert Ball(-1).log1p() == -math.inf
    assert Ball(-math.inf).exp() == 0
    assert Ball(-math.inf).larger(1) == 1
    assert math.isnan(midpoints(Ball(0, 1).log()))
    assert math.isnan(midpoints(Ball(1) / 0))


def test_what_a_processor_notes_of_nan_is_no_warning(monkeypatch):
    """Some note it where they make a nan of another one; comparing it is noted by all."""
    monkeypatch.setattr(arrays, "_nearest", lambda ball: max(math.nan, float(ball.arb.mid())))
    with pytest.warns(RuntimeWarning, match="invalid value"):
        np.frompyfunc(arrays._nearest, 1, 1)(Ball(1))
    assert math.isnan(midpoints(Ball(1)))


@given(st.lists(a_ball_and_a_point(), min_size=1, max_size=4))
def test_midpoints_and_radii_hold_the_ball(drawn):
    x, points = np.array([ball for ball, _ in drawn]), [point for _, point in drawn]
    for centre, radius, point in zip(midpoints(x), radii(x), points, strict=True):
        assert abs(Fraction(centre) - point) <= Fraction(radius)
    assert contains(x, points).all()
    assert contains(balls(midpoints(x), radii(x)), x).all()


def test_arrays_of_balls_take_radii_of_their_shape():
    x = balls([[0.1, "1/3"], [Fraction(1, 7), Ball(1, 1)]], [[0, 1], [2, 0]])
    assert x.shape == (2, 2)
    assert (np.round(radii(x), 6) == [[0, 1], [2, 1]]).all()
    assert isinstance(balls(0.5), Ball)
    assert radii(balls(["1e400", math.inf])).tolist() == [math.inf, 0.0]
    assert midpoints(balls([[1, 2]])).shape == (1, 2)


def test_showing_a_ball_reads_back():
    x = Ball("1/3")
    assert eval(repr(x), {"Ball": Ball}).contains(Fraction(1, 3))
    assert str(Ball(0.5)) == "0.500000000000000"


# Arrays of objects as an array library


@given(st.lists(a_ball_and_a_point(), min_size=1, max_size=5))
def test_the_largest_entry_is_enclosed(drawn):
    x, points = np.array([ball for ball, _ in drawn]), [point for _, point in drawn]
    assert objects.max(x).contains(max(points))
    assert objects.min(x).contains(min(points))
    try:
        first = objects.argmax(x)
    except Undecided:
        pass
    else:
        assert first == points.index(max(points))
    try:
        mask = maximisers(x)
    except Undecided:
        pass
    else:
        assert mask.tolist() == [point == max(points) for point in points]


@costly
@given(st.lists(a_ball_and_a_point(), min_size=2, max_size=4), st.fractions(Fraction(1, 10), 10))
def test_a_soft_maximum_is_enclosed_and_hardly_wider_than_its_balls(drawn, temperature):
    x = np.array([ball for ball, _ in drawn])
    functions = (softmax.soft_max, softmax.boltzmann, softmax.log_boltzmann)
    around = [function(x, Ball(temperature)) for function in functions]
    with precision(200):
        points = balls([point for _, point in drawn])
        for wide, function in zip(around, functions, strict=True):
            assert contains(wide, function(points, Ball(temperature))).all()
    slack = 1e-9  # of values of size 60
    assert radii(around[0]) <= 2 * radii(x).max() + slack
    assert shift(x)[0] == objects.max(x).midpoint()


@st.composite
def a_box(draw):
    """Balls, a point in them, logarithms of weights, and a temperature, all of them exact but the balls."""
    drawn = draw(st.lists(a_ball_and_a_point(), min_size=2, max_size=4))
    x, point = np.array([ball for ball, _ in drawn]), balls([point for _, point in drawn])
    weights = [draw(st.sampled_from([-math.inf, -3.5, -0.25, 0.0])) for _ in drawn[1:]] + [-1.0]
    temperature = Ball(draw(st.fractions(Fraction(1, 10), 10))).midpoint()
    return x, point, balls(weights), temperature


def holds(around, value):
    """Whether balls meet others that are small: an end of the former may lie within what is left open of the value."""
    return contains(around - value, np.zeros(np.shape(value), dtype=int)).all()


def ends(x):
    return tuple(np.array([getattr(ball, end)() for ball in x]) for end in ("lower", "upper"))


@costly
@given(a_box())
def test_parts_of_a_soft_total_have_no_more_than_the_range_of_their_values(drawn):
    """An entry is least where its own number is at the lower end and all others are at their upper ends."""
    x, point, log_target, temperature = drawn
    with precision(200):
        functions = {
            softmax.log_boltzmann: (x, point, (temperature,), RADIUS_ROUNDING),
            softmax.target_log_ratio: (x, point, (log_target, temperature), RADIUS_ROUNDING),
            # of logarithms, whose radii are rounded
            softmax.boltzmann: (x, point, (temperature,), 1e2 * RADIUS_ROUNDING),
            softmax.log_probabilities: (np.exp(x / 50), np.exp(point / 50), (), 1e2 * RADIUS_ROUNDING),
        }
        for function, (box, inside, more, rounding) in functions.items():
            around, (lower, upper) = function(box, *more), ends(box)
            played = np.flatnonzero(midpoints(log_target) > -math.inf)
            assert holds(around[played], function(inside, *more)[played])
            for a in played:
                own = np.arange(len(box)) == a
                corners = (np.where(own, lower, upper), np.where(own, upper, lower))
                assert as_wide_as_its_range(around[a], *(function(at, *more)[a] for at in corners), rounding)


@costly
@given(a_box(), st.fractions(0, Fraction(9, 10)), INSIDE)
def test_soft_maxima_have_no_more_than_the_range_of_their_values(drawn, share, inside):
    """They grow with all numbers; without a target they grow with the temperature, and with one they fall."""
    x, point, log_target, temperature = drawn
    with precision(200):
        wide, one = Ball(temperature, temperature * share), temperature * (1 + share * inside * Fraction(99, 100))
        (lower, upper), cold, hot = ends(x), wide.lower(), wide.upper()
        functions = {
            softmax.log_sum_exp: ((x,), (point,), (lower,), (upper,)),
            softmax.soft_max: ((x, wide), (point, one), (lower, cold), (upper, hot)),
            softmax.target_soft_max: tuple(
                (q, log_target, at) for q, at in ((x, wide), (point, one), (lower, hot), (upper, cold))
            ),
        }
        for function, calls in functions.items():
            around, value, least, largest = (function(*call).item() for call in calls)
            assert holds(around, value)
            assert as_wide_as_its_range(around, least, largest)
        for part in (softmax.boltzmann, softmax.log_boltzmann):
            assert holds(part(x, wide), part(point, one))
        ratio, played = softmax.target_log_ratio, midpoints(log_target) > -math.inf
        assert holds(ratio(x, log_target, wide)[played], ratio(point, log_target, one)[played])


def test_the_policy_of_two_actions_is_known_exactly_at_a_ball_of_temperatures():
    policy = softmax.boltzmann(balls([0, 1], 0.25), Ball(1, 0.5))
    for entry, sign in zip(policy, (1, -1), strict=True):
        least, largest = (1 / (1 + (sign * Ball(gap)).exp()) for gap in (0.5 / 1.5, 1.5 / 0.5))
        assert as_wide_as_its_range(entry, least, largest)


def test_temperatures_that_may_not_be_positive_enclose_nothing_finite():
    for function in (softmax.soft_max, softmax.boltzmann):
        assert not np.isfinite(midpoints(function(balls([0, 1]), Ball(0, 1)))).any()


def test_values_of_minus_infinity_have_no_part():
    q = balls([0, -math.inf, -math.inf, 1])
    assert midpoints(softmax.boltzmann(q, 1)).tolist()[1:3] == [0, 0]
    assert contains(softmax.boltzmann(q, 1), softmax.boltzmann(balls([0, 1]), 1)[[0, 0, 0, 1]])[[0, 3]].all()


def test_axes_of_the_largest_entry():
    x = balls(np.arange(24.0).reshape(2, 3, 4))
    for axis, keepdims in ((None, False), (0, False), (-1, True), ((0, 2), False), ((1, -1), True)):
        kept = {"axis": axis, "keepdims": keepdims}
        assert (midpoints(objects.max(x, **kept)) == np.max(midpoints(x), **kept)).all()
        assert (midpoints(objects.min(x, **kept)) == np.min(midpoints(x), **kept)).all()
    assert objects.argmax(x, axis=1).tolist() == np.full((2, 4), 2).tolist()


def test_exact_numbers_without_exp_and_log():
    x = np.array([Fraction(0), Fraction(1)])
    assert objects.exp(x[:1]).tolist() == [1]
    assert objects.log(x).tolist() == [-math.inf, 0]
    with pytest.raises(TypeError, match=r"exp\(1\) is not exact for entries of type Fraction"):
        objects.exp(x)
    filled = objects.where(np.array([True, False]), x, 1.0)
    assert all(type(entry) is Fraction for entry in filled)
    assert namespace(x) is objects
    assert namespace(np.zeros(2)) is np


def test_linear_systems_are_solved_exactly():
    matrix = np.array([[Fraction(3), Fraction(1)], [Fraction(1), Fraction(2)]])
    right = np.array([[Fraction(1)], [Fraction(0)]])
    solved = objects.linalg.solve(matrix, right)
    assert (matrix @ solved == right).all()
    assert matrix[0, 0] == 3
