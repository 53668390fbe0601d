"""How an estimate can come out, as a sentence that says what it means."""

from enum import StrEnum

__all__ = ["Outcome"]


class Outcome(StrEnum):
    """How a fit came out, as a sentence that says what it means and what to do next."""

    INSIDE = "found: of all rationalities on the branch this one makes the data most likely"
    AT_ZERO = "found at rationality 0: on the branch nothing makes the data more likely than play at random"
    AT_INFINITY = (
        "found at infinite rationality: the likelihood rises as far as the branch was followed, and only the end of "
        "the interval below it is known"
    )
    CUT = (
        "the likelihood still rises at the largest rationality that was looked at, and beyond it the data may be more "
        "likely: give a larger largest, or none"
    )
    FLAT = "nothing can be said: all rationalities make these data equally likely"
    LOST = (
        "the branch could not be followed to the largest rationality, and beyond its end the data may be more likely: "
        "raise max_steps, or give a smaller largest"
    )
