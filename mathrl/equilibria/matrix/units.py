"""The unit of the rationality in a trace: as large as the log ratios, at most 16 times too small.

Where a policy stays near one that is mixed, λ is soon some hundred times as large as all log ratios. In a length that
counts both alike, log ratios are then too small to be seen, and a fold that is wide in them is as sharp as a needle.
Payoffs times a power of 2, and λ over it, are the same game with the same rounding.
"""

import math

from mathrl.base.checks import FloatArray
from mathrl.base.compile import inner
from mathrl.equilibria.matrix.memory import Trace
from mathrl.equilibria.matrix.vectors import dot

__all__ = ["restore", "stretch", "widen"]

_WIDE = 16.0


@inner
def widen(trace: Trace) -> None:
    """Enlarge the unit where λ is more than 16 times as large as 1 and all log ratios."""
    N = len(trace.z_x) - 1
    most = 1.0
    for x in range(N):
        most = max(most, abs(trace.z_x[x]))
    factor = 1.0
    while trace.z_x[N] > _WIDE * factor * most:
        factor *= _WIDE
    if factor > 1.0:
        _multiply(trace, factor)


@inner
def restore(trace: Trace) -> None:
    """Go back to the unit in which the game was loaded."""
    if trace.numbers.unit != 1.0:
        _multiply(trace, 1.0 / trace.numbers.unit)


@inner
def _multiply(trace: Trace, factor: float) -> None:
    """Make the unit so many times as large, and express the point, tangents, lengths and determinants in it.

    A tangent (t_x, t_λ) becomes (t_x, t_λ/f)/s, where s makes it a unit vector, and a length h along it s h. As A t_x =
    −b t_λ for G' = (A, b), det [G'; t] is det A/t_λ, and multiplied by f s.
    """
    numbers, N = trace.numbers, len(trace.z_x) - 1
    for m in range(trace.r_ma.shape[0]):
        for a in range(trace.r_ma.shape[1]):
            trace.r_ma[m, a] *= factor
    for k in range(len(trace.pi_k)):
        for other in range(len(trace.pi_k)):
            trace.pair_kk[k, other] *= factor
    trace.z_x[N] /= factor
    numbers.target /= factor
    numbers.unit *= factor
    here, before = stretch(trace.tangent_x, 1.0 / factor), stretch(trace.tangent_before_x, 1.0 / factor)
    numbers.length *= here
    numbers.size += 0.5 * math.log(factor * here)
    if numbers.before > 0.0:
        numbers.before *= before
        numbers.size_before += 0.5 * math.log(factor * before)
        numbers.earlier *= before  # the tangent there is not known any more
        numbers.size_earlier += 0.5 * math.log(factor * before)


@inner
def stretch(tangent_x: FloatArray, factor: float) -> float:
    """Multiply the last entry and make it a unit vector again; how long it was before that."""
    tangent_x[-1] *= factor
    length = math.sqrt(dot(tangent_x, tangent_x))
    if length > 0.0:
        for x in range(len(tangent_x)):
            tangent_x[x] /= length
    return length
