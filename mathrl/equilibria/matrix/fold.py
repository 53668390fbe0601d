"""One step of the compiled trace, from prediction to corrected point, and the step that ends on a fold."""

from mathrl.base.compile import inner
from mathrl.equilibria.matrix.corrector import correct
from mathrl.equilibria.matrix.memory import Trace
from mathrl.equilibria.matrix.predict import predict
from mathrl.equilibria.matrix.vectors import copy, dot
from mathrl.equilibria.step_rules import FARTHEST, TURN

__all__ = ["FLAT", "corrected", "step", "to_fold"]

FLAT = 1e-6
"""How near to 0 the λ component of the unit tangent of a fold is."""

_FOLD_STEPS = 40


@inner
def step(trace: Trace, length: float) -> tuple[float, float, float]:
    """Find the point of the curve at this distance and put it ahead; returns as `correct`, with sign 0 where it is
    refused.
    """
    predict(trace.z_x, trace.tangent_x, trace.tangent_before_x, length, trace.numbers.before, trace.ahead_x)
    copy(trace.tangent_x, trace.normal_x)
    first, sign, root = corrected(trace, length)
    return first, (sign if dot(trace.tangent_ahead_x, trace.tangent_x) >= TURN else 0.0), root


@inner
def corrected(trace: Trace, length: float) -> tuple[float, float, float]:
    """`correct`, with the tolerances for a step of this length."""
    numbers = trace.numbers
    return correct(trace, FARTHEST * numbers.step_length, numbers.accuracy * min(1.0, length))


@inner
def to_fold(trace: Trace, length: float) -> tuple[float, float]:
    """Put the fold ahead, which lies before the point that is there now, by false position.

    Returns its length, 0 if it is lost, and log √|det| there.
    """
    N = len(trace.z_x) - 1
    low, low_rise = 0.0, trace.tangent_x[N]
    high, high_rise = length, trace.tangent_ahead_x[N]
    for _ in range(_FOLD_STEPS):
        if high_rise == low_rise:
            return 0.0, 0.0
        middle = float((low * high_rise - high * low_rise) / (high_rise - low_rise))
        _, sign, root = step(trace, middle)
        if sign != trace.numbers.orientation:
            return 0.0, 0.0
        rise = trace.tangent_ahead_x[N]
        if abs(rise) <= FLAT:
            return middle, root
        if (rise > 0.0) == (high_rise > 0.0):
            high, high_rise = middle, rise
            low_rise *= 0.5
        else:
            low, low_rise = middle, rise
            high_rise *= 0.5
    return 0.0, 0.0
