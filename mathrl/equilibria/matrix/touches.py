"""Where the determinant of a traced curve of a matrix game vanishes without a change of sign, compiled.

There other curves cross in pairs of directions. log |det [G'; tangent]| is looked for between two points of the curve,
closer and closer to where it is least.
"""

import math

from mathrl.base.checks import FloatArray
from mathrl.base.compile import inner, kernel
from mathrl.equilibria.lu import factor
from mathrl.equilibria.matrix.corrector import correct
from mathrl.equilibria.matrix.equations import derivative, evaluate, policy
from mathrl.equilibria.matrix.memory import Trace
from mathrl.equilibria.matrix.predict import interpolate
from mathrl.equilibria.matrix.vectors import copy, distance

__all__ = ["least_log_determinant", "log_determinants"]

_PIECES = 20
_DEEPER = 5
_NOT_DEEP = 2.0


@kernel
def log_determinants(trace: Trace, z_px: FloatArray, tangent_px: FloatArray, out_p: FloatArray) -> None:
    """Write log |det [G'; tangent]| at each point."""
    for p in range(len(z_px)):
        out_p[p] = _log_determinant(trace, z_px[p], tangent_px[p])


@kernel
def least_log_determinant(trace: Trace, z_px: FloatArray, tangent_px: FloatArray, accuracy: float) -> float:
    """The least log |det| found between two points; the point with it goes to the trace, with its tangent and π."""
    low, high, best = 0.0, 1.0, math.inf
    length = distance(z_px[1], z_px[0])
    for _ in range(_DEEPER):
        before, at = best, low
        width = (high - low) / _PIECES
        for piece in range(_PIECES + 1):
            share = low + piece * width
            found, singular = _between(trace, z_px, tangent_px, length, share, accuracy)
            if singular or found < best:
                best, at = found, share
                copy(trace.ahead_x, trace.z_x)
                copy(trace.normal_x if singular else trace.tangent_ahead_x, trace.tangent_x)
        if best == -math.inf or best > before - _NOT_DEEP:
            break
        low, high = max(0.0, at - width), min(1.0, at + width)
    policy(trace, trace.z_x)
    return best


@inner
def _between(
    trace: Trace, z_px: FloatArray, tangent_px: FloatArray, length: float, share: float, accuracy: float
) -> tuple[float, bool]:
    """log |det| at this share of the way, −∞ where the point is singular, and whether it is; the point goes ahead."""
    interpolate(z_px[0], tangent_px[0], z_px[1], tangent_px[1], length, share, trace.ahead_x)
    for x in range(len(trace.normal_x)):
        trace.normal_x[x] = (1 - share) * tangent_px[0, x] + share * tangent_px[1, x]
    _, sign, _ = correct(trace, math.inf, accuracy)
    if sign == 0.0:
        return -math.inf, True
    return _log_determinant(trace, trace.ahead_x, trace.normal_x), False


@inner
def _log_determinant(trace: Trace, z_x: FloatArray, tangent_x: FloatArray) -> float:
    jacobian_xy = trace.jacobian_xy
    size = len(z_x)
    evaluate(trace, z_x)
    derivative(trace, z_x)
    for x in range(size):
        jacobian_xy[size - 1, x] = tangent_x[x]
    if factor(jacobian_xy, trace.places, size) == 0.0:
        return -math.inf
    total = 0.0
    for x in range(size):
        total -= math.log(abs(jacobian_xy[x, x]))
    return total
