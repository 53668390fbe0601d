"""How many of k steps use each opponent model, what that adds to the bound, and k over epochs (aorpo §5.1, Table 1).

    n_j = max{n ≤ k : n ε_j ≤ k min_j' ε_j'}: k where ε_j is 0, else ⌊k min_j' ε_j' / ε_j⌋              (1)
    B   = Σ_j (n_j + 1) ε_j                                                                            (2)
    f(e) = x + min(max((e − a)/(b − a), 0), 1) (y − x)                                                 (3)

(1) is line 8 of aorpo's Algorithm 1, where a perfect opponent model makes it 0/0; (2) is in §5.1; (3) is the note under
Table 1. All is exact: numbers may be whole, fractions, decimals, or floats, each of which is read as the simplest
fraction within 16 roundings of it: in doubles ⌊3 · 0.3 / 0.9⌋ is 0, and ⌊3 · 0.7 / 0.7⌋ is 2.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import floor
from types import MappingProxyType
from typing import Any

import numpy as np

from mathrl.base.checks import count, fail, iterated, real
from mathrl.base.text import shown
from mathrl.bounds.exact import simplest_fraction

__all__ = [
    "SCHEDULES",
    "ErrorBudget",
    "Schedule",
    "branch_length_at",
    "error_budget",
    "exact_error",
    "exact_errors",
    "rollout_lengths",
]


def rollout_lengths(branch_length: int, opponent_errors: Iterable[Any]) -> tuple[int, ...]:
    """Compute for how many of k steps each opponent's model may act   (aorpo Algorithm 1, line 8).

        n_j = max{n ≤ k : n ε_j ≤ k min_j' ε_j'}: k where ε_j is 0, else ⌊k min_j' ε_j' / ε_j⌋              (1)

    `branch_length`    k ≥ 0
    `opponent_errors`  ε_j of each opponent, in [0, 1]; floats are read as the simplest fractions near them

    Returns n_j of each opponent. Raises `ValueError` where an error is no number from 0 to 1, or k is no whole number.

    >>> rollout_lengths(3, [0.3, 0.9]), rollout_lengths(3, [0.3, 0.9, 0])
    ((3, 1), (0, 0, 3))
    """
    k, errors = count("branch_length", branch_length), exact_errors(opponent_errors)
    allowed = k * min(errors, default=Fraction(0))
    return tuple(floor(allowed / error) if error else k for error in errors)  # (1)


@dataclass(frozen=True)
class ErrorBudget:
    """What the errors of opponent models add to the bound, where model j is used in n_j of k steps   (aorpo §5.1).

    `branch_length`    k
    `opponent_errors`  ε_j of each opponent
    `lengths`          n_j of each opponent
    """

    branch_length: int
    opponent_errors: tuple[Fraction, ...]
    lengths: tuple[int, ...]

    @property
    def contributions(self) -> tuple[Fraction, ...]:
        """(n_j + 1) ε_j of each opponent: n_j steps, and the action at the state where the rollout ends."""
        return tuple((n + 1) * error for n, error in zip(self.lengths, self.opponent_errors, strict=True))

    @property
    def total(self) -> Fraction:
        """The sum Σ_j (n_j + 1) ε_j of the contributions."""
        return sum(self.contributions, Fraction(0))  # (2)

    @property
    def needed(self) -> Fraction:
        """What is enough where models come first: Σ_j (n_j + [n_j = k]) ε_j.

        A model that has stopped does not act at the end. So an opponent whose model stops contributes at most k min ε,
        as §5.1 says of all of them.
        """
        uses = (n + (n == self.branch_length) for n in self.lengths)
        return sum((n * error for n, error in zip(uses, self.opponent_errors, strict=True)), Fraction(0))

    @property
    def printed(self) -> Fraction:
        """What §5.1 takes the total to be about: (n − 1) k min_j ε_j.

        With the lengths of `rollout_lengths` the total is never less. Where no model is perfect, n_j + 1 > k min ε /
        ε_j makes each contribution more than k min ε, by at most ε_j. One perfect model makes this number 0, and the
        total Σ_j ε_j.
        """
        return len(self.opponent_errors) * self.branch_length * min(self.opponent_errors, default=Fraction(0))

    @property
    def all_model(self) -> Fraction:
        """What models add that are used in all steps: (k + 1) Σ_j ε_j   (aorpo Eq. 3)."""
        return (self.branch_length + 1) * sum(self.opponent_errors, Fraction(0))


def error_budget(branch_length: int, opponent_errors: Iterable[Any]) -> ErrorBudget:
    """Compute what the errors of opponent models add to the bound, each used in n_j of k steps   (aorpo §5.1).

        Σ_j (n_j + 1) ε_j,   n_j of `rollout_lengths`

    `branch_length`    k ≥ 0
    `opponent_errors`  ε_j of each opponent, in [0, 1]; floats are read as the simplest fractions near them

    Returns an `ErrorBudget`, with other sums to compare. Raises `ValueError` where an error is no number from 0 to 1,
    or k is no whole number.

    >>> budget = error_budget(10, [0.1, 0.3])
    >>> budget.lengths, float(budget.total), float(budget.needed), float(budget.printed), float(budget.all_model)
    ((10, 3), 2.3, 2.0, 2.0, 4.4)
    """
    k, errors = count("branch_length", branch_length), exact_errors(opponent_errors)
    return ErrorBudget(k, errors, rollout_lengths(k, errors))


def branch_length_at(epoch: int, *, first: Any, last: Any, begin: int, end: int) -> Fraction:
    """Compute the branch length at an epoch of training, exactly   (aorpo, note under Table 1).

        f(e) = x + min(max((e − a)/(b − a), 0), 1) (y − x)                                                 (3)

    `epoch`  e
    `first`  x, the length up to epoch a
    `last`   y, the length from epoch b on
    `begin`  a
    `end`    b

    Returns a fraction. Table 1 has min(max(x + (e − a)/(b − a) (y − x), x), y), which is the same where x ≤ y, as in
    all six tasks. Where x > y that is y at every epoch, and (3) falls from x to y. Raises `ValueError` where b ≤ a.

    >>> [str(branch_length_at(e, first=1, last=10, begin=15, end=100)) for e in (0, 20, 200)]
    ['1', '26/17', '10']
    """
    epoch, begin, end = count("epoch", epoch), count("begin", begin), count("end", end)
    if end <= begin:
        fail("end", f"is {end}", f"an epoch after begin = {begin}")
    x, y = _fraction("first", first), _fraction("last", last)
    return x + min(max(Fraction(epoch - begin, end - begin), Fraction(0)), Fraction(1)) * (y - x)  # (3)


@dataclass(frozen=True)
class Schedule:
    """A branch length that changes linearly between two epochs   (aorpo Tables 1 and 2).

    `first`  the length up to epoch `begin`
    `last`   the length from epoch `end` on
    `begin`  the epoch at which it begins to change
    `end`    the epoch at which it has changed, after `begin`; else `ValueError` is raised
    """

    first: int
    last: int
    begin: int
    end: int

    def __post_init__(self) -> None:
        self.at(0)

    def at(self, epoch: int) -> Fraction:
        """Return the branch length at an epoch, exactly, as `branch_length_at` has it."""
        return branch_length_at(epoch, first=self.first, last=self.last, begin=self.begin, end=self.end)

    def steps(self, epoch: int) -> int:
        """Return the number of steps that are run at an epoch: the branch length, rounded down.

        aorpo does not say how it rounds; the code of MBPO rounds down.
        """
        return floor(self.at(epoch))


def exact_errors(opponent_errors: Iterable[Any]) -> tuple[Fraction, ...]:
    """Return ε_j as fractions; raise `ValueError` where one is no total variation."""
    given = iterated("opponent_errors", opponent_errors, "one number per opponent")
    return tuple(exact_error(f"opponent_errors[{j}]", error) for j, error in enumerate(given))


def exact_error(argument: str, error: Any) -> Fraction:
    """Return an error as a fraction; raise `ValueError` where it is no total variation."""
    exact = _fraction(argument, error)
    if not 0 <= exact <= 1:
        mend = "the lengths depend on ratios alone, so divide by the largest" if exact > 1 else ""
        fail(argument, f"is {shown(error)}", "a total variation, from 0 to 1", mend)
    return exact


def _fraction(argument: str, value: Any) -> Fraction:
    """A number as a fraction: exact where it is one, else the simplest one near it."""
    if isinstance(value, Fraction) or (isinstance(value, Decimal) and value.is_finite()):
        return Fraction(value)
    number = real(argument, float(value) if isinstance(value, Decimal) else value)
    return simplest_fraction(value if isinstance(value, np.floating) else number)


SCHEDULES: Mapping[str, Schedule] = MappingProxyType(
    {
        "cooperative-communication": Schedule(1, 10, 15, 100),
        "cooperative-navigation": Schedule(1, 6, 15, 100),
        "cooperative-scheduling": Schedule(1, 8, 40, 100),
        "keep-away": Schedule(1, 10, 30, 120),
        "physical-deception": Schedule(1, 8, 20, 100),
        "predator-prey": Schedule(1, 5, 20, 100),
    }
)
"""The schedules of the six tasks of aorpo, Tables 1 and 2, by task."""
