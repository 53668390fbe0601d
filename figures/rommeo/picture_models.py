"""The picture of ROMMEO's Figure 1c: one run, in which each agent's model foresees what the other will play, or not."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.drawing import drawing
from mathrl.base.runs import ALONE
from mathrl.figures.rommeo.figure_1c import Thinking, thought
from mathrl.figures.rommeo.gathered import OWN, SEEDS, gathered
from mathrl.figures.rommeo.readings import READINGS, learn
from mathrl.figures.rommeo.simulated import EPISODES, thinking
from mathrl.figures.rommeo.words import number
from mathrl.games import load
from mathrl.learners import Learning

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_models"]

READING = "ROMMEO-Q annealed"
UNTIL = 110
"""The last episode that is shown: by then nothing changes."""


@drawing("rommeo-figure-1c", caption="whether ROMMEO-Q's opponent model thinks ahead: one run, and the lead in many")
def draw_models() -> "Figure":
    """One run that ends at (A,A), for both agents, and by how many episodes the model is ahead in all such runs."""
    from mathrl.figures.plot import COLUMN, legend, mosaic, style

    part = {"reading": READING, "seed": 0, "record": [EPISODES]}
    found = gathered([part], SEEDS["fast"], ALONE, "rommeo-figure-1c", thinking)[0]
    shown = int(np.flatnonzero(found["ends"][:, 0])[0])
    run = learn(load("climbing"), READINGS[READING][OWN], episodes=EPISODES, seeds=[shown], seed=0)
    with style():
        figure, axes = mosaic([["0"], ["1"]], height=4.6, width=COLUMN, widths=[1])
        for i in range(2):
            settled = {MODEL: int(found["model"][shown, i]), POLICY: int(found["policy"][shown, i])}
            _panel(axes[str(i)], _lines(run, i), settled)
            axes[str(i)].set_title(f"agent {i + 1}'s model of agent {2 - i}, and agent {2 - i}'s policy", fontsize=8.5)
        axes["1"].set_xlabel("episode")
        legend(figure, [(name, style) for name, style in STYLES.items()], columns=1)
        figure.supxlabel(_summary(shown, thought(found)), fontsize=7, color="#444444", x=0.01, ha="left")
    return figure


MODEL = "model ρ: what one expects of the other"
POLICY = "policy π: what the other is going to do"
OBSERVED = "frequency P: what it did in 50 episodes"

STYLES: Mapping[str, Mapping[str, Any]] = {
    MODEL: {"color": "black", "linewidth": 1.9},
    POLICY: {"color": "#D55E00", "linewidth": 1.5, "linestyle": (0, (4, 1.5))},
    OBSERVED: {"color": "#56B4E9", "linewidth": 1.5, "linestyle": (0, (1, 1))},
}
"""Dark, middle and light in grey, too."""


def _lines(run: Learning, i: int) -> dict[str, FloatArray]:
    assert run.models is not None
    assert run.observed is not None
    every = {MODEL: run.models[i], POLICY: run.policy[1 - i], OBSERVED: run.observed[i]}
    return {name: p[0, :, 0, 0] for name, p in every.items()}


def _panel(axes: "Axes", lines: Mapping[str, FloatArray], settled: Mapping[str, int]) -> None:
    """The three probabilities of A, with a mark where the model and the policy settle above 1/2."""
    axes.axhline(0.5, color="#999999", linewidth=0.6, zorder=0)
    for name, p in lines.items():
        axes.plot(range(EPISODES + 1), p, **STYLES[name])
    first = min(settled, key=lambda name: settled[name])
    for name, t in settled.items():
        axes.plot(t, lines[name][t], marker="o", markersize=4.5, color=STYLES[name]["color"], zorder=5)
        left = name == first
        axes.annotate(
            f"{name.partition(' ')[0]} from {t} on", (t, lines[name][t]), (t - 3, 0.62) if left else (t + 12, 0.12),
            ha="right" if left else "left", fontsize=7,
            arrowprops={"arrowstyle": "-", "linewidth": 0.5, "shrinkA": 0, "shrinkB": 2},
        )  # fmt: skip
    axes.set(xlim=(0, UNTIL), ylim=(0, 1.02), yticks=(0, 0.5, 1), yticklabels=("0", "1/2", "1"))
    axes.set_ylabel("probability of A")


def _summary(shown: int, found: Thinking | None) -> str:
    assert found is not None  # this run ends at (A,A)
    before, after = (number(100 * share.value, ".0f") for share in (found.before, found.after))
    together = number(100 * (1 - found.before.value - found.after.value), ".0f")
    lead = found.ahead.value
    return (
        f"ROMMEO-Q, temperature annealed. Lines: run {shown}, the first that\n"
        f"ends at (A,A). Circles: from this episode on above 1/2. In {found.before.seeds}\n"
        f"of {found.ends.seeds} runs, which end at (A,A), the model settles there before\n"
        f"the policy in {before} %, after it in {after} %, with it in {together} % of the cases;\n"
        f"on average {number(abs(lead), '.1f')} episodes {'before' if lead > 0 else 'after'} it."
    )
