"""The compiled tracer: one matrix game's curve of logit equilibria, step by step.

The point z = (x, λ) of (1) in `mathrl.equilibria.matrix.equations` moves along its curve;
`mathrl.equilibria.step_rules` says which steps are accepted, `mathrl.equilibria.matrix.predict` where the corrections
start. A step in which λ turns ends on the fold, and one in which it is seen to turn twice is refused, so that λ is
monotone from point to point and the target is crossed between the two points between which it lies.
"""

import math

from mathrl.base.compile import inner
from mathrl.equilibria.matrix.corrector import correct
from mathrl.equilibria.matrix.fold import FLAT, corrected, step, to_fold
from mathrl.equilibria.matrix.memory import Trace
from mathrl.equilibria.matrix.predict import cross, wavers
from mathrl.equilibria.matrix.units import widen
from mathrl.equilibria.matrix.vectors import copy, distance, largest, unit
from mathrl.equilibria.step_rules import CLOSE, CUT, NEARER, next_length, shortest, to_the_root

__all__ = ["BIFURCATION", "FOLD", "LANDED", "LOST", "MOVED", "advance", "begin"]

LOST, MOVED, LANDED, FOLD, BIFURCATION = range(5)
"""How a step ended: refused at every length; at the next point; at the target; at a fold; past a bifurcation."""

_LEAPS = 3
_LEAP = 4.0
"""If even the shortest step is refused, rounding hides the curve, and `_LEAPS` steps are tried, each so much longer."""

_EXACT = 1e-14
"""At a target where the determinant is 0, max |G| up to this, times 1 + λ, counts as 0."""


@inner
def begin(trace: Trace) -> bool:
    """Start from the point in `z_x`, which must be near the curve and not at a fold; whether that succeeded."""
    numbers = trace.numbers
    unit(trace.normal_x)
    copy(trace.z_x, trace.ahead_x)
    _, sign, root = correct(trace, math.inf, numbers.accuracy)
    if sign == 0.0:
        return False
    copy(trace.ahead_x, trace.z_x)
    for x in range(len(trace.z_x)):
        trace.tangent_x[x] = numbers.rising * trace.tangent_ahead_x[x]
    numbers.before = 0.0
    numbers.earlier = 0.0
    numbers.orientation = numbers.rising * sign
    numbers.size = root
    return True


@inner
def advance(trace: Trace) -> int:
    """Take one step, or to the fold on its way, or to the target where the curve first crosses it."""
    numbers = trace.numbers
    minimum, leap = _shortest(trace), 0
    while True:
        short = numbers.length <= minimum
        code = _attempt(trace, short)
        if code != LOST or leap > _LEAPS:
            return code
        if short:
            leap += 1
            minimum *= _LEAP
            numbers.length = minimum
        else:
            numbers.length = max(minimum, CUT * numbers.length)


@inner
def _shortest(trace: Trace) -> float:
    """The shortest step from here; the next one is kept before the place where √|det| may vanish, or crosses it."""
    numbers = trace.numbers
    minimum = shortest(largest(trace.z_x))
    root = to_the_root(numbers.size, numbers.size_before, numbers.size_earlier, numbers.before, numbers.earlier)
    numbers.narrowest = min(numbers.narrowest, root)
    if root > CLOSE * minimum:
        numbers.length = min(numbers.length, NEARER * root)
    else:  # end as far behind the bifurcation as the step begins before it: on it rounding errors are unbounded
        minimum = max(minimum, 2 * root)
        numbers.length = minimum
    return minimum


@inner
def _attempt(trace: Trace, short: bool) -> int:
    """Take a step of the next length; `LOST` where it is refused. `short` says that no shorter step is left."""
    numbers, N = trace.numbers, len(trace.z_x) - 1
    tangent_x, ahead_x, tangent_ahead_x = trace.tangent_x, trace.ahead_x, trace.tangent_ahead_x
    length = numbers.length
    first, sign, root = step(trace, length)
    good = sign != 0.0 and (sign == numbers.orientation or short)
    good = good and (short or not wavers(trace.z_x[N], tangent_x[N], ahead_x[N], tangent_ahead_x[N], length))
    turns = good and tangent_ahead_x[N] * numbers.rising < 0.0
    if turns and abs(tangent_x[N]) <= FLAT:  # the step began at a fold: a shorter one tells whether λ turns again
        turns, good = False, short
        if short:
            numbers.rising = -numbers.rising
    if turns:
        length, root = to_fold(trace, length)
        good = length > 0.0
    lands = good and ahead_x[N] >= numbers.target
    if lands:
        sign, root, good = _land(trace, length, short)
    if not good:
        return LOST
    code = LANDED if lands else FOLD if turns else MOVED if sign == numbers.orientation else BIFURCATION
    if code == FOLD:
        numbers.rising = -numbers.rising
    numbers.length = next_length(length, first, numbers.step_length)
    _move(trace, sign, root)
    return code


@inner
def _land(trace: Trace, length: float, short: bool) -> tuple[float, float, bool]:
    """Put ahead the point where the step crossed the target; sign and log √|det| there, and whether it is accepted."""
    numbers = trace.numbers
    cross(trace.z_x, trace.tangent_x, trace.ahead_x, trace.tangent_ahead_x, length, numbers.target)
    unit(trace.normal_x)
    _, sign, root = corrected(trace, length)
    # at a crossing from below the tangent rises, so this is the determinant with the tangent too
    good = sign == numbers.orientation or (short and sign != 0.0)
    if sign == 0.0 and largest(trace.g_x) <= _EXACT * (1 + numbers.target):  # on a bifurcation itself
        copy(trace.tangent_x, trace.tangent_ahead_x)
        return numbers.orientation, root, True
    return sign, root, good


@inner
def _move(trace: Trace, sign: float, root: float) -> None:
    """Make the point ahead, whose orientation and log √|det| are given, the present one."""
    numbers = trace.numbers
    numbers.orientation = sign
    numbers.size_earlier, numbers.size_before, numbers.size = numbers.size_before, numbers.size, root
    numbers.earlier = numbers.before
    numbers.before = distance(trace.z_x, trace.ahead_x)
    copy(trace.tangent_x, trace.tangent_before_x)
    copy(trace.ahead_x, trace.z_x)
    copy(trace.tangent_ahead_x, trace.tangent_x)
    widen(trace)
