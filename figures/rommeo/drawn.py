"""What Figure 1 shows, read from its lines, which are vectors in the authors' PDF.

It is github.com/rommeoijcai2019/rommeo, ROMMEO_Appendix.pdf. They are no numbers that are printed.
"""

from collections.abc import Mapping

from mathrl.figures.rommeo.gathered import SHOWN

__all__ = ["PROBABILITIES", "REWARDS", "said"]

PROBABILITIES: Mapping[str, tuple[float, ...]] = {
    "ROMMEO-Q": (0.10, 0.67, 0.97, 0.98, 0.98),
    "ROMMEO-Q-EMP": (0.10, 0.13, 0.12, 0.12, 0.12),
    "JAL": (0.06, 0.05, 0.00, 0.00, 0.00),
    "WoLF-PHC": (0.13, 0.13, 0.14, 0.15, 0.17),
    "FMQ-c10": (0.17, 0.62, 0.62, 0.62, 0.62),
    "PR2-Q": (0.22, 0.22, 0.22, 0.22, 0.22),
}
"""P(A,A) after the episodes `SHOWN`."""

REWARDS: Mapping[str, tuple[float, ...]] = {
    "ROMMEO-Q": (-4.7, 4.9, 10.9, 10.9, 10.9),
    "ROMMEO-Q-EMP": (-5.3, -5.8, -6.5, -5.2, -8.1),
    "JAL": (-14.4, -19.5, -22.1, -24.9, -24.9),
    "WoLF-PHC": (-5.4, -3.3, -0.5, -3.2, -1.1),
    "FMQ-c10": (-2.8, 8.9, 8.8, 8.7, 8.9),
    "PR2-Q": (6.4, 5.7, 6.1, 6.4, 6.2),
}
"""Rewards after the same episodes."""


def said(what: str, numbers: Mapping[str, tuple[float, ...]]) -> str:
    """A note with these numbers."""
    told = "; ".join(f"{learner} {', '.join(format(x, 'g') for x in own)}" for learner, own in numbers.items())
    return (
        f"{what} as drawn in the paper at episodes {', '.join(map(str, SHOWN))}, read from the vectors of the authors' "
        f"PDF, whose axis goes to {SHOWN[-1]} although the caption says 100 episodes: {told}"
    )
