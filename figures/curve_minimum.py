"""Where a curve has its least value, as far as rounding lets that be told."""

import numpy as np

from mathrl.base.array_types import ArrayLike
from mathrl.base.ties import first_least
from mathrl.bounds import Setup

__all__ = ["ROUNDED", "minimum_index", "rounding"]

FLAT = 1e-9
"""A curve whose values differ by less than this, relative to the largest, is called flat."""

ROUNDED = 1e-13
"""Two values that differ by less than this, relative to the largest, count as equal: rounding may explain it."""


def minimum_index(values: ArrayLike, rounding: float) -> int | None:
    """Return the index of the least value; None where the values are all the same.

    `values`    the values of a curve, a one-dimensional array
    `rounding`  how much two values may differ and still count as the same

    Of several values that count as the least one, the first is taken.
    """
    numbers = np.asarray(values)
    largest = float(np.abs(numbers).max())
    if np.ptp(numbers) <= max(rounding, FLAT * largest):
        return None
    return first_least(numbers, slack=max(rounding, ROUNDED * largest))


def rounding(setup: Setup, *, normalised: bool) -> float:
    """Bound the rounding error in the difference of two exact returns of a setup.

    `setup`       the setup
    `normalised`  true for returns times 1 − γ, false for Σ_t γ^t r_t
    """
    horizon = 1 / (1 - setup.game.discount)
    return 1e-13 * float(np.abs(setup.rewards).max()) * horizon * (1 if normalised else horizon)
