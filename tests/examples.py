"""How many examples a property takes: shares of the profile's number, so that the long profile lifts them all."""

from hypothesis import settings

__all__ = ["FRESH", "LONG", "costly"]

LONG = settings().max_examples >= 1000
"""Whether this is the long profile."""

costly = settings(max_examples=settings().max_examples // 2)
"""For a property whose every example solves several games, or builds long tables."""

FRESH = None if LONG else 40
"""How many instances of a claim are searched where a recorded run has 1,000; None: as many as the claim declares."""
