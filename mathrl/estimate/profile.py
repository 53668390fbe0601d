"""The log-likelihood along a curve of equilibria, its maxima, and where it is within some distance of the best one.

    L(τ) = Σ n^i(s, a) log π^i(a|s; τ)   over all games, agents i, states s and actions a                (1)
    dL/dλ = Σ n^i(s, a) d log π^i(a|s)/dλ                                                                (2)

τ is a number that grows along the curve: its whole part counts spans, on which the rationality λ is monotone. L is
computed at several points of each span, which are no farther apart than a step of a trace: there log π is nearly a
cubic. Between them maxima are found as zeros of (2), or beside a fold, where (2) is infinite, by Brent's method.

A branch may have thousands of points, of which few explain the data. Where L is far below its maximum, it is computed
at the ends of spans only, from the points of the trace as they are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, floor

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq, minimize_scalar

from mathrl.base.checks import FloatArray
from mathrl.base.ties import first_largest
from mathrl.equilibria.arc import Arc, Spot
from mathrl.estimate.together import Span, spans

__all__ = ["Curve", "Profile"]

_PARTS = 3
"""Into how many parts a span is cut: its four points, ends included, are as many as a cubic has coefficients."""

_ROUNDING = 1e-11
"""How far rounding may move L, over its size, and over the number of observations times the largest log ratio. Points
of a branch are as exact as their last corrections, whose rounding may be so large.
"""

_ROUGH = 1e-6
"""The same for the points of a trace as they are, whose log π is off by up to some 1e-7."""

_FAR = 100.0
"""How far below its maximum L is of no interest: no interval reaches so deep, whatever its level."""


Place = tuple[float, tuple[FloatArray, ...]]
"""λ, and log π of each game (S, K)."""


def _side_by_side(places: Sequence[Place]) -> tuple[FloatArray, tuple[FloatArray, ...]]:
    logs = zip(*(logs for _, logs in places), strict=True)
    return np.array([rationality for rationality, _ in places]), tuple(map(np.stack, logs))


class Curve:
    """The branches of some games at one rationality, looked at in a grid of points that is the same for all data."""

    def __init__(self, arcs: Sequence[Arc]) -> None:
        self.arcs = tuple(arcs)
        self.spans: tuple[Span, ...] = spans(arcs)

        self._known: dict[int, Place] = {}

    @cached_property
    def ends(self) -> tuple[FloatArray, tuple[FloatArray, ...]]:
        """λ at the ends of all spans (M + 1,), and log π of each game there (M + 1, S, K), as the trace has them."""
        last = len(self.spans) - 1
        return _side_by_side(
            [self._place(m, 0.0, rough=True) for m in range(last + 1)] + [self._place(last, 1.0, True)]
        )

    def places(self, numbers: Iterable[int]) -> tuple[FloatArray, tuple[FloatArray, ...]]:
        """λ at places of the grid (J,), of which number k has τ = k / `_PARTS`, and log π of each game (J, S, K)."""
        numbers = list(numbers)
        for k in numbers:
            if k not in self._known:
                m = min(k // _PARTS, len(self.spans) - 1)
                self._known[k] = self._place(m, k / _PARTS - m)
        return _side_by_side([self._known[k] for k in numbers])

    def _place(self, m: int, share: float, rough: bool = False) -> Place:
        rationality = self.spans[m].rationality(share)
        return rationality, tuple(spot.log_sk for spot in self.spans[m].spots(self.arcs, rationality, rough=rough))

    def at(self, tau: float) -> tuple[float, tuple[Spot, ...]]:
        """λ, and where each game is."""
        span = self.spans[min(int(tau), len(self.spans) - 1)]
        rationality = span.rationality(tau - min(int(tau), len(self.spans) - 1))
        return rationality, span.spots(self.arcs, rationality)

    def one_way(self, low: float, high: float) -> bool:
        """Whether λ turns nowhere between two τ, ends included."""
        inside = range(max(1, ceil(low)), min(len(self.spans) - 1, floor(high)) + 1)
        return not any(self.spans[m].turned for m in inside)


@dataclass(frozen=True)
class Peak:
    """A local maximum of L along the curve."""

    tau: float
    rationality: float
    log_likelihood: float


class Profile:
    """L of some counts, per game (S, K), along a curve."""

    def __init__(self, curve: Curve, counts: Sequence[FloatArray]) -> None:
        self._curve, self._counts = curve, tuple(counts)
        rationality, logs = curve.ends
        rough = self._likelihood(logs)
        near: list[int] = np.flatnonzero(_near(rough)).tolist()
        places = {0, _PARTS * len(curve.spans)} | {_PARTS * m + part for m in near for part in range(_PARTS + 1)}
        exact, exact_logs = curve.places(sorted(places))
        numbers = np.union1d(sorted(places), _PARTS * np.arange(len(rough)))
        here = np.searchsorted(numbers, np.array(sorted(places)))
        ends = np.searchsorted(numbers, _PARTS * np.arange(len(rough)))
        self.tau = numbers / _PARTS
        self.rationality, self.values = np.empty(len(numbers)), np.empty(len(numbers))
        self.rationality[ends], self.values[ends] = rationality, rough
        self.rationality[here], self.values[here] = exact, self._likelihood(exact_logs)
        self._exact = np.zeros(len(numbers), dtype=bool)
        self._exact[here] = True
        unit = max(arc.system.unit for arc in curve.arcs)
        total = sum(float(n.sum()) for n in counts)
        sizes = np.abs(self.values) + total * np.maximum(1.0, unit * self.rationality)
        self.rounding = np.where(self._exact, _ROUNDING, _ROUGH) * sizes

    def _likelihood(self, logs: Sequence[FloatArray]) -> FloatArray:
        """L where log π is known (J,)."""
        each = [np.einsum("sk,jsk->j", n, log) for n, log in zip(self._counts, logs, strict=True)]
        return np.asarray(np.sum(each, axis=0))

    @property
    def flat(self) -> bool:
        """Whether L is the same everywhere, up to rounding."""
        return bool(np.ptp(self.values) <= self.rounding.min())

    def at(self, tau: float) -> float:
        """L of (1)."""
        return self._sum(spot.log_sk for spot in self._curve.at(tau)[1])

    def slope(self, tau: float) -> float:
        """(2)."""
        return self._sum(spot.slope_sk for spot in self._curve.at(tau)[1])

    def _sum(self, arrays: Iterable[FloatArray]) -> float:
        pairs = zip(self._counts, arrays, strict=True)
        return float(sum((n_sk * array_sk).sum() for n_sk, array_sk in pairs)) + 0.0

    @cached_property
    def peaks(self) -> tuple[Peak, ...]:
        """The local maxima but those that are far below, the first and the last point too where L falls from there, or
        rises to there.
        """
        found, last = [], len(self.values) - 1
        for j in _peaks(self.values, self.rounding):
            if self.values[j] < self.values.max() - _FAR and not self._exact[j]:
                continue
            tau = float(self.tau[j])
            if 0 < j < last:
                tau = self._refined(float(self.tau[j - 1]), float(self.tau[j + 1]), tau)
            rationality = self._curve.at(tau)[0]
            found.append(Peak(tau, rationality, max(self.at(tau), float(self.values[j]))))
        highest = max(peak.log_likelihood for peak in found)
        return tuple(peak for peak in found if peak.log_likelihood >= highest - _FAR)

    @property
    def best(self) -> Peak:
        """The highest of the local maxima, the first one where several are as high but for rounding."""
        heights = [peak.log_likelihood for peak in self.peaks]
        return self.peaks[first_largest(heights, slack=float(self.rounding.min()))]

    def _refined(self, low: float, high: float, guess: float) -> float:
        """The maximum between two points of the grid: a zero of (2), or where λ turns beside it by Brent's method."""
        if self._curve.one_way(low, high):
            ends = self.slope(low), self.slope(high)
            if np.isfinite(ends).all() and ends[0] * ends[1] < 0:
                tau = float(brentq(self.slope, low, high, xtol=1e-15, rtol=1e-14))
                if self.at(tau) >= self.at(guess):
                    return tau

        def cost(tau: float) -> float:
            return -self.at(tau)

        tau = float(minimize_scalar(cost, bounds=(low, high), method="bounded", options={"xatol": 1e-10}).x)
        return tau if cost(tau) <= cost(guess) else guess

    @cached_property
    def points(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """τ, λ and L of the grid and of the maxima between its points, in order."""
        peaks = [peak for peak in self.peaks if 0 < peak.tau < len(self._curve.spans)]
        tau = np.concatenate([self.tau, [peak.tau for peak in peaks]])
        order = np.argsort(tau, kind="stable")
        rationality = np.concatenate([self.rationality, [peak.rationality for peak in peaks]])
        values = np.concatenate([self.values, [peak.log_likelihood for peak in peaks]])
        return tau[order], rationality[order], values[order]

    def within(self, level: float) -> tuple[tuple[float, float], ...]:
        """The ranges of λ in which L is at least `level` somewhere on the curve, in order and apart."""
        tau, rationality, values = self.points
        above = values >= level
        pieces, piece = [], []
        for j in range(len(tau)):
            if above[j]:
                if j > 0 and not above[j - 1]:
                    piece.append(self._crossing(tau[j - 1], tau[j], level))
                piece.append(float(rationality[j]))
            elif j > 0 and above[j - 1]:
                piece.append(self._crossing(tau[j - 1], tau[j], level))
                pieces.append((min(piece), max(piece)))
                piece = []
        if piece:
            pieces.append((min(piece), max(piece)))
        return _merged(pieces)

    def _crossing(self, low: float, high: float, level: float) -> float:
        def excess(tau: float) -> float:
            return self.at(tau) - level

        first, second = excess(float(low)), excess(float(high))
        if first * second > 0:  # a peak that is the level itself, up to rounding
            return self._curve.at(float(low if abs(first) < abs(second) else high))[0]
        return self._curve.at(float(brentq(excess, float(low), float(high), xtol=1e-14)))[0]


def _near(values: FloatArray) -> npt.NDArray[np.bool_]:
    """Of each span between neighbours whether L may come within `_FAR` of its maximum there.

    Between two points L is at most as much higher as it changes from point to point hereabouts, twice over.
    """
    change = np.abs(np.diff(values))
    before, after = np.append(0.0, change[:-1]), np.append(change[1:], 0.0)
    highest = np.maximum(values[:-1], values[1:]) + 2 * np.maximum(np.maximum(before, after), change)
    return np.asarray(highest >= values.max() - _FAR)


def _peaks(values: FloatArray, rounding: FloatArray) -> list[int]:
    """Where values have local maxima that are higher than what is beside them by more than rounding."""
    found, best, lowest = [], 0, float(values[0])
    rising = True
    for j, (value, apart) in enumerate(zip(values.tolist(), rounding.tolist(), strict=True)):
        if rising:
            if value > values[best]:
                best = j
            elif value < values[best] - apart:
                found.append(best)
                rising, lowest = False, value
        elif value < lowest:
            lowest = value
        elif value > lowest + apart:
            rising, best = True, j
    return [*found, len(values) - 1] if rising else found


def _merged(pieces: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """The union of intervals."""
    merged: list[tuple[float, float]] = []
    for low, high in sorted(pieces):
        if merged and low <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], high)
        else:
            merged.append((low, high))
    return tuple(merged)
