"""How many examples a property takes: shares of the profile's number, so that the long profile lifts them all."""

from hypothesis import settings

__all__ = ["costly"]

costly = settings(max_examples=settings().max_examples // 2)
"""For a property whose every example solves several games, or builds long tables."""
