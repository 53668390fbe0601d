"""Small vectors inside compiled code."""

import math

from mathrl.base.checks import FloatArray
from mathrl.base.compile import inner

__all__ = ["copy", "distance", "dot", "largest", "unit"]


@inner
def copy(from_x: FloatArray, to_x: FloatArray) -> None:
    """Overwrite a vector by another one."""
    for x in range(len(from_x)):
        to_x[x] = from_x[x]


@inner
def unit(to_x: FloatArray) -> None:
    """Overwrite a vector by the unit vector of its last axis."""
    for x in range(len(to_x) - 1):
        to_x[x] = 0.0
    to_x[len(to_x) - 1] = 1.0


@inner
def dot(a_x: FloatArray, b_x: FloatArray) -> float:
    """Σ a b."""
    total = 0.0
    for x in range(len(a_x)):
        total += a_x[x] * b_x[x]
    return total


@inner
def distance(a_x: FloatArray, b_x: FloatArray) -> float:
    """‖a − b‖₂."""
    total = 0.0
    for x in range(len(a_x)):
        gap = a_x[x] - b_x[x]
        total += gap * gap
    return math.sqrt(total)


@inner
def largest(a_x: FloatArray) -> float:
    """max |a|; no number where an entry is none."""
    most = 0.0
    for a in a_x:
        if abs(a) > most or math.isnan(a):
            most = abs(a)
    return most
