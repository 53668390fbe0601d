"""The solution of Eq. 9, the product policy nearest to exp(Q/α)/Z, for two agents of whom the first has two actions.

α KL(π‖exp(Q/α)/Z) is α log Z less E_π[Q] + α Σ_i H(π_i). For a given π_1 the best π_2 is the soft-max of the mean Q, so
that one number is left to be found in each state: x = log π_1(0) − log π_1(1). At a maximum x is a mean of
(Q(0, b) − Q(1, b))/α. All local maxima on a grid within these bounds are refined, and the best is taken.
"""

from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.softmax import boltzmann, entropy, soft_max

__all__ = ["best_product"]

_POINTS = 121
"""Points of the grid: at most two thirds of a unit of x apart."""

_FARTHEST = 40.0
"""Beyond, exp(−|x|) is nothing in doubles."""

_CANDIDATES = 3
"""How many local maxima are refined."""

_HALVINGS = 22
"""How often the width of a bracket is halved: x is then off by 1e-7, and the value by the square of it."""


def best_product(q: FloatArray, temperature: float) -> tuple[FloatArray, FloatArray]:
    """The product policy with the largest E_π[Q] + α Σ_i H(π_i) in each state, found in floats.

    `q`            Q, (S, 2, B)
    `temperature`  α > 0

    Returns π_1 (S, 2) and π_2 (S, B). Of several solutions it is the one that comes first on the grid.
    """
    largest = np.minimum(np.abs(q[:, 0] - q[:, 1]).max(axis=-1) / temperature, _FARTHEST)
    x = (largest[:, None] + 1e-9) * np.linspace(-1.0, 1.0, _POINTS)
    values = _values(q, x, temperature)
    padded = np.pad(values, ((0, 0), (1, 1)), constant_values=-np.inf)
    highest = (values >= padded[:, :-2]) & (values >= padded[:, 2:])
    chosen = np.argsort(np.where(highest, -values, np.inf), axis=1, kind="stable")[:, :_CANDIDATES]
    found = np.take_along_axis(x, chosen, axis=1)
    width = np.broadcast_to((x[:, 1] - x[:, 0])[:, None], found.shape)
    for _ in range(_HALVINGS):
        width = width / 2
        tried = np.stack([found, found - width, found + width])
        best = np.stack([_values(q, each, temperature) for each in tried]).argmax(axis=0)
        found = np.take_along_axis(tried, best[None], axis=0)[0]
    place = _values(q, found, temperature).argmax(axis=1)
    first = _first(np.take_along_axis(found, place[:, None], axis=1))[:, 0]
    return first, boltzmann(np.einsum("sa,sab->sb", first, q), temperature)


def _first(x: FloatArray) -> FloatArray:
    """(π_1(0), π_1(1)) at x, (…, 2)."""
    return np.stack([1 / (1 + np.exp(-x)), 1 / (1 + np.exp(x))], axis=-1)


def _values(q: FloatArray, x: FloatArray, temperature: float) -> Any:
    """max over π_2 of E_π[Q] + α Σ_i H(π_i) at each x (S, X)."""
    first = _first(x)
    return soft_max(np.einsum("sxa,sab->sxb", first, q), temperature) + temperature * entropy(first)
