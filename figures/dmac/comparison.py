"""Runs of several learners side by side, and what they say of a claim, with all seeds and with the paper's five."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.base.intervals import estimate
from mathrl.base.reproduction import Estimate
from mathrl.base.runs import Runs
from mathrl.figures.deciding import above, share_decided
from mathrl.figures.dmac.learning import EPISODES, STEPS, learned

__all__ = ["SEEDS", "Curves", "curves", "decided", "mean", "said"]

SEEDS: Mapping[str, int] = {"fast": 4, "drawn": 20, "paper": 20}
"""How many runs a learner has, by budget; what `mathrl figure` draws has a budget of its own."""

FIVE = 5
"""How many seeds the paper has."""


@dataclass(frozen=True)
class Curves:
    """All runs of one learner. `returns` and `cover` are (seeds, times): J_30 of the policies, and what was visited.

    `episodes`  (times,), after how many episodes
    """

    episodes: npt.NDArray[np.int64]
    returns: FloatArray
    cover: FloatArray


def curves(
    seed: int,
    budget: str,
    runs: Runs,
    learners: Sequence[str],
    steps: Sequence[str] = tuple(STEPS),
    *,
    games: bool = False,
) -> dict[tuple[str, str], Curves]:
    """All runs of these learners at these steps, by (step, learner).

    `games`  whether each run has a game of its own, the catalogue's with the number of the run as its seed
    """
    keys = [(step, learner) for step in steps for learner in learners]
    count = SEEDS[budget]
    parts = [
        {
            "learner": learner,
            "step": STEPS[step],
            "episodes": EPISODES[budget],
            "game": 1 + run if games else 0,
            "seed": seed,
            "run": run,
        }
        for step, learner in keys
        for run in range(count)
    ]
    results = runs.map(learned, parts, name="dmac-game")
    found = {}
    for j, key in enumerate(keys):
        own = results[j * count : (j + 1) * count]
        found[key] = Curves(own[0]["episodes"], *(np.stack([r[name] for r in own]) for name in ("returns", "cover")))
    return found


def mean(values: FloatArray) -> Estimate:
    """The mean over seeds with its 95 % bootstrap interval, as the paper shows means with such intervals."""
    return estimate(values, statistic=np.mean)


def decided(budget: str, differences: Sequence[FloatArray]) -> float | None:
    """In which share of these cases the interval of a difference lies above 0; None where that is undecided.

    `differences`  for each case, such as a step of the actors, a number a seed

    It is undecided where some intervals hold 0 and none lies below it, and for runs that are too short.
    """
    return None if budget == "fast" else share_decided(above(mean(own)) for own in differences)


def said(claim: str, differences: FloatArray, budget: str = "paper") -> str:
    """Whether a claim that differences are positive appears with all seeds, and with the paper's five alone.

    Runs of the budget `fast` are too short to say so (`decided`): of these it says only of which sign differences are.
    """
    few = min(FIVE, len(differences))
    number, verdict = {5: "five", 20: "twenty"}, _so_far if budget == "fast" else _verdict
    texts = [
        f"with {number.get(n, n)} seeds {verdict(mean(differences[:n]))}"
        for n in dict.fromkeys((len(differences), few))
    ]
    return f"“{claim}”: {'; '.join(texts)}"


def _so_far(found: Estimate) -> str:
    sign = "above 0" if found.low > 0 else "below 0" if found.high < 0 else "not apart from 0"
    return f"the difference so far is {sign} {_numbers(found)}, which does not decide it"


def _verdict(found: Estimate) -> str:
    numbers = _numbers(found)
    if found.low > 0:
        return f"it appears {numbers}"
    return f"it does not, the opposite does {numbers}" if found.high < 0 else f"it is undecided {numbers}"


def _numbers(found: Estimate) -> str:
    return f"({found.value:+.3g}, 95 % interval {found.low:+.3g} to {found.high:+.3g})"
