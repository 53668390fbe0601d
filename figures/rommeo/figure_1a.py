"""ROMMEO, Figure 1a: rewards of tabular learners on the iterated climbing game, under several readings.

An episode is one joint action. The game is the classic one, which the text describes and the authors' code has; that
(C,C) is printed as (5,3) is a misprint (`rommeo-section-5-1`).
"""

from collections.abc import Mapping

from mathrl.base.checks import FloatArray
from mathrl.base.printed import PaperStatement
from mathrl.base.reproduction import Computed, Estimate, reproduction
from mathrl.base.runs import Runs
from mathrl.figures.deciding import above, share_decided
from mathrl.figures.rommeo.by_run import DIFFERENCES, INTERVALS, difference, mean
from mathrl.figures.rommeo.divided_jal import rewards
from mathrl.figures.rommeo.drawn import REWARDS, said
from mathrl.figures.rommeo.gathered import OWN, READ, SEEDS, SHOWN, curves, drawn_too, recorded
from mathrl.figures.rommeo.readings import LEARNERS, READINGS
from mathrl.figures.rommeo.words import number, told
from mathrl.games import load

__all__ = ["MARGIN", "PAYS", "SMALL", "figure_1a", "leaders", "within"]

PAYS = load("climbing").rewards[0]
"""What each joint action pays, (3, 3)."""

MARGIN = float(PAYS[0, 0] - PAYS[1, 1])
"""What (A,A) pays more than (B,B)."""

SPAN = float(PAYS.max() - PAYS.min())

SMALL = f"ROMMEO-Q and FMQ-c10 differ by at most {MARGIN:g}"
"""What the text says."""

DIVIDED, GREEDY = "JAL of the authors' code", "JAL of the authors' code, not divided"

ENDS = 100
"""The figure's last episode by its caption."""


@reproduction(
    "rommeo-figure-1a",
    kind="simulated",
    caption="learning curves on the iterated climbing game: agent 1's mean reward in the ten episodes before",
    paper={"text": {SMALL: PaperStatement()}},
)
def figure_1a(seed: int, budget: str, runs: Runs) -> Computed:
    """Rewards of all learners, under each reading."""
    times = recorded(budget)
    found = curves(seed, SEEDS[budget], times, runs)
    values: dict[tuple[str, str], float | Estimate | None] = {}
    for (reading, learner), result in found.items():
        for k, t in enumerate(times):
            values[f"{reading}: {learner}", f"episode {t}"] = mean(result["reward"][:, k])
    gaps = {}
    for reading in READINGS:
        own, other = (found[reading, learner]["reward"] for learner in (OWN, "FMQ-c10"))
        gaps[reading] = difference(own[:, times.index(ENDS)], other[:, times.index(ENDS)], SPAN)
        values[f"{reading}: {OWN} less FMQ-c10", f"episode {ENDS}"] = gaps[reading]
    values["text", SMALL] = share_decided(within(gap, MARGIN) for gap in gaps.values())
    last = {
        reading: {learner: found[reading, learner]["reward"][:, -1] for learner in LEARNERS} for reading in READINGS
    }
    least = min(float(found[reading, "JAL"]["reward"].mean(axis=0).min()) for reading in READINGS)
    of_code = {
        name: _shown(rewards(seed, SEEDS[budget], divided=so)) for name, so in ((DIVIDED, True), (GREEDY, False))
    }
    values |= {(name, f"episode {t}"): paid for name, all_of_it in of_code.items() for t, paid in all_of_it.items()}
    return Computed(
        values,
        (
            INTERVALS,
            DIFFERENCES,
            READ,
            f"text: 'the difference of rewards between ROMMEO-Q and FMQ-c10 may seem small because of the small reward "
            f"margin between the global optimum and the local one' (5.1). Ours is the share of the readings, 1 if all, "
            f"in which the interval of the difference of their mean rewards at episode {ENDS}, where the figure ends "
            f"by its caption, is within that margin, {MARGIN:g}, on either side: {_gaps(gaps)}",
            *(f"{reading}, episode {times[-1]}: {leaders(last[reading])}" for reading in READINGS),
            drawn_too("rommeo-figure-1a"),
            said("rewards", REWARDS),
            _jal(least),
            _divided(of_code),
        ),
    )


def _shown(paid: FloatArray) -> dict[int, Estimate]:
    """The mean reward of the ten episodes before each of `SHOWN`."""
    return {t: mean(paid[:, t - 10 : t].mean(axis=1)) for t in SHOWN}


def _divided(of_code: Mapping[str, Mapping[int, Estimate]]) -> str:
    """What dividing expected values by their sum does, beside what is drawn."""
    there, without = (
        ", ".join(number(paid.value, ".1f") for paid in of_code[name].values()) for name in (DIVIDED, GREEDY)
    )
    drawn = ", ".join(number(paid, ".1f") for paid in REWARDS["JAL"])
    return (
        "JAL of the authors' code (maci/learners/tabular/Q.py) divides the expected values of its actions by their "
        "sum, and takes the largest quotient: where the sum is negative, that of the action which is worth the least. "
        f"So it earns {there} at the episodes at which {drawn} are drawn; without the division {without}"
    )


def within(found: Estimate, margin: float) -> bool | None:
    """Whether a number is within the margin of 0, its whole interval; None where an end of the margin is in it.

    >>> within(Estimate(0.0, -3.0, 3.0, 8), 4.0), within(Estimate(5.0, 3.0, 6.0, 8), 4.0)
    (True, None)
    """
    if found.low > margin or found.high < -margin:
        return False
    return True if max(-found.low, found.high) <= margin else None


def _gaps(gaps: Mapping[str, Estimate]) -> str:
    words = {True: "within", False: "NOT within", None: "undecided"}
    return "; ".join(f"{reading} {told(gap, '.2f')}, {words[within(gap, MARGIN)]}" for reading, gap in gaps.items())


def leaders(rewards: Mapping[str, FloatArray]) -> str:
    """Whose mean reward is the largest, and which are not told apart from it.

    `rewards`  (runs,) by learner
    """
    best = max(rewards, key=lambda learner: round(float(rewards[learner].mean()), 9))
    less = {learner: difference(own, rewards[best], SPAN) for learner, own in rewards.items() if learner != best}
    near = [f"{learner} {told(gap, '.2f')}" for learner, gap in less.items() if above(gap) is None]
    means = {learner: number(own.mean(), ".2f") for learner, own in rewards.items()}
    return (
        f"the largest mean reward is {best}'s, {means[best]}; {OWN} has {means[OWN]}, FMQ-c10 {means['FMQ-c10']}. Not "
        f"told apart from the largest: {', '.join(near) or 'none'}"
    )


def _jal(least: float) -> str:
    """How often JAL must miscoordinate as drawn, if all else pays the least there is, and how often here at most."""
    worst, drawn = float(PAYS.min()), min(REWARDS["JAL"])
    others = float(PAYS[worst < PAYS].min())
    must, can = (drawn - others) / (worst - others), (least - PAYS.max()) / (worst - PAYS.max())
    lowest, reason = number(least, ".1f"), ": a learner that knows Q and the other's frequencies leaves such actions"
    return (
        f"JAL as drawn falls to {number(drawn, '.1f')}, for which it must play (A,B) or (B,A), which pay "
        f"{number(worst, '.0f')}, in at least {100 * must:.0f} % of the episodes. Here its lowest mean reward under "
        f"any reading is {lowest}, so that it plays them in at most {100 * can:.0f} %{reason if can < must else ''}"
    )
