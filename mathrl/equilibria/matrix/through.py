"""The whole curve of logit equilibria through one of them: followed both ways, through folds and forks.

At a fork of a symmetric game (a pitchfork, McKelvey and Palfrey 1995, section 4) an arm turns back in λ exactly where
it meets the curve that it leaves, and no step of a regular curve leads across. By symmetry the arm goes on at the
mirror image of where it came from, x* + (x* − x) at the same λ, from which Newton's method finds it; where nothing is
there, the curve is looked for straight on.
"""

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.equilibria.matrix.branch import LANDED
from mathrl.equilibria.matrix.predict import cross
from mathrl.equilibria.matrix.search import Search, known
from mathrl.equilibria.matrix.tracer import Stretch, Tracer, join

__all__ = ["crossings", "filled", "principal", "through"]

_BUNCH = 256
_MOST_POINTS = 50_000
_ACROSS = (0.01, 0.03, 0.1, 0.3)
"""Distances from a fork at which its other side is looked for."""

_ROUNDING = 1e-12
"""An end of a curve within this relative distance of a rationality counts as being there."""

_NEAR = 0.3
"""By how much the other side may be off, as a share of that distance."""


def principal(tracer: Tracer, search: Search, low: float, high: float) -> Stretch | None:
    """The curve through (0, uniform) from rationality `low` to its first crossing of `high`; None where it is lost."""
    first = tracer.start()
    assert first is not None  # (0, uniform) solves the equations, with the identity as their derivative
    points, _ = _onwards(tracer, search, first, -np.inf, high)
    if points.code_p[-1] != LANDED:
        return None
    inside = int(np.argmax(points.rationality > low))
    beginning = _at(tracer, search, points.part(inside - 1, inside + 1), low, rising=True)
    return join([*beginning, points.part(inside, len(points.code_p))])


def through(
    tracer: Tracer, search: Search, x: FloatArray, rationality: float, low: float, high: float
) -> tuple[Stretch, bool] | None:
    """The curve through log ratios x (N,) between two rationalities, and whether it closes on itself.

    Elsewhere it ends where it leaves the range. None at a singular point, where no direction is defined.
    """
    ahead = tracer.start(x, rationality)
    if ahead is None:
        return None
    points, closed = _onwards(tracer, search, ahead, low, high)
    if closed:
        return points, True
    behind = tracer.start(x, rationality, rising=False)
    assert behind is not None  # it was there before
    back, _ = _onwards(tracer, search, behind, low, high)
    return join([_reversed(back.part(1, len(back.code_p))), points]), False


def crossings(search: Search, points: Stretch, rationality: float) -> FloatArray:
    """The log ratios (E, N) at which a curve crosses λ, by Newton's method from the crossing of a cubic."""
    level, z_px, tangent_px = rationality / search.scale, points.z_px, points.tangent_px
    above = z_px[:, -1] >= level
    ends = [z_x[None, :-1] for z_x in z_px[[0, -1]] if abs(z_x[-1] - level) <= _ROUNDING * level]
    rows = [np.empty((0, z_px.shape[1] - 1)), *(search.refine(x, rationality) for x in ends)]
    for p in np.flatnonzero(above[1:] != above[:-1]):
        low, high = (p, p + 1) if above[p + 1] else (p + 1, p)
        towards = 1.0 if above[p + 1] else -1.0
        ahead_x, length = z_px[high].copy(), float(np.linalg.norm(z_px[high] - z_px[low]))
        cross(z_px[low], towards * tangent_px[low], ahead_x, towards * tangent_px[high], length, level)
        rows.append(search.refine(ahead_x[None, :-1], rationality))
    return np.concatenate(rows)


def filled(tracer: Tracer, search: Search, points: Stretch, spacing: float) -> Stretch:
    """The same curve, with points put in where log λ changes by more than `spacing` from one to the next.

    One that Newton's method does not find is left out.
    """
    pieces = [points.part(0, 1)]
    for p, (here, there) in enumerate(zip(points.rationality[:-1], points.rationality[1:], strict=True)):
        steps = int(np.ceil(abs(np.log(there / here)) / spacing))
        for rationality in np.geomspace(here, there, steps + 1)[1:-1].tolist():
            pieces += _at(tracer, search, points.part(p, p + 2), rationality, rising=bool(there > here))
        pieces.append(points.part(p + 1, p + 2))
    return join(pieces)


def _onwards(tracer: Tracer, search: Search, first: Stretch, low: float, high: float) -> tuple[Stretch, bool]:
    """The points from a start until the curve leaves the range, closes (then also True), or ends."""
    points, x, rationality = first, first.z_px[0, :-1], first.rationality[0]
    if rationality >= high and first.tangent_px[0, -1] > 0:
        return points, False
    while len(points.code_p) < _MOST_POINTS:
        bunch = tracer.advance(high, at_most=_BUNCH, lowest=low)
        done = len(points.code_p)
        points = join([points, bunch])
        for p in range(max(1, done - 1), len(points.code_p) - 1):
            pair = points.part(p, p + 2)
            if (pair.rationality[0] < rationality) != (pair.rationality[1] < rationality) and known(
                x, crossings(search, pair, rationality)
            ):
                return join([points.part(0, p + 1), first]), True
        if points.code_p[-1] == LANDED:
            break
        if points.rationality[-1] < low:
            last = _at(tracer, search, points.part(len(points.code_p) - 2, len(points.code_p)), low, rising=False)
            return join([points.part(0, len(points.code_p) - 1), *last]), False
        if len(bunch.code_p) < _BUNCH:
            beyond = _across(tracer, search, points)
            if beyond is None:
                break
            points = join([points, beyond])
    return points, False


def _at(tracer: Tracer, search: Search, pair: Stretch, rationality: float, *, rising: bool) -> list[Stretch]:
    """The point between two at which λ has this value; none if Newton's method does not find it."""
    found = crossings(search, pair, rationality)
    at = tracer.start(found[0], rationality, rising=rising) if len(found) else None
    return [] if at is None else [at]


def _across(tracer: Tracer, search: Search, points: Stretch) -> Stretch | None:
    """The first point beyond the fork at which a trace ended; the tracer stands there. None where nothing is found."""
    fork, distance_p = points.z_px[-1], np.abs(points.z_px - points.z_px[-1]).max(axis=1)
    for wanted in _ACROSS:
        before = np.flatnonzero(distance_p >= wanted)
        if not len(before):
            return None
        came = points.z_px[before[-1]]
        turned, straight = np.append(2 * fork[:-1] - came[:-1], came[-1]), 2 * fork - came
        for ahead in (turned, straight):
            for x in search.refine(ahead[None, :-1], ahead[-1] * search.scale):
                if np.abs(x - ahead[:-1]).max() <= _NEAR * distance_p[before[-1]]:
                    return tracer.start(x, ahead[-1] * search.scale, rising=bool(ahead[-1] > fork[-1]))
    return None


def _reversed(points: Stretch) -> Stretch:
    """The same points in the other direction; their codes still say how they were reached."""
    return Stretch(
        points.rationality[::-1], points.z_px[::-1], -points.tangent_px[::-1], points.pi_pk[::-1], points.code_p[::-1]
    )
