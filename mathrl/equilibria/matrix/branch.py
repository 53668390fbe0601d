"""The compiled tracer: one matrix game's curve of logit equilibria, step by step.

The point z = (x, λ) of (1) in `mathrl.equilibria.matrix.equations` moves along its curve;
`mathrl.equilibria.step_rules` says which steps are accepted, `mathrl.equilibria.matrix.predict` where the corrections
start. A step in which λ turns ends on the fold, and one in which it is seen to turn twice is refused, so that λ is
monotone from point to point and the target is crossed between the two points between which it lies.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.base.compile import inner, kernel
from mathrl.equilibria.lu import factor, solve
from mathrl.equilibria.matrix.equations import derivative, evaluate, residual
from mathrl.equilibria.matrix.predict import cross, predict, wavers
from mathrl.equilibria.step_rules import CONTRACTION, CUT, FARTHEST, RESOLVED, TURN, next_length, shortest

__all__ = [
    "ACCURACY",
    "BIFURCATION",
    "FOLD",
    "LANDED",
    "LENGTH",
    "LOST",
    "MOVED",
    "RISING",
    "STEP_LENGTH",
    "TARGET",
    "Trace",
    "advance",
    "begin",
    "correct",
    "newton",
    "room",
]

Integers = npt.NDArray[np.int64]

LOST, MOVED, LANDED, FOLD, BIFURCATION = range(5)
"""How a step ended: none succeeds; at the next point; at the target; at a fold; past a bifurcation."""

_CORRECTIONS = 6
_LEAPS = 3
_LEAP = 4.0
"""Where even the shortest step is refused, rounding hides the curve: so many longer ones are tried, straight on."""

_EXACT = 1e-14
"""G at a target, over 1 + λ, that counts as 0 where the determinant is 0 too."""

_NEARER = 0.6
"""Of the way to where √|det| may vanish, what a step may take."""

_CLOSE = 3.0
"""Shortest steps to that place from where one crosses it."""

_STEEP = 50.0
_FOLD_STEPS = 40
_FLAT = 1e-6
"""How near to 0 the λ component of the unit tangent of a fold is."""

TARGET, STEP_LENGTH, ACCURACY, RISING, LENGTH, BEFORE, EARLIER, ORIENTATION, SIZE, SIZE_BEFORE, SIZE_EARLIER = range(11)
"""The places of `numbers`: λ at the end, times the usual step, the last correction over the step; whether λ rises (1)
or falls (−1), the lengths of the next step and of the last two (0 at the start), the orientation, and log √|det [G';
tangent]| here and at the last two points."""


class Trace(NamedTuple):
    """Where a trace stands: its point and tangent, the tangent before, and room for the next point. In the order of
    the kernels' arguments; see `mathrl.equilibria.matrix.equations` for the shapes.
    """

    r_ma: FloatArray
    ends: Integers
    pi_k: FloatArray
    own_k: FloatArray
    pair_kk: FloatArray
    places: Integers
    g_x: FloatArray
    jacobian_xy: FloatArray
    delta_x: FloatArray
    normal_x: FloatArray
    ahead_x: FloatArray
    tangent_ahead_x: FloatArray
    z_x: FloatArray
    tangent_x: FloatArray
    tangent_before_x: FloatArray
    numbers: FloatArray


@kernel
def room(num_payoffs: int, num_actions: Integers) -> Trace:
    """Memory for traces of games of this shape."""
    n = len(num_actions)
    ends = np.zeros(n + 1, np.int64)
    joint = 1
    for i in range(n):
        ends[i + 1] = ends[i] + num_actions[i]
        joint *= num_actions[i]
    K = ends[n]
    size = K - n + 1
    return Trace(
        np.empty((num_payoffs, joint)),
        ends,
        np.zeros(K),
        np.zeros(K),
        np.zeros((K, K)),
        np.zeros(max(size, n), np.int64),
        np.zeros(size),
        np.zeros((size, size)),
        np.zeros(size),
        np.zeros(size),
        np.zeros(size),
        np.zeros(size),
        np.zeros(size),
        np.zeros(size),
        np.zeros(size),
        np.zeros(11),
    )


@inner
def begin(
    r_ma: FloatArray,
    ends: Integers,
    pi_k: FloatArray,
    own_k: FloatArray,
    pair_kk: FloatArray,
    places: Integers,
    g_x: FloatArray,
    jacobian_xy: FloatArray,
    delta_x: FloatArray,
    normal_x: FloatArray,
    ahead_x: FloatArray,
    tangent_ahead_x: FloatArray,
    z_x: FloatArray,
    tangent_x: FloatArray,
    tangent_before_x: FloatArray,
    numbers: FloatArray,
) -> bool:
    """Start from the point in `z_x`, which must be near the curve and not at a fold; whether it is."""
    N = len(z_x) - 1
    normal_x[:] = 0.0
    normal_x[N] = 1.0
    _copy(z_x, ahead_x)
    _, sign, root = correct(
        r_ma,
        ends,
        pi_k,
        own_k,
        pair_kk,
        places,
        g_x,
        jacobian_xy,
        delta_x,
        normal_x,
        ahead_x,
        tangent_ahead_x,
        np.inf,
        numbers[ACCURACY],
    )
    if sign == 0.0:
        return False
    _copy(ahead_x, z_x)
    for x in range(N + 1):
        tangent_x[x] = numbers[RISING] * tangent_ahead_x[x]
    numbers[BEFORE] = 0.0
    numbers[EARLIER] = 0.0
    numbers[ORIENTATION] = numbers[RISING] * sign
    numbers[SIZE] = root
    return True


@inner
def advance(
    r_ma: FloatArray,
    ends: Integers,
    pi_k: FloatArray,
    own_k: FloatArray,
    pair_kk: FloatArray,
    places: Integers,
    g_x: FloatArray,
    jacobian_xy: FloatArray,
    delta_x: FloatArray,
    normal_x: FloatArray,
    ahead_x: FloatArray,
    tangent_ahead_x: FloatArray,
    z_x: FloatArray,
    tangent_x: FloatArray,
    tangent_before_x: FloatArray,
    numbers: FloatArray,
) -> int:
    """Take one step, or to the fold on its way, or to the target where the curve first crosses it."""
    N = len(z_x) - 1
    target = numbers[TARGET]
    minimum, leap = shortest(_largest(z_x)), 0
    root = _to_the_root(numbers)
    if root > _CLOSE * minimum:
        numbers[LENGTH] = min(numbers[LENGTH], _NEARER * root)
    else:  # as far beyond as before: upon a bifurcation rounding has no bounds
        minimum = max(minimum, 2 * root)
        numbers[LENGTH] = minimum
    while True:
        length = numbers[LENGTH]
        short = length <= minimum
        first, sign, root = _step(
            r_ma, ends, pi_k, own_k, pair_kk, places, g_x, jacobian_xy, delta_x, normal_x, ahead_x,
            tangent_ahead_x, z_x, tangent_x, tangent_before_x, numbers, length,
        )  # fmt: skip
        good = sign != 0.0 and (sign == numbers[ORIENTATION] or short)
        good = good and (short or not wavers(z_x[N], tangent_x[N], ahead_x[N], tangent_ahead_x[N], length))
        turns = good and tangent_ahead_x[N] * numbers[RISING] < 0.0
        if turns and abs(tangent_x[N]) <= _FLAT:  # from a fold: a shorter step tells whether it is one
            turns, good = False, short
            if short:
                numbers[RISING] = -numbers[RISING]
        if turns:
            length, root = _to_fold(
                r_ma, ends, pi_k, own_k, pair_kk, places, g_x, jacobian_xy, delta_x, normal_x, ahead_x,
                tangent_ahead_x, z_x, tangent_x, tangent_before_x, numbers, length,
            )  # fmt: skip
            good = length > 0.0
        lands = good and ahead_x[N] >= target
        if lands:
            cross(z_x, tangent_x, ahead_x, tangent_ahead_x, length, target)
            normal_x[:] = 0.0
            normal_x[N] = 1.0
            _, sign, root = correct(
                r_ma, ends, pi_k, own_k, pair_kk, places, g_x, jacobian_xy, delta_x, normal_x, ahead_x,
                tangent_ahead_x, FARTHEST * numbers[STEP_LENGTH], numbers[ACCURACY] * min(1.0, length),
            )  # fmt: skip
            # at a crossing from below the tangent rises, so this is the determinant with the tangent too
            good = sign == numbers[ORIENTATION] or (short and sign != 0.0)
            if sign == 0.0 and _largest(g_x) <= _EXACT * (1 + target):  # on a bifurcation itself
                _copy(tangent_x, tangent_ahead_x)
                sign, good = numbers[ORIENTATION], True
        if good:
            code = LANDED if lands else FOLD if turns else MOVED if sign == numbers[ORIENTATION] else BIFURCATION
            if turns and not lands:
                numbers[RISING] = -numbers[RISING]
            numbers[ORIENTATION] = sign
            numbers[SIZE_EARLIER], numbers[SIZE_BEFORE], numbers[SIZE] = numbers[SIZE_BEFORE], numbers[SIZE], root
            numbers[EARLIER] = numbers[BEFORE]
            numbers[BEFORE] = _distance(z_x, ahead_x)
            numbers[LENGTH] = next_length(length, first, numbers[STEP_LENGTH])
            _copy(tangent_x, tangent_before_x)
            _copy(ahead_x, z_x)
            _copy(tangent_ahead_x, tangent_x)
            return code
        if leap > _LEAPS:
            return LOST
        if short:
            leap += 1
            minimum *= _LEAP
            numbers[LENGTH] = minimum
        else:
            numbers[LENGTH] = max(minimum, CUT * numbers[LENGTH])


@inner
def _to_the_root(numbers: FloatArray) -> float:
    """The length at which √|det|, extended from the last points, vanishes.

    Where two curves cross this one at once the sign does not change, but √|det| falls to 0 as a smooth function does.
    It is extended by the line through the last two points, and by the parabola through the last three.
    """
    before, earlier = numbers[BEFORE], numbers[EARLIER]
    if before == 0.0:
        return np.inf
    fall = np.expm1(min(numbers[SIZE_BEFORE] - numbers[SIZE], _STEEP)) / before
    nearest = 1.0 / fall if fall > 0.0 else np.inf
    if earlier > 0.0:
        steeper = np.exp(min(numbers[SIZE_EARLIER] - numbers[SIZE], _STEEP)) - 1.0 - fall * before
        bend = (steeper / earlier - fall) / (before + earlier)
        # 1 − slope s + bend s² is 1 here and as large as it was at −before and at −before − earlier
        slope = fall - bend * before
        root = slope * slope - 4.0 * bend
        if root >= 0.0 and slope + np.sqrt(root) > 0.0:
            nearest = min(nearest, 2.0 / (slope + np.sqrt(root)))
    return nearest


@inner
def _step(
    r_ma: FloatArray,
    ends: Integers,
    pi_k: FloatArray,
    own_k: FloatArray,
    pair_kk: FloatArray,
    places: Integers,
    g_x: FloatArray,
    jacobian_xy: FloatArray,
    delta_x: FloatArray,
    normal_x: FloatArray,
    ahead_x: FloatArray,
    tangent_ahead_x: FloatArray,
    z_x: FloatArray,
    tangent_x: FloatArray,
    tangent_before_x: FloatArray,
    numbers: FloatArray,
    length: float,
) -> tuple[float, float, float]:
    """Put the point of the curve at this distance ahead; as `correct`, with sign 0 where it is refused."""
    predict(z_x, tangent_x, tangent_before_x, length, numbers[BEFORE], ahead_x)
    _copy(tangent_x, normal_x)
    first, sign, root = correct(
        r_ma, ends, pi_k, own_k, pair_kk, places, g_x, jacobian_xy, delta_x, normal_x, ahead_x,
        tangent_ahead_x, FARTHEST * numbers[STEP_LENGTH], numbers[ACCURACY] * min(1.0, length),
    )  # fmt: skip
    return first, (sign if _dot(tangent_ahead_x, tangent_x) >= TURN else 0.0), root


@inner
def _to_fold(
    r_ma: FloatArray,
    ends: Integers,
    pi_k: FloatArray,
    own_k: FloatArray,
    pair_kk: FloatArray,
    places: Integers,
    g_x: FloatArray,
    jacobian_xy: FloatArray,
    delta_x: FloatArray,
    normal_x: FloatArray,
    ahead_x: FloatArray,
    tangent_ahead_x: FloatArray,
    z_x: FloatArray,
    tangent_x: FloatArray,
    tangent_before_x: FloatArray,
    numbers: FloatArray,
    length: float,
) -> tuple[float, float]:
    """Put the fold ahead, which lies before the point that is there now, by false position.

    Returns its length, 0 if it is lost, and log √|det| there.
    """
    N = len(z_x) - 1
    low, low_rise = 0.0, tangent_x[N]
    high, high_rise = length, tangent_ahead_x[N]
    for _ in range(_FOLD_STEPS):
        if high_rise == low_rise:
            return 0.0, 0.0
        middle = float((low * high_rise - high * low_rise) / (high_rise - low_rise))
        _, sign, root = _step(
            r_ma, ends, pi_k, own_k, pair_kk, places, g_x, jacobian_xy, delta_x, normal_x, ahead_x,
            tangent_ahead_x, z_x, tangent_x, tangent_before_x, numbers, middle,
        )  # fmt: skip
        if sign != numbers[ORIENTATION]:
            return 0.0, 0.0
        rise = tangent_ahead_x[N]
        if abs(rise) <= _FLAT:
            return middle, root
        if (rise > 0.0) == (high_rise > 0.0):
            high, high_rise = middle, rise
            low_rise *= 0.5
        else:
            low, low_rise = middle, rise
            high_rise *= 0.5
    return 0.0, 0.0


@inner
def _dot(a_x: FloatArray, b_x: FloatArray) -> float:
    total = 0.0
    for x in range(len(a_x)):
        total += a_x[x] * b_x[x]
    return total


@inner
def _distance(a_x: FloatArray, b_x: FloatArray) -> float:
    total = 0.0
    for x in range(len(a_x)):
        total += (a_x[x] - b_x[x]) ** 2
    return float(np.sqrt(total))


@inner
def correct(
    r_ma: FloatArray,
    ends: Integers,
    pi_k: FloatArray,
    own_k: FloatArray,
    pair_kk: FloatArray,
    places: Integers,
    g_x: FloatArray,
    jacobian_xy: FloatArray,
    delta_x: FloatArray,
    normal_x: FloatArray,
    ahead_x: FloatArray,
    tangent_ahead_x: FloatArray,
    farthest: float,
    accuracy: float,
) -> tuple[float, float, float]:
    """Newton's method from the point ahead, in the plane with this normal; then the tangent there.

    Returns the first correction, the sign of det [G'; normal] and log √|det [G'; tangent]|; sign 0 where it failed.
    """
    size = len(ahead_x)
    N = size - 1
    first, before = 0.0, np.inf
    for k in range(_CORRECTIONS):
        evaluate(r_ma, ends, ahead_x, pi_k, own_k, pair_kk, g_x, places)
        derivative(ends, ahead_x, pi_k, own_k, pair_kk, jacobian_xy)
        for x in range(size):
            jacobian_xy[N, x] = normal_x[x]
        sign = factor(jacobian_xy, places, size)
        if sign == 0.0:
            return first, 0.0, 0.0
        solve(jacobian_xy, places, size, g_x, delta_x)
        distance = 0.0
        for x in range(size):
            distance = max(distance, abs(delta_x[x]))
            ahead_x[x] -= delta_x[x]
        if k == 0:
            first = distance
        stalled = distance > CONTRACTION * before
        done = distance <= accuracy or (stalled and distance <= RESOLVED)
        if not distance <= farthest or (stalled and not done):
            return first, 0.0, 0.0
        before = distance
        if done:
            g_x[:] = 0.0
            g_x[N] = 1.0
            solve(jacobian_xy, places, size, g_x, tangent_ahead_x)
            share = 1 / np.sqrt(_dot(tangent_ahead_x, tangent_ahead_x))
            # normal · tangent = 1 before it is scaled, so that this share is what the normal's row lacks
            root = -0.5 * np.log(share)
            for x in range(size):
                tangent_ahead_x[x] *= share
                root -= 0.5 * np.log(abs(jacobian_xy[x, x]))
            return first, sign, root
    return first, 0.0, 0.0


@inner
def newton(
    r_ma: FloatArray,
    ends: Integers,
    pi_k: FloatArray,
    own_k: FloatArray,
    pair_kk: FloatArray,
    places: Integers,
    g_x: FloatArray,
    jacobian_xy: FloatArray,
    delta_x: FloatArray,
    ahead_x: FloatArray,
    z_x: FloatArray,
    enough: float,
    most: int,
) -> float:
    """Newton's method at fixed λ from the point in `z_x`, until max |G| is at most `enough` or falls no further.

    Leaves π and u of the best point in place and returns its residual.
    """
    N = len(z_x) - 1
    evaluate(r_ma, ends, z_x, pi_k, own_k, pair_kk, g_x, places)
    best = _largest(g_x)
    for _ in range(most):
        if best <= enough:
            break
        derivative(ends, z_x, pi_k, own_k, pair_kk, jacobian_xy)
        if factor(jacobian_xy, places, N) == 0.0:
            break
        solve(jacobian_xy, places, N, g_x, delta_x)
        ahead_x[N] = z_x[N]
        for x in range(N):
            ahead_x[x] = z_x[x] - delta_x[x]
        evaluate(r_ma, ends, ahead_x, pi_k, own_k, pair_kk, g_x, places)
        found = _largest(g_x)
        if not found < best:
            evaluate(r_ma, ends, z_x, pi_k, own_k, pair_kk, g_x, places)
            break
        best = found
        _copy(ahead_x, z_x)
    return residual(ends, pi_k, own_k, z_x[N])


@inner
def _largest(g_x: FloatArray) -> float:
    largest = 0.0
    for g in g_x:
        largest = max(largest, abs(g))
    return largest


@inner
def _copy(from_x: FloatArray, to_x: FloatArray) -> None:
    for x in range(len(from_x)):
        to_x[x] = from_x[x]
