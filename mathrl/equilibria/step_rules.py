"""When a step along a curve of equilibria is accepted, and how long the next one is.

A step predicts a point, corrects it by Newton's method in the plane orthogonal to the tangent, and is accepted only if

- the first correction is at most `FARTHEST`, each following one at most `CONTRACTION` of the one before it, and the
  last at most `ACCURATE`, times the step where that is below 1 (largest entries; log ratios of probabilities, so
  1 is a factor e);
- the tangent turned by less than the angle whose cosine is `TURN`;
- the orientation, the sign of det [G'; tangent], did not change. Along a regular curve it never does, so a change
  means another branch, or a bifurcation on this one;
- the parameter did not turn twice (`mathrl.equilibria.matrix.predict.wavers`).

Otherwise the step is cut. These are the rules of Allgower and Georg (1990, ch. 6), with the last two added. Besides, a
step stays before the place where √|det| may vanish (`mathrl.equilibria.matrix.branch`): where two curves cross this one
at once the orientation does not tell. `mathrl.equilibria.stochastic.trace` has constants of its own, as its lengths are
others.
"""

import math
from collections.abc import Iterator

import numpy as np

from mathrl.base.compile import inner

__all__ = [
    "ACCURATE",
    "CONTRACTION",
    "CUT",
    "FARTHEST",
    "FIRST",
    "GROWTH",
    "RESOLVED",
    "RETRIES",
    "TIGHTER",
    "TURN",
    "WANTED",
    "attempts",
    "next_length",
    "shortest",
]

FARTHEST = 0.1
CONTRACTION = 0.2
ACCURATE = 1e-3
"""The error left is about its square. A path that is reported takes a smaller one."""
TURN = 0.9
CUT = 0.4
"""By which a refused step is cut."""

FIRST = 0.3
"""The length of the first step of a trace."""

RETRIES = 3
TIGHTER = 0.3
"""Where a trace is lost it begins anew, so many times, each time in so much shorter steps."""

RESOLVED = 1e-7
"""Corrections that shrink no further at this size are rounding."""

WANTED = 0.03
"""The first correction that the next step is meant to need."""

_UNTOLD = 100.0
_EPS = float(np.finfo(np.float64).eps)

GROWTH = 3.0
"""By which a step may grow or, as by `CUT`, shrink."""


def attempts(step_length: float) -> Iterator[float]:
    """The step lengths with which a trace is tried, in turn."""
    return (step_length * TIGHTER**retry for retry in range(1 + RETRIES))


@inner
def next_length(length: float, correction: float, step_length: float) -> float:
    """The length of the next step, after one of this length whose first correction was `correction`.

    The predictor is quadratic, so the correction grows with the cube of the length.
    """
    wanted = WANTED * step_length**3
    factor = GROWTH
    if correction * GROWTH**3 > wanted:
        factor = max(CUT, (wanted / correction) ** (1 / 3))
    return length * factor


@inner
def shortest(largest: float) -> float:
    """The shortest step from a point whose largest entry is this: one that is still refused stands on a bifurcation.

    At distance d before a bifurcation x d = 0, an ε beside it bends the curve to x = ε/d: it turns within √ε of it.
    Rounding is such an ε, about eps · (1 + largest), so that no step of that size can tell whether the branch goes
    straight on or turns.
    """
    return float(_UNTOLD * math.sqrt(_EPS * (1 + largest)))
