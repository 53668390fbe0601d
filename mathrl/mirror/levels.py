"""Policies whose log-probabilities follow one common level, except on flats, where they stay constant.

    log p(a) = cut(e(a) + t),   Σ_a p(a) = mass                                                              (1)

The slope of cut is 1, except on a flat of length `up` above the kink `high`, on one of length `down` below the kink
`low`, and beyond the bounds `least` and `most`. Between two ends of flats of any action, the level t is the logarithm
of a sum of exponentials. So t is found exactly: one looks up between which ends it lies, and nothing is iterated.
"""

from typing import NamedTuple

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.compile import inner, part

__all__ = ["Flats", "cut", "fill", "is_free", "logarithms", "no_flats", "normalise"]


class Flats(NamedTuple):
    """The flats: where log p(a) stays constant while the level moves. Each is an array (A,).

    `low_a`, `high_a`    the log-probabilities at which flats begin, downwards and upwards
    `up_a`, `down_a`     how long the flats above `high_a` and below `low_a` are
    `least_a`, `most_a`  the bounds of log p
    """

    low_a: FloatArray
    high_a: FloatArray
    up_a: FloatArray
    down_a: FloatArray
    least_a: FloatArray
    most_a: FloatArray


@part
def no_flats(actions: int) -> Flats:
    """The flats of policies that have none."""
    nowhere_a, anywhere_a = np.full(actions, -np.inf), np.full(actions, np.inf)
    return Flats(
        nowhere_a, anywhere_a, np.zeros(actions), np.zeros(actions), np.full(actions, -np.inf), np.full(actions, np.inf)
    )


@inner
def logarithms(p_a: FloatArray, out_a: FloatArray) -> None:
    """Write log p, −∞ where p is 0."""
    for a in range(len(p_a)):
        out_a[a] = np.log(p_a[a]) if p_a[a] > 0 else -np.inf


@part
def normalise(y_a: FloatArray, mass: float) -> None:
    """Shift y so that Σ exp y(a) = `mass`, to rounding of the mass whatever the size of y; not all are −∞."""
    largest, total = np.max(y_a), 0.0
    for a in range(len(y_a)):
        y_a[a] -= largest
        total += np.exp(y_a[a])
    y_a += np.log(mass / total)


@inner
def cut(u: float, flats: Flats, a: int) -> float:
    """log p(a) at the level u = e(a) + t   (1)."""
    if u > flats.high_a[a]:
        u = max(flats.high_a[a], u - flats.up_a[a])
    elif u < flats.low_a[a]:
        u = min(flats.low_a[a], u + flats.down_a[a])
    return float(min(max(u, flats.least_a[a]), flats.most_a[a]))


@inner
def is_free(y: float, flats: Flats, a: int) -> bool:
    """Whether log p(a) = y lies on no flat: neither at a bound nor at a kink."""
    if y in (-np.inf, flats.least_a[a], flats.most_a[a]):
        return False
    return not (y == flats.high_a[a] and flats.up_a[a] > 0) and not (y == flats.low_a[a] and flats.down_a[a] > 0)


@part
def fill(e_a: FloatArray, flats: Flats, mass: float, out_a: FloatArray) -> None:
    """Write the log p of (1); e(a) = −∞ leaves an action out."""
    t = _level(e_a, flats, mass)
    actions = len(e_a)
    free_a = np.full(actions, -np.inf)
    fixed = 0.0
    for a in range(actions):
        y = cut(e_a[a] + t, flats, a)
        out_a[a] = y
        if is_free(y, flats, a):
            free_a[a] = y
        else:
            fixed += np.exp(y)
    left = mass - fixed
    if left > 0 and np.max(free_a) > -np.inf:
        normalise(free_a, left)
        for a in range(actions):
            if free_a[a] > -np.inf:
                out_a[a] = min(max(free_a[a], flats.least_a[a]), flats.most_a[a])


@part
def _level(e_a: FloatArray, flats: Flats, mass: float) -> float:
    """A level t that lies between the same two ends of flats as that of (1), so that the same actions are free."""
    ends = np.empty(6 * len(e_a))
    count = _ends(e_a, flats, ends)
    if count == 0:
        return -np.max(e_a)
    ordered = ends[:count]
    ordered.sort()
    below, above = -1, count
    while above - below > 1:
        middle = (below + above) // 2
        if _mass_at(ordered[middle], e_a, flats) <= mass:
            below = middle
        else:
            above = middle
    if below < 0:
        return float(ordered[0] - 1.0)
    if above == count:
        return float(ordered[below] + 1.0)
    return float(0.5 * (ordered[below] + ordered[above]))


@inner
def _ends(e_a: FloatArray, flats: Flats, out: FloatArray) -> int:
    """Write the levels t at which a flat of any action begins or ends; return how many."""
    count = 0
    for a in range(len(e_a)):
        e, low, high, up, down = e_a[a], flats.low_a[a], flats.high_a[a], flats.up_a[a], flats.down_a[a]
        if e == -np.inf:
            continue
        if np.isfinite(high) and up > 0:
            out[count], out[count + 1] = high - e, high + up - e
            count += 2
        if np.isfinite(low) and down > 0:
            out[count], out[count + 1] = low - e, low - down - e
            count += 2
        for bound in (flats.least_a[a], flats.most_a[a]):
            if np.isfinite(bound):
                out[count] = _level_of(bound, flats, a) - e
                count += 1
    return count


@inner
def _level_of(y: float, flats: Flats, a: int) -> float:
    """The level at which log p(a) = y: the inverse of `cut` inside the bounds."""
    if y > flats.high_a[a]:
        return float(y + flats.up_a[a])
    return float(y - flats.down_a[a]) if y < flats.low_a[a] else y


@inner
def _mass_at(t: float, e_a: FloatArray, flats: Flats) -> float:
    """Σ p of (1)."""
    total = 0.0
    for a in range(len(e_a)):
        total += np.exp(cut(e_a[a] + t, flats, a))
    return total
