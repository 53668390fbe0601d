"""Which of the numbers that were computed is least, as far as rounding lets that be told."""

import numpy as np
import numpy.typing as npt

from mathrl.base.ties import first_least
from mathrl.bounds import Setup

__all__ = ["ROUNDED", "least", "rounding"]

FLAT = 1e-9
"""The relative difference below which a curve is called flat."""

ROUNDED = 1e-13
"""The relative difference below which two numbers are the same, as rounding alone may make it."""


def least(values: npt.ArrayLike, rounding: float) -> int | None:
    """Which value is least, the first of those that are but for rounding; None where all of them are.

    `rounding` is what two values may differ by and still be the same.
    """
    numbers = np.asarray(values)
    largest = float(np.abs(numbers).max())
    if np.ptp(numbers) <= max(rounding, FLAT * largest):
        return None
    return first_least(numbers, slack=max(rounding, ROUNDED * largest))


def rounding(setup: Setup, *, normalised: bool) -> float:
    """What the difference of two exact returns may be off by."""
    horizon = 1 / (1 - setup.game.discount)
    return 1e-13 * float(np.abs(setup.rewards).max()) * horizon * (1 if normalised else horizon)
