"""ROMMEO, Figure 1: tabular learners on the iterated climbing game, under several readings of what is left open.

An episode is one joint action. P(A,A) is the probability that both play A, from their policies without exploration,
averaged over the runs. The game is the classic one, which the text describes and the authors' code has; that (C,C) is
printed as (5,3) is a misprint (`rommeo-section-5-1`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.intervals import estimate, share
from mathrl.base.printed import PaperStatement
from mathrl.base.reproduction import Computed, Estimate, reproduction
from mathrl.base.runs import Runs
from mathrl.figures.rommeo.readings import LEARNERS, READINGS
from mathrl.figures.rommeo.simulated import (
    EPISODES,
    EXPLORATION,
    INITIAL,
    STEPS,
    TEMPERATURES,
    WINDOWS,
    simulated,
    thinking,
)
from mathrl.games import load
from mathrl.learners import mean_field

__all__ = ["SHOWN", "curves", "figure_1", "figure_1a", "figure_1b", "figure_1c", "verdict"]

SHOWN = (25, 50, 100, 200, 300)
LONGER = {"fast": SHOWN, "paper": (*SHOWN, 1000)}
SEEDS = {"fast": 100, "paper": 2000}
SMALL = "ROMMEO-Q and FMQ-c10 differ by at most 4"
AHEAD = "ROMMEO-Q is above all baselines"
FIRST = "the model settles on A before the policy"
DROP = "P(A) of the policies drops at first"
CONVERGES = "ROMMEO-Q converges to (A,A)"
"""What the text says, a statement of each entry or two."""

MARGIN = 4.0
"""What (A,A) pays more than (B,B)."""

PART = 250
"""How many seeds one part of a simulation has."""

DRAWN: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "ROMMEO-Q": ((0.10, 0.67, 0.97, 0.98, 0.98), (-4.7, 4.9, 10.9, 10.9, 10.9)),
    "ROMMEO-Q-EMP": ((0.10, 0.13, 0.12, 0.12, 0.12), (-5.3, -5.8, -6.5, -5.2, -8.1)),
    "JAL": ((0.06, 0.05, 0.00, 0.00, 0.00), (-14.4, -19.5, -22.1, -24.9, -24.9)),
    "WoLF-PHC": ((0.13, 0.13, 0.14, 0.15, 0.17), (-5.4, -3.3, -0.5, -3.2, -1.1)),
    "FMQ-c10": ((0.17, 0.62, 0.62, 0.62, 0.62), (-2.8, 8.9, 8.8, 8.7, 8.9)),
    "PR2-Q": ((0.22, 0.22, 0.22, 0.22, 0.22), (6.4, 5.7, 6.1, 6.4, 6.2)),
}
"""P(A,A) and rewards at `SHOWN`, read from the lines of Figure 1, which are vectors in the authors' PDF
(github.com/rommeoijcai2019/rommeo, ROMMEO_Appendix.pdf). They are no numbers that are printed.
"""


def _parts(description: Mapping[str, Any], seeds: int, seed: int, record: Sequence[int]) -> list[dict[str, Any]]:
    return [
        {**description, "seed": seed, "first": first, "runs": min(PART, seeds - first), "record": list(record)}
        for first in range(0, seeds, PART)
    ]


def _gathered(
    described: Sequence[Mapping[str, Any]], seeds: int, seed: int, record: Sequence[int], runs: Runs, name: str
) -> list[dict[str, FloatArray]]:
    """The results of `simulated` for each description, all seeds together."""
    each = [_parts(description, seeds, seed, record) for description in described]
    done = iter(runs.map(simulated, [part for parts in each for part in parts], name=name))
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
    described = [{"reading": reading, "learner": learner} for reading, learner in pairs]
    return dict(zip(pairs, _gathered(described, seeds, seed, record, runs, "rommeo-figure-1"), strict=True))


def _mean(values: FloatArray) -> Estimate:
    return estimate(values, statistic=np.mean, resamples=1000)


@reproduction(
    "rommeo-figure-1a",
    kind="simulated",
    caption="learning curves on the iterated climbing game: agent 1's mean reward in the ten episodes before",
    paper={"text": {SMALL: PaperStatement()}},
)
def figure_1a(seed: int, budget: str, runs: Runs) -> Computed:
    """Rewards of all learners, under each reading."""
    found = curves(seed, SEEDS[budget], LONGER[budget], runs)
    values: dict[tuple[str, str], float | Estimate] = {}
    for (reading, learner), result in found.items():
        for k, t in enumerate(LONGER[budget]):
            values[f"{reading}: {learner}", f"episode {t}"] = _mean(result["reward"][:, k])
    at = SHOWN.index(100)
    rewards = {key: float(result["reward"][:, at].mean()) for key, result in found.items()}
    gaps = [rewards[reading, "ROMMEO-Q"] - rewards[reading, "FMQ-c10"] for reading in READINGS]
    values["text", SMALL] = float(np.mean([abs(gap) <= MARGIN for gap in gaps]))
    return Computed(values, _reward_notes(found, LONGER[budget][-1]))


def _reward_notes(found: Mapping[tuple[str, str], Mapping[str, FloatArray]], end: int) -> tuple[str, ...]:
    notes = [INTERVALS, READ]
    for reading in READINGS:
        last = {learner: float(found[reading, learner]["reward"][:, -1].mean()) for learner in LEARNERS}
        best = max(last.values())
        ahead = " and ".join(f"{learner}'s" for learner in LEARNERS if last[learner] > best - TIE)
        notes.append(
            f"{reading}: the largest reward at episode {end} is {ahead}, {best:.2f}; ROMMEO-Q has "
            f"{last['ROMMEO-Q']:.2f}, FMQ-c10 {last['FMQ-c10']:.2f}"
        )
    notes.append(
        "text: 'the difference of rewards between ROMMEO-Q and FMQ-c10 may seem small because of the small reward "
        "margin between the global optimum and the local one' (5.1). Ours is the share of the readings, 1 if all, in "
        "which their mean rewards at episode 100, where the figure ends by its caption, differ by no more than that "
        "margin, 4"
    )
    notes.append(_drawn(1, "rewards"))
    least = min(float(found[reading, "JAL"]["reward"].mean(axis=0).min()) for reading in READINGS)
    notes.append(
        f"JAL as drawn falls to −25, for which it must play (A,B) or (B,A) most of the time; here its lowest reward "
        f"under any reading is {least:.1f}: a learner that knows Q and the other's frequencies leaves such actions"
    )
    return tuple(notes)


TIE = 0.01
"""Mean rewards that differ by less are not told apart."""

INTERVALS = "intervals: 95 %, percentile bootstrap of the mean over the runs, each of which has a seed of its own"


READ = (
    "readings of what the paper leaves open: 'ROMMEO-Q annealed', steps and temperatures of the authors' code, of "
    "which ROMMEO-Q's falls from 500 to 0.1, FMQ's from 500 to 1, and that of the others stays near 1; 'all annealed', "
    "the same step, initial Q and falling temperature for all; 'none annealed', the same with a temperature near 1; "
    "'each with its defaults', those of mathrl.learners. WoLF-PHC has no temperature. "
    "FMQ-c5 is FMQ with c = 5"
)


def _drawn(which: int, what: str) -> str:
    told = "; ".join(
        f"{learner} {', '.join(format(x, 'g') for x in numbers[which])}" for learner, numbers in DRAWN.items()
    )
    return (
        f"{what} as drawn in the paper at episodes {', '.join(map(str, SHOWN))}, read from the vectors of the authors' "
        f"PDF, whose axis goes to 300 although the caption says 100 episodes: {told}"
    )


@reproduction(
    "rommeo-figure-1b",
    kind="simulated",
    caption="probability that both agents play A on the iterated climbing game, and in the exact mean field",
    paper={"text": {AHEAD: PaperStatement()}},
)
def figure_1b(seed: int, budget: str, runs: Runs) -> Computed:
    """P(A,A) of all learners, under each reading, and of their mean-field dynamics."""
    found = curves(seed, SEEDS[budget], LONGER[budget], runs)
    game, fields = load("climbing"), dict[Any, Any]()
    values: dict[tuple[str, str], float | Estimate] = {}
    for (reading, learner), result in found.items():
        settings = READINGS[reading][learner]
        if settings not in fields:
            fields[settings] = mean_field(game, settings, episodes=EPISODES)
        own, other = fields[settings]
        for k, t in enumerate(LONGER[budget]):
            values[f"{reading}: {learner}", f"episode {t}"] = _mean(result["aa"][:, k])
            if t <= EPISODES:
                values[f"{reading}: {learner}, mean field", f"episode {t}"] = float(own[t, 0] * other[t, 0])
    ahead = [_ahead(_learners(values, reading, 100)) for reading in READINGS]
    values["text", AHEAD] = float(np.mean(ahead))
    return Computed(values, _convergence_notes(values, LONGER[budget][-1]))


def _learners(values: Mapping[tuple[str, str], Any], reading: str, episode: int) -> dict[str, Any]:
    return {learner: values[f"{reading}: {learner}", f"episode {episode}"] for learner in LEARNERS}


def _convergence_notes(values: Mapping[tuple[str, str], float | Estimate], end: int) -> tuple[str, ...]:
    notes = [
        INTERVALS,
        READ,
        "text: 'ROMMEO-Q actually outperforms all baselines significantly in terms of converging to the global "
        "optimum' (5.1). Ours is the share of the readings, 1 if all, in which its interval at episode 100 lies above "
        "those of all baselines. ROMMEO-Q-EMP is an ablation, and no baseline",
    ]
    for reading in READINGS:
        for t in (100, end):
            notes.append(f"{reading}, episode {t}: {verdict(_learners(values, reading, t))}")
    notes.append(
        "the mean field starts where both agents and all seeds are alike, and stays so: where it ends at one joint "
        "action, runs that differ by what they draw end at several. It shows the drift, not the shares"
    )
    notes.append(_drawn(0, "P(A,A)"))
    notes.append(
        "FMQ as drawn may be that of the authors' code, which differs from its definition: there the count of an "
        "action's largest reward goes on when a larger one is met, and the largest reward begins at 0"
    )
    return tuple(notes)


def verdict(at: Mapping[str, Any]) -> str:
    """Whether ROMMEO-Q exceeds all baselines by more than the intervals, and what does otherwise."""
    own, others = at["ROMMEO-Q"], _baselines(at)
    best = max(others, key=lambda learner: others[learner].value)
    empirical = at["ROMMEO-Q-EMP"]
    told = (
        f"ROMMEO-Q {own.value:.3f}, the best baseline {best} {others[best].value:.3f}, "
        f"ROMMEO-Q-EMP {empirical.value:.3f}"
    )
    if _ahead(at):
        return f"{told}: ROMMEO-Q outperforms all baselines, as the text says"
    if own.high < others[best].low:
        return f"{told}: ROMMEO-Q does NOT outperform all baselines"
    return f"{told}: ROMMEO-Q does NOT significantly outperform {best}, as intervals overlap"


def _baselines(at: Mapping[str, Any]) -> dict[str, Any]:
    return {learner: x for learner, x in at.items() if not learner.startswith("ROMMEO-Q")}


def _ahead(at: Mapping[str, Any]) -> bool:
    """Whether the interval of ROMMEO-Q lies above those of all baselines."""
    return bool(at["ROMMEO-Q"].low > max(x.high for x in _baselines(at).values()))


@reproduction(
    "rommeo-figure-1c",
    kind="simulated",
    caption="whether ROMMEO-Q's opponent model thinks ahead: from when on each gives A more than 1/2, in runs that end "
    "at (A,A)",
    paper={"text": {FIRST: PaperStatement(), DROP: PaperStatement()}},
)
def figure_1c(seed: int, budget: str, runs: Runs) -> Computed:
    """Shares of the runs, by reading."""
    readings, seeds = ("ROMMEO-Q annealed", "none annealed", "each with its defaults"), SEEDS[budget]
    each = [_parts({"reading": reading}, seeds, seed, [EPISODES]) for reading in readings]
    done = iter(runs.map(thinking, [part for parts in each for part in parts], name="rommeo-figure-1c"))
    values: dict[tuple[str, str], float | Estimate] = {}
    notes, first, drop = [], [], []
    for reading, parts in zip(readings, each, strict=True):
        results = [next(done) for _ in parts]
        found = {key: np.concatenate([result[key] for result in results]) for key in results[0]}
        ended = found["ends"][:, 0]
        values[reading, "ends at (A,A)"] = share(int(ended.sum()), len(ended))
        if not ended.any():
            continue
        model, policy, observed = (found[key][ended].ravel() for key in ("model", "policy", "observed"))
        count = len(model)
        values[reading, "model before policy"] = share(int((model < policy).sum()), count)
        values[reading, "policy before model"] = share(int((policy < model).sum()), count)
        values[reading, "model before observed"] = share(int((model < observed).sum()), count)
        values[reading, "model ahead of policy, episodes"] = _mean(policy - model)
        values[reading, "model ahead of observed, episodes"] = _mean(observed - model)
        values[reading, "P(A) falls below half at first"] = share(
            int((found["least"][ended].ravel() < 0.5).sum()), count
        )
        ahead, behind = ((model < policy).mean(), (policy < model).mean())
        first.append(ahead > behind)
        drop.append((found["least"][ended] < 0.5).mean() > 0.5)
        notes.append(
            f"{reading}: in runs that end at (A,A) the model of the other agent settles on A before its policy does in "
            f"{100 * ahead:.0f} %, after it in {100 * behind:.0f} %; by {(policy - model).mean():.1f} episodes on "
            "average"
        )
    values |= {("text", FIRST): float(np.mean(first)), ("text", DROP): float(np.mean(drop))}
    return Computed(
        values,
        (
            *notes,
            READ,
            "settles on A: the first episode from which on it gives A more than 1/2 until the end. 'Before' is a share "
            "of the runs that end at (A,A), 'falls below half' that of them in which the policy's P(A) does so within "
            "50 episodes; 'observed' is the frequency of A over the last 50 episodes",
            "text: 'opponent model “thinks ahead” of agent −i and converges to agent −i's optimal policy "
            "before agent −i itself converges to the optimal policy', and 'the big drop of P(A) for both policies and "
            "opponent models at the beginning' (5.1), of one run that is shown. Ours are the shares of the readings, 1 "
            "if all, in which the model settles on A before the policy more often than after it, in runs that end "
            "at (A,A), and in which P(A) of the policy falls below half of its first value within 50 episodes in "
            "most of them",
            "the caption calls the other curve the observed frequency P^i, the text the other agent's policy; both "
            "are compared. Against the frequency a lead is no finding: it lags behind the policy that it counts",
            "of each run there are two models. Intervals are Wilson's for shares, and bootstrap for means; the two of "
            "one run are not independent, so they are somewhat too narrow",
        ),
    )


SWEPT = {
    "fast": (("1/(1+t/10000)", "0.1"), ("1", "500 e^-t/10 + 0.1"), ("0 to 1",), ("0",), ("50",)),
    "paper": tuple(tuple(names) for names in (STEPS, TEMPERATURES, INITIAL, EXPLORATION, WINDOWS)),
}
SWEEP_SEEDS = {"fast": 60, "paper": 1000}
AT = (100, 300)


@dataclass(frozen=True)
class _Case:
    """One row of the sweep: what is open, and P(A,A) of each learner at `AT`."""

    names: tuple[str, ...]
    at: tuple[Mapping[str, Estimate], ...]


@reproduction(
    "rommeo-figure-1",
    kind="simulated",
    caption="P(A,A) after 100 and 300 episodes, with the same step, temperature, initial Q and exploration for all",
    paper={"text": {CONVERGES: PaperStatement()}},
)
def figure_1(seed: int, budget: str, runs: Runs) -> Computed:
    """The sweep over what the paper leaves open, and under which of it the text's claims appear."""
    cases = _sweep(seed, budget, runs)
    values: dict[tuple[str, str], float | Estimate] = {}
    for case in cases:
        row = "step {}, T {}, Q {}, ε {}, window {}".format(*case.names)
        for t, at in zip(AT, case.at, strict=True):
            values |= {(row, f"{learner}, episode {t}"): found for learner, found in at.items()}
    values["text", CONVERGES] = float(np.mean([case.at[-1]["ROMMEO-Q"].value > 0.9 for case in cases]))
    return Computed(values, _sweep_notes(cases))


def _sweep(seed: int, budget: str, runs: Runs) -> list[_Case]:
    rows = list(product(*SWEPT[budget]))
    pairs, seeds = [(row, learner) for row in rows for learner in LEARNERS], SWEEP_SEEDS[budget]
    keys = {pair: _key(*pair) for pair in pairs}
    described = {key: {"open": list(key[0]), "learner": key[1]} for key in keys.values()}
    results = _gathered(list(described.values()), seeds, seed, AT, runs, "rommeo-figure-1-sweep")
    found = {
        key: [_mean(result["aa"][:, k]) for k in range(len(AT))] for key, result in zip(described, results, strict=True)
    }
    return [
        _Case(row, tuple({learner: found[keys[row, learner]][k] for learner in LEARNERS} for k in range(len(AT))))
        for row in rows
    ]


def _key(row: tuple[str, ...], learner: str) -> tuple[tuple[str, ...], str]:
    """What a learner's runs depend on: those that keep no frequencies of a window are computed once."""
    step, temperature, initial, exploration, window = row
    if not learner.startswith("ROMMEO-Q"):
        window = next(iter(WINDOWS))
    if learner == "WoLF-PHC":
        temperature = next(iter(TEMPERATURES))
    return (step, temperature, initial, exploration, window), learner


def _sweep_notes(cases: Sequence[_Case]) -> tuple[str, ...]:
    notes = [
        INTERVALS,
        "rows: T is the temperature at episode t, Q the initial values, ε the exploration, and window how many "
        "episodes the observed frequencies are of",
        "text: 'therefore, the game converges to the global optimum' (5.1). Ours is the share of the settings, 1 if "
        f"all, in which ROMMEO-Q's mean P(A,A) at episode {AT[-1]} is above 0.9. That it outperforms all baselines is "
        "a statement of rommeo-figure-1b",
    ]
    for k, t in enumerate(AT):
        ahead = [case for case in cases if case.at[k]["ROMMEO-Q"].low > _best_baseline(case.at[k]).high]
        behind = [case for case in cases if case.at[k]["ROMMEO-Q"].high < _best_baseline(case.at[k]).low]
        emp = [case for case in cases if case.at[k]["ROMMEO-Q"].low > case.at[k]["ROMMEO-Q-EMP"].high]
        high = [case for case in cases if case.at[k]["ROMMEO-Q"].value > 0.9]
        notes.append(
            f"episode {t}: with the same settings for all, ROMMEO-Q is above every baseline by more than the intervals "
            f"in {len(ahead)} of {len(cases)} settings, and below the best one in {len(behind)}; it is above "
            f"ROMMEO-Q-EMP in {len(emp)}; its P(A,A) exceeds 0.9 in {len(high)}"
        )
    notes += [_by(cases, place, what) for place, what in enumerate(("step", "temperature", "initial Q", "ε", "window"))]
    notes.append(_winners(cases))
    return tuple(note for note in notes if note)


def _best_baseline(at: Mapping[str, Estimate]) -> Estimate:
    return max((x for learner, x in at.items() if not learner.startswith("ROMMEO-Q")), key=lambda x: x.value)


def _by(cases: Sequence[_Case], place: int, what: str) -> str:
    """ROMMEO-Q's mean P(A,A) for each choice of one of what is open, and how often it is ahead of all baselines."""
    told = []
    for name in dict.fromkeys(case.names[place] for case in cases):
        own = [case.at[-1] for case in cases if case.names[place] == name]
        ahead = sum(at["ROMMEO-Q"].low > _best_baseline(at).high for at in own)
        mean = np.mean([at["ROMMEO-Q"].value for at in own])
        told.append(f"{name}: {mean:.2f}, ahead in {ahead} of {len(own)}")
    return f"by {what} (ROMMEO-Q's mean P(A,A) at episode {AT[-1]}): {'; '.join(told)}" if len(told) > 1 else ""


def _winners(cases: Sequence[_Case]) -> str:
    counted = dict.fromkeys(LEARNERS, 0)
    for at in (case.at[-1] for case in cases):
        largest = max(at[learner].value for learner in LEARNERS)
        for learner in LEARNERS:
            counted[learner] += at[learner].value > largest - 1e-9  # several may end at 1 to rounding
    ordered = sorted((item for item in counted.items() if item[1]), key=lambda item: -item[1])
    told = ", ".join(f"{name} in {n}" for name, n in ordered)
    return f"the largest P(A,A) at episode {AT[-1]}, or equal to it: {told}"
