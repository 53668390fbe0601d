"""Which known mistake explains somebody's numbers: each is the exact ones with a part of them counted c times.

    theirs = base + c · part                                                                             (1)

A weight c that has a name is a mistake without a free parameter. It explains all entries to the tolerance given, or, of
numbers with noise, all but a small share of the difference. Any other weight is fitted, and stated only if it explains
all entries to the tolerance, and no named mistake explains them nearly as well.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import floor
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.base.ties import largest_first

__all__ = ["ATOL", "RTOL", "Mistake", "diagnose", "least_squares"]

RTOL, ATOL = 1e-5, 1e-8
"""What single precision leaves of exact numbers."""

_UNEXPLAINED = 0.01
"""The share of the largest difference that a mistake may leave unexplained."""

_NOISE = 0.1
"""That share where what is left is within the tolerance given, so that its giver takes it for noise."""

_ENOUGH = 3
"""Entries that tell an alternative from the exact numbers, from which on it may be no coincidence."""

_SAME = 1e-9
"""The relative difference below which two explanations leave the same; they are named in the order of their trial."""

_SHOWN = 3
"""How many explanations are named where none is to rounding."""


@dataclass(frozen=True, eq=False)
class Mistake:
    """(1): base, part, the weights c that have a name, and what to say of any other weight, if anything.

    `fitted` says that base or part were chosen to suit the numbers, so that the known weights count as fitted too.
    """

    base: FloatArray | float
    part: FloatArray
    known: Sequence[tuple[float, str]] = ()
    otherwise: str = ""
    fitted: bool = False

    def alternatives(self, theirs: FloatArray) -> Iterator[tuple[FloatArray, str, bool]]:
        """What `theirs` should be, what to say then, and whether its weight has a name."""
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
    """What was made of the exact numbers, as a sentence; empty if nothing explains it, or nothing is to be explained.

    Of several mistakes that explain it, those are named that leave least.
    """

    def tolerated(numbers: FloatArray, reference: FloatArray) -> npt.NDArray[np.bool_]:
        return np.abs(numbers - reference) <= atol + rtol * np.abs(reference)

    def explanation(alternative: FloatArray, phrase: str, named: bool) -> _Explanation | None:
        met, left = tolerated(theirs, alternative), np.abs(theirs - alternative)
        within, share = bool(met.all()), float(left.max() / largest)
        enough = np.count_nonzero(~tolerated(alternative, exact)) >= _ENOUGH
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
        found = [explanation(*each) for mistake in mistakes for each in mistake.alternatives(theirs)]
    phrases = dict.fromkeys(each.phrase for each in _best([each for each in found if each]))
    return f"theirs are the exact ones {', or '.join(phrases)}" if phrases else ""


def _best(found: list[_Explanation]) -> list[_Explanation]:
    """Those that leave at most twice the least, and of them the named ones; fitted ones not beside a good named one."""
    good = [each for each in found if each.named and each.within and each.left <= _UNEXPLAINED]
    least = min((each.left for each in good or found), default=0.0)
    near = [each for each in good or found if each.left <= 2 * least]
    near = [near[k] for k in largest_first([-each.left for each in near], share=_SAME)]
    near = [each for each in near if each.named] or near
    return near[:_SHOWN] if least > 0 else near


def least_squares(difference: FloatArray, part: FloatArray) -> float:
    """The weight c with the least |difference − c · part|², NaN where there is no part; squares of any size."""
    largest, scale = np.abs(part).max(), np.abs(difference).max()
    if scale == 0 or largest == 0:
        return 0.0 if largest else float("nan")
    shape = part / largest
    return float((difference / scale * shape).sum() / (shape**2).sum() * (scale / largest))
