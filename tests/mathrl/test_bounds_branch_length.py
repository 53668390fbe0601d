"""The best branch length of each bound: against the bound at all lengths, in fractions where ties count."""

from fractions import Fraction
from itertools import pairwise
from math import ceil, inf, log, log1p

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mathrl.bounds import best_branch_length, coupling_theorem_2, linear_theorem_2

ERRORS = st.sampled_from([0.0, 0.1, 0.5, 1.0]) | st.integers(0, 100).map(lambda k: k / 100) | st.floats(0, 1e-2)
LONGEST = 150


@st.composite
def errors(draw, error=ERRORS):
    opponents = draw(st.lists(st.tuples(error, error), max_size=2))
    return {
        "discount": draw(st.sampled_from([0.0, 0.25, 0.5, 0.75, 0.9])),
        "dynamics_error": draw(error),
        "policy_shift": draw(error),
        "opponent_shifts": [shift for shift, _ in opponents],
        "opponent_errors": [model for _, model in opponents],
    }


def exactly(number):
    """The decimal that a number stands for."""
    return Fraction(repr(number))


def printed(k, *, discount, dynamics_error, policy_shift, opponent_shifts, opponent_errors):
    """Theorem 2 in fractions, for 2 r_max = 1."""
    gamma, model = exactly(discount), sum(map(exactly, opponent_errors))
    shifts = exactly(policy_shift) + sum(map(exactly, opponent_shifts))
    late = gamma ** (k + 1) * shifts
    return k * exactly(dynamics_error) + (k + 1) * model + late + late / (1 - gamma)


DECIMALS = st.integers(0, 1000).map(lambda k: k / 1000)


@given(errors(DECIMALS))
def test_the_printed_bound_is_lowest_there_for_the_first_time(numbers):
    best = best_branch_length("printed", **numbers)
    if best == inf:
        values = [printed(k, **numbers) for k in range(1, 20)]
        assert all(after < before for before, after in pairwise(values))
    else:
        values = [printed(k, **numbers) for k in range(1, best + 3)]  # it is convex in k
        assert values.index(min(values)) + 1 == best


@given(st.integers(1, 5), st.integers(1, 100), st.sampled_from([0.25, 0.5, 0.75, 0.8]))
def test_of_two_that_tie_the_shorter_is_taken(k, percent, discount):
    error = exactly(discount) ** (k + 1) * Fraction(percent, 100) * (2 - exactly(discount))
    assume(error.denominator < 10**7)  # then no simpler fraction rounds to the same float
    numbers = {"discount": discount, "policy_shift": percent / 100, "opponent_shifts": [], "opponent_errors": []}
    assert best_branch_length("printed", **numbers, dynamics_error=float(error)) == k
    below = float(error) * (1 - 1e-12)
    assert best_branch_length("printed", **numbers, dynamics_error=below) == k + 1


@pytest.mark.parametrize(("bound", "at"), [("linear", linear_theorem_2), ("coupling", coupling_theorem_2)])
@given(numbers=errors())
def test_a_sharper_bound_is_lowest_there(bound, at, numbers):
    best = best_branch_length(bound, **numbers)
    values = [at(reward_range=1.0, **numbers, branch_length=k) for k in range(1, LONGEST)]
    rounding = 1e-14 * max(values)
    reached = at(reward_range=1.0, **numbers, branch_length=min(best, 10**6))  # 0.9^(10^6) is 0
    assert reached <= min(values) + rounding
    if best < LONGEST:
        assert values[best - 1] == reached
        assert all(value > reached - rounding for value in values[: best - 1])


@pytest.mark.parametrize("bound", ["printed", "linear", "coupling"])
@pytest.mark.parametrize(
    ("changed", "best"),
    [
        (
            {},
            {"printed": 11, "linear": inf, "coupling": 19},
        ),  # 0.9^12 · 1.1 < 0.05 / 0.15 < 0.9^11 · 1.1; 20 · 0.05 = 1
        ({"dynamics_error": 0.0}, {"printed": inf, "linear": inf, "coupling": inf}),
        ({"policy_shift": 0.0}, {"printed": 1, "linear": 1, "coupling": 1}),
        ({"dynamics_error": 1.0}, {"printed": 1, "linear": 1, "coupling": 1}),
        ({"discount": 0.0}, {"printed": 1, "linear": 1, "coupling": 1}),
        ({"dynamics_error": 0.15}, {"printed": 1, "linear": 1, "coupling": 1}),
        ({"dynamics_error": 0.0, "opponent_errors": [0.15]}, {"printed": 1, "linear": 1, "coupling": 1}),
    ],
)
def test_limits_by_hand(bound, changed, best):
    numbers = {
        "discount": 0.9,
        "dynamics_error": 0.05,
        "policy_shift": 0.15,
        "opponent_shifts": [],
        "opponent_errors": [],
    }
    assert best_branch_length(bound, **(numbers | changed)) == best[bound]


def test_errors_that_add_up_alike_tie_though_their_floats_do_not():
    numbers = {"discount": 0.9, "dynamics_error": 0.1, "policy_shift": 0.3, "opponent_shifts": [0.0]}
    assert 0.1 + 0.2 > 0.3
    assert best_branch_length("linear", **numbers, opponent_errors=[0.2]) == 1
    numbers |= {"dynamics_error": 0.3, "policy_shift": 0.1, "opponent_shifts": [0.2], "opponent_errors": [0.0]}
    assert best_branch_length("linear", **numbers) == 1  # 0.3 < 0.1 + 0.2 in floats


def test_a_discount_near_1_takes_no_search():
    numbers = {"policy_shift": 0.5, "opponent_shifts": [], "opponent_errors": []}
    best = best_branch_length("printed", discount=1 - 1e-9, dynamics_error=1e-12, **numbers)
    assert best == pytest.approx(26.9e9, rel=1e-2)  # log(0.5 / 1e-12) / 1e-9
    assert best_branch_length("coupling", discount=1 - 1e-9, dynamics_error=1e-12, **numbers) == 10**12 - 1


@pytest.mark.parametrize(
    ("dynamics_error", "policy_shift", "opponent_error"),
    [(1e-309, 0.1, 0.0), (1e-17, 0.9, 0.5), (1e-20, 0.9, 0.5), (1e-300, 0.5, 1e-20)],
)
def test_tiny_errors_give_a_length_or_none(dynamics_error, policy_shift, opponent_error):
    """Where model and game part after more steps than doubles can count, the bound falls for ever."""
    numbers = {"discount": 0.9, "policy_shift": policy_shift, "opponent_shifts": [0.0]}
    numbers |= {"dynamics_error": dynamics_error, "opponent_errors": [opponent_error]}
    best = best_branch_length("coupling", **numbers)
    kept = dynamics_error / (opponent_error + dynamics_error)
    expected = log(kept) / log1p(-opponent_error) if opponent_error > 1e-10 else inf
    assert best == (inf if expected == inf else ceil(expected) - 1)


def test_unknown_bounds_and_bad_errors_are_named():
    numbers = {"discount": 0.9, "dynamics_error": 0.1, "policy_shift": 0.1, "opponent_shifts": []}
    with pytest.raises(ValueError, match="bound 'print' is unknown"):
        best_branch_length("print", **numbers, opponent_errors=[])
    with pytest.raises(ValueError, match=r"opponent_errors\[0\] is 2"):
        best_branch_length("printed", **numbers, opponent_errors=[2])
