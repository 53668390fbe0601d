"""ROMMEO-Q's P(A,A) against that of each other learner, run by run, and whether it is above all baselines."""

from collections.abc import Mapping

from mathrl.base.checks import FloatArray
from mathrl.base.reproduction import Estimate
from mathrl.figures.deciding import above, every
from mathrl.figures.rommeo.by_run import difference
from mathrl.figures.rommeo.gathered import BASELINES, OWN
from mathrl.figures.rommeo.words import told

__all__ = ["ahead", "less_others", "verdict"]


def less_others(p: Mapping[str, FloatArray]) -> dict[str, Estimate]:
    """What ROMMEO-Q has more than each other learner, run by run.

    `p`  (runs,) by learner
    """
    return {learner: difference(p[OWN], other) for learner, other in p.items() if learner != OWN}


def ahead(less: Mapping[str, Estimate]) -> bool | None:
    """Whether ROMMEO-Q is above all baselines: not if it is below one, and None if it may be above all."""
    return every(above(gap) for learner, gap in less.items() if learner in BASELINES)


def verdict(less: Mapping[str, Estimate]) -> str:
    """Which learners ROMMEO-Q is above, which it is below, and of which that is undecided, with the differences."""
    words = {True: "above", False: "below", None: "undecided"}
    grouped = {
        word: [f"{learner} {told(gap)}" for learner, gap in less.items() if above(gap) is decision]
        for decision, word in words.items()
    }
    listed = "".join(f"; {word}: {', '.join(found)}" for word, found in grouped.items() if found)
    end = {
        True: "it outperforms all baselines, as the text says",
        False: "it does NOT outperform all baselines",
        None: "whether it outperforms all baselines is undecided",
    }
    return f"{listed}; {end[ahead(less)]}"
