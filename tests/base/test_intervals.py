"""The interquartile mean of several runs, and its bootstrap interval."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from mathrl.base import intervals
from mathrl.base.intervals import bootstrap_interval, estimate, interquartile_mean, mean
from tests.tolerances import EPS, near

NUMBERS = st.floats(-1e3, 1e3)
RUNS = st.integers(1, 13).flatmap(lambda n: arrays(np.float64, n, elements=NUMBERS))


def slack(*arrays):
    """16 roundings of the largest number: a sum of at most 13 terms whose weights sum to 1, clipped."""
    return 16 * EPS * max(np.abs(array).max() for array in arrays)


@given(RUNS)
def test_it_is_the_trimmed_mean_of_each_run_taken_four_times(x):
    """Of 4n numbers n are cut off at each end: SciPy's definition, where no run is cut through."""
    assert abs(interquartile_mean(x) - stats.trim_mean(np.repeat(x, 4), 0.25)) <= 4 * slack(x)
    if len(x) % 4 == 0:
        assert abs(interquartile_mean(x) - stats.trim_mean(x, 0.25)) <= slack(x)


def test_where_four_does_not_divide_the_runs_scipy_leaves_out_less():
    assert stats.trim_mean([0.0, 0.0, 12.0], 0.25) == pytest.approx(4)
    assert interquartile_mean([0.0, 0.0, 12.0]) == pytest.approx(2)  # weights 1/6, 2/3, 1/6


@given(RUNS, NUMBERS, st.floats(-10, 10))
def test_it_moves_and_scales_with_the_runs(x, shift, factor):
    moved = factor * x + shift
    expected = factor * interquartile_mean(x) + shift
    assert abs(interquartile_mean(moved) - expected) <= slack(moved, factor * x, [shift])


@given(RUNS, st.randoms())
def test_the_order_of_the_runs_does_not_matter(x, random):
    other = np.array(random.sample(x.tolist(), len(x)))
    assert interquartile_mean(x) == interquartile_mean(other)
    assert bootstrap_interval(x, resamples=50) == bootstrap_interval(other, resamples=50)


@given(arrays(np.float64, 8, elements=NUMBERS), st.floats(1e4, 1e300))
def test_how_far_off_one_run_of_eight_lies_changes_nothing(x, outlier):
    far, farther = x.copy(), x.copy()
    far[3], farther[3] = 1e4, outlier
    assert interquartile_mean(far) == interquartile_mean(farther)
    ordered = np.sort(x)
    assert ordered[1] <= interquartile_mean(farther) <= ordered[6]
    assert np.mean(farther) >= 1e4 / 8 - 1e3  # the mean goes with it


@given(NUMBERS, st.integers(1, 13), st.integers(0, 2**32))
def test_equal_runs_are_a_point(x, n, seed):
    assert interquartile_mean(np.full(n, x)) == x
    assert bootstrap_interval(np.full(n, x), seed=seed) == (x, x)
    made = estimate(np.full(n, x), seed=seed)
    assert (made.value, made.low, made.high, made.seeds) == (x, x, x, n)


def test_equal_runs_are_a_point_beside_others_that_differ():
    """0.1 three times has a mean of 0.10000000000000002, and of three rows another: the interval is a point anyway."""
    low, high = bootstrap_interval([[0.1, 0.0], [0.1, 1.0], [0.1, 2.0]], statistic=np.mean)
    assert low[0] == high[0] == pytest.approx(0.1)
    assert low[1] < high[1]


@given(arrays(np.float64, (5, 3), elements=NUMBERS), st.integers(0, 2**32))
def test_the_same_seed_gives_each_point_the_interval_that_it_has_alone(x, seed):
    low, high = bootstrap_interval(x, seed=seed, resamples=50)
    alone = [bootstrap_interval(x[:, point], seed=seed, resamples=50) for point in range(3)]
    np.testing.assert_array_equal(low, [one for one, _ in alone])
    np.testing.assert_array_equal(high, [other for _, other in alone])


def test_the_seed_matters_and_how_many_are_resampled_at_once_does_not(monkeypatch):
    x = np.random.default_rng(0).normal(size=7)
    found = bootstrap_interval(x, seed=1)
    assert bootstrap_interval(x, seed=2) != found
    monkeypatch.setattr(intervals, "_AT_ONCE", 100)
    assert bootstrap_interval(x, seed=1) == found


@given(RUNS)
def test_an_interval_widens_with_its_level_and_stays_among_the_runs(x):
    """But for the rounding of a quantile between two equal numbers."""
    low, high = bootstrap_interval(x, level=0.5, resamples=50)
    lower, higher = bootstrap_interval(x, level=0.9, resamples=50)
    assert (np.diff([x.min(), lower, low, high, higher, x.max()]) >= -slack(x)).all()


def test_three_runs_give_what_their_27_samples_give():
    """Of the samples of 0, 6, 12 there is one of three zeros, 1/27 > 2.5 %: the interval is [0, 12].

    Their statistic is below 2 in 4 of the 27 (0 0 0, and 0 0 6 in three orders, at 1): at a level of 0.8 it begins
    at 1. With 2,000 resamples the share of those up to 0 is 0.037 ± 0.004, of those up to 1 it is 0.148 ± 0.008.
    """
    assert bootstrap_interval([0.0, 6.0, 12.0]) == pytest.approx((0, 12))
    assert bootstrap_interval([0.0, 6.0, 12.0], level=0.8) == pytest.approx((1, 11))


@pytest.mark.parametrize(("n", "covered"), [(3, 0.75), (20, 0.95)])
def test_intervals_cover_the_truth_about_as_often_as_they_say(n, covered):
    """Of three runs the interval reaches from the least to the largest (above), which misses 0 twice in eight.

    Of 1,000 shares of p the standard deviation is 0.014 or 0.007; at 20 runs the bootstrap itself lacks up to 0.01.
    """
    x = np.random.default_rng(0).normal(size=(n, 1000))
    low, high = bootstrap_interval(x)
    assert abs(np.mean((low <= 0) & (high >= 0)) - covered) <= 3 * math.sqrt(covered * (1 - covered) / 1000) + 0.01


@given(RUNS, st.integers(0, 2**32), st.floats(0.01, 0.99))
def test_an_estimate_holds_its_value_and_the_interval(x, seed, level):
    """With two resamples and a low level the interval itself often misses the value."""
    made = estimate(x, seed=seed, level=level, resamples=2)
    low, high = bootstrap_interval(x, seed=seed, level=level, resamples=2)
    assert made.value == interquartile_mean(x)
    assert (made.low, made.high) == (min(low, made.value), max(high, made.value))
    assert made.seeds == len(x)


def test_there_are_intervals_that_miss_the_value():
    """Of ten pairs of samples not all lie on both sides of the value."""
    x = np.arange(9.0) ** 2
    found = [bootstrap_interval(x, resamples=2, seed=seed, level=0.1) for seed in range(10)]
    assert not all(low <= interquartile_mean(x) <= high for low, high in found)


def test_another_statistic():
    x = np.random.default_rng(0).normal(size=30)
    low, high = bootstrap_interval(x, statistic=np.mean, resamples=20_000)
    error = 1.96 * x.std() / math.sqrt(30)
    # The mean of 30 runs is normal but for its skewness; a quantile of 20,000 draws is off by 2 % of the error.
    assert (low, high) == pytest.approx((x.mean() - error, x.mean() + error), abs=0.1 * error)


@pytest.mark.parametrize("far", [1e200, 1.7e308])
def test_large_numbers_do_not_overflow(far):
    made = estimate([-far, -far, far, far, far])
    assert (made.low, made.high) == pytest.approx((-far, far))


def test_an_axis_may_be_named():
    x = np.arange(12.0).reshape(3, 4)
    near(interquartile_mean(x, axis=0), x[1], slack(x))
    np.testing.assert_array_equal(interquartile_mean(x, axis=-2), interquartile_mean(x, axis=0))
    near(interquartile_mean(x), x[:, 1:3].mean(axis=1), slack(x))
    assert isinstance(interquartile_mean(x[0]), float)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: interquartile_mean([]), "values has shape (0,), expected at least one run"),
        (lambda: interquartile_mean(3.0), "values is one number"),
        (lambda: interquartile_mean([1.0], axis=1), "axis is 1"),
        (lambda: interquartile_mean([1.0, np.nan]), "values[1] is nan"),
        (lambda: bootstrap_interval([]), "values has shape (0,)"),
        (lambda: bootstrap_interval(np.zeros((2, 0))), "values has shape (2, 0)"),
        (lambda: bootstrap_interval(np.zeros((2, 2, 2))), "values has shape (2, 2, 2)"),
        (lambda: bootstrap_interval([1.0, 2.0], level=1), "level is 1, expected a number in (0, 1)"),
        (lambda: bootstrap_interval([1.0, 2.0], level="95 %"), "level is"),
        (lambda: bootstrap_interval([1.0, 2.0], resamples=1), "resamples is 1"),
        (lambda: bootstrap_interval([1.0, 2.0], seed=-1), "seed is -1"),
        (lambda: bootstrap_interval([1.0, 2.0], statistic=lambda x, axis: x), "what statistic gives has shape (2,)"),
        (lambda: bootstrap_interval([1.0, 2.0], statistic=lambda x, axis: np.nan), "what statistic gives is nan"),
        (lambda: estimate(np.zeros((2, 2))), "values has shape (2, 2), expected one axis, of the runs: an estimate"),
    ],
)
def test_bad_input_is_one_clear_error(call, said):
    with pytest.raises(ValueError, match="expected") as raised:
        call()
    assert said in str(raised.value)


@given(RUNS.filter(lambda x: len(x) > 1 and x.std() > 1e-3))
def test_the_interval_of_a_mean_is_students(x):
    found, theirs = mean(x), stats.ttest_1samp(x, 0.0).confidence_interval(0.95)
    reach = theirs.high - theirs.low
    # the deviation is a difference of numbers up to 1e3, at least 1e-3: 1e-7 of it is rounding at most
    assert abs(found.low - theirs.low) <= 1e-7 * reach + slack(x)
    assert abs(found.high - theirs.high) <= 1e-7 * reach + slack(x)
    assert found.low <= found.value <= found.high


def test_equal_runs_have_a_mean_without_doubt_and_one_run_has_no_interval():
    assert (mean([0.1] * 7).low, mean([0.1] * 7).high) == (0.1, 0.1)
    with pytest.raises(ValueError, match="at least two"):
        mean([1.0])
