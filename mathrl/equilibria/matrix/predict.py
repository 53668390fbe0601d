"""Where a step of a curve goes before it is corrected: parabolas and cubics in compiled code.

Arrays z_x are points (x, λ), λ last, with unit tangents; lengths are measured along the curve.
"""

from mathrl.base.checks import FloatArray
from mathrl.base.compile import inner

__all__ = ["cross", "interpolate", "predict", "wavers"]

_HALVINGS = 50


@inner
def predict(
    z_x: FloatArray,
    tangent_x: FloatArray,
    tangent_before_x: FloatArray,
    length: float,
    before: float,
    ahead_x: FloatArray,
) -> None:
    """Write z + h t + h²/2 (t − t₀)/h₀ for h = `length`.

    h₀ = `before` is the length of the step from the point with tangent t₀; 0 where there was none.
    """
    bend = 0.5 * length * length / before if before > 0.0 else 0.0
    for x in range(len(z_x)):
        ahead_x[x] = z_x[x] + length * tangent_x[x] + bend * (tangent_x[x] - tangent_before_x[x])


@inner
def wavers(low: float, rise: float, high: float, rise_ahead: float, length: float) -> bool:
    """Whether λ turns twice within a step (up, down and up again, or the reverse), by the cubic through its ends."""
    up, down = length * rise, length * rise_ahead
    if up * down <= 0.0:
        return False
    b = 3 * (high - low) - 2 * up - down
    c = up + down - 2 * (high - low)
    root = b * b - 3 * up * c
    if c == 0.0 or root <= 0.0:
        return False
    turn = -b / (3 * c)
    return 0.0 < turn < 1.0 and up * (up + turn * (2 * b + 3 * c * turn)) < 0.0


@inner
def cross(
    z_x: FloatArray,
    tangent_x: FloatArray,
    ahead_x: FloatArray,
    tangent_ahead_x: FloatArray,
    length: float,
    target: float,
) -> None:
    """Move the point ahead back to where λ = `target` on the cubic, which starts below the target and does not end
    below it.
    """
    N = len(z_x) - 1
    low, high = z_x[N], ahead_x[N]
    up, down = length * tangent_x[N], length * tangent_ahead_x[N]
    b = 3 * (high - low) - 2 * up - down
    c = up + down - 2 * (high - low)
    before, after = 0.0, 1.0
    for _ in range(_HALVINGS):
        s = 0.5 * (before + after)
        if low + s * (up + s * (b + s * c)) >= target:
            after = s
        else:
            before = s
    interpolate(z_x, tangent_x, ahead_x, tangent_ahead_x, length, after, ahead_x)
    ahead_x[N] = target


@inner
def interpolate(
    z_x: FloatArray,
    tangent_x: FloatArray,
    ahead_x: FloatArray,
    tangent_ahead_x: FloatArray,
    length: float,
    s: float,
    out_x: FloatArray,
) -> None:
    """Write the point at share s of the cubic through two points with their tangents; `out_x` may be one of them."""
    for x in range(len(z_x)):
        low, high = z_x[x], ahead_x[x]
        up, down = length * tangent_x[x], length * tangent_ahead_x[x]
        b = 3 * (high - low) - 2 * up - down
        c = up + down - 2 * (high - low)
        out_x[x] = low + s * (up + s * (b + s * c))
