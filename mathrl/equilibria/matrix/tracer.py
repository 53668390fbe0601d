"""Curves of logit equilibria of one matrix game, as arrays of their points:

    tracer = Tracer(game)
    tracer.start()                                  at (0, uniform), upwards; or anywhere on a curve, up or down
    tracer.advance(rationality, at_most=100)        the points on the way to where the curve first crosses it

Rationalities are those of the game; points z are in its scaled payoffs (`mathrl.equilibria.matrix.principal`).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.base.compile import inner
from mathrl.equilibria.matrix.branch import BIFURCATION, FOLD, LANDED, LOST, MOVED, advance, begin
from mathrl.equilibria.matrix.corrector import newton
from mathrl.equilibria.matrix.equations import policy
from mathrl.equilibria.matrix.memory import Trace
from mathrl.equilibria.matrix.principal import loaded
from mathrl.equilibria.matrix.refine import refine
from mathrl.equilibria.matrix.symmetry import find
from mathrl.equilibria.matrix.touches import least_log_determinant, log_determinants
from mathrl.equilibria.matrix.units import restore, stretch
from mathrl.equilibria.matrix.vectors import copy, largest
from mathrl.equilibria.step_rules import FIRST, NARROW, shortest
from mathrl.games.model import Game

__all__ = ["Stretch", "Tracer", "join"]

Integers = npt.NDArray[np.int64]

_ACCURATE = 1e-6
"""The largest last correction of a point; the error that is left is about its square."""

_POLISH = 40
_FARTHEST = 1e150
"""No trace goes on from log ratios or a rationality beyond this, whose squares would soon overflow."""

_TOUCH = 99
_TOUCHED = 20.0
"""log |det| vanishes at a point if it falls by this much below its value one step away."""


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
    """The compiled trace of one matrix game; `step_length` times the usual steps.

    Payoffs are multiplied by `scale`: the last entry of a point z is its rationality over that.
    """

    def __init__(self, game: Game, *, step_length: float = 1.0) -> None:
        self._memory, self.scale, self.lipschitz_constant = loaded(game)
        self._memory.numbers.step_length, self._memory.numbers.accuracy = step_length, _ACCURATE
        self._pi_k = np.empty_like(self._memory.pi_k)
        find(self._memory)
        self._symmetric = self._memory.numbers.symmetric

    def start(self, x: FloatArray | None = None, rationality: float = 0.0, *, rising: bool = True) -> Stretch | None:
        """Start at log ratios x (N,) near a curve and not at a fold (default: uniform): that point, None if lost."""
        z_x, numbers = self._memory.z_x, self._memory.numbers
        restore(self._memory)
        z_x[:-1] = 0.0 if x is None else x
        z_x[-1] = rationality / self.scale
        numbers.rising = 1.0 if rising else -1.0
        numbers.length = FIRST * numbers.step_length
        numbers.orientation = 0.0
        numbers.narrowest = np.inf
        numbers.symmetric = self._symmetric if x is None else 0.0  # other curves need not be symmetric
        first = self._walk(1, -np.inf)
        return first if len(first.code_p) else None

    def advance(self, rationality: float, *, at_most: int, lowest: float = -np.inf) -> Stretch:
        """At most so many points, up to the first crossing of `rationality`, or until λ is below `lowest`."""
        self._memory.numbers.target = rationality / (self.scale * self._memory.numbers.unit)
        return self._walk(at_most, lowest / self.scale)

    @property
    def narrow(self) -> bool:
        """Whether the trace came near to a place where another curve may cross, since its start or `widen`."""
        return bool(self._memory.numbers.narrowest <= NARROW)

    def widen(self) -> None:
        """Forget how near it came."""
        self._memory.numbers.narrowest = np.inf

    @property
    def policy(self) -> FloatArray:
        """π (K,) where the trace stands, after Newton's method at its λ until rounding."""
        return self._pi_k.copy()

    def with_touches(self, stretch: Stretch) -> Stretch:
        """The stretch, with the points put in where the determinant vanishes without a change of sign.

        There other curves cross in pairs. Looked for at local minima of |det| where equilibria need not be unique.
        """
        inside = stretch.rationality * self.lipschitz_constant >= 1.0
        if not inside.any():
            return stretch
        m = self._memory
        restore(m)
        log_p = np.empty(len(inside))
        log_determinants(m, stretch.z_px, stretch.tangent_px, log_p)
        padded = np.concatenate([[np.inf], log_p, [np.inf]])
        crossed = np.append(stretch.code_p, [MOVED]) == BIFURCATION
        apart = ~(crossed[:-1] | crossed[1:])
        least = np.flatnonzero((log_p < padded[:-2]) & (log_p <= padded[2:]) & inside & apart)
        firsts = sorted({first for k in least for first in (int(k) - 1, int(k)) if 0 <= first < len(log_p) - 1})
        here, last_x = (m.z_x.copy(), m.tangent_x.copy()), np.full_like(m.z_x, np.inf)
        for first in reversed(firsts):
            pair = slice(first, first + 2)
            found = least_log_determinant(m, stretch.z_px[pair], stretch.tangent_px[pair], _ACCURATE)
            near = shortest(np.abs(m.z_x).max())  # rounding does not tell more, and finds a point from either side
            if found < log_p[pair].max() - _TOUCHED and np.abs(m.z_x - last_x).max() > near:
                last_x = m.z_x.copy()
                here_x, along_x, pi_k = m.z_x[None].copy(), m.tangent_x[None].copy(), m.pi_k[None].copy()
                between = _Points(here_x, along_x, pi_k, np.array([_TOUCH]))
                pieces = [stretch.part(0, first + 1), self._stretch(1, between)]
                stretch = join([*pieces, stretch.part(first + 1, len(stretch.code_p))])
        m.z_x[:], m.tangent_x[:] = here
        return stretch

    def _walk(self, at_most: int, lowest: float) -> Stretch:
        size, K = len(self._memory.z_x), len(self._memory.pi_k)
        points = _Points(
            np.empty((at_most, size)), np.empty((at_most, size)), np.empty((at_most, K)), np.zeros(at_most, np.int64)
        )
        return self._stretch(_walk(self._memory, lowest, points, self._pi_k), points)

    def _stretch(self, count: int, points: "_Points") -> Stretch:
        z_px, tangent_px, pi_pk, code_p = points
        rationality = z_px[:count, -1] * self.scale
        return Stretch(rationality, z_px[:count], tangent_px[:count], pi_pk[:count], code_p[:count])


class _Points(NamedTuple):
    """What is written of each point: z and its tangent (P, N + 1), π (P, K), and how it was reached (P,)."""

    z_px: FloatArray
    tangent_px: FloatArray
    pi_pk: FloatArray
    code_p: Integers


@inner
def _walk(trace: Trace, lowest: float, out: _Points, out_pi_k: FloatArray) -> int:
    """Advance until the target, λ < `lowest`, the end of the arrays, or where no step succeeds; the points written.

    The first point of a trace is the one that it begins at. Also writes π where the trace stands then, to the last
    digit: the points themselves are as accurate as their corrections.
    """
    count = _follow(trace, lowest, out)
    z_x = trace.normal_x  # free between two steps
    copy(trace.z_x, z_x)
    newton(trace, z_x, 0.0, _POLISH, 0)
    refine(trace, z_x[-1])
    copy(trace.pi_k, out_pi_k)
    return count


@inner
def _follow(trace: Trace, lowest: float, out: _Points) -> int:
    for p in range(len(out.code_p)):
        code = _next(trace) if largest(trace.z_x) <= _FARTHEST else LOST
        if code == LOST:
            return p
        policy(trace, trace.z_x)
        copy(trace.z_x, out.z_px[p])
        copy(trace.tangent_x, out.tangent_px[p])
        out.z_px[p, -1] *= trace.numbers.unit
        stretch(out.tangent_px[p], trace.numbers.unit)
        copy(trace.pi_k, out.pi_pk[p])
        out.code_p[p] = code
        if code == LANDED or out.z_px[p, -1] < lowest:
            return p + 1
    return len(out.code_p)


@inner
def _next(trace: Trace) -> int:
    if trace.numbers.orientation != 0.0:
        return advance(trace)
    return MOVED if begin(trace) else LOST
