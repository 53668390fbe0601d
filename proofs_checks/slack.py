"""By how much a statement holds on one instance, entry by entry: what a check returns, in any arithmetic.

A statement is a set of inequalities x ≤ y and equations x = y. Its slack is y − x for an inequality and −|x − y| for
an equation, so that it is negative where the statement is violated. Floats carry the rounding that they may hide;
balls and fractions know their own.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mathrl.arithmetic import Undecided

__all__ = ["Slack", "Unmet", "all_of", "at_most", "equal", "premise"]

Booleans = npt.NDArray[np.bool_]

DOUBTFUL = 100.0
"""How many roundings a violation must have at least to count without exact arithmetic."""

_ROUNDING = 1e-12
"""What floats are taken to hide of a number of size 1, unless a check says otherwise: some thousand roundings."""


class Unmet(Exception):
    """The instance does not meet the premises of the statement."""


def premise(condition: Any) -> None:
    """Leave the check unless the instance meets this premise; searches draw another instance then.

    `condition`  true or false; a comparison of balls that is undecided raises `mathrl.balls.Undecided`
    """
    if not condition:
        raise Unmet


@dataclass(frozen=True)
class Slack:
    """Both sides of all inequalities and equations of a statement on one instance, as flat arrays of one length.

    `left`      x of x ≤ y or x = y
    `right`     y
    `equation`  true where the two are to be equal
    `rounding`  what floats may hide of y − x, ≥ 0
    """

    left: Any
    right: Any
    equation: Booleans
    rounding: npt.NDArray[np.float64]

    @property
    def entries(self) -> Any:
        """y − x, or −|x − y| of an equation. Where both sides are infinite and equal it is 0."""
        exact = self.left.dtype.hasobject
        if exact:
            return np.array(
                [_entry(x, y, bool(same)) for x, y, same in zip(self.left, self.right, self.equation, strict=True)],
                dtype=object,
            )
        with np.errstate(invalid="ignore"):
            gap = np.where(self.left == self.right, 0.0, self.right - self.left)
        if np.isnan(gap).any():
            raise ArithmeticError("a side of the statement is not a number")
        return np.where(self.equation, -np.abs(gap), gap)

    @property
    def worst(self) -> float:
        """The least entry in units of the rounding that it may hide, of floats; inf where there is no entry."""
        entries = self.entries
        with np.errstate(divide="ignore", invalid="ignore"):
            units = np.where(entries == 0, 0.0, entries / self.rounding)
        return float(units.min(initial=np.inf))

    @property
    def violated(self) -> bool:
        """Whether an entry is negative beyond doubt: by 100 roundings in floats, decided in other arithmetics.

        Raises `mathrl.balls.Undecided` where no entry is known to be negative, and some entry may be.
        """
        if not self.left.dtype.hasobject:
            return self.worst < -DOUBTFUL
        undecided: Undecided | None = None
        for x, y, same in zip(self.left, self.right, self.equation, strict=True):
            try:
                if bool(x != y) if same else bool(y < x):
                    return True
            except Undecided as question:
                undecided = question
        if undecided is not None:
            raise undecided
        return False

    @property
    def doubtful(self) -> bool:
        """Whether the worst entry of floats is negative, by more than one rounding and less than 100."""
        return not self.left.dtype.hasobject and -DOUBTFUL <= self.worst < -1

    @property
    def trivial(self) -> bool:
        """Whether no entry has two sides that both differ from 0."""
        return not any(_differs(x, 0) and _differs(y, 0) for x, y in zip(self.left, self.right, strict=True))


def at_most(left: Any, right: Any, *, rounding: Any = None) -> Slack:
    """The statement left ≤ right, entry by entry.

    `left`, `right`  numbers or arrays in one arithmetic, that broadcast
    `rounding`       what floats may hide of right − left, a number or an array; default: 1e-12 of the larger side, or
                     1e-12 where both are smaller than 1
    """
    return _sides(left, right, rounding, equation=False)


def equal(left: Any, right: Any, *, rounding: Any = None) -> Slack:
    """The statement left = right, entry by entry; the arguments are those of `at_most`."""
    return _sides(left, right, rounding, equation=True)


def all_of(*parts: Slack) -> Slack:
    """All of these statements together."""
    return Slack(*(np.concatenate([getattr(part, name) for part in parts]) for name in Slack.__dataclass_fields__))


def _sides(left: Any, right: Any, rounding: Any, *, equation: bool) -> Slack:
    x, y = np.broadcast_arrays(_array(left), _array(right))
    x, y = x.ravel(), y.ravel()
    if rounding is None:
        rounding = 0.0 if x.dtype.hasobject or y.dtype.hasobject else _size(x, y) * _ROUNDING
    hidden = np.broadcast_to(np.asarray(rounding, dtype=np.float64), x.shape)
    return Slack(x, y, np.full(x.shape, equation), hidden)


def _array(x: Any) -> Any:
    if isinstance(x, np.ndarray | np.generic):
        return np.asarray(x)
    return np.asarray(x, dtype=object if hasattr(x, "numerator") and not isinstance(x, int) else None)


def _size(x: Any, y: Any) -> Any:
    finite = [np.where(np.isfinite(side), np.abs(side), 0.0) for side in (x, y)]
    return np.maximum(1.0, np.maximum(*finite))


def _entry(x: Any, y: Any, same: bool) -> Any:
    if isinstance(x, float) and isinstance(y, float) and x == y:
        return 0.0
    return -abs(y - x) if same else y - x


def _differs(x: Any, y: Any) -> bool:
    try:
        return bool(x != y)
    except Undecided:
        return True
