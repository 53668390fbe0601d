"""Arrays of balls from numbers, and numbers from arrays of balls."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import arb

from mathrl.balls.ball import Ball

__all__ = ["balls", "contains", "midpoints", "radii"]


def balls(values: Any, radius: Any = 0) -> Any:
    """Make an array of balls from an array or nested list of numbers, fractions, strings or balls; one ball from one.

    `values`  an array or nested list, or one of its entries alone; floats are taken at their exact binary value, "1/3"
              and "0.1" are enclosed
    `radius`  one number, or an array that broadcasts with the values, added to the radius that a value has; default 0

    Returns an array of `Ball`, or one ball where one value is given. Raises `ValueError` for a string that is no
    number, `TypeError` for another type.
    """
    return _each(Ball, np.asarray(values, dtype=object), np.asarray(radius, dtype=object))


def midpoints(x: Any) -> npt.NDArray[np.float64]:
    """Round the midpoint of each ball to the nearest double.

    `x`  an array of balls, or one

    Returns an array of floats in the shape of x.
    """
    return np.asarray(_each(_nearest, x), dtype=np.float64)


def radii(x: Any) -> npt.NDArray[np.float64]:
    """Bound the distance of the numbers in each ball from the double that `midpoints` gives.

    `x`  an array of balls, or one

    Returns an array of floats in the shape of x, rounded upwards: every ball lies within that distance of the double.
    """
    return np.asarray(_each(_reach, x), dtype=np.float64)


def contains(x: Any, numbers: Any) -> npt.NDArray[np.bool_]:
    """Say of each ball of x whether it is known to hold the number, or the whole ball, that stands at its place.

    `x`        an array of balls
    `numbers`  numbers, fractions, strings or balls, in the shape of x or one that broadcasts with it

    Returns an array of booleans. Raises `ValueError` for a string that is no number, `TypeError` for another type.
    """
    found = _each(lambda ball, number: Ball(ball).contains(number), x, np.asarray(numbers, dtype=object))
    return np.asarray(found, dtype=bool)


def _each(function: Callable[..., Any], *arrays: Any) -> Any:
    """A function of the entries, without the warnings of processors that note each nan which is made of another one."""
    with np.errstate(all="ignore"):
        return np.frompyfunc(function, len(arrays), 1)(*arrays)


def _nearest(ball: Any) -> float:
    return float(Ball(ball).arb.mid())


def _reach(ball: Any) -> float:
    x, nearest = Ball(ball).arb, arb(_nearest(ball))
    if x == nearest:
        return 0.0  # also at ±∞, where the difference is not a number
    reach = (x - nearest).abs_upper()
    up = float(reach)
    return up if arb(up) >= reach else math.nextafter(up, math.inf)
