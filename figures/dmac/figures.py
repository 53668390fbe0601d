"""DMAC, Figures 1, 2, 5 and 6: what COMA and COMA with DMAC earn and visit in the stochastic game of Section 5.1."""

from collections.abc import Iterable

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.reproduction import Computed, Estimate, reproduction
from mathrl.base.runs import Runs
from mathrl.figures.dmac.learning import CHOSEN, LEARNERS, SETTINGS_NOTE, Curves, curves, label, mean, said
from mathrl.figures.dmac.measures import TEMPERATURES, best_return, game

__all__ = ["figure_1", "figure_2", "figure_5", "figure_6"]

PAIR = ("COMA", label(CHOSEN))
WITH_REPLAY = label(0.0)
MIDDLE, LOW, HIGH = (0.1, 0.2, 1.0), (0.001, 0.01), (10.0, 100.0)
"""The ω that the text calls proper, small and large."""

OTHERS = (
    "of the four groups only COMA is simulated. MAAC needs its attention critic, QMIX its mixing network, DOP its linear "
    "decomposition with a tree backup, each also in the form with DMAC (appendix C.1): networks of 32 to 128 units that "
    "learn in this game; a table has nothing to attend to, and no place for a mixer"
)

Found = dict[tuple[str, str], Curves]
Values = dict[tuple[str, str], float | Estimate]


@reproduction(
    "dmac-figure-1",
    kind="simulated",
    caption="return of an episode in the random game over training: COMA, COMA with DMAC (ω = 0.2), their difference",
    paper={},
)
def figure_1(seed: int, budget: str, runs: Runs) -> Computed:
    """Returns of the policies, computed exactly, at some episodes of each run."""
    found = curves(seed, budget, runs, PAIR)
    notes = [f"the most that an episode can earn here is {best_return(game()):.2f}; uniform policies earn about 0"]
    for step in _steps(found):
        one, other = (found[step, name].returns for name in PAIR)
        notes.append(
            f"{step} steps, " + said("DMAC performs better than the baseline at the end", (other - one)[:, -1])
        )
        notes.append(
            f"{step} steps, "
            + said(
                "COMA+DMAC learns faster",
                _mean_of_run(found[step, PAIR[1]], "returns") - _mean_of_run(found[step, PAIR[0]], "returns"),
            )
            + " (difference of the mean return over training)"
        )
    return Computed(_over_time(found, PAIR, "returns"), (*notes, SETTINGS_NOTE, OTHERS))


@reproduction(
    "dmac-figure-2",
    kind="simulated",
    caption="return of an episode and cover rate at the end of training in the random game, for each ω",
    paper={},
)
def figure_2(seed: int, budget: str, runs: Runs) -> Computed:
    """The last policies of each run, and the share of all pairs of a state and a joint action that it has visited."""
    found = curves(seed, budget, runs, tuple(LEARNERS))
    values: Values = {}
    for (step, name), own in found.items():
        values[_row(step, name), "return"] = mean(own.returns[:, -1])
        values[_row(step, name), "cover rate"] = mean(own.cover[:, -1])
    notes = []
    for step in _steps(found):
        end = {name: found[step, name].returns[:, -1] for name in LEARNERS}
        cover = {name: found[step, name].cover[:, -1] for name in LEARNERS}
        proper, small, large = (np.mean([end[label(t)] for t in group], axis=0) for group in (MIDDLE, LOW, HIGH))
        wide = np.mean([cover[label(t)] for t in HIGH], axis=0)
        best = max(TEMPERATURES, key=lambda t, end=end: float(end[label(t)].mean()))
        notes += [
            f"{step} steps: the mean return is highest at ω={best:g}",
            f"{step} steps, " + said("for ω = 10 and 100 the performance is quite low", proper - large),
            f"{step} steps, " + said("for ω = 10 and 100 exploration is guaranteed", wide - cover["COMA"]),
            f"{step} steps, " + said("for ω = 0.001 and 0.01 performance is limited", proper - small),
            f"{step} steps, "
            + said("the cover rate of COMA+DMAC (ω = 0.2) is higher than COMA's", cover[label(CHOSEN)] - cover["COMA"]),
            f"{step} steps, of replay alone: "
            + said("COMA with replay earns more than COMA", end[WITH_REPLAY] - end["COMA"]),
            f"{step} steps, of the divergence alone: "
            + said("ω = 0.2 earns more than ω = 0", end[label(CHOSEN)] - end[WITH_REPLAY]),
            f"{step} steps: COMA that explores as published code does ends with return {end['COMA, exploring'].mean():.1f} and cover rate {cover['COMA, exploring'].mean():.3f}, COMA without it with {end['COMA'].mean():.1f} and {cover['COMA'].mean():.3f}",
        ]
    return Computed(values, (*notes, _where_from(found), SETTINGS_NOTE))


@reproduction(
    "dmac-figure-5",
    kind="simulated",
    caption="cover rate in the random game over training: COMA, COMA with DMAC (ω = 0.2), their difference",
    paper={},
)
def figure_5(seed: int, budget: str, runs: Runs) -> Computed:
    """The share of all pairs of a state and a joint action that each run has visited."""
    found = curves(seed, budget, runs, PAIR)
    notes = []
    for step in _steps(found):
        one, other = (found[step, name].cover for name in PAIR)
        notes.append(f"{step} steps, " + said("the cover rate of COMA+DMAC is higher at the end", (other - one)[:, -1]))
        full = [name for name in PAIR if (found[step, name].cover[:, -1] > 0.999).all()]
        if full:
            notes.append(
                f"{step} steps: every run of {' and '.join(full)} visits more than 99.9 % of the pairs, so the cover rate says little"
            )
    return Computed(_over_time(found, PAIR, "cover"), (*notes, SETTINGS_NOTE, OTHERS))


@reproduction(
    "dmac-figure-6",
    kind="simulated",
    caption="cover rate and return of an episode in the random game over training, for each ω",
    paper={},
)
def figure_6(seed: int, budget: str, runs: Runs) -> Computed:
    """The runs of Figure 2 over time."""
    names = ("COMA", *(label(t) for t in TEMPERATURES))
    found = curves(seed, budget, runs, names)
    values = {
        (row, f"{what}, {column}"): cell
        for what, attribute in (("cover rate", "cover"), ("return", "returns"))
        for (row, column), cell in _over_time(found, names, attribute, differences=False).items()
    }
    notes = []
    for step in _steps(found):
        cover = [found[step, label(t)].cover[:, -1] for t in TEMPERATURES]
        order = [float(np.mean(c)) for c in cover]
        rising = [
            f"{t:g}" for t, here, there in zip(TEMPERATURES[1:], order, order[1:], strict=False) if there < here - 1e-3
        ]
        notes.append(
            f"{step} steps: the mean cover rate at the end "
            + ("rises with ω" if not rising else f"rises with ω, but falls at ω = {', '.join(rising)}")
        )
    return Computed(values, (*notes, SETTINGS_NOTE))


def _where_from(found: Found) -> str:
    largest = {step: max(float(found[step, label(t)].returns[:, -1].mean()) for t in MIDDLE) for step in _steps(found)}
    smallest = {step: float(found[step, label(LOW[0])].returns[:, -1].mean()) for step in _steps(found)}
    rise = ", ".join(f"{largest[step] - smallest[step]:+.1f} with {step} steps" for step in largest)
    return (
        f"where the inverted U comes from: the rise from ω = 0.001 to the best of 0.1, 0.2 and 1 is {rise} here; the exact "
        "iteration with agents that improve in turn has it too, without sampling (dmac-figure-2-exact). The fall to the "
        "right is that of policies which have not moved yet"
    )


def _over_time(found: Found, names: Iterable[str], attribute: str, *, differences: bool = True) -> Values:
    """Estimates at a few times for each learner, and for their difference: the second less the first."""
    values: Values = {}
    names = tuple(names)
    for step in _steps(found):
        table = {name: getattr(found[step, name], attribute) for name in names}
        if differences:
            table["difference"] = table[names[1]] - table[names[0]]
        episodes = found[step, names[0]].episodes
        for name, numbers in table.items():
            for t in _times(len(episodes)):
                values[_row(step, name), f"episode {episodes[t]}"] = mean(numbers[:, t])
    return values


def _times(last: int) -> list[int]:
    """Which times a table shows: every third, to the last."""
    return list(range(last - 1, 0, -3))[::-1]


def _mean_of_run(own: Curves, attribute: str) -> FloatArray:
    """The mean of a curve over all episodes, by trapezes, a number a seed."""
    numbers: FloatArray = getattr(own, attribute)
    return np.asarray(np.trapezoid(numbers, own.episodes, axis=1) / own.episodes[-1])


def _steps(found: Found) -> list[str]:
    return list(dict.fromkeys(step for step, _ in found))


def _row(step: str, name: str) -> str:
    return f"{step} steps, {name}"
