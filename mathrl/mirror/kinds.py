"""Drifts and neighbourhoods of mirror learning (hasac Definitions 4 and 5): frozen objects with a weight or a radius.

Each means the same in every state. A drift makes it costly for an agent to move its policy away from the old one; a
neighbourhood forbids to move it further than some bound. p is the new policy and π_old the old one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from mathrl.base.array_types import printed_as
from mathrl.base.checks import FloatArray, fail, not_negative, positive, real
from mathrl.base.text import shown
from mathrl.games.given import Booleans

__all__ = [
    "ClippedRatioDrift",
    "Drift",
    "Everywhere",
    "KLBall",
    "KLDrift",
    "MaximumRatio",
    "Neighbourhood",
    "NoDrift",
    "SquaredDrift",
    "TotalVariationBall",
    "as_drift",
    "as_neighbourhood",
    "check_support",
    "needs_full_support",
]


@dataclass(frozen=True)
class NoDrift:
    """No drift, D = 0: to move the policy costs nothing   (the trivial drift of hasac Definition 4)."""


@dataclass(frozen=True)
class KLDrift:
    """The drift D(p) = weight · KL(p ‖ π_old)   (hasac Definition 4).

    `weight`  w ≥ 0

    The maximiser is ∝ π_old^(w/(α+w)) exp(Q/(α+w)), where nothing else bounds it. Needs π_old > 0. Raises `ValueError`
    where the weight is negative.
    """

    weight: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", _weight("KLDrift", self.weight))


@dataclass(frozen=True)
class SquaredDrift:
    """The drift D(p) = weight/2 · Σ_a (p(a) − π_old(a))²   (an instance of hasac Definition 4).

    `weight`  w ≥ 0

    Raises `ValueError` where the weight is negative.
    """

    weight: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", _weight("SquaredDrift", self.weight))


@dataclass(frozen=True)
class ClippedRatioDrift:
    """HAPPO's drift: what the policy's ratio gains outside of 1 ± clip   (an instance of hasac Definition 4).

        D(p) = weight · E_{a~π_old}[((r − clip(r, 1 ± ε)) A)₊],   r = p/π_old

    `clip`    ε > 0
    `weight`  w ≥ 0, by default 1

    A is the advantage; `operators.clipped_ratio_drift` has the exact form. D is 0 while no ratio leaves 1 ± ε, so it is
    not positive in the sense of Definition 4. It does not stop a ratio there either: what a step further costs is just
    the advantage that it gains. Raises `ValueError` where an argument is out of range.
    """

    clip: float
    weight: float = 1.0

    def __post_init__(self) -> None:
        reason = "at 0 the drift has a kink at the old policy, where Definition 4 wants a zero gradient"
        object.__setattr__(self, "clip", positive("ClippedRatioDrift.clip", self.clip, reason))
        object.__setattr__(self, "weight", _weight("ClippedRatioDrift", self.weight))


@dataclass(frozen=True)
class Everywhere:
    """No bound: the neighbourhood of all policies."""


@dataclass(frozen=True)
class KLBall:
    """The neighbourhood KL(p ‖ π_old) ≤ radius, in every state   (hasac Definition 5). Needs π_old > 0.

    `radius`  > 0, in nats

    Raises `ValueError` where the radius is not positive.
    """

    radius: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "radius", positive("KLBall.radius", self.radius, NO_BALL))


@dataclass(frozen=True)
class TotalVariationBall:
    """The neighbourhood ½ Σ_a |p(a) − π_old(a)| ≤ radius, in every state   (hasac Definition 5).

    `radius`  > 0; from 1 on it is no bound

    Raises `ValueError` where the radius is not positive.
    """

    radius: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "radius", positive("TotalVariationBall.radius", self.radius, NO_BALL))


@dataclass(frozen=True)
class MaximumRatio:
    """The neighbourhood π_old/ratio ≤ p ≤ ratio · π_old, in every state   (hasac Definition 5). Needs π_old > 0.

    `ratio`  > 1

    Raises `ValueError` where the ratio is 1 or less.
    """

    ratio: float

    def __post_init__(self) -> None:
        number = real("MaximumRatio.ratio", self.ratio)
        if number <= 1:
            fail("MaximumRatio.ratio", f"is {number:g}", "a number > 1", NO_BALL)
        object.__setattr__(self, "ratio", number)


if TYPE_CHECKING:
    Drift: TypeAlias = NoDrift | KLDrift | SquaredDrift | ClippedRatioDrift
    Neighbourhood: TypeAlias = Everywhere | KLBall | TotalVariationBall | MaximumRatio
else:
    Drift = printed_as("Drift", "Any of the drifts.", NoDrift | KLDrift | SquaredDrift | ClippedRatioDrift)
    Neighbourhood = printed_as(
        "Neighbourhood", "Any of the neighbourhoods.", Everywhere | KLBall | TotalVariationBall | MaximumRatio
    )

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


def as_drift(given: Drift | str, argument: str = "drift") -> Drift:
    """Return a drift, from the object itself or from a text.

    `given`     a drift; or "none", "kl:W", "squared:W", "clipped:EPS" or "clipped:EPS:W"; or what `repr` of a drift
                gives
    `argument`  what error messages call it

    Raises `ValueError` where the text names no drift, or a number is out of range.

    >>> as_drift("clipped:0.2"), as_drift("KLDrift(weight=0.5)")
    (ClippedRatioDrift(clip=0.2, weight=1.0), KLDrift(weight=0.5))
    """
    mend = "the maximisation is exact for these convex drifts only; see mathrl.mirror.check_drift for others"
    found: Drift = _named(given, argument, DRIFTS, "none, kl:W, squared:W or clipped:EPS[:W]", mend)
    return found


def as_neighbourhood(given: Neighbourhood | str, argument: str = "neighbourhood") -> Neighbourhood:
    """Return a neighbourhood, from the object itself or from a text.

    `given`     a neighbourhood; or "everywhere", "kl:R", "total-variation:R" or "ratio:R"; or what `repr` of one gives
    `argument`  what error messages call it

    Raises `ValueError` where the text names no neighbourhood, or a number is out of range.

    >>> as_neighbourhood("ratio:1.5")
    MaximumRatio(ratio=1.5)
    """
    mend = "the maximisation is exact for these convex neighbourhoods only"
    expected = "everywhere, kl:R, total-variation:R or ratio:R"
    found: Neighbourhood = _named(given, argument, NEIGHBOURHOODS, expected, mend)
    return found


def needs_full_support(drift: Drift, neighbourhood: Neighbourhood) -> Drift | Neighbourhood | None:
    """Return which of the two keeps an action of probability 0 at 0 for ever; None if neither does.

    `drift`          a drift object
    `neighbourhood`  a neighbourhood object
    """
    if isinstance(drift, KLDrift) and drift.weight > 0:
        return drift
    return neighbourhood if isinstance(neighbourhood, KLBall | MaximumRatio) else None


def check_support(
    old: FloatArray, drift: Drift, neighbourhood: Neighbourhood, argument: str, available: Booleans | None = None
) -> None:
    """Raise `ValueError` where a policy has zeros that the drift or the neighbourhood would never let change.

    `old`            the policy, (S, A) or (A,)
    `drift`          a drift object
    `neighbourhood`  a neighbourhood object
    `argument`       what the message calls the policy
    `available`      which actions there are, in the shape of the policy; by default all
    """
    needing = needs_full_support(drift, neighbourhood)
    zeros = old <= 0 if available is None else (old <= 0) & available
    if needing is not None and zeros.any():
        index = ", ".join(map(str, np.argwhere(zeros)[0].tolist()))
        reason = f"{needing} would keep it at 0 for ever (hasac Assumption 1); mix the uniform policy in"
        fail(f"{argument}[{index}]", "is 0", "a probability > 0", reason)


def _weight(owner: str, value: Any) -> float:
    """Check the weight of a drift."""
    return not_negative(f"{owner}.weight", value, "Definition 4 wants D ≥ 0, and the program must stay concave")


def _named(given: Any, argument: str, kinds: Mapping[str, type[Any]], expected: str, mend: str) -> Any:
    """Return an object of one of `kinds`, from itself or from a text that names it."""
    if isinstance(given, tuple(kinds.values())):
        return given
    if not isinstance(given, str):
        fail(argument, f"is {shown(given)}", " or ".join(kind.__name__ for kind in kinds.values()), mend)
    written = re.fullmatch(r"(\w+)\((.*)\)", given.strip())
    if written is None:
        name, *texts = given.strip().split(":")
    else:
        name = next((short for short, kind in kinds.items() if kind.__name__ == written[1]), written[1])
        texts = [text.partition("=")[2] or text for text in written[2].split(",") if text.strip()]
    if name not in kinds:
        fail(argument, f"is {shown(given)}", expected)
    parameters = fields(kinds[name])
    needed = sum(parameter.name != "weight" or len(parameters) == 1 for parameter in parameters)
    try:
        numbers = [float(text) for text in texts]
    except ValueError:
        fail(argument, f"is {shown(given)}", expected)
    if not needed <= len(numbers) <= len(parameters):
        fail(argument, f"is {shown(given)}", expected)
    return kinds[name](*numbers)
