"""Pictures of ROMMEO's Figures 1a and 1b: rewards and convergence to (A,A) over the episodes, by reading."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mathrl.base.drawing import drawing
from mathrl.base.runs import ALONE
from mathrl.figures.rommeo.gathered import OWN, SEEDS, curves
from mathrl.figures.rommeo.readings import LEARNERS, READINGS
from mathrl.figures.rommeo.simulated import EPISODES
from mathrl.games import load

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_probabilities", "draw_rewards"]

BEST = float(load("climbing").rewards.max())
TICKS = tuple(range(0, EPISODES + 1, 5))

FAMILY = {"ROMMEO-Q": 0, "ROMMEO-Q-EMP": 0, "JAL": 2, "WoLF-PHC": 3, "FMQ-c1": 1, "FMQ-c5": 1, "FMQ-c10": 1, "PR2-Q": 5}
"""Which colour of the palette: those of one kind share it, and differ by their dashes."""

DASHES: Mapping[str, Any] = {
    "ROMMEO-Q": "-",
    "ROMMEO-Q-EMP": (0, (1, 1)),
    "JAL": (0, (6, 1.5)),
    "WoLF-PHC": (0, (3, 1, 1, 1)),
    "FMQ-c1": (0, (1, 1.5)),
    "FMQ-c5": (0, (4, 1.5)),
    "FMQ-c10": "-",
    "PR2-Q": (0, (8, 1.5, 1.5, 1.5)),
}

TITLES = {
    "ROMMEO-Q annealed": "temperature annealed for ROMMEO-Q and FMQ",
    "all annealed": "the same annealing for all",
    "none annealed": "annealed for none",
    "each with its defaults": "each with defaults of its own",
}


def _line(learner: str) -> dict[str, Any]:
    from mathrl.figures.plot import COLOURS

    wide = 2.0 if learner == OWN else 1.2
    return {"color": COLOURS[FAMILY[learner]], "linestyle": DASHES[learner], "linewidth": wide}


def _curves(what: str, label: str, low: float, high: float, more: str = "") -> "Figure":
    """Four panels, one a reading: the mean over the runs of each learner, labelled at its end."""
    from mathrl.figures.plot import mosaic, style

    found = curves(0, SEEDS["fast"], TICKS, ALONE)
    means = f"Means of {SEEDS['fast']} runs on the climbing game"
    note = f"{means}. Lines of one colour are of one kind of learner, and differ by dashes."
    names = list(READINGS)
    with style():
        figure, axes = mosaic([names[:2], names[2:]], height=5.2, widths=[1, 1])
        for k, (reading, panel) in enumerate(axes.items()):
            ends = []
            for learner in LEARNERS:
                mean_t = found[reading, learner][what].mean(axis=0)
                begin = 1 if what == "reward" else 0
                panel.plot(TICKS[begin:], mean_t[begin:], **_line(learner), zorder=3 if learner == OWN else 2)
                ends.append((learner, float(mean_t[-1])))
            _labels(panel, ends, low, high)
            panel.set(title=TITLES[reading], xlim=(0, EPISODES), ylim=(low, high), xticks=range(0, EPISODES + 1, 100))
            if k % 2 == 0:
                panel.set_ylabel(label)
            else:
                panel.tick_params(labelleft=False)
            if k >= 2:
                panel.set_xlabel("episode")
            if what == "reward":
                panel.axhline(BEST, color="#BBBBBB", linewidth=0.6, zorder=0)
        figure.supxlabel(note + more, fontsize=7, color="#555555", x=0.01, ha="left")
    return figure


def _labels(axes: "Axes", ends: Sequence[tuple[str, float]], low: float, high: float) -> None:
    """Write the names beside the ends of the lines, as near as they can be, with thin lines to where they belong."""
    from scipy.optimize import isotonic_regression

    apart = (high - low) / 12
    ordered = sorted(ends, key=lambda end: end[1])
    steps = apart * np.arange(len(ordered))
    nearest = isotonic_regression(np.array([y for _, y in ordered]) - steps).x
    placed = np.clip(nearest, low + apart / 3, high - apart / 3 - steps[-1]) + steps
    for (learner, y), at in zip(ordered, placed, strict=True):
        style = _line(learner)
        axes.annotate(
            learner, (1.0, (y - low) / (high - low)), (1.06, (at - low) / (high - low)), xycoords="axes fraction",
            textcoords="axes fraction", fontsize=6.5, va="center", color=style["color"], annotation_clip=False,
            fontweight="bold" if learner == OWN else "normal",
            arrowprops={"arrowstyle": "-", "linewidth": 0.5, "color": style["color"], "shrinkA": 1, "shrinkB": 0,
                        "relpos": (0, 0.5)},
        )  # fmt: skip


@drawing("rommeo-figure-1a", caption="learning curves of tabular learners on the iterated climbing game, by reading")
def draw_rewards() -> "Figure":
    """Agent 1's mean reward in the ten episodes before."""
    return _curves("reward", "reward (mean of ten episodes)", -10, 12, f" Grey: the best payoff, {BEST:g}.")


@drawing(
    "rommeo-figure-1b", caption="probability of (A,A) of tabular learners on the iterated climbing game, by reading"
)
def draw_probabilities() -> "Figure":
    """P(A,A) from the policies."""
    return _curves("aa", "P(A,A)", 0, 1.02)
