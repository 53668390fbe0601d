"""Drifts and neighbourhoods of mirror learning (hasac Definitions 4 and 5), and the exact maximiser of its operator.

Each is a frozen object with a weight or a radius and means the same in every state. A drift keeps an agent's new policy
near its old one by a price, a neighbourhood by a bound; `respond` maximises Definition 2 with any of the 4 × 4
combinations, to rounding. `check_drift` and `check_neighbourhood` ask of any function whether it is what the
definitions want.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from mathrl import simplex
from mathrl.games.validate import FloatArray, as_floats, fail, positive, probabilities, real, shape
from mathrl.operators.drift import clipped_ratio_drift, kl_drift, largest_ratio, squared_drift
from mathrl.softmax import kl_divergence, total_variation

__all__ = [
    "TIES",
    "ClippedRatioDrift",
    "Drift",
    "DriftReport",
    "Everywhere",
    "KLBall",
    "KLDrift",
    "MaximumRatio",
    "Neighbourhood",
    "NeighbourhoodReport",
    "NoDrift",
    "SquaredDrift",
    "TotalVariationBall",
    "as_drift",
    "as_neighbourhood",
    "check_drift",
    "check_neighbourhood",
    "needs_full_support",
    "respond",
]

TIES: Final = 8.0
"""At temperature 0, marginal values within so many rounding floors of the critical one count as equal."""


@dataclass(frozen=True)
class NoDrift:
    """D = 0: the trivial drift."""


@dataclass(frozen=True)
class KLDrift:
    """D(p) = weight · KL(p ‖ π_old): the maximiser is ∝ π_old^(w/(α+w)) exp(Q/(α+w)). Needs π_old > 0."""

    weight: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", _weight("KLDrift", self.weight))


@dataclass(frozen=True)
class SquaredDrift:
    """D(p) = weight/2 · ‖p − π_old‖²."""

    weight: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", _weight("SquaredDrift", self.weight))


@dataclass(frozen=True)
class ClippedRatioDrift:
    """HAPPO's D: weight times the expected positive part of (ratio − ratio clipped to 1 ± clip) · advantage.

    See `operators.clipped_ratio_drift`. It is 0 while no ratio leaves 1 ± clip, so it is not positive in the sense of
    Definition 4; and it makes no ratio stop there, since the price of going on is the advantage itself.
    """

    clip: float
    weight: float = 1.0

    def __post_init__(self) -> None:
        reason = "at 0 the drift has a kink at the old policy, where Definition 4 wants a zero gradient"
        object.__setattr__(self, "clip", positive("ClippedRatioDrift.clip", self.clip, reason))
        object.__setattr__(self, "weight", _weight("ClippedRatioDrift", self.weight))


@dataclass(frozen=True)
class Everywhere:
    """All policies."""


@dataclass(frozen=True)
class KLBall:
    """KL(p ‖ π_old) ≤ radius in every state. Needs π_old > 0."""

    radius: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "radius", positive("KLBall.radius", self.radius, NO_BALL))


@dataclass(frozen=True)
class TotalVariationBall:
    """½ Σ_a |p − π_old| ≤ radius in every state."""

    radius: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "radius", positive("TotalVariationBall.radius", self.radius, NO_BALL))


@dataclass(frozen=True)
class MaximumRatio:
    """π_old/ratio ≤ p ≤ ratio · π_old in every state. Needs π_old > 0."""

    ratio: float

    def __post_init__(self) -> None:
        number = real("MaximumRatio.ratio", self.ratio)
        if number <= 1:
            fail("MaximumRatio.ratio", f"is {number:g}", "a number > 1", NO_BALL)
        object.__setattr__(self, "ratio", number)


Drift: TypeAlias = NoDrift | KLDrift | SquaredDrift | ClippedRatioDrift
Neighbourhood: TypeAlias = Everywhere | KLBall | TotalVariationBall | MaximumRatio

NO_BALL = "Definition 5 wants a closed ball round the old policy"
DRIFTS: Mapping[str, type[Any]] = {
    "none": NoDrift,
    "kl": KLDrift,
    "squared": SquaredDrift,
    "clipped": ClippedRatioDrift,
}
NEIGHBOURHOODS: Mapping[str, type[Any]] = {
    "everywhere": Everywhere,
    "kl": KLBall,
    "total-variation": TotalVariationBall,
    "ratio": MaximumRatio,
}
KINDS = {
    Everywhere: simplex.EVERYWHERE,
    KLBall: simplex.KL_BALL,
    TotalVariationBall: simplex.TOTAL_VARIATION_BALL,
    MaximumRatio: simplex.RATIO,
}


def as_drift(given: Drift | str, argument: str = "drift") -> Drift:
    """The drift that is given, or that a text names: none, kl:W, squared:W, clipped:EPS[:W], or what `repr` writes.

    >>> as_drift("clipped:0.2"), as_drift("KLDrift(weight=0.5)")
    (ClippedRatioDrift(clip=0.2, weight=1.0), KLDrift(weight=0.5))
    """
    mend = "the maximisation is exact for these convex drifts only; see mathrl.mirror.check_drift for others"
    found: Drift = _named(given, argument, DRIFTS, "none, kl:W, squared:W or clipped:EPS[:W]", mend)
    return found


def as_neighbourhood(given: Neighbourhood | str, argument: str = "neighbourhood") -> Neighbourhood:
    """The neighbourhood given, or that a text names: everywhere, kl:R, total-variation:R, ratio:R, or its `repr`.

    >>> as_neighbourhood("ratio:1.5")
    MaximumRatio(ratio=1.5)
    """
    mend = "the maximisation is exact for these convex neighbourhoods only"
    expected = "everywhere, kl:R, total-variation:R or ratio:R"
    found: Neighbourhood = _named(given, argument, NEIGHBOURHOODS, expected, mend)
    return found


def needs_full_support(drift: Drift, neighbourhood: Neighbourhood) -> Drift | Neighbourhood | None:
    """The one of both that holds an action of probability 0 at 0 for ever, or None."""
    if isinstance(drift, KLDrift) and drift.weight > 0:
        return drift
    return neighbourhood if isinstance(neighbourhood, KLBall | MaximumRatio) else None


def respond(
    q: npt.ArrayLike,
    old: npt.ArrayLike,
    *,
    temperature: float,
    drift: Drift | str = "none",
    neighbourhood: Neighbourhood | str = "everywhere",
    gains: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
) -> FloatArray:
    """The p (S, A) that maximises Σ_a q p + α H(p) − D(p) over the neighbourhood, in each state   (hasac Definition 2).

    `q` and `old` are (S, A) or (A,); `gains` are the pair of `operators.expected_parts`, which `ClippedRatioDrift`
    needs. At temperature 0 the maximiser of largest entropy is taken, the limit of those at temperatures that fall to
    0: without drift and neighbourhood it is uniform over the actions of largest q, up to `TIES` roundings of it.

    Raises `ValueError` where a KL or a ratio is asked for and `old` has a 0.

    >>> respond([1.0, 0.0], [0.5, 0.5], temperature=0, neighbourhood="total-variation:0.2").round(9).tolist()
    [0.7, 0.3]
    """
    values, before = as_floats("q", q), as_floats("old", old)
    shape("old", before, values.shape)
    if values.ndim not in (1, 2) or not values.size:
        fail("q", f"has shape {values.shape}", "(S, A) or (A,)")
    probabilities("old", before)
    temperature = not_negative("temperature", temperature)
    drift, neighbourhood = as_drift(drift), as_neighbourhood(neighbourhood)
    parts: tuple[FloatArray, FloatArray] | None = None
    if isinstance(drift, ClippedRatioDrift):
        if gains is None:
            fail("gains", "is missing", "the pair (E[A₊], E[A₋])", "ClippedRatioDrift depends on the advantages")
        parts = as_floats("gains[0]", gains[0]), as_floats("gains[1]", gains[1])
        for i, part in enumerate(parts):
            shape(f"gains[{i}]", part, values.shape)
            if (part < 0).any():
                fail(f"gains[{i}]", f"has the entry {part.min():g}", "no negative entry", "both are means of parts ≥ 0")
    check_support(before, drift, neighbourhood, "old")
    rows = (-1, values.shape[-1])
    scale = float(np.abs(values).max())
    log_old = logarithm(before).reshape(rows)
    two = None if parts is None else (parts[0].reshape(rows), parts[1].reshape(rows))
    p_sa, _ = responses(values.reshape(rows), log_old, temperature, drift, neighbourhood, two, scale)
    return p_sa.reshape(values.shape)


def responses(
    q_sa: FloatArray,
    log_old_sa: FloatArray,
    temperature: float,
    drift: Drift,
    neighbourhood: Neighbourhood,
    gains: tuple[FloatArray, FloatArray] | None,
    scale: float,
) -> tuple[FloatArray, FloatArray]:
    """`respond` without checks: p and log p; `scale` is the size of the values whose rounding makes ties."""
    weights = {"beta": 0.0, "w": 0.0, "clip": 0.0}
    up_sa = down_sa = np.broadcast_to(0.0, q_sa.shape)
    match drift:
        case KLDrift(weight):
            weights["beta"] = weight
        case SquaredDrift(weight):
            weights["w"] = weight
        case ClippedRatioDrift(clip, weight) if gains is not None:
            weights["clip"] = clip
            up_sa, down_sa = weight * gains[0], weight * gains[1]
    p_sa, log_p_sa = np.empty(q_sa.shape), np.empty(q_sa.shape)
    radius = 0.0 if isinstance(neighbourhood, Everywhere) else float(next(iter(vars(neighbourhood).values())))
    tie = TIES * float(np.finfo(np.float64).eps) * scale
    simplex.maximise(
        np.ascontiguousarray(q_sa),
        np.ascontiguousarray(log_old_sa),
        np.ascontiguousarray(up_sa),
        np.ascontiguousarray(down_sa),
        temperature,
        weights["beta"],
        weights["w"],
        weights["clip"],
        KINDS[type(neighbourhood)],
        radius,
        tie,
        p_sa,
        log_p_sa,
    )
    return p_sa, log_p_sa


def check_support(old: FloatArray, drift: Drift, neighbourhood: Neighbourhood, argument: str) -> None:
    """Refuse a policy with zeros where they would stay for ever."""
    needing = needs_full_support(drift, neighbourhood)
    if needing is not None and (old <= 0).any():
        index = ", ".join(map(str, np.argwhere(old <= 0)[0].tolist()))
        reason = f"{needing} would keep it at 0 for ever (hasac Assumption 1); mix the uniform policy in"
        fail(f"{argument}[{index}]", "is 0", "a probability > 0", reason)


def logarithm(p: FloatArray) -> FloatArray:
    """Log p, −∞ for 0."""
    return np.where(p > 0, np.log(np.where(p > 0, p, 1.0)), -np.inf)


def not_negative(argument: str, value: Any) -> float:
    """Require a finite number ≥ 0."""
    number = real(argument, value)
    if number < 0:
        fail(argument, f"is {number:g}", "a number ≥ 0")
    return number


@dataclass(frozen=True)
class DriftReport:
    """What Definition 4 asks of a drift, on the policies tried; `witness` is the first pair (old, new) that fails."""

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
        """Whether nothing that was tried contradicts Definition 4."""
        return self.non_negative and self.zero_at_old and self.zero_gradient


@dataclass(frozen=True)
class NeighbourhoodReport:
    """What Definition 5 asks of a neighbourhood: `radii` are balls (of max_a |p − π_old|) found inside, per policy."""

    contains_old: bool
    contains_ball: bool
    radii: tuple[float, ...]
    witness: tuple[FloatArray, FloatArray] | None
    sentence: str

    @property
    def is_neighbourhood(self) -> bool:
        """Whether nothing that was tried contradicts Definition 5."""
        return self.contains_old and self.contains_ball


def check_drift(
    drift: Drift | str | Callable[[FloatArray, FloatArray], Any],
    policies: npt.ArrayLike | None = None,
    *,
    num_actions: int = 3,
    gains: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    seed: int = 0,
) -> DriftReport:
    """Whether a drift, or any function D(p, old) of two distributions, is one by Definition 4, on `policies` (k, A).

    By default these are the uniform policy, skewed ones and one with a 0. The directions are those to all vertices and
    to random policies; a derivative is zero where D(old + h (v − old))/h is below 1e-5 of the largest D met as h
    becomes small against old. `gains` (A,) are the advantages of a clipped ratio (default: 1). A report that finds
    nothing is evidence, no proof.

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
    policies: npt.ArrayLike | None = None,
    *,
    num_actions: int = 3,
    seed: int = 0,
) -> NeighbourhoodReport:
    """Whether a neighbourhood, or any function contains(p, old), holds a ball round each of `policies` (Definition 5).

    Balls of radius 1/2, 1/4, … to 1e-9 of the smallest positive probability are tried, along the directions to all
    vertices, between all pairs of actions and to random policies. Definition 5 lets the radius depend on the policy.
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
        radius, smallest = 0.5, 1e-9 * float(old[old > 0].min())
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
        sentence = f"no neighbourhood: no ball round {_shown(witness[0])} is inside, as {_shown(witness[1])} is not"
    else:
        sentence = f"a neighbourhood on what was tried: it holds balls of radius {min(radii):.3g} and more"
    return NeighbourhoodReport(not outside, all(r > 0 for r in radii), tuple(radii), witness, sentence)


def _weight(owner: str, value: Any) -> float:
    number = real(f"{owner}.weight", value)
    if number < 0:
        reason = "Definition 4 wants D ≥ 0, and the program must stay concave"
        fail(f"{owner}.weight", f"is {number:g}", "a number ≥ 0", reason)
    return number


def _named(given: Any, argument: str, kinds: Mapping[str, type[Any]], expected: str, mend: str) -> Any:
    """An object of one of `kinds`, or what a text names."""
    if isinstance(given, tuple(kinds.values())):
        return given
    if not isinstance(given, str):
        fail(argument, f"is {given!r}", " or ".join(kind.__name__ for kind in kinds.values()), mend)
    written = re.fullmatch(r"(\w+)\((.*)\)", given.strip())
    if written is None:
        name, *texts = given.strip().split(":")
    else:
        name = next((short for short, kind in kinds.items() if kind.__name__ == written[1]), written[1])
        texts = [text.partition("=")[2] or text for text in written[2].split(",") if text.strip()]
    if name not in kinds:
        fail(argument, f"is {given!r}", expected)
    parameters = fields(kinds[name])
    needed = sum(parameter.name != "weight" or len(parameters) == 1 for parameter in parameters)
    try:
        numbers = [float(text) for text in texts]
    except ValueError:
        fail(argument, f"is {given!r}", expected)
    if not needed <= len(numbers) <= len(parameters):
        fail(argument, f"is {given!r}", expected)
    return kinds[name](*numbers)


def _drift_values(drift: Any, gains: Any) -> Callable[[FloatArray, FloatArray], float]:
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
        fail("drift", f"is {drift!r}", "a drift, or a function of (new, old)")
    function: Callable[[FloatArray, FloatArray], Any] = drift
    return lambda new, old: float(function(new, old))


def _contains(neighbourhood: Any) -> Callable[[FloatArray, FloatArray], bool]:
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
        fail("neighbourhood", f"is {neighbourhood!r}", "a neighbourhood, or a function of (new, old)")
    function: Callable[[FloatArray, FloatArray], Any] = neighbourhood
    return lambda new, old: bool(function(new, old))


def _policies(given: npt.ArrayLike | None, num_actions: int) -> FloatArray:
    """The policies to try: those given, or uniform, skewed, nearly deterministic and with a zero."""
    if given is not None:
        rows = np.atleast_2d(as_floats("policies", given))
        probabilities("policies", rows)
        return rows
    if num_actions < 2:
        fail("num_actions", f"is {num_actions}", "at least 2")
    powers = [np.power(share, np.arange(num_actions)) for share in (1.0, 0.5, 0.05)]
    powers.append(np.append(np.ones(num_actions - 1), 0.0))
    return np.stack([row / row.sum() for row in powers])


def _derivative(value: Callable[[FloatArray, FloatArray], float], old: FloatArray, new: FloatArray) -> float:
    """The one-sided derivative of D at old towards new: (4 D(h/2) − D(h))/h, exact for squares."""
    h = 1e-4 * float(old[old > 0].min())
    full, half = (value(old + step * (new - old), old) for step in (h, h / 2))
    return (4 * half - full) / h if math.isfinite(full) and math.isfinite(half) else math.inf


def _shown(row: Iterable[float] | Sequence[float]) -> str:
    return "[" + ", ".join(f"{float(p):.3g}" for p in row) + "]"
