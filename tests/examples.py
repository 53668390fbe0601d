"""How many examples a property takes: shares of the profile's number, so that the long profile lifts them all."""

from hypothesis import settings

__all__ = ["costly", "thorough"]

_FULL = settings().max_examples

costly = settings(max_examples=_FULL // 2)
"""For a property whose every example solves several games, or builds long tables."""

thorough = settings(max_examples=max(_FULL, 100))
"""For a property whose examples cost next to nothing, or that few of them put to the test."""
