"""The runs of Figure 1's learners, all parts of a simulation together."""

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.runs import Runs
from mathrl.figures.rommeo.readings import LEARNERS, READINGS
from mathrl.figures.rommeo.simulated import simulated

__all__ = ["BASELINES", "EMPIRICAL", "OWN", "READ", "SEEDS", "SHOWN", "curves", "drawn_too", "gathered", "recorded"]

OWN, EMPIRICAL = "ROMMEO-Q", "ROMMEO-Q-EMP"
BASELINES = tuple(learner for learner in LEARNERS if learner not in (OWN, EMPIRICAL))
"""What the text compares ROMMEO-Q with; ROMMEO-Q-EMP is an ablation, and no baseline."""

SHOWN = (25, 50, 100, 200, 300)
LONGER = {"fast": SHOWN, "paper": (*SHOWN, 1000)}

SEEDS = {"fast": 1000, "paper": 2000}
"""How many runs each learner has under each setting. Pictures have those of `fast`."""

PART = 250
"""How many seeds one part of a simulation has."""

_AUTHORS = READINGS["ROMMEO-Q annealed"]
_OWN_T, _FMQ_T, _OTHER_T = (_AUTHORS[learner].temperature for learner in (OWN, "FMQ-c10", "PR2-Q"))

READ = (
    "readings of what the paper leaves open: 'ROMMEO-Q annealed', steps and temperatures of the authors' code, of "
    f"which ROMMEO-Q's falls from {_OWN_T.scale:g} to {_OWN_T.floor:g} and FMQ's from {_FMQ_T.scale:g} to "
    f"{_FMQ_T.floor:g}, with those of PR2-Q and JAL from {_OTHER_T.at(0):g} to {_OTHER_T.at(SHOWN[-1]):.2f} in "
    f"{SHOWN[-1]} episodes (there PR2-Q's stays at 1, and JAL has none); 'all annealed', the same step, initial Q and "
    "falling temperature for all; 'none annealed', the same with the temperature of PR2-Q and JAL; 'each with its "
    "defaults', those of mathrl.learners. WoLF-PHC has no temperature. FMQ-c5 is FMQ with c = 5"
)


def recorded(budget: str) -> tuple[int, ...]:
    """After which episodes a budget shows what the learners do; the figure ends at the last of `SHOWN`."""
    return LONGER[budget]


def drawn_too(id: str) -> str:
    """A note that says of how many runs the picture of this id is."""
    return f"mathrl figure {id} draws the {SEEDS['fast']} runs of the budget fast with the seed 0"


def gathered(
    described: Sequence[Mapping[str, Any]],
    seeds: int,
    runs: Runs,
    name: str,
    function: Callable[[Mapping[str, Any]], dict[str, Any]] = simulated,
) -> list[dict[str, FloatArray]]:
    """The results of a function of parts for each description, all seeds together."""
    each = [
        [{**one, "first": first, "runs": min(PART, seeds - first)} for first in range(0, seeds, PART)]
        for one in described
    ]
    done = iter(runs.map(function, [part for parts in each for part in parts], name=name))
    joined = []
    for parts in each:
        results = [next(done) for _ in parts]
        joined.append({key: np.concatenate([result[key] for result in results]) for key in results[0]})
    return joined


def curves(
    seed: int, seeds: int, record: Sequence[int], runs: Runs, readings: Sequence[str] = tuple(READINGS)
) -> dict[tuple[str, str], dict[str, FloatArray]]:
    """P(A,A) and rewards of all runs, (runs, times), by reading and learner."""
    pairs = list(product(readings, LEARNERS))
    described = [
        {"reading": reading, "learner": learner, "seed": seed, "record": list(record)} for reading, learner in pairs
    ]
    return dict(zip(pairs, gathered(described, seeds, runs, "rommeo-figure-1"), strict=True))
