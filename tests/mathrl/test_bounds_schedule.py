"""The rollout schedule of aorpo §5.1 in exact arithmetic, its error budget, f(e), and the sums of G.6."""

from decimal import Decimal
from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.bounds import (
    SCHEDULES,
    SCHEMES,
    Schedule,
    accumulated_distance,
    branch_length_at,
    error_budget,
    printed_real_to_simu,
    printed_simu_to_real,
    rollout_lengths,
)
from mathrl.bounds.schemes import model_steps, scheme_lengths

FRACTIONS = st.fractions(0, 1, max_denominator=60)
ERRORS = st.lists(FRACTIONS, min_size=1, max_size=4)
POSITIVE = st.lists(FRACTIONS.filter(bool), min_size=1, max_size=4)
LENGTHS = st.integers(1, 40)


def longest(k, error, least):
    """max{n ≤ k : n ε ≤ k min ε}, tried from above in whole numbers."""
    denominator = error.denominator * least.denominator
    cost, allowed = int(error * denominator), int(k * least * denominator)
    return next(n for n in range(k, -1, -1) if n * cost <= allowed)


@given(LENGTHS, ERRORS)
def test_a_length_is_the_longest_whose_error_stays_within_k_times_the_least(k, errors):
    assert rollout_lengths(k, errors) == tuple(longest(k, error, min(errors)) for error in errors)


@given(LENGTHS, ERRORS)
def test_a_double_is_read_as_the_fraction_that_it_stands_for(k, errors):
    """Fractions with denominators up to 60 are the simplest that round to their doubles."""
    assert rollout_lengths(k, [float(error) for error in errors]) == rollout_lengths(k, errors)


@pytest.mark.parametrize("k", [3, 10, 97, 10**6])
def test_the_floor_of_a_quotient_that_is_whole_loses_none(k):
    """n_j = k m / ε_j is whole for ε_j = m k / n: many such floors of doubles are one too small, none of ours."""
    lost = 0
    for n in range(1, min(k, 200) + 1):
        least = Fraction(n, 3 * k)  # against ε_j = 1/3
        assert rollout_lengths(k, [float(least), 1 / 3]) == (k, n)
        lost += floor(k * float(least) / (1 / 3)) < n
    assert lost or k < 97  # the naive floor does fail: the test could tell


@pytest.mark.parametrize(
    ("k", "errors", "lengths"),
    [
        (6, [0.1, 0.3], (6, 2)),
        (3, [0.3, 0.9], (3, 1)),  # 0 in doubles
        (3, [0.7, 0.7], (3, 3)),  # 2 in doubles, for the best model too
        (3, [Decimal("0.1"), Decimal("0.3")], (3, 1)),
        (7, [Fraction(1, 3), Fraction(2, 3)], (7, 3)),
        (7, [1 / 3, 2 / 3], (7, 3)),
        (5, [0, 0.2, 0], (5, 0, 5)),  # perfect opponents: 0/0 as printed
        (5, [0, 0], (5, 5)),
        (4, [0.25, 0.25, 0.5], (4, 4, 2)),  # ties
        (1, [1, 1], (1, 1)),
        (0, [0.1, 0.2], (0, 0)),
        (9, [], ()),
        (10**6, [1e-6, 1], (10**6, 1)),
        (10**6, [1e-9, 1], (10**6, 0)),
        (3, [np.float64(0.1), np.int64(1)], (3, 0)),
        (3, [0.1, 0.1 + 0.2], (3, 1)),
        (6, np.float32([0.1, 0.2, 0.3, 0.6]), (6, 3, 2, 1)),
        (np.int8(127), [0.3, 0.9], (127, 42)),
        (3, iter([0.3, 0.9]), (3, 1)),
    ],
)
def test_lengths_by_hand(k, errors, lengths):
    assert rollout_lengths(k, errors) == lengths


@given(LENGTHS, ERRORS, st.randoms())
def test_relabelled_opponents_have_relabelled_lengths(k, errors, random):
    order = random.sample(range(len(errors)), len(errors))
    lengths = rollout_lengths(k, errors)
    assert rollout_lengths(k, [errors[j] for j in order]) == tuple(lengths[j] for j in order)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (-0.1, r"opponent_errors\[1\] is -0.1, expected a total variation, from 0 to 1"),
        (1.5, r"opponent_errors\[1\] is 1.5, .*: the lengths depend on ratios alone, so divide by the largest"),
        (float("nan"), r"opponent_errors\[1\] is nan, expected a finite number"),
        (Decimal("NaN"), r"opponent_errors\[1\] is nan, expected a finite number"),
        (Decimal("Infinity"), r"opponent_errors\[1\] is inf"),
        (True, r"opponent_errors\[1\] is True, expected a number"),
        ("0.1", r"opponent_errors\[1\] is '0.1', expected a number"),
    ],
)
def test_what_is_no_error_is_refused(error, message):
    with pytest.raises(ValueError, match=message):
        rollout_lengths(3, [0.1, error])


@pytest.mark.parametrize("k", [-1, 2.0, True, None])
def test_what_is_no_branch_length_is_refused(k):
    with pytest.raises(ValueError, match="branch_length is"):
        rollout_lengths(k, [0.1])


@given(LENGTHS, POSITIVE)
def test_each_opponent_costs_more_than_k_times_the_least_error_by_at_most_its_own(k, errors):
    """The printed (n − 1) k min ε is below the budget, always: not "≃" of §5.1."""
    budget = error_budget(k, errors)
    least = k * min(errors)
    assert all(least < cost <= least + error for cost, error in zip(budget.contributions, errors, strict=True))
    assert budget.printed < budget.total <= min(budget.printed + sum(errors), budget.all_model)


@given(LENGTHS, ERRORS)
def test_the_budget_that_is_needed_lies_between_what_acts_and_what_is_counted(k, errors):
    budget = error_budget(k, errors)
    acts = model_steps("simu-to-real", k, budget.lengths)
    uses = acts.sum(axis=0) + acts[-1]  # the last state's action is by the policies of step k
    assert budget.needed == sum(int(n) * error for n, error in zip(uses, errors, strict=True))
    assert budget.needed <= budget.total
    for n, error in zip(budget.lengths, errors, strict=True):
        assert n == k or n * error <= k * min(errors)  # what §5.1 says of each


def test_one_perfect_model_makes_the_printed_budget_nothing():
    """The smallest example: one perfect opponent model, one that is always wrong."""
    budget = error_budget(1, [0, 1])
    assert (budget.lengths, budget.printed, budget.total) == ((1, 0), 0, 1)


def test_the_papers_schedules():
    assert {task: (s.first, s.last, s.begin, s.end) for task, s in SCHEDULES.items()} == {
        "cooperative-communication": (1, 10, 15, 100),
        "cooperative-navigation": (1, 6, 15, 100),
        "cooperative-scheduling": (1, 8, 40, 100),
        "keep-away": (1, 10, 30, 120),
        "physical-deception": (1, 8, 20, 100),
        "predator-prey": (1, 5, 20, 100),
    }


@pytest.mark.parametrize("task", SCHEDULES)
def test_a_schedule_is_the_printed_formula_in_fractions(task):
    schedule = SCHEDULES[task]
    x, y, a, b = schedule.first, schedule.last, schedule.begin, schedule.end
    for epoch in range(201):
        printed = min(max(x + Fraction(epoch - a, b - a) * (y - x), x), y)
        assert schedule.at(epoch) == printed
        assert schedule.steps(epoch) == printed.numerator // printed.denominator
    assert (schedule.steps(a), schedule.steps(b - 1), schedule.steps(b)) == (x, y - 1, y)


def test_a_falling_schedule_falls_and_not_as_printed():
    """min(max(·, x), y) is y at every epoch where x > y."""
    falling = Schedule(first=10, last=1, begin=0, end=9)
    assert [falling.steps(epoch) for epoch in (0, 1, 5, 9, 20)] == [10, 9, 5, 1, 1]


def test_a_level_schedule_is_level():
    assert Schedule(3, 3, 0, 10).at(7) == 3


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"end": 5}, "end is 5, expected an epoch after begin = 5"),
        ({"epoch": -1}, "epoch is -1"),
        ({"last": float("inf")}, "last is inf"),
    ],
)
def test_a_bad_schedule_is_named(changed, message):
    arguments = {"epoch": 1, "first": 1, "last": 2, "begin": 5, "end": 9} | changed
    with pytest.raises(ValueError, match=message):
        branch_length_at(arguments.pop("epoch"), **arguments)


TWO = st.tuples(LENGTHS, LENGTHS, FRACTIONS, FRACTIONS).map(lambda t: (max(t[:2]), min(t[:2]), *t[2:]))


@given(TWO)
def test_the_sums_of_g6_with_its_first_one_mended(two):
    """Each printed sum term by term, and the general one state by state."""
    k, length, one, both = *two[:3], two[2] + two[3]

    def total(first, last, term):
        return sum((term(t) for t in range(first, last + 1)), Fraction(0))

    middle = length * (k - length)
    mended = total(1, length, lambda t: t * both) + middle * both + total(length + 1, k, lambda t: (t - length) * one)
    excess = total(length + 1, k, lambda t: t * both)
    other = total(1, k - length, lambda t: t * one) + middle * one
    other += total(k - length + 1, k, lambda t: (t - k + length) * both)
    lengths = (k, length)
    assert accumulated_distance("simu-to-real", k, two[2:], lengths) == mended
    assert accumulated_distance("real-to-simu", k, two[2:], lengths) == other == printed_real_to_simu(*two)
    assert printed_simu_to_real(*two) == mended + excess
    assert mended - other == middle * two[3]  # the difference that the paper goes on with


@given(LENGTHS, ERRORS, st.data())
def test_the_accumulated_distance_sums_over_the_states_what_came_before_each(k, errors, data):
    scheme = data.draw(st.sampled_from(SCHEMES))
    free = data.draw(st.tuples(*[st.integers(0, k)] * len(errors)))
    lengths = None if scheme.startswith("all") else free

    def modelled(step, n):
        return {"simu-to-real": step <= n, "real-to-simu": step > k - n, "all-model": True, "all-real": False}[scheme]

    direct = sum(
        error * sum(modelled(step, n) for t in range(1, k + 1) for step in range(1, t + 1))
        for n, error in zip(free, errors, strict=True)
    )
    assert accumulated_distance(scheme, k, errors, lengths) == direct


@given(LENGTHS, ERRORS)
def test_schemes_meet_at_their_ends(k, errors):
    everything = model_steps("all-model", k, scheme_lengths("all-model", k, errors))
    nothing = model_steps("all-real", k, scheme_lengths("all-real", k, errors))
    assert everything.all()
    assert not nothing.any()
    for scheme in ("simu-to-real", "real-to-simu"):
        np.testing.assert_array_equal(model_steps(scheme, k, (k,) * len(errors)), everything)
        np.testing.assert_array_equal(model_steps(scheme, k, (0,) * len(errors)), nothing)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("real", 3, [0.1]), "scheme 'real' is unknown"),
        (("all-model", 3, [0.1], [3]), "lengths is given with the scheme 'all-model', expected None"),
        (("simu-to-real", 3, [0.1], [1, 1]), "lengths has 2 numbers, expected 1, one per opponent"),
        (("simu-to-real", 3, [0.1], [4]), r"lengths\[0\] is 4, expected at most the branch length 3"),
        (("simu-to-real", 3, [0.1], [1.5]), r"lengths\[0\] is 1.5, expected a whole number"),
    ],
)
def test_bad_lengths_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        scheme_lengths(*arguments)


def test_a_length_beyond_the_rollout_has_no_printed_sum():
    with pytest.raises(ValueError, match="length is 3, expected at most the branch length 2"):
        printed_simu_to_real(2, 3, 0.1, 0.2)


def test_small_whole_numbers_of_numpy_do_not_wrap():
    """As they are given they would: 127 + 1 is −128 in eight bits."""
    assert error_budget(np.int8(127), [0.3, 0.9]).all_model == 128 * Fraction(6, 5)
    assert printed_simu_to_real(np.int8(127), np.int8(50), 0.3, 0.9) == printed_simu_to_real(127, 50, 0.3, 0.9)
    assert scheme_lengths("all-model", np.int8(127), [0.3]) == (127,)


def test_a_schedule_must_rise_over_some_epochs():
    with pytest.raises(ValueError, match="end is 10, expected an epoch after begin = 10"):
        Schedule(1, 5, 10, 10)


@pytest.mark.parametrize("errors", [0.1, 1])
def test_one_error_is_no_list_of_errors(errors):
    with pytest.raises(ValueError, match=r"opponent_errors is .*, expected one number per opponent"):
        rollout_lengths(3, errors)
