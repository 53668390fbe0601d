"""Numbers of several runs: their means, shares and differences, each with a 95 % interval.

Run k of every learner draws from the same stream of random numbers: what two learners draw is not independent, and at
first is often the same. So learners are compared run by run, by the differences d_k of runs with the same number, all
of which lie in [−S, S]. With n runs their interval is

    m ± t √(v/(n + 2)),   m = Σ_k d_k/(n + 2),   v = (Σ_k d_k² + S²)/(n + 2) − m²                           (1)

with Student's t of n + 1 degrees of freedom: it is that of the mean of the d_k and of two runs besides, in one of which
each learner is as far ahead as can be. Agresti and Min (2005) propose it for d_k in {−1, 0, 1}. Without these two, few
runs that differ, or none, would give an interval that is too narrow: of 100 runs that end alike but for 4, all of them
for one learner, chance brings as much in one of eight cases, and the interval of Student or the bootstrap is above 0.
"""

import numpy as np
from scipy import stats

from mathrl.base.checks import FloatArray
from mathrl.base.intervals import estimate
from mathrl.base.reproduction import Estimate

__all__ = ["DIFFERENCES", "INTERVALS", "difference", "mean", "share"]

INTERVALS = "intervals: 95 %, percentile bootstrap of the mean over the runs, each of which has a seed of its own"

DIFFERENCES = (
    "differences: learners draw alike in runs of the same seed, so they are compared seed by seed, by the 95 % "
    "interval of the mean difference (Agresti and Min's, with Student's t). One is above another where it is above 0, "
    "below where it is below 0, and where it holds 0 that is undecided. Each interval is of one comparison: of 20 one "
    "misses"
)


def mean(values: FloatArray) -> Estimate:
    """The mean over the runs, (runs,), with its bootstrap interval."""
    return estimate(values, statistic=np.mean, resamples=1000)


def difference(one: FloatArray, other: FloatArray, largest: float = 1.0) -> Estimate:
    """The mean of `one` less that of `other` with the interval (1).

    `one`, `other`  (runs,), in order of the same runs
    `largest`       S, how much the two may differ in a run: 1 for probabilities

    >>> found = difference(np.ones(100), np.array([1.0] * 96 + [0.0] * 4))
    >>> round(found.value, 3), round(found.low, 3), round(found.high, 3)
    (0.04, -0.004, 0.082)
    """
    return _interval(one - other, largest)


def share(values: FloatArray) -> Estimate:
    """The mean over the runs of numbers in [0, 1], (runs,), with the interval (1) of what it is above 1/2.

    >>> found = share(np.zeros(1000))
    >>> found.value, found.low, round(found.high, 4)
    (0.0, 0.0, 0.0027)
    """
    found = _interval(values - 0.5, 0.5)
    return Estimate(found.value + 0.5, found.low + 0.5, found.high + 0.5, found.seeds)


def _interval(d: FloatArray, largest: float) -> Estimate:
    n = len(d)
    m = d.sum() / (n + 2)
    v = ((d**2).sum() + largest**2) / (n + 2) - m**2
    reach = float(stats.t.ppf(0.975, n + 1)) * np.sqrt(v / (n + 2))
    low, high = np.clip([m - reach, m + reach], -largest, largest)  # (1)
    value = float(d.mean())
    return Estimate(value, min(value, float(low)), max(value, float(high)), n)
