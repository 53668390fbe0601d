"""Pictures of ROMMEO's Figure 1: rewards, convergence to (A,A), models that think ahead, and what is left open."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.drawing import drawing
from mathrl.base.runs import ALONE
from mathrl.figures.rommeo.figure_1 import curves
from mathrl.figures.rommeo.readings import LEARNERS, READINGS, common, learn
from mathrl.figures.rommeo.simulated import EPISODES, INITIAL, STEPS, TEMPERATURES, thinking
from mathrl.games import load
from mathrl.learners import mean_field

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_models", "draw_open", "draw_probabilities", "draw_rewards"]

SEEDS = 200
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

    wide = 2.0 if learner == "ROMMEO-Q" else 1.2
    return {"color": COLOURS[FAMILY[learner]], "linestyle": DASHES[learner], "linewidth": wide}


def _curves(what: str, label: str, low: float, high: float, note: str) -> "Figure":
    """Four panels, one a reading: the mean over the runs of each learner, labelled at its end."""
    from mathrl.figures.plot import mosaic, style

    found = curves(0, SEEDS, TICKS, ALONE)
    names = list(READINGS)
    with style():
        figure, axes = mosaic([names[:2], names[2:]], height=5.2, widths=[1, 1])
        for k, (reading, panel) in enumerate(axes.items()):
            ends = []
            for learner in LEARNERS:
                mean_t = found[reading, learner][what].mean(axis=0)
                begin = 1 if what == "reward" else 0
                panel.plot(TICKS[begin:], mean_t[begin:], **_line(learner), zorder=3 if learner == "ROMMEO-Q" else 2)
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
                panel.axhline(11, color="#BBBBBB", linewidth=0.6, zorder=0)
        figure.supxlabel(note, fontsize=7, color="#555555", x=0.01, ha="left")
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
            fontweight="bold" if learner == "ROMMEO-Q" else "normal",
            arrowprops={"arrowstyle": "-", "linewidth": 0.5, "color": style["color"], "shrinkA": 1, "shrinkB": 0,
                        "relpos": (0, 0.5)},
        )  # fmt: skip


RUNS = (
    f"Means of {SEEDS} runs on the climbing game. Lines of one colour are of one kind of learner, and differ by dashes."
)


@drawing("rommeo-figure-1a", caption="learning curves of tabular learners on the iterated climbing game, by reading")
def draw_rewards() -> "Figure":
    """Agent 1's mean reward in the ten episodes before."""
    return _curves(
        "reward", "reward (mean of ten episodes)", -15, 12, f"{RUNS} Grey: the best payoff, 11."
    )  # fmt: skip


@drawing(
    "rommeo-figure-1b", caption="probability of (A,A) of tabular learners on the iterated climbing game, by reading"
)
def draw_probabilities() -> "Figure":
    """P(A,A) from the policies."""
    return _curves("aa", "P(A,A)", 0, 1.02, RUNS)


@drawing("rommeo-figure-1c", caption="whether ROMMEO-Q's opponent model thinks ahead: one run, and the lead in many")
def draw_models() -> "Figure":
    """One run that ends at (A,A), for both agents, and by how many episodes the model is ahead in all such runs."""
    from mathrl.figures.plot import COLOURS, GREY, mosaic, style

    reading = "ROMMEO-Q annealed"
    game, settings = load("climbing"), READINGS[reading]["ROMMEO-Q"]
    run = learn(game, settings, episodes=EPISODES, seeds=20, seed=0)
    shown = int(np.flatnonzero(run.played(0, 0)[:, -1] > 0.9)[0])
    fields = mean_field(game, settings, episodes=EPISODES)
    part = {"reading": reading, "first": 0, "runs": 5 * SEEDS, "seed": 0}
    many = thinking(part)
    lead = (many["policy"] - many["model"])[many["ends"][:, 0]].ravel()
    assert run.models is not None
    assert run.observed is not None
    with style():
        figure, axes = mosaic([["0", "1"]], height=2.9, widths=[1, 1])
        for i in range(2):
            panel = axes[str(i)]
            lines: Mapping[str, tuple[FloatArray, dict[str, Any]]] = {
                f"model $\\rho^{i + 1}$": (run.models[i][shown, :, 0, 0], {"color": COLOURS[0], "linewidth": 1.8}),
                f"policy $\\pi^{2 - i}$": (
                    run.policy[1 - i][shown, :, 0, 0],
                    {"color": COLOURS[1], "linestyle": (0, (4, 1.5)), "linewidth": 1.4},
                ),
                f"observed $P^{i + 1}$": (
                    run.observed[i][shown, :, 0, 0],
                    {"color": COLOURS[2], "linestyle": (0, (1, 1)), "linewidth": 1.4},
                ),
                f"policy $\\pi^{2 - i}$, mean field": (fields[1 - i][:, 0], {"color": GREY, "linewidth": 0.8}),
            }
            for name, (values, line) in lines.items():
                panel.plot(range(EPISODES + 1), values, label=name, **line)
            panel.legend(frameon=False, loc="lower right", fontsize=7, handlelength=2.6)
            panel.set(
                xlim=(0, 120), ylim=(0, 1.02), xlabel="episode",
                title=f"agent {2 - i}'s A, and agent {i + 1}'s model of it",
            )  # fmt: skip
        axes["0"].set_ylabel("probability of A")
        axes["1"].tick_params(labelleft=False)
        ahead, behind = float((lead > 0).mean()), float((lead < 0).mean())
        figure.supxlabel(
            f"One run. In {len(lead) // 2} of {5 * SEEDS} runs, which end at (A,A), the model settles above 1/2 before "
            f"the policy in {100 * ahead:.0f} %,\nand after it in {100 * behind:.0f} %; its lead is "
            f"{lead.mean():.1f} episodes on average.",
            fontsize=7, color="#555555", x=0.01, ha="left",
        )  # fmt: skip
    return figure


@drawing(
    "rommeo-figure-1", caption="P(A,A) of tabular learners at episode 300, by temperature and step, the same for all"
)
def draw_open() -> "Figure":
    """A table of numbers and shades: learners across, what is left open down."""
    from mathrl.figures.plot import mosaic, style

    game = load("climbing")
    rows = [(temperature, step) for temperature in TEMPERATURES for step in STEPS]
    table = np.zeros((len(rows), len(LEARNERS)))
    seen: dict[Any, float] = {}
    for r, (temperature, step) in enumerate(rows):
        chosen = common(
            step=STEPS[step], temperature=TEMPERATURES[temperature], initial_q=INITIAL["0 to 1"], window=50
        )  # fmt: skip
        for c, learner in enumerate(LEARNERS):
            if chosen[learner] not in seen:
                run = learn(game, chosen[learner], episodes=EPISODES, seeds=SEEDS, seed=0, record=EPISODES)
                seen[chosen[learner]] = float(run.played(0, 0)[:, -1].mean())
            table[r, c] = seen[chosen[learner]]
    with style():
        figure, axes = mosaic([["table"]], height=4.6, widths=[1])
        panel = axes["table"]
        panel.imshow(table, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for r, c in np.ndindex(*table.shape):
            best = table[r, c] == table[r].max()
            panel.text(
                c, r, f"{table[r, c]:.2f}", ha="center", va="center", fontsize=7,
                color="white" if table[r, c] > 0.6 else "black", fontweight="bold" if best else "normal",
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
            f"P(A,A) after {EPISODES} episodes, means of {SEEDS} runs; initial Q uniform in [0, 1), no exploration "
            "besides, frequencies over\n50 episodes. Bold: the largest of a row. WoLF-PHC has no temperature.",
            fontsize=7, color="#555555", x=0.01, ha="left",
        )  # fmt: skip
    return figure


def _plain(temperature: str) -> str:
    """A temperature's name with e^(−t/10) as it is read in print."""
    return temperature.replace(" e^-t/10", " exp(−t/10)").replace("^t", "ᵗ")
