"""Rewards and temperatures that double precision can compute with, in every solver, batch and oracle; others are
refused.

A value is at most ‖r‖∞/(1 − γ) plus what entropy, or a divergence, adds; where γ is 1, the length of the longest play
takes the place of 1/(1 − γ). It is needed also over the temperature. Both must be at most 1e300, and a temperature at
least 1e-300: then inverses of temperatures, and sums of some such numbers, are still doubles. What overflows instead
becomes inf or nan, and a comparison with nan is False: it would pass for exact.
"""

from math import log
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray, fail
from mathrl.games.model import Game

__all__ = ["check_range", "in_range", "largest_value", "within_range"]

__tracebackhide__ = True  # pytest shows the caller's line, not these frames

_LARGEST = 1e300
_LEAST = 1e-300
_HARMLESS = 1e15
"""A temperature up to this times the least double is less than the least rounding floor of values, 2.2e-308."""


def in_range(
    game: Game,
    temperature: float,
    *values: FloatArray | None,
    argument: str = "temperature",
    nats: float | None = None,
    divergence: bool = False,
) -> None:
    """Require that soft values of any policy, and those given, can be computed with in double precision.

    `game`         the game
    `temperature`  the weight of the entropy or of a divergence, or 0 where there is none
    `values`       other numbers that will be computed with
    `argument`     what a message calls the temperature
    `nats`         the largest entropy or divergence of a state; default: the entropy of the uniform policy
    `divergence`   whether the temperature weighs a divergence: values are lost then where they are less than 1e-300 of
                   a temperature above 1e15

    Raises `ValueError` naming the game or the temperature.
    """
    bonus = (_most_entropy(game) if nats is None else nats) * game.horizon
    size = max(largest_value(game, 0.0), *(float(np.abs(array).max()) for array in values if array is not None), 0.0)
    if temperature * bonus > _LARGEST:
        mend = "values with so much entropy overflow: lower it"
        fail(argument, f"is {temperature:g}", f"at most {_LARGEST / bonus:.2g}", mend)
    most = max(_HARMLESS, size * _LARGEST)
    if divergence and size > 0 and temperature > most:
        fail(argument, f"is {temperature:g}", f"at most {most:.2g}", "values over it underflow: lower it")
    check_range("game", size + temperature * bonus, temperature, argument)


def largest_value(game: Game, temperature: float) -> float:
    """Return a bound on soft values: (‖r‖∞ + α Σ_i log A_i)/(1 − γ) where γ < 1, inf where that overflows."""
    return (game.reward_scale + temperature * _most_entropy(game)) * game.horizon


def within_range(size: Any, temperature: Any) -> Any:
    """Whether values of up to `size` can be computed with, and divided by a temperature; for arrays of them too."""
    return (size <= _LARGEST) & (temperature >= _LEAST) & (size / _LARGEST <= temperature)


def check_range(argument: str, size: float, temperature: float, temperature_argument: str = "temperature") -> None:
    """Require the same of one game, the `argument`, unless the temperature is 0: nothing is divided by it."""
    if not size <= _LARGEST:
        mend = "scale rewards, temperature and values down together"
        fail(argument, f"has values of up to {size:.2g} here", f"at most {_LARGEST:g}", mend)
    if temperature != 0 and not within_range(size, temperature):
        least, mend = _LEAST, "its inverse overflows: scale rewards and temperature up together"
        if size / _LARGEST > temperature:
            least, mend = size / _LARGEST, f"values of up to {size:.2g} divided by it overflow: raise it"
        fail(temperature_argument, f"is {temperature:g}", f"at least {least:.2g}", mend)


def _most_entropy(game: Game) -> float:
    return sum(map(log, game.num_actions))
