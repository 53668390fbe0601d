"""ROMMEO, Figure 1: a sweep over what the paper leaves open, with the same settings for all learners.

The game is that of `rommeo-figure-1a`, and P(A,A) that of `rommeo-figure-1b`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from mathrl.base.printed import PaperStatement
from mathrl.base.reproduction import Computed, Estimate, reproduction
from mathrl.base.runs import Runs
from mathrl.figures.deciding import above, share_decided
from mathrl.figures.rommeo.by_run import DIFFERENCES, INTERVALS, mean
from mathrl.figures.rommeo.compared import ahead, less_others
from mathrl.figures.rommeo.gathered import BASELINES, EMPIRICAL, OWN, SEEDS, gathered
from mathrl.figures.rommeo.readings import LEARNERS
from mathrl.figures.rommeo.simulated import EXPLORATION, INITIAL, STEPS, TEMPERATURES, WINDOWS
from mathrl.figures.rommeo.words import number

__all__ = ["AT", "CONVERGES", "HIGH", "SWEPT", "Case", "figure_1", "key_of", "sweep"]

CONVERGES = "ROMMEO-Q converges to (A,A)"
"""What the text says."""

HIGH = 0.9
"""ROMMEO-Q converges to (A,A) where P(A,A) is above this."""

OPEN = ("step", "temperature", "initial Q", "ε", "window")
SWEPT = {
    "fast": (("1/(1+t/10000)", "0.1"), ("1", "500 e^-t/10 + 0.1"), ("0 to 1",), ("0",), ("50",)),
    "paper": tuple(tuple(names) for names in (STEPS, TEMPERATURES, INITIAL, EXPLORATION, WINDOWS)),
}
"""The choices of each of `OPEN`."""

AT = (100, 300)
"""After which episodes."""


@dataclass(frozen=True)
class Case:
    """One row of the sweep.

    `names`  what is chosen of each of `OPEN`
    `at`     P(A,A) of each learner after each of `AT`
    `less`   what ROMMEO-Q has more than each other learner
    """

    names: tuple[str, ...]
    at: tuple[Mapping[str, Estimate], ...]
    less: tuple[Mapping[str, Estimate], ...]


@reproduction(
    "rommeo-figure-1",
    kind="simulated",
    caption="P(A,A) after 100 and 300 episodes, with the same step, temperature, initial Q and exploration for all",
    paper={"text": {CONVERGES: PaperStatement()}},
)
def figure_1(seed: int, budget: str, runs: Runs) -> Computed:
    """The sweep over what the paper leaves open, and under which of it the text's claims appear."""
    cases = sweep(seed, budget, runs)
    values: dict[tuple[str, str], float | Estimate | None] = {}
    for case in cases:
        row = "step {}, T {}, Q {}, ε {}, window {}".format(*case.names)
        for t, at, less in zip(AT, case.at, case.less, strict=True):
            values |= {(row, f"{learner}, episode {t}"): found for learner, found in at.items()}
            values[row, f"{OWN} less the best baseline, episode {t}"] = less[_best(less)]
            values[row, f"{OWN} less {EMPIRICAL}, episode {t}"] = less[EMPIRICAL]
    values["text", CONVERGES] = share_decided(above(case.at[-1][OWN], HIGH) for case in cases)
    drawn = (
        f"mathrl figure rommeo-figure-1 draws {SEEDS['fast']} runs with the seed 0 of each of the "
        f"{len(STEPS) * len(TEMPERATURES)} pairs of a step and a temperature that --budget paper has"
    )
    return Computed(values, (*_notes(cases), drawn))


def sweep(seed: int, budget: str, runs: Runs) -> list[Case]:
    """All rows of a budget."""
    rows = list(product(*SWEPT[budget]))
    keys = {(row, learner): key_of(row, learner) for row in rows for learner in LEARNERS}
    described = {
        key: {"open": list(key[0]), "learner": key[1], "seed": seed, "record": list(AT)} for key in keys.values()
    }
    results = gathered(list(described.values()), SEEDS[budget], runs, "rommeo-figure-1-sweep")
    p = {key: result["aa"] for key, result in zip(described, results, strict=True)}
    means = {key: [mean(own[:, k]) for k in range(len(AT))] for key, own in p.items()}
    return [
        Case(
            row,
            tuple({learner: means[keys[row, learner]][k] for learner in LEARNERS} for k in range(len(AT))),
            tuple(less_others({learner: p[keys[row, learner]][:, k] for learner in LEARNERS}) for k in range(len(AT))),
        )
        for row in rows
    ]


def key_of(row: tuple[str, ...], learner: str) -> tuple[tuple[str, ...], str]:
    """What a learner's runs depend on: those that keep no frequencies of a window are computed once."""
    step, temperature, initial, exploration, window = row
    if learner not in (OWN, EMPIRICAL):
        window = next(iter(WINDOWS))
    if learner == "WoLF-PHC":
        temperature = next(iter(TEMPERATURES))
    return (step, temperature, initial, exploration, window), learner


def _best(less: Mapping[str, Estimate]) -> str:
    """The baseline with the largest mean P(A,A), the first where rounding alone tells some apart."""
    return min(BASELINES, key=lambda learner: round(less[learner].value, 9))


def _notes(cases: Sequence[Case]) -> tuple[str, ...]:
    decisions = [above(case.at[-1][OWN], HIGH) for case in cases]
    by = (_by(cases, place, what) for place, what in enumerate(OPEN))
    return (
        INTERVALS,
        DIFFERENCES,
        "rows: T is the temperature at episode t, Q the initial values, ε the exploration, and window how many "
        "episodes the observed frequencies are of. The best baseline is the one whose mean is the largest",
        "text: 'therefore, the game converges to the global optimum' (5.1). Ours is the share of the settings, 1 if "
        f"all, in which the interval of ROMMEO-Q's mean P(A,A) at episode {AT[-1]} is above {HIGH:g}: "
        f"{_counted(decisions)}. That it outperforms all baselines is a statement of rommeo-figure-1b",
        *(
            f"episode {t}, the same settings for all: ROMMEO-Q is above every baseline (yes), below one (no) or "
            f"neither (undecided): {_counted([ahead(case.less[k]) for case in cases])}; above ROMMEO-Q-EMP: "
            f"{_counted([above(case.less[k][EMPIRICAL]) for case in cases])}"
            for k, t in enumerate(AT)
        ),
        *(note for note in by if note),
        _winners(cases),
    )


def _counted(decisions: Iterable[bool | None]) -> str:
    found = list(decisions)
    yes, no = (sum(one is decision for one in found) for decision in (True, False))
    return f"yes in {yes}, no in {no}, undecided in {len(found) - yes - no} of {len(found)} settings"


def _by(cases: Sequence[Case], place: int, what: str) -> str:
    """ROMMEO-Q's mean P(A,A) for each choice of one of what is open, and how often it is above all baselines."""
    told = []
    for name in dict.fromkeys(case.names[place] for case in cases):
        own = [case for case in cases if case.names[place] == name]
        first = sum(ahead(case.less[-1]) is True for case in own)
        average = np.mean([case.at[-1][OWN].value for case in own])
        told.append(f"{name}: {number(average, '.2f')}, above all baselines in {first} of {len(own)}")
    return f"by {what} (ROMMEO-Q's mean P(A,A) at episode {AT[-1]}): {'; '.join(told)}" if len(told) > 1 else ""


def _winners(cases: Sequence[Case]) -> str:
    counted = dict.fromkeys(LEARNERS, 0)
    for at in (case.at[-1] for case in cases):
        largest = max(at[learner].value for learner in LEARNERS)
        for learner in LEARNERS:
            counted[learner] += at[learner].value > largest - 1e-9  # several may end at 1 to rounding
    ordered = sorted((item for item in counted.items() if item[1]), key=lambda item: -item[1])
    told = ", ".join(f"{name} in {n}" for name, n in ordered)
    return f"the largest mean P(A,A) at episode {AT[-1]}, or equal to it, whatever the intervals: {told}"
