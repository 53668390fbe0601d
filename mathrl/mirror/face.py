"""The linear program at temperature 0 without a strictly concave drift: a face of maximisers, and one of them.

    maximise  Σ_a [q p − (p − (1+ε) o)₊ up − ((1−ε) o − p)₊ down](a)  over  least ≤ p ≤ most,  Σ_a p(a) = mass  (1)

Each p(a) has three marginal values: q + down, q, q − up. One of all these is critical: what is worth more is taken
whole, and what is worth less is not taken. What is worth as much, to `tie`, may be taken in part. So p(a) is free
between two bounds, and every such p maximises (1). Among these the p of largest entropy is chosen, which is the limit
as the temperature falls to 0. All its entries have one common level, cut to the bounds         (2).
"""

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.compile import inner, part
from mathrl.mirror.levels import fill, logarithms, no_flats
from mathrl.mirror.objective import Objective

__all__ = ["even", "face"]


@part
def face(f: Objective, least_a: FloatArray, most_a: FloatArray, mass: float, tie: float, out: FloatArray) -> None:
    """Write the two bounds (2, A) between which every p with Σ p = `mass` maximises (1), to `tie`."""
    actions = len(least_a)
    prices = np.empty(3 * actions)
    for a in range(actions):
        prices[3 * a], prices[3 * a + 1], prices[3 * a + 2] = f.q_a[a] + f.down_a[a], f.q_a[a], f.q_a[a] - f.up_a[a]
    prices.sort()
    first, last = 0, 3 * actions  # search the largest price at which enough is taken; at the smallest one, all is taken
    while last - first > 1:
        middle = (first + last) // 2
        total = 0.0
        for a in range(actions):
            total += _amount(f, a, least_a[a], min(most_a[a], mass), prices[middle])
        if total >= mass:
            first = middle
        else:
            last = middle
    above, below = np.nextafter(prices[first] + tie, np.inf), prices[first] - tie
    for a in range(actions):
        most = max(min(most_a[a], mass), least_a[a])
        out[0, a] = _amount(f, a, least_a[a], most, above)
        out[1, a] = _amount(f, a, least_a[a], most, below)


@inner
def _amount(f: Objective, a: int, least: float, most: float, price: float) -> float:
    """How large p(a) grows while its marginal value is at least `price`, between the bounds."""
    o, q, p = f.o_a[a], f.q_a[a], least
    if q + f.down_a[a] >= price:
        p = min(max((1.0 - f.clip) * o, least), most)
    if q >= price:
        p = min(max((1.0 + f.clip) * o, least), most)
    if q - f.up_a[a] >= price:
        p = most
    return p


@part
def even(lower_a: FloatArray, upper_a: FloatArray, mass: float, out_a: FloatArray) -> None:
    """Write the log p of largest entropy between the bounds with Σ p = `mass`   (2)."""
    actions = len(lower_a)
    e_a, flats = np.zeros(actions), no_flats(actions)
    logarithms(lower_a, flats.least_a)
    logarithms(upper_a, flats.most_a)
    for a in range(actions):
        if upper_a[a] <= 0:
            e_a[a] = -np.inf
    fill(e_a, flats, mass, out_a)
