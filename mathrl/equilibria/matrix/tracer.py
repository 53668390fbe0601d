"""Curves of logit equilibria of one matrix game, as arrays of their points:

    tracer = Tracer(game)
    tracer.start()                                  at (0, uniform), upwards; or anywhere on a curve, up or down
    tracer.advance(rationality, at_most=100)        the points on the way to where the curve first crosses it

Rationalities are those of the game; points z are in its scaled payoffs (`mathrl.equilibria.matrix.principal`).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.base.compile import kernel
from mathrl.equilibria.lu import factor
from mathrl.equilibria.matrix.branch import (
    ACCURACY,
    BIFURCATION,
    FOLD,
    LANDED,
    LENGTH,
    LOST,
    MOVED,
    RISING,
    STEP_LENGTH,
    TARGET,
    Trace,
    advance,
    begin,
    correct,
    newton,
)
from mathrl.equilibria.matrix.equations import derivative, evaluate, policy
from mathrl.equilibria.matrix.predict import interpolate
from mathrl.equilibria.matrix.principal import loaded
from mathrl.equilibria.matrix.refine import refine
from mathrl.equilibria.step_rules import FIRST
from mathrl.games.model import Game

__all__ = ["Stretch", "Tracer", "join"]

Integers = npt.NDArray[np.int64]

_ACCURATE = 1e-6
"""The last correction of a point; the error left is about its square."""

_POLISH = 40
_PIECES = 20
_DEEPER = 5
_NOT_DEEP = 2.0
_TOUCH = 99
_TOUCHED = 20.0
"""By how many units log |det| falls, near a point where it vanishes, below what it is a step away."""


@dataclass(frozen=True)
class Stretch:
    """Points of a curve, in order: rationality (P,), log ratios and rationality as traced (P, N + 1) with their unit
    tangents, policies side by side (P, K), and how each was reached (P,), one of the codes of `branch`.
    """

    rationality: FloatArray
    z_px: FloatArray
    tangent_px: FloatArray
    pi_pk: FloatArray
    code_p: Integers

    @property
    def folds(self) -> Integers:
        """The points where λ turns."""
        return np.flatnonzero(self.code_p == FOLD)

    @property
    def bifurcations(self) -> Integers:
        """The points at which another curve crosses, or between which and the next one."""
        crossed = self.code_p == _TOUCH
        crossed[:-1] |= self.code_p[1:] == BIFURCATION
        return np.flatnonzero(crossed)

    def part(self, first: int, last: int) -> "Stretch":
        """The points first … last − 1."""
        points = slice(first, last)
        return Stretch(
            self.rationality[points],
            self.z_px[points],
            self.tangent_px[points],
            self.pi_pk[points],
            self.code_p[points],
        )


def join(stretches: list[Stretch]) -> Stretch:
    """Stretches one after the other."""
    return Stretch(
        np.concatenate([one.rationality for one in stretches]),
        np.concatenate([one.z_px for one in stretches]),
        np.concatenate([one.tangent_px for one in stretches]),
        np.concatenate([one.pi_pk for one in stretches]),
        np.concatenate([one.code_p for one in stretches]),
    )


class Tracer:
    """The compiled trace of one matrix game; `step_length` times the usual steps."""

    def __init__(self, game: Game, *, step_length: float = 1.0) -> None:
        self._memory, self._scale, self.lipschitz_constant = loaded(game)
        self._memory.numbers[[STEP_LENGTH, ACCURACY]] = step_length, _ACCURATE

    def start(self, x: FloatArray | None = None, rationality: float = 0.0, *, rising: bool = True) -> Stretch | None:
        """Start at log ratios x (N,) near a curve and not at a fold (default: uniform): that point, None if lost."""
        memory = self._memory
        memory.z_x[:-1] = 0.0 if x is None else x
        memory.z_x[-1] = rationality / self._scale
        memory.numbers[RISING] = 1.0 if rising else -1.0
        memory.numbers[LENGTH] = FIRST * memory.numbers[STEP_LENGTH]
        room = self._room(1)
        return self._stretch(1, *room) if _begin(memory, *room) else None

    def advance(self, rationality: float, *, at_most: int, lowest: float = -np.inf) -> Stretch:
        """At most so many points, up to the first crossing of `rationality`, or until λ is below `lowest`."""
        room = self._room(at_most)
        self._memory.numbers[TARGET] = rationality / self._scale
        return self._stretch(_walk(self._memory, lowest / self._scale, *room), *room)

    def polish(self, z_x: FloatArray) -> FloatArray:
        """π (K,) at this point, after Newton's method at its λ until rounding."""
        m, z_x = self._memory, z_x.copy()
        newton(
            m.r_ma, m.ends, m.pi_k, m.own_k, m.pair_kk, m.places, m.g_x, m.jacobian_xy, m.delta_x, m.ahead_x, z_x,
            0.0, _POLISH,
        )  # fmt: skip
        refine(m.r_ma, m.ends, z_x[-1], m.pi_k, m.own_k, m.pair_kk, m.places)
        return m.pi_k.copy()

    def with_touches(self, stretch: Stretch) -> Stretch:
        """The stretch, with the points put in where the determinant vanishes without a change of sign.

        There other curves cross in pairs. Looked for at local minima of |det| where equilibria need not be unique.
        """
        inside = stretch.rationality * self.lipschitz_constant >= 1.0
        if not inside.any():
            return stretch
        log_p = _log_determinants(self._memory, stretch.z_px, stretch.tangent_px)
        padded = np.concatenate([[np.inf], log_p, [np.inf]])
        crossed = np.append(stretch.code_p, [MOVED]) == BIFURCATION
        apart = ~(crossed[:-1] | crossed[1:])
        least = np.flatnonzero((log_p < padded[:-2]) & (log_p <= padded[2:]) & inside & apart)
        firsts = sorted({first for k in least for first in (int(k) - 1, int(k)) if 0 <= first < len(log_p) - 1})
        m = self._memory
        here = m.z_x.copy(), m.tangent_x.copy()
        for first in reversed(firsts):
            pair = slice(first, first + 2)
            if _least_log_determinant(m, stretch.z_px[pair], stretch.tangent_px[pair]) < log_p[pair].max() - _TOUCHED:
                room = self._room(1)
                _write(m, _TOUCH, 0, *room)
                between = self._stretch(1, *room)
                stretch = join([stretch.part(0, first + 1), between, stretch.part(first + 1, len(stretch.code_p))])
        m.z_x[:], m.tangent_x[:] = here
        return stretch

    def _room(self, points: int) -> tuple[FloatArray, FloatArray, FloatArray, Integers]:
        size, K = len(self._memory.z_x), len(self._memory.pi_k)
        return np.empty((points, size)), np.empty((points, size)), np.empty((points, K)), np.zeros(points, np.int64)

    def _stretch(
        self, points: int, z_px: FloatArray, tangent_px: FloatArray, pi_pk: FloatArray, code_p: Integers
    ) -> Stretch:
        rationality = z_px[:points, -1] * self._scale
        return Stretch(rationality, z_px[:points], tangent_px[:points], pi_pk[:points], code_p[:points])


@kernel
def _begin(
    memory: Trace, out_z_px: FloatArray, out_tangent_px: FloatArray, out_pi_pk: FloatArray, out_code_p: Integers
) -> bool:
    """Write the point that the trace begins at; whether it is on a curve."""
    reached = begin(*memory)
    _write(memory, MOVED, 0, out_z_px, out_tangent_px, out_pi_pk, out_code_p)
    return reached


@kernel
def _write(
    memory: Trace,
    code: int,
    p: int,
    out_z_px: FloatArray,
    out_tangent_px: FloatArray,
    out_pi_pk: FloatArray,
    out_code_p: Integers,
) -> None:
    for x in range(len(memory.z_x)):
        out_z_px[p, x] = memory.z_x[x]
        out_tangent_px[p, x] = memory.tangent_x[x]
    policy(memory.ends, memory.z_x, memory.pi_k)
    for k in range(len(memory.pi_k)):
        out_pi_pk[p, k] = memory.pi_k[k]
    out_code_p[p] = code


@kernel
def _walk(
    memory: Trace,
    lowest: float,
    out_z_px: FloatArray,
    out_tangent_px: FloatArray,
    out_pi_pk: FloatArray,
    out_code_p: Integers,
) -> int:
    """Advance until the target, λ < `lowest`, the end of the arrays, or where no step succeeds; the points written."""
    for p in range(len(out_code_p)):
        code = advance(*memory)
        if code == LOST:
            return p
        _write(memory, code, p, out_z_px, out_tangent_px, out_pi_pk, out_code_p)
        if code == LANDED or memory.z_x[-1] < lowest:
            return p + 1
    return len(out_code_p)


@kernel
def _log_determinants(memory: Trace, z_px: FloatArray, tangent_px: FloatArray) -> FloatArray:
    """log |det [G'; tangent]| at each point."""
    log_p = np.empty(len(z_px))
    for p in range(len(z_px)):
        log_p[p] = _log_determinant(memory, z_px[p], tangent_px[p])
    return log_p


@kernel
def _log_determinant(memory: Trace, z_x: FloatArray, tangent_x: FloatArray) -> float:
    r_ma, ends, pi_k, own_k, pair_kk, places, g_x, jacobian_xy = memory[:8]
    size = len(z_x)
    evaluate(r_ma, ends, z_x, pi_k, own_k, pair_kk, g_x, places)
    derivative(ends, z_x, pi_k, own_k, pair_kk, jacobian_xy)
    jacobian_xy[size - 1] = tangent_x
    if factor(jacobian_xy, places, size) == 0.0:
        return -np.inf
    total = 0.0
    for x in range(size):
        total -= np.log(abs(jacobian_xy[x, x]))
    return total


@kernel
def _least_log_determinant(memory: Trace, z_px: FloatArray, tangent_px: FloatArray) -> float:
    """The least log |det| between two points of a curve, looked for closer and closer; its point goes to `z_x`."""
    r_ma, ends, pi_k, own_k, pair_kk, places, g_x, jacobian_xy, delta_x = memory[:9]
    normal_x, ahead_x, tangent_ahead_x = memory[9:12]
    low, high, best = 0.0, 1.0, np.inf
    length = np.sqrt(((z_px[1] - z_px[0]) ** 2).sum())
    for _ in range(_DEEPER):
        before, at = best, low
        width = (high - low) / _PIECES
        for piece in range(_PIECES + 1):
            share = low + piece * width
            interpolate(z_px[0], tangent_px[0], z_px[1], tangent_px[1], length, share, ahead_x)
            for x in range(len(normal_x)):
                normal_x[x] = (1 - share) * tangent_px[0, x] + share * tangent_px[1, x]
            _, sign, _ = correct(
                r_ma, ends, pi_k, own_k, pair_kk, places, g_x, jacobian_xy, delta_x, normal_x, ahead_x,
                tangent_ahead_x, np.inf, _ACCURATE,
            )  # fmt: skip
            found = _log_determinant(memory, ahead_x, normal_x)
            if sign == 0.0 or found < best:
                best, at = found if sign != 0.0 else -np.inf, share
                memory.z_x[:] = ahead_x
                memory.tangent_x[:] = tangent_ahead_x if sign != 0.0 else normal_x
        if best == -np.inf or best > before - _NOT_DEEP:
            break
        low, high = max(0.0, at - width), min(1.0, at + width)
    return best
