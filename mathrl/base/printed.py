"""What a paper printed: numbers that are compared to their last printed digit, bounds, and statements in words."""

import re
import sys
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from mathrl.base.checks import fail

__all__ = ["PaperBound", "PaperStatement", "PaperValue", "Printed", "printed"]

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")

ROUNDING = 16 * sys.float_info.epsilon
"""How much rounding may change a sum of a few dozen floats, relative to its largest term."""


@dataclass(frozen=True)
class PaperValue:
    """A number as a paper prints it, to be compared with a computed one.

    `printed`  the text, as in "0.9990" or "1.5e-4"
    `exact`    true for a number that is meant exactly (a payoff, a count); otherwise it counts as rounded to its last
               digit

    Raises `ValueError` where the text is no number.

    >>> PaperValue("0.9990").agrees(0.99895), PaperValue("0.9990").agrees(0.99894)
    (True, False)
    """

    printed: str
    exact: bool = False

    def __post_init__(self) -> None:
        _decimal(self.printed)

    @property
    def value(self) -> float:
        """The printed number, as a float."""
        return float(_decimal(self.printed))

    @property
    def tolerance(self) -> float:
        """Half a unit of the last printed digit, 0 for a number that is meant exactly.

        >>> PaperValue("-8.2").tolerance, PaperValue("1.5e-4").tolerance
        (0.05, 5e-06)
        """
        return float(self._half_unit())

    def agrees(self, computed: float) -> bool:
        """Say whether a computed number agrees with the printed one.

        It does where it rounds to the printed number, up to rounding errors; a number that lies half way may be rounded
        either way. A number that is not finite never agrees.
        """
        if computed != computed or computed in (float("inf"), float("-inf")):
            return False
        slack = Decimal(ROUNDING * max(abs(computed), abs(self.value)))
        return abs(Decimal(computed) - _decimal(self.printed)) <= self._half_unit() + slack

    def _half_unit(self) -> Decimal:
        """Half a unit of the last printed digit, exactly; 0 for a number that is meant exactly."""
        exponent = _decimal(self.printed).as_tuple().exponent
        assert isinstance(exponent, int)
        return Decimal(0) if self.exact else Decimal((0, (5,), exponent - 1))


@dataclass(frozen=True)
class PaperBound:
    """A bound as a paper prints it, such as `"> 3.2"`, on a quantity over an open set.

    `printed`  the text: `<` or `>`, then a number

    What is computed is the quantity's infimum over that set (its supremum for `<`). An open set does not attain it, so
    a computed number equal to the bound keeps the bound, and shows that it is tight. Raises `ValueError` where the text
    is no bound.
    """

    printed: str
    DIRECTIONS: ClassVar[dict[str, int]] = {">": 1, "<": -1}

    def __post_init__(self) -> None:
        if self.printed[:1] not in self.DIRECTIONS:
            fail("printed", f"is {self.printed!r}", "a bound such as '> 3.2'")
        _decimal(self.printed[1:])

    @property
    def value(self) -> float:
        """The printed bound, as a float."""
        return float(_decimal(self.printed[1:]))

    def agrees(self, computed: float) -> bool:
        """Say whether a computed infimum (supremum for `<`) keeps the bound, up to rounding errors."""
        slack = ROUNDING * max(abs(computed), abs(self.value))
        return self.DIRECTIONS[self.printed[0]] * (computed - self.value) >= -slack


@dataclass(frozen=True)
class PaperStatement:
    """A statement that a paper makes in words, without a number, as of a figure whose numbers it does not print.

    `value`  the number that what is computed must be if the statement is so: 1 for a share of the cases that it speaks
             of, which is 1 where it is so in all of them; or how many cases these are

    What the statement is, the row and the column say; a note quotes it.

    >>> PaperStatement().agrees(1.0), PaperStatement().agrees(0.95), PaperStatement(3).printed
    (True, False, '3 (said)')
    """

    value: float = 1.0

    @property
    def printed(self) -> str:
        """The number, marked as one that is not printed as such."""
        return f"{self.value:g} (said)"

    def agrees(self, computed: float) -> bool:
        """Say whether the statement comes out: whether this is the number, up to rounding errors."""
        return abs(computed - self.value) <= ROUNDING * abs(self.value)


Printed = PaperValue | PaperBound | PaperStatement


def printed(text: str | Printed) -> Printed:
    """Read what a paper printed: a `PaperBound` where the text begins with `<` or `>`, else a `PaperValue`.

    `text`  the printed text; what is no text but a `Printed` already is returned as it is

    Raises `ValueError` where the text is neither.
    """
    if not isinstance(text, str):
        return text
    return PaperBound(text) if text[:1] in PaperBound.DIRECTIONS else PaperValue(text)


def _decimal(text: str) -> Decimal:
    """The number in a printed text, exactly."""
    stripped = text.strip().replace("−", "-")
    if not NUMBER.fullmatch(stripped):
        fail("printed", f"is {text!r}", "a number as a paper prints it, such as '0.9990'")
    return Decimal(stripped)
