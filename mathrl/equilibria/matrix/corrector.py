"""Newton's method for the equations of one matrix game (`equations`): along the curve, and at fixed λ."""

import math

from mathrl.base.checks import FloatArray
from mathrl.base.compile import inner
from mathrl.equilibria.lu import factor, solve
from mathrl.equilibria.matrix.equations import derivative, evaluate
from mathrl.equilibria.matrix.memory import Trace
from mathrl.equilibria.matrix.symmetry import symmetrise
from mathrl.equilibria.matrix.vectors import copy, dot, largest, unit
from mathrl.equilibria.step_rules import CONTRACTION, RESOLVED, UNEVEN, UNIFORM

__all__ = ["correct", "newton"]

_CORRECTIONS = 6


@inner
def correct(trace: Trace, farthest: float, accuracy: float) -> tuple[float, float, float]:
    """Newton's method from the point ahead, in the plane with the normal; then the tangent there.

    No correction may be longer than `farthest`, as a share of log ratios (`_share`), and the last one is at most
    `accuracy`. Returns the share of the first correction, the sign of det [G'; normal] and log √|det [G'; tangent]|;
    sign 0 where it failed.
    """
    ahead_x, jacobian_xy, delta_x = trace.ahead_x, trace.jacobian_xy, trace.delta_x
    size = len(ahead_x)
    first, before = 0.0, math.inf
    for k in range(_CORRECTIONS):
        evaluate(trace, ahead_x)
        derivative(trace, ahead_x)
        for x in range(size):
            jacobian_xy[size - 1, x] = trace.normal_x[x]
        sign = factor(jacobian_xy, trace.places, size)
        if sign == 0.0:
            return first, 0.0, 0.0
        solve(jacobian_xy, trace.places, size, trace.g_x, delta_x)
        symmetrise(trace, delta_x)
        distance = 0.0
        for x in range(size):
            distance = max(distance, abs(delta_x[x]))
            ahead_x[x] -= delta_x[x]
        share = _share(trace)
        if k == 0:
            first = share
        stalled = distance > CONTRACTION * before
        done = distance <= accuracy or (stalled and distance <= RESOLVED)
        if not share <= farthest or (stalled and not done):
            return first, 0.0, 0.0
        before = distance
        if done:
            return first, sign, _tangent(trace)
    return first, 0.0, 0.0


@inner
def _share(trace: Trace) -> float:
    """The largest share that entries of the correction are of what they are compared with.

    For λ that is the largest log ratio ahead, at least `UNIFORM` and at most 1. For the log ratios of an agent it is
    the same, but at most `UNEVEN` times the largest of its own, here or ahead.
    """
    ends, z_x, ahead_x, delta_x = trace.ends, trace.z_x, trace.ahead_x, trace.delta_x
    N = len(delta_x) - 1
    most = UNIFORM
    for x in range(N):
        most = max(most, abs(ahead_x[x]))
    most = min(1.0, most)
    share, x = abs(delta_x[N]) / most, 0
    for i in range(len(ends) - 1):
        own, correction = UNIFORM, 0.0
        for _ in range(ends[i] + 1, ends[i + 1]):
            own = max(own, abs(z_x[x]), abs(ahead_x[x]))
            correction = max(correction, abs(delta_x[x]))
            x += 1
        share = max(share, correction / min(most, UNEVEN * own))
    return float(share)


@inner
def _tangent(trace: Trace) -> float:
    """Write the unit tangent ahead, from the factors there, and return log √|det [G'; tangent]|."""
    jacobian_xy, tangent_ahead_x = trace.jacobian_xy, trace.tangent_ahead_x
    size = len(tangent_ahead_x)
    unit(trace.g_x)
    solve(jacobian_xy, trace.places, size, trace.g_x, tangent_ahead_x)
    symmetrise(trace, tangent_ahead_x)
    share = 1 / math.sqrt(dot(tangent_ahead_x, tangent_ahead_x))
    # normal · tangent = 1 before it is scaled, so that this share is what the normal's row lacks
    root = -0.5 * math.log(share)
    for x in range(size):
        tangent_ahead_x[x] *= share
        root -= 0.5 * math.log(abs(jacobian_xy[x, x]))
    return float(root)


@inner
def newton(trace: Trace, z_x: FloatArray, enough: float, most: int, halvings: int) -> float:
    """Take at most so many steps at fixed λ from the point z, until max |G| is at most `enough` or falls no further.

    A step after which max |G| has not fallen is halved, up to the given number of times. Leaves the best point in
    `z_x`, its π, u and M in the memory, and returns its max |G|.
    """
    N = len(z_x) - 1
    evaluate(trace, z_x)
    best = largest(trace.g_x)
    for _ in range(most):
        if best <= enough:
            break
        derivative(trace, z_x)
        if factor(trace.jacobian_xy, trace.places, N) == 0.0:
            break
        solve(trace.jacobian_xy, trace.places, N, trace.g_x, trace.delta_x)
        symmetrise(trace, trace.delta_x)
        found = _fall(trace, z_x, best, halvings)
        if not found < best:
            evaluate(trace, z_x)
            break
        best = found
        copy(trace.ahead_x, z_x)
    return best


@inner
def _fall(trace: Trace, z_x: FloatArray, best: float, halvings: int) -> float:
    """Put a point with a smaller max |G| than `best` ahead, Newton's or one on the way to it; its max |G|."""
    N = len(z_x) - 1
    trace.ahead_x[N] = z_x[N]
    share, found = 1.0, math.inf
    for _ in range(1 + halvings):
        for x in range(N):
            trace.ahead_x[x] = z_x[x] - share * trace.delta_x[x]
        evaluate(trace, trace.ahead_x)
        found = largest(trace.g_x)
        if found < best:
            break
        share *= 0.5
    return found
