"""Steps, temperatures and rates of exploration that change with time.

    x_t = floor + scale · rate^t / (1 + t/half)                                                    (1)

It is constant by default. With a rate below 1 it falls geometrically, as temperatures do (Claus and Boutilier 1998;
Kapetanakis and Kudenko 2002); with `half` it falls like 1/t, as steps do (Bowling and Veloso 2002).
"""

import math
from dataclasses import dataclass

import numpy as np

from mathrl.base.checks import FloatArray, fail, iterated, not_negative, positive, proportion, real
from mathrl.base.compile import inner

__all__ = ["Schedule", "at", "between", "scheduled"]


@dataclass(frozen=True)
class Schedule:
    """The number x_t of (1) at time t = 0, 1, …

    `scale`  what falls away, or stays; ≥ 0
    `rate`   in [0, 1]; by default 1, so that nothing falls geometrically
    `half`   > 0, the time at which half of it is left; by default ∞
    `floor`  what is left in the end, ≥ 0

    Raises `ValueError` for other numbers.

    >>> [Schedule(1.0, half=10).at(t) for t in (0, 10, 30)]
    [1.0, 0.5, 0.25]
    """

    scale: float
    rate: float = 1.0
    half: float = math.inf
    floor: float = 0.0

    def __post_init__(self) -> None:
        not_negative("scale", self.scale)
        proportion("rate", self.rate)
        if self.half != math.inf:
            positive("half", self.half)
        not_negative("floor", self.floor)

    def at(self, t: int) -> float:
        """The number at time t."""
        return float(self.floor + self.scale * self.rate**t / (1 + t / self.half))

    @property
    def numbers(self) -> FloatArray:
        """(scale, rate, 1/half, floor), as kernels take a schedule."""
        return np.array([self.scale, self.rate, 1 / self.half, self.floor])


def scheduled(argument: str, value: "float | Schedule", most: float = math.inf, above: float = -1.0) -> Schedule:
    """A schedule from a number or a schedule, at most `most` at first, and above `above` then and later."""
    found = value if isinstance(value, Schedule) else Schedule(not_negative(argument, value))
    last = found.floor + (found.scale if found.rate == 1 else 0.0)  # 1/t reaches 0 at no time that is played
    if found.scale + found.floor > most:
        fail(argument, f"begins at {found.scale + found.floor:g}", f"at most {most:g}")
    if min(found.at(0), last) <= above:
        fail(argument, f"is or tends to {min(found.at(0), last):g}", f"above {above:g}", "give it a floor")
    return found


def between(argument: str, ends: tuple[float, float]) -> tuple[float, float]:
    """Two numbers, the second not below the first: initial values are drawn uniformly between them."""
    both = list(iterated(argument, ends, "two numbers"))
    if len(both) != 2:
        fail(argument, f"has {len(both)} numbers", "two, the lower end first")
    low, high = (real(argument, end) for end in both)
    if low > high:
        fail(argument, f"is ({low:g}, {high:g})", "the lower end first")
    return low, high


@inner
def at(numbers: FloatArray, t: float) -> float:
    """The number (1) at time t, of `Schedule.numbers`."""
    scale: float = numbers[0]
    if numbers[1] != 1.0:
        scale *= numbers[1] ** t
    x: float = numbers[3] + scale / (1.0 + t * numbers[2])
    return x
