"""What hasac Definitions 4 and 5 ask of a drift and of a neighbourhood, tried on any function.

    D ≥ 0,   D(π_old, π_old) = 0,   every one-sided derivative of D(·, π_old) at π_old is 0       (Definition 4)
    U(π_old) contains a closed ball round π_old                                                   (Definition 5)

Values and finite differences at some policies decide. Where one of them contradicts the definition, that is shown;
where none does, this is evidence and no proof.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mathrl.base.array_types import ArrayLike
from mathrl.base.checks import FloatArray, as_floats, fail, probabilities
from mathrl.base.text import shown
from mathrl.mirror.kinds import (
    ClippedRatioDrift,
    Drift,
    Everywhere,
    KLBall,
    KLDrift,
    MaximumRatio,
    Neighbourhood,
    NoDrift,
    SquaredDrift,
    TotalVariationBall,
    as_drift,
    as_neighbourhood,
)
from mathrl.operators import clipped_ratio_drift, kl_drift, largest_ratio, squared_drift
from mathrl.softmax import kl_divergence, total_variation

__all__ = ["DriftReport", "NeighbourhoodReport", "check_drift", "check_neighbourhood"]


@dataclass(frozen=True)
class DriftReport:
    """Whether a function is a drift by hasac Definition 4, on the policies that were tried.

    `non_negative`   D ≥ 0
    `zero_at_old`    D(π_old, π_old) = 0
    `zero_gradient`  every one-sided derivative of D(·, π_old) at π_old is 0
    `positive`       D > 0 wherever the policies differ: a positive drift
    `trivial`        D = 0 throughout
    `convex`         D is convex in the new policy
    `witness`        the first pair (old, new) that contradicts the definition, or None
    `sentence`       the result in words
    """

    non_negative: bool
    zero_at_old: bool
    zero_gradient: bool
    positive: bool
    trivial: bool
    convex: bool
    witness: tuple[FloatArray, FloatArray] | None
    sentence: str

    @property
    def is_drift(self) -> bool:
        """True where nothing that was tried contradicts Definition 4."""
        return self.non_negative and self.zero_at_old and self.zero_gradient


@dataclass(frozen=True)
class NeighbourhoodReport:
    """Whether a function is a neighbourhood by hasac Definition 5, on the policies that were tried.

    `contains_old`   each old policy is inside its neighbourhood
    `contains_ball`  a ball round each old policy is inside
    `radii`          per policy, how far one can go in all directions tried and stay inside, in max_a |p − π_old|;
                     between these directions a ball of that radius may reach outside
    `witness`        the first pair (old, new) that contradicts the definition, or None
    `sentence`       the result in words
    """

    contains_old: bool
    contains_ball: bool
    radii: tuple[float, ...]
    witness: tuple[FloatArray, FloatArray] | None
    sentence: str

    @property
    def is_neighbourhood(self) -> bool:
        """True where nothing that was tried contradicts Definition 5."""
        return self.contains_old and self.contains_ball


def check_drift(
    drift: Drift | str | Callable[[FloatArray, FloatArray], Any],
    policies: ArrayLike | None = None,
    *,
    num_actions: int = 3,
    gains: tuple[ArrayLike, ArrayLike] | None = None,
    seed: int = 0,
) -> DriftReport:
    """Try whether a drift, or any function of two distributions, is a drift by hasac Definition 4.

        D ≥ 0,   D(π_old, π_old) = 0,   every one-sided derivative of D(·, π_old) at π_old is 0

    `drift`        a drift, its text as in `as_drift`, or a function D(p, old) of two arrays (A,)
    `policies`     the old policies to try, (k, A); by default the uniform one and two skewed ones, all positive, as KL
                   is no drift where an action is never played (hasac Assumption 1)
    `num_actions`  A of these default policies
    `gains`        (E[A₊], E[A₋]), (A,) each, of a clipped ratio; by default 1
    `seed`         of the random policies that are tried as new ones

    New policies are all vertices of the simplex and 16 random ones. A derivative counts as zero where D(old + h (v −
    old))/h is below 1e-5 of the largest D met, for some h from 1e-4 to 1e-8 times the smallest probability. Returns a
    `DriftReport`: what it finds is a fact, that it finds nothing is no proof.

    >>> check_drift(lambda p, old: abs(p - old).sum() / 2).sentence
    'no drift: its derivative is 0.667 at old = [0.333, 0.333, 0.333] towards [1, 0, 0] (Definition 4 wants 0)'
    """
    value, rows = _drift_values(drift, gains), _policies(policies, num_actions)
    rng = np.random.default_rng(seed)
    targets = np.vstack([np.eye(rows.shape[1]), rng.dirichlet(np.ones(rows.shape[1]), 16)])
    found = [(old, new, value(new, old)) for old in rows for new in targets]
    scale = max((abs(d) for _, _, d in found if math.isfinite(d)), default=0.0)
    rounding = 1e-12 * max(scale, 1e-300)
    failures: list[tuple[str, FloatArray, FloatArray]] = []
    for old, new, d in found:
        if d < -rounding:
            failures.append((f"it is {d:.3g} < 0 at old = {_shown(old)} and new = {_shown(new)}", old, new))
    negative = bool(failures)
    at_old = [(old, value(old, old)) for old in rows]
    failures += [(f"it is {d:.3g}, not 0, at old = {_shown(old)}", old, old) for old, d in at_old if abs(d) > rounding]
    nonzero = len(failures) > 0 and any(abs(d) > rounding for _, d in at_old)
    steep = False
    for old in rows:
        for new in targets:
            slope = _derivative(value, old, new)
            if not abs(slope) <= 1e-5 * scale:
                steep = True
                where = f"at old = {_shown(old)} towards {_shown(new)} (Definition 4 wants 0)"
                failures.append((f"its derivative is {slope:.3g} {where}", old, new))
    apart = [d for old, new, d in found if np.abs(new - old).max() > 0]
    near = [value(old + 1e-2 * (new - old), old) for old, new, _ in found if np.abs(new - old).max() > 0]
    convex = all(
        value((left + right) / 2, old) <= (value(left, old) + value(right, old)) / 2 + rounding
        for old in rows
        for left, right in zip(targets, np.roll(targets, 1, axis=0), strict=True)
    )
    report = {
        "non_negative": not negative,
        "zero_at_old": not nonzero,
        "zero_gradient": not steep,
        "positive": bool(apart) and min(*apart, *near) > 0,
        "trivial": scale <= 0,
        "convex": convex,
    }
    first = failures[0] if failures else None
    kind = "trivial" if report["trivial"] else "positive" if report["positive"] else "not positive"
    curved = "convex" if convex else "not convex"
    sentence = f"no drift: {first[0]}" if first else f"a drift, {kind}, {curved}, on what was tried"
    return DriftReport(**report, witness=None if first is None else first[1:], sentence=sentence)


def check_neighbourhood(
    neighbourhood: Neighbourhood | str | Callable[[FloatArray, FloatArray], Any],
    policies: ArrayLike | None = None,
    *,
    num_actions: int = 3,
    seed: int = 0,
) -> NeighbourhoodReport:
    """Try whether a neighbourhood, or any function, contains a ball round each policy   (hasac Definition 5).

    `neighbourhood`  a neighbourhood, its text as in `as_neighbourhood`, or a function contains(p, old) of two arrays
                     (A,)
    `policies`       the old policies to try, (k, A); by default those of `check_drift`
    `num_actions`    A of these default policies
    `seed`           of the random policies whose directions are tried

    Directions are those to all vertices of the simplex, between all pairs of actions and to 16 random policies. Radii
    of 1/2, 1/4, … are tried, down to 1e-13 of the smallest positive probability; Definition 5 lets the radius depend on
    the policy. Returns a `NeighbourhoodReport`.
    """
    inside, rows = _contains(neighbourhood), _policies(policies, num_actions)
    rng = np.random.default_rng(seed)
    targets = np.vstack([np.eye(rows.shape[1]), rng.dirichlet(np.ones(rows.shape[1]), 16)])
    radii: list[float] = []
    witness: tuple[FloatArray, FloatArray] | None = None
    outside = [old for old in rows if not inside(old, old)]
    for old in rows:
        ways = [target - old for target in targets] + [a - b for a in np.eye(len(old)) for b in np.eye(len(old))]
        ways = [way / np.abs(way).max() for way in ways if np.abs(way).max() > 0]
        radius, smallest = 0.5, 1e-13 * float(old[old > 0].min())
        missed = None
        while radius > smallest:
            points = [old + radius * way for way in ways]
            missed = next((new for new in points if (new >= 0).all() and not inside(new, old)), None)
            if missed is None:
                break
            radius /= 2
        radii.append(radius if missed is None else 0.0)
        if missed is not None and witness is None:
            witness = (old, missed)
    if outside and witness is None:
        witness = (outside[0], outside[0])
    if outside:
        sentence = f"no neighbourhood: it does not contain the old policy {_shown(outside[0])} itself"
    elif witness is not None:
        where = f"round {_shown(witness[0])} is inside, as {_shown(witness[1])} is not"
        sentence = f"no neighbourhood: no ball of a radius that was tried {where}"
    else:
        sentence = f"a neighbourhood on what was tried: it holds balls of radius {min(radii):.3g} and more"
    return NeighbourhoodReport(not outside, all(r > 0 for r in radii), tuple(radii), witness, sentence)


def _drift_values(drift: Any, gains: Any) -> Callable[[FloatArray, FloatArray], float]:
    """D(new, old) as a function that returns a float."""
    if isinstance(drift, str):
        drift = as_drift(drift)
    match drift:
        case NoDrift():
            return lambda new, old: 0.0
        case KLDrift(weight):
            return lambda new, old: float(kl_drift(new, old, weight=weight))
        case SquaredDrift(weight):
            return lambda new, old: float(squared_drift(new, old, weight=weight))
        case ClippedRatioDrift(clip, weight):
            up, down = (1.0, 1.0) if gains is None else (np.asarray(gains[0]), np.asarray(gains[1]))
            return lambda new, old: float(clipped_ratio_drift(new, old, up, down, clip=clip, weight=weight))
    if not callable(drift):
        fail("drift", f"is {shown(drift)}", "a drift, or a function of (new, old)")
    function: Callable[[FloatArray, FloatArray], Any] = drift
    return lambda new, old: float(function(new, old))


def _contains(neighbourhood: Any) -> Callable[[FloatArray, FloatArray], bool]:
    """Whether new is in the neighbourhood of old, as a function."""
    if isinstance(neighbourhood, str):
        neighbourhood = as_neighbourhood(neighbourhood)
    match neighbourhood:
        case Everywhere():
            return lambda new, old: True
        case KLBall(radius):
            return lambda new, old: bool(kl_divergence(new, old) <= radius)
        case TotalVariationBall(radius):
            return lambda new, old: bool(total_variation(new, old) <= radius)
        case MaximumRatio(ratio):
            return lambda new, old: bool(largest_ratio(new, old) <= ratio)
    if not callable(neighbourhood):
        fail("neighbourhood", f"is {shown(neighbourhood)}", "a neighbourhood, or a function of (new, old)")
    function: Callable[[FloatArray, FloatArray], Any] = neighbourhood
    return lambda new, old: bool(function(new, old))


def _policies(given: ArrayLike | None, num_actions: int) -> FloatArray:
    """The policies to try: those given, or uniform, skewed and nearly deterministic."""
    if given is not None:
        rows = np.atleast_2d(as_floats("policies", given))
        probabilities("policies", rows)
        return rows
    if num_actions < 2:
        fail("num_actions", f"is {num_actions}", "at least 2")
    powers = [np.maximum(np.power(share, np.arange(num_actions)), 1e-3) for share in (1.0, 0.5, 0.05)]
    return np.stack([row / row.sum() for row in powers])


def _derivative(value: Callable[[FloatArray, FloatArray], float], old: FloatArray, new: FloatArray) -> float:
    """The one-sided derivative of D at old towards new: (4 D(h/2) − D(h))/h, exact for squares, the least of several h.

    A drift may be flat up to a clip: then only an h below it sees the derivative.
    """
    slopes = []
    for h in float(old[old > 0].min()) * np.array([1e-4, 1e-6, 1e-8]):
        full, half = (value(old + step * (new - old), old) for step in (h, h / 2))
        slopes.append((4 * half - full) / h if math.isfinite(full) and math.isfinite(half) else math.inf)
    return min(slopes, key=abs)


def _shown(row: Iterable[float] | Sequence[float]) -> str:
    """Probabilities as a message shows them."""
    return "[" + ", ".join(f"{float(p):.3g}" for p in row) + "]"
