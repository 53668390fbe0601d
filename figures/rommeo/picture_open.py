"""The picture of ROMMEO's Figure 1: P(A,A) of all learners by what is left open, the same for all."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.drawing import drawing
from mathrl.figures.deciding import above
from mathrl.figures.rommeo.by_run import difference
from mathrl.figures.rommeo.gathered import SEEDS
from mathrl.figures.rommeo.readings import LEARNERS, common, learn
from mathrl.figures.rommeo.simulated import EPISODES, STEPS, TEMPERATURES, opened
from mathrl.figures.rommeo.words import number
from mathrl.games import load

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_open"]


@drawing(
    "rommeo-figure-1", caption="P(A,A) of tabular learners at episode 300, by temperature and step, the same for all"
)
def draw_open() -> "Figure":
    """A table of numbers and shades: learners across, what is left open down."""
    from mathrl.figures.plot import mosaic, style

    rows = [(temperature, step) for temperature in TEMPERATURES for step in STEPS]
    ends = _ends(rows)
    with style():
        figure, axes = mosaic([["table"]], height=4.6, widths=[1])
        panel = axes["table"]
        table = np.array([[p.mean() for p in row] for row in ends])
        panel.imshow(table, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for r, c in np.ndindex(*table.shape):
            largest = ends[r][int(table[r].argmax())]
            bold = above(difference(largest, ends[r][c])) is None
            panel.text(
                c, r, number(table[r, c], ".2f"), ha="center", va="center", fontsize=7,
                color="white" if table[r, c] > 0.6 else "black", fontweight="bold" if bold else "normal",
            )  # fmt: skip
        for r in range(len(STEPS), len(rows), len(STEPS)):
            panel.axhline(r - 0.5, color="white", linewidth=2)
        panel.set_xticks(range(len(LEARNERS)), [name.replace("-EMP", "\n-EMP") for name in LEARNERS], fontsize=7)
        panel.set_yticks(
            range(len(rows)), [f"T = {_plain(temperature)},  step {step}" for temperature, step in rows], fontsize=7
        )  # fmt: skip
        panel.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
        panel.spines[:].set_visible(False)
        figure.supxlabel(
            f"P(A,A) after {EPISODES} episodes, means of {SEEDS['fast']} runs; initial Q uniform in [0, 1), no "
            "exploration besides, frequencies over\n50 episodes. Bold: the largest of a row, and those of which the 95 "
            "% interval of the difference from it holds 0.\nWoLF-PHC has no temperature.",
            fontsize=7, color="#555555", x=0.01, ha="left",
        )  # fmt: skip
    return figure


def _ends(rows: Sequence[tuple[str, str]]) -> list[list[FloatArray]]:
    """P(A,A) of all runs at the end, (runs,), by row and learner."""
    game, seen, ends = load("climbing"), dict[Any, FloatArray](), []
    for temperature, step in rows:
        chosen = common(**opened(step, temperature, "0 to 1", "0", "50"))
        for settings in chosen.values():
            if settings not in seen:
                run = learn(game, settings, episodes=EPISODES, seeds=SEEDS["fast"], seed=0, record=EPISODES)
                seen[settings] = run.played(0, 0)[:, -1]
        ends.append([seen[chosen[learner]] for learner in LEARNERS])
    return ends


def _plain(temperature: str) -> str:
    """A temperature's name with e^(−t/10) as it is read in print."""
    return temperature.replace(" e^-t/10", " exp(−t/10)").replace("^t", "ᵗ")
