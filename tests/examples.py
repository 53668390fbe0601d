"""How many examples a property takes: shares of the profile's number, so that the long profile lifts them all."""

from hypothesis import settings

__all__ = ["FRESH", "costly"]

costly = settings(max_examples=settings().max_examples // 2)
"""For a property whose every example solves several games, or builds long tables."""

FRESH = 40 if settings().max_examples < 1000 else None
"""How many instances of a claim are searched where a recorded run has 1,000; None: as many as the claim declares."""
