"""DMAC, Figures 1, 2, 5 and 6: what COMA and COMA with DMAC earn and visit in the stochastic game of Section 5.1."""

from collections.abc import Iterable, Mapping
from itertools import pairwise

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.printed import PaperStatement
from mathrl.base.reproduction import Computed, Estimate, reproduction
from mathrl.base.runs import Runs
from mathrl.figures.deciding import above
from mathrl.figures.dmac.comparison import SEEDS, Curves, curves, decided, mean, said
from mathrl.figures.dmac.iteration import peak
from mathrl.figures.dmac.learning import EPISODES, LEARNERS, STEPS, label
from mathrl.figures.dmac.measures import TEMPERATURES, best_return, episode_return, game
from mathrl.games import joint_policy, uniform_policy

__all__ = ["figure_1", "figure_2", "figure_5", "figure_6"]

CHOSEN = 0.2
"""The ω with which the paper compares."""

PAIR = ("COMA", label(CHOSEN))
WITH_REPLAY = label(0.0)
MIDDLE, LOW, HIGH = (0.1, 0.2, 1.0), (0.001, 0.01), (10.0, 100.0)
"""The ω that the text calls proper, small and large."""

OTHERS = (
    "of the four groups only COMA is simulated. MAAC needs its attention critic, QMIX its mixing network, DOP its "
    "linear decomposition with a tree backup, each also with DMAC (appendix C.1): networks of 32 to 128 units that "
    "learn in this game; a table has nothing to attend to, and no use for a mixer"
)

SETTINGS = (
    "tables, from uniform policies and Q = 0: steps of the critic 0.2, λ = 0.8, targets averaged with 0.01, one "
    "episode an update, with DMAC from the last 1,000; steps of the actors "
    + " or ".join(f"{size:g} ({name})" for name, size in STEPS.items())
    + ". The paper gives λ, the averaging, and the size and the discount of the game. The game's rewards and "
    "transitions and the length of its runs are neither in its text nor in its published code, so they are ours. That "
    "code (PKU-RL/FOP-DMAC-MACPF) is for StarCraft and explores, with ε from 1 to 0.05 in 50,000 steps "
    "(src/config/algs/dmac.yaml); the text does not mention it. Here agents play their policies, but for those that a "
    "row calls exploring"
)


BETTER = "COMA+DMAC earns more than COMA at the end"
FASTER = "COMA+DMAC learns faster than COMA"
COVERS = "COMA+DMAC visits more than COMA"
ABOVE_LOW = "ω = 0.1, 0.2 and 1 earn more than 0.001 and 0.01"
ABOVE_HIGH = "ω = 0.1, 0.2 and 1 earn more than 10 and 100"
EXPLORES = "ω = 10 and 100 visit more than COMA"
"""What the text says, each a statement of one entry."""

RULE = (
    "text: the share of the cases in which a statement is so, 1 if in all: of the two steps of the actors{more}. It is "
    "so where the 95 % bootstrap interval of the mean difference over all seeds lies above 0, and not decided if some "
    "hold 0 and none lies below it"
)

Found = dict[tuple[str, str], Curves]
Values = dict[tuple[str, str], float | Estimate | None]


@reproduction(
    "dmac-figure-1",
    kind="simulated",
    caption="return of an episode in the random game over training: COMA, COMA with DMAC (ω = 0.2), their difference",
    paper={"text": {BETTER: PaperStatement(), FASTER: PaperStatement()}},
)
def figure_1(seed: int, budget: str, runs: Runs) -> Computed:
    """Returns of the policies, computed exactly, at some episodes of each run."""
    found = curves(seed, budget, runs, PAIR)
    notes = [
        f"the most that an episode can earn here is {best_return(game()):.2f}; uniform policies earn "
        f"{episode_return(game(), joint_policy(uniform_policy(game()))):.2f}",
        RULE.format(more="") + ". Faster means a larger mean return over the whole of training",
    ]
    ends, wholes = [], []
    for step in _steps(found):
        one, other = (found[step, name] for name in PAIR)
        ends.append((other.returns - one.returns)[:, -1])
        wholes.append(_mean_of_run(other, "returns") - _mean_of_run(one, "returns"))
        notes.append(f"{step} steps, " + said("DMAC performs better than the baseline at the end", ends[-1], budget))
        notes.append(f"{step} steps, " + said("COMA+DMAC learns faster", wholes[-1], budget))
    values = _over_time(found, PAIR, "returns")
    values |= {("text", BETTER): decided(budget, ends), ("text", FASTER): decided(budget, wholes)}
    return Computed(values, (*notes, *_short(budget), SETTINGS, OTHERS))


@reproduction(
    "dmac-figure-2",
    kind="simulated",
    caption="return of an episode and cover rate at the end of training in the random game, for each ω",
    paper={"text": {said: PaperStatement() for said in (ABOVE_LOW, ABOVE_HIGH, EXPLORES)}},
)
def figure_2(seed: int, budget: str, runs: Runs) -> Computed:
    """The last policies of each run, and the share of all pairs of a state and a joint action that it has visited."""
    found = curves(seed, budget, runs, tuple(LEARNERS))
    values: Values = {}
    for (step, name), own in found.items():
        values[_row(step, name), "return"] = mean(own.returns[:, -1])
        values[_row(step, name), "cover rate"] = mean(own.cover[:, -1])
    for statement, differences in _differences(found).items():
        values["text", statement] = decided(budget, [own for step in _steps(found) for own in differences[step]])
    notes = [
        RULE.format(more=" and, where each of two ω is meant, of these")
        + ". Returns of 0.1, 0.2 and 1 are averaged, and so are those of 0.001 and 0.01. That COMA+DMAC at ω = 0.2 "
        "earns more than COMA is a statement of dmac-figure-1, that it visits more one of dmac-figure-5",
        *(note for step in _steps(found) for note in _claims(found, step, budget)),
    ]
    elsewhere = _elsewhere(seed, budget, runs) if budget == "paper" else ()
    return Computed(values, (*notes, *_where_from(found, budget), *elsewhere, *_short(budget), SETTINGS))


def _differences(found: Found) -> dict[str, dict[str, list[FloatArray]]]:
    """For each statement and step of the actors, the differences that must be positive, a number a seed."""
    differences: dict[str, dict[str, list[FloatArray]]] = {ABOVE_LOW: {}, ABOVE_HIGH: {}, EXPLORES: {}}
    for step in _steps(found):
        end, cover = ({name: getattr(found[step, name], of)[:, -1] for name in LEARNERS} for of in ("returns", "cover"))
        proper, small = (np.mean([end[label(t)] for t in group], axis=0) for group in (MIDDLE, LOW))
        differences[ABOVE_LOW][step] = [proper - small]
        differences[ABOVE_HIGH][step] = [proper - end[label(t)] for t in HIGH]
        differences[EXPLORES][step] = [cover[label(t)] - cover["COMA"] for t in HIGH]
    return differences


def _claims(found: Found, step: str, budget: str) -> list[str]:
    """What the runs with these steps of the actors say of each claim of the text on Figure 2."""
    end = {name: found[step, name].returns[:, -1] for name in LEARNERS}
    cover = {name: found[step, name].cover[:, -1] for name in LEARNERS}
    differences = {statement: each[step] for statement, each in _differences(found).items()}
    best = _highest({t: float(end[label(t)].mean()) for t in TEMPERATURES})
    explored, plain = "COMA, exploring", "COMA"
    claims = [
        ("for ω = 0.001 and 0.01 the performance is limited", differences[ABOVE_LOW][0]),
        *zip((f"for ω = {t:g} the performance is quite low" for t in HIGH), differences[ABOVE_HIGH], strict=True),
        *zip((f"for ω = {t:g} the exploration is guaranteed" for t in HIGH), differences[EXPLORES], strict=True),
    ]
    ours = [
        ("replay alone (ω = 0) earns more than COMA", end[WITH_REPLAY] - end[plain]),
        ("the divergence (ω = 0.2) earns more than replay alone", end[label(CHOSEN)] - end[WITH_REPLAY]),
    ]
    return [
        f"{step} steps: the mean return is highest at ω={best:g}",
        *(f"{step} steps, {said(claim, differences, budget)}" for claim, differences in claims),
        *(f"{step} steps, not in the text: {said(claim, differences, budget)}" for claim, differences in ours),
        f"{step} steps: COMA that explores as published code does ends at return {end[explored].mean():.1f} and "
        f"cover rate {cover[explored].mean():.3f}, without it at {end[plain].mean():.1f} and {cover[plain].mean():.3f}",
    ]


def _elsewhere(seed: int, budget: str, runs: Runs) -> tuple[str, ...]:
    """The claims on small and proper ω in other random games, one run in each, and in the exact iteration."""
    names = [label(t) for t in TEMPERATURES]
    found = curves(seed, budget, runs, names, ("large",), games=True)
    end = {name: found["large", name].returns[:, -1] for name in names}
    proper, small = (np.mean([end[label(t)] for t in group], axis=0) for group in (MIDDLE, LOW))
    games = [{"game": 1 + k} for k in range(SEEDS[budget])]
    exactly = runs.map(peak, games, name="dmac-iteration")
    inside = sum(LOW[1] < result["at"] < HIGH[0] for result in exactly)
    rise = mean(np.array([result["top"] - result["low"] for result in exactly]))
    return (
        f"in {len(games)} other random games, one run in each, large steps, "
        + said("for ω = 0.001 and 0.01 the performance is limited", proper - small),
        f"there the exact iteration with agents in turn is best after 10 updates at ω = 0.1, 0.2 or 1 in {inside} of "
        f"{len(games)} games, {rise.value:.1f} above ω = 0.001 ({rise.low:.1f} to {rise.high:.1f})",
    )


@reproduction(
    "dmac-figure-5",
    kind="simulated",
    caption="cover rate in the random game over training: COMA, COMA with DMAC (ω = 0.2), their difference",
    paper={"text": {COVERS: PaperStatement()}},
)
def figure_5(seed: int, budget: str, runs: Runs) -> Computed:
    """The share of all pairs of a state and a joint action that each run has visited."""
    found = curves(seed, budget, runs, PAIR)
    notes, ends = [RULE.format(more="")], []
    for step in _steps(found):
        one, other = (found[step, name].cover for name in PAIR)
        ends.append((other - one)[:, -1])
        notes.append(f"{step} steps, " + said("the cover rate of COMA+DMAC is higher than COMA", ends[-1], budget))
        full = [name for name in PAIR if (found[step, name].cover[:, -1] > 0.999).all()]
        if full:
            notes.append(f"{step} steps: every run of {' and '.join(full)} visits more than 99.9 % of the pairs")
    values = _over_time(found, PAIR, "cover") | {("text", COVERS): decided(budget, ends)}
    return Computed(values, (*notes, *_short(budget), SETTINGS, OTHERS))


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
    values: Values = {
        (row, f"{what}, {column}"): cell
        for what, attribute in (("cover rate", "cover"), ("return", "returns"))
        for (row, column), cell in _over_time(found, names, attribute, differences=False).items()
    }
    notes = [
        "text and caption say nothing of these curves but what they show: the statements on ω are those of "
        "dmac-figure-2 and dmac-figure-2-exact"
    ]
    notes += [
        f"{step} steps, the cover rate at the end from one ω to the next: {_order(found, step)}"
        for step in _steps(found)
    ]
    return Computed(values, (*notes, *_short(budget), SETTINGS))


def _order(found: Found, step: str) -> str:
    """At which ω the cover rate at the end is above that at the ω before, and at which below, by its interval."""
    cover = {t: found[step, label(t)].cover[:, -1] for t in TEMPERATURES}
    steps = {there: above(mean(cover[there] - cover[here])) for here, there in pairwise(TEMPERATURES)}
    words = {True: "it rises at", False: "it falls at", None: "it is not told apart at"}
    listed = {so: ", ".join(f"{t:g}" for t, found in steps.items() if found is so) for so in words}
    return "; ".join(f"{word} ω = {listed[so]}" for so, word in words.items() if listed[so])


def _where_from(found: Found, budget: str) -> tuple[str, ...]:
    """What the runs say of the inverted U: where its top is when, and whether exploration explains its left side."""
    notes = []
    for step in _steps(found):
        own = {t: found[step, label(t)] for t in TEMPERATURES}
        episodes = own[CHOSEN].episodes
        means = {t: own[t].returns.mean(axis=0) for t in TEMPERATURES}
        tops = {int(episodes[k]): _highest({t: float(m[k]) for t, m in means.items()}) for k in _times(len(episodes))}
        said_of_tops = ", ".join(f"{top:g} at episode {e}" for e, top in tops.items())
        notes.append(f"{step} steps: the ω with the highest mean return is {said_of_tops}")
        best = tops[int(episodes[-1])]
        rise = own[best].returns[:, -1] - own[LOW[0]].returns[:, -1]
        least = min(float(own[t].cover[:, -1].min()) for t in TEMPERATURES)
        if least > 0.999:
            notes.append(
                f"{step} steps: every run at every ω visits more than 99.9 % of the pairs; "
                + said(f"ω = {best:g} still earns more than ω = 0.001", rise, budget)
                + ". Cover rates cannot explain such a rise"
            )
    return (
        *notes,
        "what returns over ω look like without sampling, and how they come about, is computed in dmac-figure-2-exact",
        *_overshooting(found),
    )


def _overshooting(found: Found) -> tuple[str, ...]:
    """Where a gradient step on the divergence goes too far."""
    first = [
        f"ω = {t:g} with {step} steps (step · ω = {t * STEPS[step]:g})"
        for step in _steps(found)
        for t in HIGH
        if found[step, label(t)].cover[:, -1].mean() < 0.5 * found[step, "COMA"].cover[:, -1].mean()
    ]
    if not first:
        return ()
    return (
        f"{', '.join(first)}: less than half of the cover rate of COMA. A gradient step on the divergence is as large "
        "as the actors' step times ω, and may go too far: this may be of the step and not of DMAC",
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


def _short(budget: str) -> tuple[str, ...]:
    """How long and how many the runs are, here and in the picture, and whether they decide anything."""
    others = {name: f"{SEEDS[name]} seeds of {EPISODES[name]:,} episodes" for name in SEEDS}
    runs = f"runs: {others[budget]} here; the picture (mathrl figure) has runs of its own, {others['drawn']}"
    short = f". These are too short for the statements of the text, which are left undecided; {others['paper']} with "
    return (f"{runs}{short}--budget paper" if budget == "fast" else runs,)


def _highest(of: Mapping[float, float]) -> float:
    """The first ω at which a number is the largest."""
    return max(of, key=of.__getitem__)


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
