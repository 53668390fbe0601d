"""Tests of two means of which a table prints means and standard deviations alone.

Of n runs with mean m and sample standard deviation s each, Welch's statistic of a difference is

    t = (m_1 − m_2)/√(v_1 + v_2),   v_i = s_i²/n,   ν = (v_1 + v_2)²/(v_1²/(n − 1) + v_2²/(n − 1)),     (1)

with Student's law of ν degrees of freedom where runs are normal, whatever the variances. Of several tests that belong
together, Holm's p-values keep the chance of one false finding or more at the level: with p_(1) ≤ … ≤ p_(k) they are

    max_{j ≤ i} min(1, (k − j + 1) p_(j)).                                                                (2)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from mathrl.base.checks import FloatArray, as_floats, count, fail, not_negative

__all__ = ["Summary", "Welch", "holm", "welch"]


@dataclass(frozen=True)
class Summary:
    """What a table prints of several runs.

    `mean`       their mean
    `deviation`  their sample standard deviation, ≥ 0
    """

    mean: float
    deviation: float


@dataclass(frozen=True)
class Welch:
    """A test of one mean against another.

    `difference`  the first mean less the second
    `low`         the lower end of the 95 % interval of the difference
    `high`        its upper end
    `p`           the two-sided p-value
    """

    difference: float
    low: float
    high: float
    p: float


def welch(one: Summary, other: Summary, runs: int) -> Welch:
    """Compare two means of as many independent runs each by (1).

    `one`    the first mean, with its deviation
    `other`  the second
    `runs`   n, ≥ 2

    Raises `ValueError` where both deviations are 0, or one is negative.

    >>> test = welch(Summary(1.0, 1.0), Summary(0.0, 1.0), 8)  # Student's test with 14 degrees of freedom: t = 2
    >>> round(test.p, 4), round(test.low, 3), round(test.high, 3)
    (0.0653, -0.072, 2.072)
    """
    n = count("runs", runs, 2)
    first, second = (not_negative("deviation", each.deviation) ** 2 / n for each in (one, other))
    if first + second == 0:
        fail("deviation", "is 0 of both", "one above 0")
    difference, error = one.mean - other.mean, float(np.sqrt(first + second))
    freedom = (first + second) ** 2 / ((first**2 + second**2) / (n - 1))  # (1)
    reach = float(stats.t.ppf(0.975, freedom)) * error
    p = 2 * float(stats.t.sf(abs(difference) / error, freedom))
    return Welch(difference, difference - reach, difference + reach, p)


def holm(p_values: Sequence[float]) -> FloatArray:
    """Holm's p-values of several tests that belong together, by (2), in the order given.

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    p = as_floats("p_values", p_values)
    order = np.argsort(p, kind="stable")
    scaled = np.minimum(1.0, p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(scaled)  # (2)
    return adjusted
