"""When a step along a curve of equilibria is accepted, and how long the next one is.

A step predicts a point, corrects it by Newton's method in the plane orthogonal to the tangent, and is accepted only if

- the first correction is at most `FARTHEST`, each following one at most `CONTRACTION` of the one before it, and the
  last at most `ACCURATE`, times the step where that is below 1 (largest entries; log ratios of probabilities, so
  1 is a factor e). Where log ratios themselves are smaller than 1, `FARTHEST` is a share of them
  (`mathrl.equilibria.matrix.corrector`);
- the tangent turned by less than the angle whose cosine is `TURN`;
- the orientation, the sign of det [G'; tangent], did not change. Along a regular curve it never does, so a change
  means another branch, or a bifurcation on this one;
- the parameter did not turn twice (`mathrl.equilibria.matrix.predict.wavers`).

Otherwise the step is shortened and tried again. These are the rules of Allgower and Georg (1990, ch. 6), with the last
two added. Besides, a step must end before the place where √|det| may vanish (`mathrl.equilibria.matrix.branch`): where
two curves cross this one at once, the orientation does not change. `mathrl.equilibria.stochastic.trace` has constants
of its own, as it measures lengths differently.
"""

import math
from collections.abc import Iterator

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.compile import inner

__all__ = [
    "ACCURATE",
    "CLOSE",
    "CONTRACTION",
    "CUT",
    "FARTHEST",
    "FIRST",
    "GROWTH",
    "NARROW",
    "NEARER",
    "RESOLVED",
    "RETRIES",
    "TIGHTER",
    "TURN",
    "UNEVEN",
    "UNIFORM",
    "WANTED",
    "attempts",
    "first_root",
    "next_length",
    "shortest",
    "to_the_root",
]

FARTHEST = 0.1
CONTRACTION = 0.2
ACCURATE = 1e-3
"""The error that is left is about its square. Paths that are reported use a smaller value."""
TURN = 0.9
CUT = 0.4
"""The factor by which a refused step is shortened."""

FIRST = 0.05
"""The length of the first step of a trace."""

RETRIES = 3
TIGHTER = 0.3
"""A trace that is lost begins again, at most `RETRIES` times, each time with steps `TIGHTER` times as long."""

UNIFORM = 1e-3
"""Log ratios below this count as 0."""

UNEVEN = 3.0
"""Corrections of an agent are compared with log ratios of others that are up to so many times as large as its own."""

RESOLVED = 1e-7
"""Corrections that shrink no further at this size are rounding."""

WANTED = 0.03
"""The first correction that the next step should need."""

_UNTOLD = 100.0
_EPS = float(np.finfo(np.float64).eps)

NEARER = 0.6
"""The share that a step may take of the way to where √|det| may vanish."""

NARROW = 0.2
"""A trace that came nearer than this to a place where √|det| may vanish is repeated with shorter steps."""

CLOSE = 3.0
"""A step crosses that place if it is at most this many shortest steps away."""

_STEEP = 50.0

GROWTH = 3.0
"""The largest factor from an accepted step to the next one; the smallest is `CUT`."""

_GROWTH_CUBED = GROWTH**3


def attempts(step_length: float) -> Iterator[float]:
    """The step lengths with which a trace is tried, in turn."""
    return (step_length * TIGHTER**retry for retry in range(1 + RETRIES))


@inner
def next_length(length: float, correction: float, step_length: float) -> float:
    """The length of the next step, after one of this `length` whose first correction was `correction`.

    The predictor is quadratic, so the correction grows with the cube of the length.
    """
    wanted = WANTED * (step_length * step_length * step_length)
    factor = GROWTH
    if correction * _GROWTH_CUBED > wanted:
        factor = max(CUT, (wanted / correction) ** (1 / 3))
    return length * factor


@inner
def shortest(largest: float) -> float:
    """The shortest step from a point with this largest entry; if even this is refused, a bifurcation is here.

    At a bifurcation another curve crosses the branch. Let d be the distance from the crossing along the branch, and x
    the distance from the branch, in suitable units. Near the crossing the equilibria solve x d = 0, up to terms of
    higher order: the branch is x = 0, and the other curve is d = 0. If the equation has an error ε, its solutions are
    x = ε/d instead: the branch then turns into the other curve, at a distance of about √ε from the crossing. Rounding
    is such an error, of about eps · (1 + largest). So no step of that size can tell whether the branch goes straight on
    or turns.
    """
    return float(_UNTOLD * math.sqrt(_EPS * (1 + largest)))


@inner
def to_the_root(here: float, last: float, earlier: float, way: float, way_earlier: float) -> float:
    """How far on a number vanishes whose logarithms are given: here, at the last point, and at the one before it.

    `way` and `way_earlier` are the lengths of the last two steps, 0 where there were none. The number is extended by
    the line through the last two points, and by the parabola through the last three; the nearer place counts, inf where
    there is none.
    """
    if way == 0.0:
        return math.inf
    fall = math.expm1(min(last - here, _STEEP)) / way
    nearest = 1.0 / fall if fall > 0.0 else math.inf
    if way_earlier > 0.0:
        steeper = math.exp(min(earlier - here, _STEEP)) - 1.0 - fall * way
        bend = (steeper / way_earlier - fall) / (way + way_earlier)
        # the parabola 1 − slope s + bend s² is the number over its value here, at s = 0, −way and −way − way_earlier
        slope = fall - bend * way
        root = slope * slope - 4.0 * bend
        if root >= 0.0 and slope + math.sqrt(root) > 0.0:
            nearest = min(nearest, 2.0 / (slope + math.sqrt(root)))
    return nearest


@inner
def first_root(here_s: FloatArray, last_s: FloatArray, earlier_s: FloatArray, way: float, way_earlier: float) -> float:
    """How far on the first of several numbers vanishes: `to_the_root` of each."""
    nearest = math.inf
    for s in range(len(here_s)):
        nearest = min(nearest, to_the_root(here_s[s], last_s[s], earlier_s[s], way, way_earlier))
    return nearest
