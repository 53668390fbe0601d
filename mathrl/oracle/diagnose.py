"""Which known mistake explains somebody's numbers: each is the exact ones with a part of them counted c times.

    theirs = base + c · part                                                                             (1)

Some weights c have a name, such as "without any entropy"; then nothing is fitted. Such a mistake explains the numbers
if it reproduces all entries to the tolerance given or, for noisy numbers, all but a small share of the difference. Any
other weight is fitted. It is stated only if it reproduces all entries to the tolerance, and no named mistake does
nearly as well.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import floor
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.base.ties import largest_first

__all__ = ["ATOL", "ENOUGH", "RTOL", "Mistake", "diagnose", "least_squares", "most_left"]

RTOL, ATOL = 1e-5, 1e-8
"""What single precision leaves of exact numbers."""

_UNEXPLAINED = 0.01
"""The share of the largest difference that a mistake may leave unexplained."""

_NOISE = 0.1
"""The same share where what is left is within the given tolerance: who gave it takes that much for noise."""

ENOUGH = 3
"""How many entries must tell an alternative from the exact numbers for it not to be a coincidence."""

_SAME = 1e-9
"""Two explanations that differ by less than this, relatively, are equally good; they are named in the order tried."""

_SHOWN = 3
"""How many explanations are named where none is exact to rounding."""


@dataclass(frozen=True, eq=False)
class Mistake:
    """A family of wrong numbers, base + c · part   (1).

    `base`       what stays as it is
    `part`       what is counted c times
    `known`      weights c that have a name, with what to say of each
    `otherwise`  what to say of any other weight, if anything
    `fitted`     true where base or part were chosen to suit the numbers, so that known weights count as fitted too
    """

    base: FloatArray | float
    part: FloatArray
    known: Sequence[tuple[float, str]] = ()
    otherwise: str = ""
    fitted: bool = False

    @classmethod
    def instead(cls, values: FloatArray, phrase: str, *, fitted: bool = False) -> Self:
        """That theirs are these values, which were chosen to suit them if `fitted`."""
        return cls(0.0, values, ((1.0, phrase),), fitted=fitted)

    def alternatives(self, theirs: FloatArray) -> Iterator[tuple[FloatArray, str, bool]]:
        """Yield what `theirs` should be, what to say then, and whether its weight has a name."""
        for weight, phrase in self.known:
            yield self.base + weight * self.part, phrase, not self.fitted  # (1)
        if self.otherwise:
            weight = least_squares(theirs - self.base, np.broadcast_to(self.part, theirs.shape))
            yield self.base + weight * self.part, self.otherwise.format(weight=weight), False  # (1)


class _Explanation(NamedTuple):
    """What to say, whether the weight has a name, and what is left of the largest difference, 0 for rounding."""

    phrase: str
    named: bool
    within: bool
    left: float


def diagnose(
    theirs: FloatArray, exact: FloatArray, mistakes: Iterable[Mistake], *, rtol: float = RTOL, atol: float = ATOL
) -> str:
    """Say in a sentence how somebody's numbers came from the exact ones; empty where no mistake explains them.

    Where several mistakes explain them, those that leave least are named.
    """

    def tolerated(numbers: FloatArray, reference: FloatArray) -> npt.NDArray[np.bool_]:
        return np.abs(numbers - reference) <= atol + rtol * np.abs(reference)

    def explanation(alternative: FloatArray, phrase: str, named: bool) -> _Explanation | None:
        left = np.abs(theirs - alternative)
        share = float(left.max() / largest)
        if not share <= _NOISE:  # of most alternatives nothing else is asked; it may be NaN
            return None
        met = tolerated(theirs, alternative)
        within = bool(met.all())
        enough = np.count_nonzero(~tolerated(alternative, exact)) >= ENOUGH
        sound = named or enough if within else named and enough and met[right].all()
        if not (sound and share <= (_NOISE if named and within and enough else _UNEXPLAINED)):
            return None
        if share <= _UNEXPLAINED**2 and (left <= ATOL + RTOL * np.abs(alternative)).all():
            return _Explanation(phrase, named, within, 0.0)
        explained = floor(1000 * (1 - share) + _SAME) / 10  # rounded down, but not where it is a whole tenth itself
        well = f"(to within {left.max():.1g}; explains {explained:g} %)"
        return _Explanation(f"{phrase} {well}", named, within, share)

    with np.errstate(all="ignore"):  # an alternative that overflows explains nothing
        right, largest = tolerated(theirs, exact), np.abs(theirs - exact).max()
        if right.all():
            return ""
        if not theirs.any():
            return "theirs are all 0"
        found = [explanation(*each) for mistake in mistakes for each in mistake.alternatives(theirs)]
    phrases = dict.fromkeys(each.phrase for each in _best([each for each in found if each]))
    return f"theirs are the exact ones {', or '.join(phrases)}" if phrases else ""


def most_left(theirs: FloatArray, exact: FloatArray, *, rtol: float = RTOL, atol: float = ATOL) -> float:
    """The largest difference from `theirs` that `diagnose` lets a mistake leave unexplained."""
    with np.errstate(over="ignore"):
        largest = float(np.abs(theirs - exact).max())
    # |left| ≤ atol + rtol |alternative|, and |alternative| ≤ |theirs| + |left|
    tolerated = (atol + rtol * float(np.abs(theirs).max())) / (1 - rtol) if rtol < 1 else largest
    return max(_UNEXPLAINED * largest, min(_NOISE * largest, tolerated))


def _best(found: list[_Explanation]) -> list[_Explanation]:
    """Those that leave at most twice the least. Named ones go before fitted ones, and alone if one of them is good."""
    good = [each for each in found if each.named and each.within and each.left <= _UNEXPLAINED]
    least = min((each.left for each in good or found), default=0.0)
    near = [each for each in good or found if each.left <= 2 * least]
    near = [near[k] for k in largest_first([-each.left for each in near], share=_SAME)]
    near = [each for each in near if each.named] or near
    return near[:_SHOWN] if least > 0 else near


def least_squares(difference: FloatArray, part: FloatArray) -> float:
    """The weight c with the least |difference − c · part|²; NaN where part is 0. Squares may be of any size."""
    largest, scale = np.abs(part).max(), np.abs(difference).max()
    if scale == 0 or largest == 0:
        return 0.0 if largest else float("nan")
    shape = part / largest
    return float((difference / scale * shape).sum() / (shape**2).sum() * (scale / largest))
