"""The number that a float stands for: 0.1 is meant as 1/10, and 0.1 + 0.2 as 3/10, though neither is the float."""

from fractions import Fraction
from math import floor
from typing import Any

import numpy as np

from mathrl.base.checks import real

__all__ = ["simplest_fraction"]

_ROUNDINGS = 16
"""How many roundings a float may be off, as a few operations came before it."""


def simplest_fraction(x: "float | np.floating[Any]") -> Fraction:
    """Find the number that a float stands for: the simplest fraction within 16 roundings of it.

    `x`  a number; a NumPy number of single precision is read with the rounding of that precision

    Returns the fraction of smallest denominator, and then of smallest size. A rounding is half the distance from 1 to
    the next float, relative to x: 1.1e-16 for a double, 6e-8 for single precision. Raises `ValueError` where x is no
    finite number.

    >>> simplest_fraction(0.1), simplest_fraction(0.1 + 0.2), simplest_fraction(np.float32(2 / 3))
    (Fraction(1, 10), Fraction(3, 10), Fraction(2, 3))
    """
    size = Fraction(abs(real("x", x)))
    if isinstance(x, (int, np.integer)):
        return Fraction(int(x))
    precision: Any = getattr(x, "dtype", np.float64)
    window = size * _ROUNDINGS * Fraction(float(np.finfo(precision).eps)) / 2
    fraction = _simplest(size - window, size + window)
    return fraction if x > 0 else -fraction


def _simplest(low: Fraction, high: Fraction) -> Fraction:
    """The simplest fraction from low to high, both included, by continued fractions."""
    whole = floor(low)
    if low == whole:
        return low
    if whole + 1 <= high:
        return Fraction(whole + 1)
    return whole + 1 / _simplest(1 / (high - whole), 1 / (low - whole))
