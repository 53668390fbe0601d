"""Which of the numbers that were computed is least, as far as rounding lets that be told."""

import numpy as np
import numpy.typing as npt

from mathrl.bounds import Setup

__all__ = ["least", "rounding"]

FLAT = 1e-9
"""The relative difference below which numbers are the same."""


def least(values: npt.ArrayLike, rounding: float) -> int | None:
    """Which value is least, None where they do not differ by more than `rounding`."""
    numbers = np.asarray(values)
    if np.ptp(numbers) <= max(rounding, FLAT * np.abs(numbers).max()):
        return None
    return int(numbers.argmin())


def rounding(setup: Setup, *, normalised: bool) -> float:
    """What the difference of two exact returns may be off by."""
    horizon = 1 / (1 - setup.game.discount)
    return 1e-13 * float(np.abs(setup.rewards).max()) * horizon * (1 if normalised else horizon)
