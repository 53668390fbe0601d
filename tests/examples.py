"""How many examples a property takes: shares of the profile's number, so that the long profile lifts them all."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest
from hypothesis import settings

__all__ = ["FRESH", "LONG", "costly", "diagonal"]

LONG = settings().max_examples >= 1000
"""Whether this is the long profile."""

costly = settings(max_examples=settings().max_examples // 2)
"""For a property whose every example solves several games, or builds long tables."""

FRESH = None if LONG else 40
"""How many instances of a claim are searched where a recorded run has 1,000; None: as many as the claim declares."""


def diagonal(*axes: Sequence[Any]) -> list[Any]:
    """The points of a grid, for `parametrize`: those off its diagonals are marked `long`.

    Of the axes of lengths n_1 ≥ n_2 ≥ …, the points whose indices sum to a multiple of n_2 are tried in every run: one
    in n_2, and each value of each axis among them.
    """
    every = sorted(map(len, axes))[-2]
    points = product(*map(enumerate, axes))
    return [
        pytest.param(*(value for _, value in point), marks=pytest.mark.long if sum(k for k, _ in point) % every else [])
        for point in points
    ]
