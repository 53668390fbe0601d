"""A number from several independent runs: their interquartile mean, and a bootstrap interval around it.

Let x_(1) ≤ … ≤ x_(n) be the runs in order. The interquartile mean is the mean of their middle half,

    IQM(x) = Σ_k w_k x_(k),   w_k = 2 · |[(k − 1)/n, k/n] ∩ [1/4, 3/4]|,                           (1)

in which the runs that a quartile cuts through count with the part that lies in the middle. It is the mean for n ≤ 2;
where 4 divides n it is that of rliable (Agarwal et al. 2021), which is `scipy.stats.trim_mean(x, 0.25)`. For other n
the latter leaves out less than a quarter at each end, ⌊n/4⌋ runs, and weighs the rest alike: for n = 3 it is the mean.
For every n, (1) is the trimmed mean of each run taken four times.

The interval is that of the percentile bootstrap (Efron 1979): the statistic's quantiles over samples of n runs that are
drawn from the n with replacement. With few runs it is too narrow: of normal runs the interval for 95 % covers the truth
in 94 % of the cases with 20 runs, in 93 % with 8, in 90 % with 5, and in 75 % with 3.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import stats

from mathrl.base.array_types import ArrayLike
from mathrl.base.checks import FloatArray, as_floats, count, fail, real, shape
from mathrl.base.reproduction import Estimate

__all__ = ["bootstrap_interval", "estimate", "interquartile_mean", "mean", "share"]

Statistic = Callable[..., Any]
"""A function of an array and the keyword `axis` that leaves this axis out, as `numpy.mean` and `numpy.median` do."""

_AT_ONCE = 2**22
"""How many numbers are resampled at once: 32 MiB."""


def interquartile_mean(values: ArrayLike, axis: int = -1) -> float | FloatArray:
    """The mean of the middle half of the runs, IQM of (1).

    `values`  numbers, at least one along the axis
    `axis`    the axis of the runs

    Returns an array without that axis, a float where no axis is left; never outside the runs that carry weight. Raises
    `ValueError` for no runs, for numbers that are not finite, and for an axis that there is not.

    >>> interquartile_mean([1.0, 2.0, 4.0, 100.0])
    3.0
    >>> interquartile_mean([1.0, 2.0, 3.0, 4.0, 100.0])  # one and a quarter are left out at each end
    3.0
    """
    x = as_floats("values", values)
    if x.ndim == 0:
        fail("values", "is one number", "an array with an axis of runs")
    runs_last = np.moveaxis(x, count("axis", axis, -x.ndim, x.ndim - 1), -1)
    ordered = np.sort(np.ascontiguousarray(runs_last), axis=-1)  # in this layout sums do not depend on other axes
    n = ordered.shape[-1]
    if n == 0:
        fail("values", f"has shape {x.shape}", "at least one run")
    ends = np.clip(4 * np.arange(n + 1), n, 3 * n)  # of the runs, in units of 1/(4n): whole numbers
    middle = ordered[..., n // 4 : n - n // 4]
    w = np.diff(ends)[n // 4 : n - n // 4] / (2 * n)
    mean = (w * middle).sum(axis=-1)  # (1)
    return _plain(np.clip(mean, middle[..., 0], middle[..., -1]))


def bootstrap_interval(
    values: ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
    statistic: Statistic = interquartile_mean,
) -> tuple[float | FloatArray, float | FloatArray]:
    """The percentile bootstrap interval of a statistic of several runs, its lower and its upper end.

    `values`     (n,) one number a run, or (n, points) as for curves: then each point has an interval of its own
    `level`      the share of the resamples' statistics that lies in the interval, in (0, 1)
    `resamples`  how often n runs are drawn from the n, ≥ 2
    `seed`       of the draws, a whole number; the same seed gives the same interval, in whatever order the runs are
    `statistic`  a function of an array and `axis`, as `interquartile_mean` and `numpy.mean` are

    Returns two floats, or two arrays (points,). Where all runs are equal, or there is one, both are the statistic. With
    few resamples or a low level the statistic of the runs themselves may lie outside. Raises `ValueError` for bad
    arguments, and where the statistic gives anything but a finite number a point.

    >>> low, high = bootstrap_interval([3.0, 3.0, 3.0])
    >>> (low, high)
    (3.0, 3.0)
    """
    x = _runs(values)
    level = real("level", level)
    if not 0 < level < 1:
        fail("level", f"is {level:g}", "a number in (0, 1)")
    resamples = count("resamples", resamples, 2)
    generator = np.random.default_rng(count("seed", seed, maximum=None))
    value = _applied(statistic, x)
    equal = (x == x[0]).all(axis=0)
    if equal.all():  # also one run, of which SciPy refuses to resample
        return _plain(value), _plain(value)
    with np.errstate(over="ignore", invalid="ignore"):  # in the standard error, which SciPy gives besides
        found = stats.bootstrap(
            (x,),
            statistic,
            vectorized=True,
            axis=0,
            n_resamples=resamples,
            batch=max(1, _AT_ONCE // x.size),
            confidence_level=level,
            method="percentile",
            rng=generator,
        ).confidence_interval
    low, high = (as_floats("what statistic gives for a resample", end) for end in (found.low, found.high))
    return _plain(np.where(equal, value, low)), _plain(np.where(equal, value, high))


def estimate(
    values: ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
    statistic: Statistic = interquartile_mean,
) -> Estimate:
    """The statistic of several runs with its bootstrap interval, as reproductions show it.

    `values`  (n,) one number a run

    The other arguments are those of `bootstrap_interval`. An interval that misses the value is widened just so far that
    it holds it: an `Estimate` has low ≤ value ≤ high. Raises `ValueError` as `bootstrap_interval` does.

    >>> estimate([3.0, 3.0, 3.0])
    Estimate(value=3.0, low=3.0, high=3.0, seeds=3)
    """
    x = _runs(values)
    if x.ndim == 2:
        fail("values", f"has shape {x.shape}", "one axis, of the runs", "an estimate is of one number: take one column")
    low, high = bootstrap_interval(x, level=level, resamples=resamples, seed=seed, statistic=statistic)
    value = float(_applied(statistic, x))
    return Estimate(value, min(value, float(low)), max(value, float(high)), len(x))


def share(hits: int, runs: int) -> Estimate:
    """Give the share of hits among runs, with Wilson's 95 % interval.

    `hits`  how many of the runs had it, from 0 to `runs`
    `runs`  how many runs there were, ≥ 1

    Raises `ValueError` where these are no such numbers.

    >>> estimate = share(10, 10)
    >>> estimate.value, round(estimate.low, 3), estimate.high
    (1.0, 0.722, 1.0)
    """
    from scipy.stats import binomtest

    runs = count("runs", runs, 1)
    part = count("hits", hits, 0, runs) / runs
    interval = binomtest(hits, runs).proportion_ci(method="wilson")
    # At 0 and 1 the interval ends there but for rounding.
    return Estimate(part, min(float(interval.low), part), max(float(interval.high), part), runs)


def mean(values: ArrayLike) -> Estimate:
    """Give the mean of several runs, with Student's 95 % interval: mean ± t s/√n.

    `values`  (n,) one number a run, n ≥ 2

    Where all runs are equal the interval has width 0. Raises `ValueError` where these are no such numbers.

    >>> estimate = mean([1.0, 2.0, 3.0])
    >>> estimate.value, round(estimate.low, 3), round(estimate.high, 3)
    (2.0, -0.484, 4.484)
    """
    x = as_floats("values", values)
    if x.ndim != 1 or len(x) < 2:
        fail("values", f"has shape {x.shape}", "(runs,), at least two")
    middle = float(np.clip(x.mean(), x.min(), x.max()))
    reach = float(stats.t.ppf(0.975, len(x) - 1)) * float(x.std(ddof=1)) / float(np.sqrt(len(x)))
    reach = 0.0 if (x == x[0]).all() else reach
    return Estimate(middle, middle - reach, middle + reach, len(x))


def _runs(values: ArrayLike) -> FloatArray:
    """The runs along the first axis, in order: at each point its interval depends on these numbers alone."""
    x = as_floats("values", values)
    if x.ndim not in {1, 2} or x.size == 0:
        fail("values", f"has shape {x.shape}", "(runs,) or (runs, points), at least one of each")
    return np.sort(x, axis=0)


def _applied(statistic: Statistic, x: FloatArray) -> FloatArray:
    """The statistic of the runs, a finite number a point."""
    value = as_floats("what statistic gives", statistic(x, axis=0))
    shape("what statistic gives", value, x.shape[1:])
    return value


def _plain(array: FloatArray) -> float | FloatArray:
    """A float for an array of no axes; any other as it is."""
    return float(array) if array.ndim == 0 else array
