"""One ball: a real number known up to a radius. Operations enclose, and undecided questions raise."""

import math
import operator
from collections.abc import Callable
from contextlib import AbstractContextManager
from numbers import Rational
from typing import Any, NoReturn

import numpy as np
from flint import arb, ctx, fmpq, fmpz

from mathrl.arithmetic.undecided import Undecided

__all__ = ["Ball", "exactly", "precision"]


_EXACT = frozenset({arb, fmpz, int, float})
_FLOATS = float, np.float32, np.float16


def precision(bits: int) -> AbstractContextManager[Any]:
    """Compute with midpoints of `bits` binary digits inside a `with` block; 53 digits outside of any.

    `bits`  the number of binary digits; they bound what an operation adds to a radius

    Returns the context manager of the `with` block. Floats and integers are exact at any precision.
    """
    return ctx.workprec(bits)


def exactly(value: Any) -> arb | None:
    """The value as an `arb`: exact for balls, integers and floats, an enclosure for fractions; None for other types."""
    kind = type(value)
    if kind is Ball:
        found: arb = value._arb
        return found
    if kind in _EXACT:
        return arb(value)
    if isinstance(value, fmpq):
        return arb(value.p) if value.q == 1 else arb(value)
    if isinstance(value, _FLOATS):
        return arb(float(value))
    if isinstance(value, Rational):
        return exactly(fmpq(int(value.numerator), int(value.denominator)))
    return None


def _operand(value: Any) -> arb:
    expected = "expected a number, a fraction, or a string that shows one"
    if isinstance(value, str):
        try:
            return arb(value)
        except ValueError as unreadable:
            raise ValueError(f"a ball of {value!r}: {expected}") from unreadable
    found = exactly(value)
    if found is None:
        raise TypeError(f"a ball of {value!r}: {expected}")
    return found


def _binary(operation: Callable[[arb, arb], arb], x: Any, y: Any) -> Any:
    left, right = exactly(x), exactly(y)
    return NotImplemented if left is None or right is None else _ball(operation(left, right))


def _at_ends(function: Callable[[arb], arb], x: arb) -> arb:
    """A function that is monotone on the ball x, enclosed by what it gives at the two ends of x.

    All its other values lie between these. What python-flint gives for the whole ball is wider by a part as large as
    the radius of x, but is rounded less often: the narrower of the two is taken.
    """
    whole = function(x)
    if x.is_exact() or not whole.is_finite():
        return whole
    return min(whole, function(x.lower()).union(function(x.upper())), key=arb.rad)


def _quotient(x: arb, y: arb) -> arb:
    """x / y, which is monotone in y on either side of 0."""
    return x / y if y.contains(0) else _at_ends(lambda end: x / end, y)


_SIGNS: dict[Any, str] = {
    operator.lt: "<",
    operator.le: "<=",
    operator.gt: ">",
    operator.ge: ">=",
    operator.eq: "==",
    operator.ne: "!=",
}


def _decided(yes: Callable[[arb, arb], bool], no: Callable[[arb, arb], bool], x: Any, y: Any) -> Any:
    left, right = exactly(x), exactly(y)
    if left is None or right is None:
        return NotImplemented
    if yes(left, right):
        return True
    if no(left, right):
        return False
    raise Undecided(f"{left} {_SIGNS[yes]} {right} is undecided: use more precision, or narrower balls")


class Ball:
    """A real number x with |x − midpoint| ≤ radius; every operation encloses the results of all such numbers.

    `value` is an int, a float (its binary value, exactly), a `Fraction`, an `arb`, `fmpq` or `fmpz`, or a string such
    as `"0.1"`, `"1/3"` or `"0.1 +/- 1e-9"`. Integers, floats and fractions may be mixed with balls in arithmetic.
    Comparisons answer True or False only where this holds for all numbers inside, and raise `Undecided` otherwise. A
    ball has no hash, as equality may be undecided, and is no float: read `midpoints` and `radii`.
    """

    __slots__ = ("_arb",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: Any, radius: Any = 0) -> None:
        centre, spread = _operand(value), _operand(radius)
        if not spread >= 0:
            raise ValueError(f"radius is {radius!r}, expected a number >= 0")
        self._arb = centre if spread == 0 else centre + arb(0, spread.upper())

    @property
    def arb(self) -> arb:
        """The ball as python-flint has it."""
        return self._arb

    def __repr__(self) -> str:
        return f"Ball({str(self)!r})"

    def __str__(self) -> str:
        return str(self._arb)

    # What is enclosed

    def __add__(self, other: Any) -> Any:
        return _binary(operator.add, self, other)

    def __radd__(self, other: Any) -> Any:
        return _binary(operator.add, other, self)

    def __sub__(self, other: Any) -> Any:
        return _binary(operator.sub, self, other)

    def __rsub__(self, other: Any) -> Any:
        return _binary(operator.sub, other, self)

    def __mul__(self, other: Any) -> Any:
        return _binary(operator.mul, self, other)

    def __rmul__(self, other: Any) -> Any:
        return _binary(operator.mul, other, self)

    def __truediv__(self, other: Any) -> Any:
        return _binary(_quotient, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _binary(_quotient, other, self)

    def __pow__(self, other: Any) -> Any:
        return _binary(operator.pow, self, other)

    def __rpow__(self, other: Any) -> Any:
        return _binary(operator.pow, other, self)

    def __neg__(self) -> "Ball":
        return _ball(-self._arb)

    def __pos__(self) -> "Ball":
        return self

    def __abs__(self) -> "Ball":
        return _ball(abs(self._arb))

    def exp(self) -> "Ball":
        """Exponential."""
        return _ball(_at_ends(arb.exp, self._arb))

    def expm1(self) -> "Ball":
        """Exponential, less 1."""
        return _ball(_at_ends(arb.expm1, self._arb))

    def log(self) -> "Ball":
        """Natural logarithm: −∞ of an exact 0, and not a number where a part of the ball is not positive."""
        return Ball(-math.inf) if self._arb.is_zero() else _ball(_at_ends(arb.log, self._arb))

    def log1p(self) -> "Ball":
        """Natural logarithm of 1 + x."""
        return (self + 1).log() if (self._arb + 1).is_zero() else _ball(_at_ends(arb.log1p, self._arb))

    def sqrt(self) -> "Ball":
        """Square root; not a number where a part of the ball is negative."""
        return _ball(_at_ends(arb.sqrt, self._arb))

    def larger(self, other: Any) -> "Ball":
        """The larger of two numbers; where the balls overlap, a ball that holds it whichever it is."""
        return _ball(self._arb.max(_operand(other)))

    def smaller(self, other: Any) -> "Ball":
        """The smaller of two numbers; where the balls overlap, a ball that holds it whichever it is."""
        return _ball(self._arb.min(_operand(other)))

    def hull(self, other: Any) -> "Ball":
        """A ball that holds both."""
        return _ball(self._arb.union(_operand(other)))

    # What the bounds are

    def midpoint(self) -> "Ball":
        """The midpoint, exactly."""
        return _ball(self._arb.mid())

    def radius(self) -> "Ball":
        """The radius, exactly."""
        return _ball(self._arb.rad())

    def lower(self) -> "Ball":
        """An exact number that no number inside is below."""
        return _ball(self._arb.lower())

    def upper(self) -> "Ball":
        """An exact number that no number inside is above."""
        return _ball(self._arb.upper())

    def contains(self, number: Any) -> bool:
        """Say whether the number, or the whole of a ball, is known to lie inside."""
        with ctx.workprec(ctx.prec + 64):  # a fraction becomes a ball, which must be small beside this one
            return bool(self._arb.contains(_operand(number)))

    # Questions

    def __lt__(self, other: Any) -> Any:
        return _decided(operator.lt, operator.ge, self, other)

    def __le__(self, other: Any) -> Any:
        return _decided(operator.le, operator.gt, self, other)

    def __gt__(self, other: Any) -> Any:
        return _decided(operator.gt, operator.le, self, other)

    def __ge__(self, other: Any) -> Any:
        return _decided(operator.ge, operator.lt, self, other)

    def __eq__(self, other: Any) -> Any:
        return _decided(operator.eq, operator.ne, self, other)

    def __ne__(self, other: Any) -> Any:
        return _decided(operator.ne, operator.eq, self, other)

    def __bool__(self) -> bool:
        return bool(self != 0)

    def __float__(self) -> NoReturn:
        raise TypeError(f"the ball {self} is no single float: read mathrl.balls.midpoints and mathrl.balls.radii")


def _ball(value: arb) -> Ball:
    """What an operation found: unlike a caller's value, there is nothing to convert."""
    found = object.__new__(Ball)
    found._arb = value
    return found
