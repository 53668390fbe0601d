"""HASAC, Figure 5: joint policies at the temperatures of Table 3, exactly and learned in tables."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.drawing import drawing
from mathrl.base.intervals import estimate
from mathrl.base.printed import PaperStatement
from mathrl.base.reproduction import Computed, Estimate, reproduction
from mathrl.base.runs import ALONE, Runs
from mathrl.figures.hasac.figure_4 import KNOWN, whole
from mathrl.figures.hasac.learned import SEEDS, ended, exact_end, learn
from mathrl.figures.hasac.statements import (
    DIFFERENT,
    ENDS,
    NEAR,
    NOTE,
    OF_Q,
    SAID,
    SEEDS_UNKNOWN,
    end_at,
    most,
    of_picture,
    of_temperature,
)
from mathrl.figures.hasac.table_3 import MEANT, TEMPERATURES
from mathrl.games import load

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw", "figure_5"]

ACTIONS = "ABC"
DRAWN_SEEDS = SEEDS["fast"]


def _joint(runs: Runs, seed: int, seeds: int) -> dict[tuple[float, bool], FloatArray]:
    """(temperature, whether Q is known) → joint policies (seeds, 3, 3) at the end."""
    cases = {(float(alpha), known): whole(alpha, known) for known in KNOWN for alpha in TEMPERATURES}
    joint = learn(list(cases.values()), runs, seed=seed, seeds=seeds, record=[], name="hasac-figure-5")
    return {key: joint[case.name][:, -1] for key, case in cases.items()}


FINDS = "learning ends at (C,C) at alpha = 5"
NOT_ENOUGH = "the exact end at alpha = 5 is not (C,C)"
CONSISTENT = "learning ends where the exact calculation does"


@reproduction(
    "hasac-figure-5",
    kind="simulated",
    caption="HASAC's joint policy in the matrix game at the temperatures of Table 3: HASPI's end, and learned",
    paper={
        "caption": {DIFFERENT: PaperStatement()},
        "text": {said: PaperStatement() for said in SAID},
        "Appendix B": {said: PaperStatement() for said in (CONSISTENT, NOT_ENOUGH, FINDS)},
    },
)
def figure_5(seed: int, budget: str, runs: Runs) -> Computed:
    """What is said, and all nine probabilities: exactly, and learned with Q known before policies learn and not."""
    joint, seeds = _joint(runs, seed, SEEDS[budget]), SEEDS[budget]
    values: dict[tuple[str, str], float | Estimate] = {**of_temperature(joint), **_appendix_b(joint)}
    for alpha in TEMPERATURES:
        end = exact_end(alpha)
        for a, b in np.ndindex(3, 3):
            row = f"alpha={alpha}, ({ACTIONS[a]},{ACTIONS[b]})"
            values[row, "exact"] = float(end[a, b])
            for known, said in KNOWN.items():
                values[row, f"learned, {said}"] = estimate(joint[alpha, known][:, a, b], statistic=np.mean)
    payoffs = load("hasac").rewards[0]
    worst, pairs = payoffs.min(), int((payoffs == payoffs.min()).sum())
    return Computed(
        values,
        (
            f"{NOTE}. {OF_Q}. 'Where the exact calculation does' is the share of the temperatures, up to {NEAR:g}. "
            "Where Q is known learning is HASPI itself, and ends elsewhere only if its episodes are too few",
            "Appendix B says that its exact results, those of Table 3, are 'generally consistent with the empirical "
            "results', but that at alpha = 5, where 'theoretically it is not sufficient', its runs find (C,C), and "
            f"guesses that sampling Q is why. Ours with Q known: {_at_5(joint, True)}; with Q unknown: "
            f"{_at_5(joint, False)}. An unseen pair has Q = 0, more than the {worst:g} that {pairs} of 9 pairs pay, "
            "and so is tried; hasac-figure-3a has a setting in which it is not",
            f"learned: the mean of {seeds} seeds after 200 episodes, and its 95 % bootstrap interval. Q known: 10 "
            "plays an episode, the first 20 episodes uniform. Q unknown: 1 play, and none uniform. Where seeds end at "
            "different equilibria, a mean is no policy of any of them",
            f"seeds: {seeds} here; {of_picture(DRAWN_SEEDS)}",
            MEANT,
        ),
    )


def _at_5(joint: Mapping[tuple[float, bool], FloatArray], known: bool) -> str:
    """Where seeds end at alpha = 5."""
    shares = ended(joint[5.0, known]).mean(axis=0).tolist()
    return ", ".join(f"{share:.0%} of the seeds end at {end}" for share, end in zip(shares, ENDS, strict=True))


def _appendix_b(joint: Mapping[tuple[float, bool], FloatArray]) -> dict[tuple[str, str], float]:
    """The three statements of Appendix B; that of runs at alpha = 5 counts if it is so with Q known or unknown."""
    off = {key: np.abs(ends - exact_end(key[0])).max(axis=(-2, -1)) for key, ends in joint.items()}
    finds = {known: end_at(joint[5.0, known], "(C,C)") for known in KNOWN}
    return {
        ("Appendix B", CONSISTENT): float(np.mean([most(off[float(alpha), True] <= NEAR) for alpha in TEMPERATURES])),
        ("Appendix B", NOT_ENOUGH): float(not end_at(exact_end(5.0), "(C,C)")),
        ("Appendix B", FINDS): float(any(most(seeds) for seeds in finds.values())),
        (SEEDS_UNKNOWN, CONSISTENT): float(np.mean([off[float(alpha), False] <= NEAR for alpha in TEMPERATURES])),
        (SEEDS_UNKNOWN, FINDS): float(finds[False].mean()),
    }


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
        off = max(np.abs(joint[alpha, True] - exact_end(alpha)).max() for alpha in TEMPERATURES)
        said = f"probability of each joint action in %. Learned: mean of {DRAWN_SEEDS} seeds"
        said += "; with Q known as above" if off < NEAR else ""
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
