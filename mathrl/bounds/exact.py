"""The number that a double stands for: 0.1 is meant as 1/10, not as the double that is nearest to it."""

from fractions import Fraction
from math import floor, nextafter, ulp

from mathrl.games.validate import real

__all__ = ["simplest_fraction"]


def simplest_fraction(x: float) -> Fraction:
    """The fraction of smallest denominator, and then of smallest size, among those that round to `x`.

    Raises `ValueError` where x is no finite number.

    >>> simplest_fraction(0.1), simplest_fraction(2 / 3)
    (Fraction(1, 10), Fraction(2, 3))
    """
    size = abs(real("x", x))
    if size == 0:
        return Fraction(0)
    low = (Fraction(size) + Fraction(nextafter(size, 0))) / 2
    high = Fraction(size) + Fraction(ulp(size)) / 2
    ties_round_to_it = size / ulp(size) % 2 == 0
    fraction = _simplest(low, high, closed=ties_round_to_it)
    return fraction if x > 0 else -fraction


def _simplest(low: Fraction, high: Fraction, *, closed: bool) -> Fraction:
    """The simplest fraction between the ends of what rounds to x, by continued fractions, both ends with it or neither.

    An open end is never the whole number itself: x, whose denominator is less than that of the ends, is found before.
    """
    whole = floor(low)
    if closed and low == whole:
        return low
    if whole + 1 < high or (closed and whole + 1 == high):
        return Fraction(whole + 1)
    return whole + 1 / _simplest(1 / (high - whole), 1 / (low - whole), closed=closed)
