"""HASAC, Figure 5: joint policies at the temperatures of Table 3, exactly and learned in tables."""

from typing import TYPE_CHECKING, Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.drawing import drawing
from mathrl.base.intervals import estimate
from mathrl.base.reproduction import Computed, Estimate, reproduction
from mathrl.base.runs import ALONE, Runs
from mathrl.figures.hasac.figure_4 import KNOWN, whole
from mathrl.figures.hasac.learned import SEEDS, ended, exact_end, learn
from mathrl.figures.hasac.table_3 import TEMPERATURES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw", "figure_5"]

ACTIONS = "ABC"
DRAWN_SEEDS = 100


def _joint(runs: Runs, seed: int, seeds: int) -> dict[tuple[float, bool], FloatArray]:
    """(temperature, whether Q is known) → joint policies (seeds, 3, 3) at the end."""
    cases = {(float(alpha), known): whole(alpha, known) for known in KNOWN for alpha in TEMPERATURES}
    joint = learn(list(cases.values()), runs, seed=seed, seeds=seeds, record=[], name="hasac-figure-5")
    return {key: joint[case.name][:, -1] for key, case in cases.items()}


@reproduction(
    "hasac-figure-5",
    kind="simulated",
    caption="HASAC's joint policy in the matrix game at the temperatures of Table 3: HASPI's end, and learned",
    paper={},
)
def figure_5(seed: int, budget: str, runs: Runs) -> Computed:
    """All nine probabilities of the exact end and of learning, where Q is known before policies learn and where not."""
    joint, seeds = _joint(runs, seed, SEEDS[budget]), SEEDS[budget]
    values: dict[tuple[str, str], float | Estimate] = {}
    for alpha in TEMPERATURES:
        end = exact_end(alpha)
        for a, b in np.ndindex(3, 3):
            row = f"alpha={alpha}, ({ACTIONS[a]},{ACTIONS[b]})"
            values[row, "exact"] = float(end[a, b])
            for known, said in KNOWN.items():
                values[row, f"learned, {said}"] = estimate(joint[alpha, known][:, a, b], statistic=np.mean)
    at_5 = ended(joint[5.0, False]).mean(axis=0)
    apart = max(float(np.abs(joint[alpha, True] - exact_end(alpha)).max()) for alpha in TEMPERATURES)
    return Computed(
        values,
        (
            f"learned: the mean of {seeds} seeds after 200 episodes, and its 95 % bootstrap interval. Q known: 10 "
            "plays an episode, the first 20 uniform. The largest distance of a seed's probability from HASPI's end is "
            f"then {apart:.1g}. Q unknown: 1 play, and none uniform. Seeds then end at different equilibria, and a "
            "mean is no policy of any of them",
            "Appendix B says that the paper's runs find (C,C) at alpha = 5, where Table 3 has (A,A), and guesses that "
            "sampling Q is why. With Q known they do not: as in Table 3, all end at (A,A). With Q unknown "
            f"{at_5[2]:.0%} of the seeds end at (C,C), {at_5[1]:.0%} at (B,B) and {at_5[0]:.0%} at (A,A). An unseen "
            "pair has Q = 0, more than the -20 that most of them pay, and so is tried; but hasac-figure-3a has a row "
            "with Q = -20 at first, and there chance leads part of the seeds to (C,C) too",
            "Appendix B compares with 'Table 5' and means this figure: Table 5 lists hyperparameters",
        ),
    )


@drawing("hasac-figure-5", caption="HASAC's joint policies in its matrix game by temperature, exact and learned")
def draw() -> "Figure":
    """A table of shaded cells for each temperature: HASPI's end, and means over seeds of learning."""
    from mathrl.figures.plot import GREY, mosaic, style

    joint = _joint(ALONE, 0, DRAWN_SEEDS)
    rows = {
        "HASPI's end": {alpha: exact_end(alpha) for alpha in TEMPERATURES},
        "learned,\nQ unknown": {alpha: joint[alpha, False].mean(axis=0) for alpha in TEMPERATURES},
    }
    with style():
        layout = [[f"{name} {alpha}" for alpha in TEMPERATURES] for name in rows]
        figure, axes = mosaic(layout, height=2.9, widths=[1] * len(TEMPERATURES), share=False)
        for r, (name, policies) in enumerate(rows.items()):
            for c, (alpha, policy) in enumerate(policies.items()):
                panel = axes[f"{name} {alpha}"]
                _cells(panel, policy)
                if r == 0:
                    panel.set_title(f"α = {alpha}", loc="center")
                panel.tick_params(labelbottom=r == len(rows) - 1, labelleft=c == 0)
                if c == 0:
                    panel.set_ylabel(f"{name}\n\nagent 1", fontsize=8)
                if r == len(rows) - 1:
                    panel.set_xlabel("agent 2", fontsize=8)
        said = f"probability of each joint action in %. Learned: mean of {DRAWN_SEEDS} seeds; with Q known as above"
        figure.supxlabel(said, fontsize=8, color=GREY, x=0.01, ha="left")
    return figure


def _cells(axes: "Axes", policy: FloatArray) -> None:
    """Shades from white to blue, with the numbers in them."""
    from matplotlib.colors import LinearSegmentedColormap

    from mathrl.figures.plot import COLOURS

    shades: Any = LinearSegmentedColormap.from_list("shades", ["white", COLOURS[0]])
    axes.imshow(policy, cmap=shades, vmin=0, vmax=1)
    for a, b in np.ndindex(3, 3):
        ink = "white" if policy[a, b] > 0.6 else "black"
        axes.text(b, a, f"{100 * policy[a, b]:.0f}", ha="center", va="center", fontsize=8, color=ink)
    axes.set(xticks=range(3), xticklabels=list(ACTIONS), yticks=range(3), yticklabels=list(ACTIONS))
    axes.tick_params(length=0)
