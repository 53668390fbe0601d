"""The cubic through two points of a curve with their tangents: where a step goes, and what lies between two points."""

from functools import cached_property

import numpy as np

from mathrl.base.checks import FloatArray

__all__ = ["Cubic"]


class Cubic:
    """z as a function of the share of the way from `start` to `end`, each a point with its tangent.

    `lead` is the entry of z by which the way is measured: it goes on evenly. `length` is that of the whole way where
    the tangent at the start has length 1, negative where the end lies behind.
    """

    def __init__(self, start: tuple[FloatArray, FloatArray], end: tuple[FloatArray, FloatArray], lead: int) -> None:
        (self._z, leaving), (ahead, arriving) = start, end
        self._lead = lead
        self.length = float((ahead[lead] - self._z[lead]) / leaving[lead])
        self._slope = self.length * leaving
        arriving = arriving * (self.length * leaving[lead] / arriving[lead])
        rise = ahead - self._z
        self._square, self._cube = 3 * rise - 2 * self._slope - arriving, self._slope + arriving - 2 * rise

    def at(self, share: float) -> FloatArray:
        """z at this share of the way, which may be beyond the ends."""
        return np.asarray(self._z + share * (self._slope + share * (self._square + share * self._cube)))

    def height(self, share: float) -> float:
        """The last entry of z, t, at this share of the way."""
        z, slope, square, cube = self._heights
        return z + share * (slope + share * (square + share * cube))

    @cached_property
    def _heights(self) -> tuple[float, ...]:
        return tuple(float(part[-1]) for part in (self._z, self._slope, self._square, self._cube))

    def place(self, z: FloatArray) -> float:
        """The share at which the lead is that of z."""
        return float((z[self._lead] - self._z[self._lead]) / self._slope[self._lead])

    def turn(self, highest: bool) -> float:
        """The share at which t is highest, or lowest, nan where it is nowhere."""
        slope, square, cube = self._slope[-1], self._square[-1], self._cube[-1]
        root = np.sqrt(max(square * square - 3 * slope * cube, 0.0))
        divisor = (root if highest else -root) - square
        return float(slope / divisor) if divisor != 0 else np.nan
