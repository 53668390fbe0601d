"""Pictures of AORPO: Climb, the rollout schemes over the rollout length, bounds beside the truth, and schedules."""

from typing import TYPE_CHECKING, Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.drawing import drawing
from mathrl.bounds import SCHEDULES
from mathrl.figures.aorpo.appendix_b import DISCOUNTS, GAMES, compared
from mathrl.figures.aorpo.appendix_b import LENGTHS as BRANCHES
from mathrl.figures.aorpo.family import FEEDBACKS
from mathrl.figures.aorpo.figure_4 import GRID, LANDMARK, changes_at, second
from mathrl.figures.aorpo.figure_5 import NAMES
from mathrl.figures.aorpo.figure_8 import ERRORS, LENGTH, errors_of
from mathrl.figures.aorpo.schemes import LENGTHS, measured
from mathrl.figures.aorpo.table_1 import EPOCHS, printed_length

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.contour import ContourSet
    from matplotlib.figure import Figure

__all__ = ["draw_bounds", "draw_climb", "draw_figure_5", "draw_figure_8", "draw_figure_11", "draw_schedules"]

DASHES: tuple[Any, ...] = ("-", (0, (4, 1.6)), (0, (1, 1.2)), (0, (4, 1.2, 1, 1.2)), (0, (8, 2)), (0, (2, 1)))

ROOM = 1.34
"""How far the horizontal axis goes on, relative to the data, so that curves can be named at their ends."""


@drawing("aorpo-figure-4", caption="Climb: agent 2's reward in both states, best answers, and the equilibrium")
def draw_climb() -> "Figure":
    """Contours of agent 2's printed reward; agent 1's best answer is that of nearness, which is ours."""
    from mathrl.figures.panels import panels
    from mathrl.figures.plot import COLOURS, style

    a, b = np.meshgrid(GRID, GRID, indexing="ij")
    with style():
        figure, axes = panels([["1", "2"]], height=3.1, sharey=True)
        for state in (1, 2):
            panel, leap = axes[str(state)], changes_at(state)
            levels = [-2, -1.5, -1, -0.7, -0.4, -0.2, -0.05]
            lines = panel.contour(
                a, b, second(state, a, b), levels=levels, colors="#A8A8A8", linewidths=0.7, linestyles="solid"
            )
            _levels(panel, lines, state)
            for start, end, at in ((-1.0, leap, -0.5), (leap, 1.0, 0.5)):
                panel.plot([start, end], [at, at], color=COLOURS[0], linewidth=1.8)
            panel.plot([LANDMARK[state]] * 2, [-1, 1], color=COLOURS[1], linewidth=1.5, linestyle=DASHES[1])
            for place in (-0.5, 0.5):
                panel.plot(place, place, color="black", marker="x", markersize=5)
            panel.plot(
                LANDMARK[state], LANDMARK[state], color="black", marker="o", markersize=9, markerfacecolor="none"
            )
            panel.set_aspect("equal")
            panel.set_title(f"({'ab'[state - 1]}) state {state}: agent 2's reward")
            panel.set_xlabel("a, agent 1")
            side = -1 if state == 1 else 1
            panel.annotate(
                "equilibrium", (LANDMARK[state], LANDMARK[state]), xytext=(side * -7, side * -10),
                textcoords="offset points", ha="left" if side < 0 else "right", va="center", fontsize=7, bbox=PAPER,
            )  # fmt: skip
        first = axes["1"]
        first.set_ylabel("b, agent 2")
        first.text(0.98, 0.57, "agent 2's best b", color=COLOURS[0], ha="right", va="bottom", fontsize=7, bbox=PAPER)
        said = "agent 1's best a\n(its reward is assumed)"
        first.text(-0.45, 0.98, said, color=COLOURS[1], va="top", fontsize=7, bbox=PAPER)
    return figure


def _levels(panel: "Axes", lines: "ContourSet", state: int) -> None:
    """Write levels on their lines, away from the frame and from what else is written."""
    side = 1 if state == 1 else -1
    for level, (a, b) in LEVELS.items():
        panel.clabel(lines, [level], fontsize=7, manual=[(side * a, side * b)], inline_spacing=2, colors="#505050")


LEVELS = {-1.5: (0.35, -0.72), -0.7: (0.6, -0.33), -0.2: (0.55, 0.05)}
"""A level of agent 2's reward, and where in state 1 it is written; in state 2 it is the mirror image."""

PAPER: Any = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
"""The ground of words that lie on lines."""

LIGHT: Any = {"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.75}
"""The same, where lines may be seen through it."""


@drawing("aorpo-figure-5", caption="compounding error and actions asked over the rollout length, exactly")
def draw_figure_5() -> "Figure":
    """A panel of errors for both kinds of games, and one of communications, which are the same in both."""
    from mathrl.figures.panels import panels
    from mathrl.figures.plot import style

    with style():
        figure, axes = panels([["errors stay", "errors fade", "asked"]], height=2.5)
        for number, kind in enumerate(FEEDBACKS):
            error = measured(kind, "error")
            _named(axes[kind], {NAMES[scheme]: error[scheme].mean(axis=0) for scheme in NAMES})
            axes[kind].set_title(f"({'ab'[number]}) where {kind}")
            axes[kind].set_ylabel("compounding error, cells²")
        asked = measured("errors stay", "communications")
        _named(axes["asked"], {NAMES[scheme]: asked[scheme].mean(axis=0) for scheme in NAMES})
        axes["asked"].set_title("(c) communications")
        axes["asked"].set_ylabel("real actions asked, a rollout")
    return figure


@drawing("aorpo-figure-11", caption="models first or real opponents first, over the rollout length, exactly")
def draw_figure_11() -> "Figure":
    """For both kinds of games the part of the error from models, and how far the last state is from the real one."""
    from mathrl.figures.panels import panels
    from mathrl.figures.plot import style

    quantities = {"part": "error from models, % of all", "distance": "TV of the last state"}
    layout = [[f"{quantity}: {kind}" for kind in FEEDBACKS] for quantity in quantities]
    names = {"simu-to-real": "models first", "real-to-simu": "real first"}
    with style():
        figure, axes = panels(layout, height=4.4, sharex=True)
        for row, (quantity, label) in enumerate(quantities.items()):
            for column, kind in enumerate(FEEDBACKS):
                panel = axes[f"{quantity}: {kind}"]
                if quantity == "part":
                    error = measured(kind, "error")
                    curves = {
                        name: 100 * (1 - error["all-real"] / error[scheme]).mean(axis=0)
                        for scheme, name in names.items()
                    }
                else:
                    distance = measured(kind, "distance")
                    curves = {name: distance[scheme].mean(axis=0) for scheme, name in names.items()}
                first, last = curves.values()
                if np.allclose(first, last, rtol=1e-6):
                    curves = {"both": first}
                _named(panel, curves, colours=(3, 2), room=1.3)
                panel.set_title(f"({'abcd'[2 * row + column]}) where {kind}")
                if column == 0:
                    panel.set_ylabel(label)
                panel.set_xlabel("rollout length k, steps" if row == 1 else "")
    return figure


def _named(
    axes: "Axes", curves: dict[str, FloatArray], *, colours: tuple[int, ...] = (0, 1, 2), room: float = ROOM
) -> None:
    """Draw curves over the rollout length, each with its name at its end, apart enough to be read."""
    from mathrl.figures.plot import COLOURS

    top = max(float(curve.max()) for curve in curves.values())
    ends = sorted((float(curve[-1]), name) for name, curve in curves.items())
    places: dict[str, float] = {}
    for end, name in ends:
        places[name] = max(end, max(places.values(), default=-np.inf) + 0.09 * top)
    for number, (name, curve) in enumerate(curves.items()):
        colour = COLOURS[colours[number % len(colours)]]
        axes.plot(LENGTHS, curve, color=colour, linestyle=DASHES[number])
        axes.text(LENGTHS[-1] + 0.6, places[name], name, color=colour, va="center", fontsize=7)
    axes.set_xlim(0, LENGTHS[-1] * room)
    axes.spines["bottom"].set_bounds(0, LENGTHS[-1])
    axes.set_ylim(0, top * 1.12)
    axes.set_xticks([1, 5, 10, 15, 20, 25])
    axes.set_xlabel("rollout length k, steps")


@drawing("aorpo-figure-8", caption="compounding error over the errors of two opponent models, adaptive and all models")
def draw_figure_8() -> "Figure":
    """For both kinds of games what adaptive rollouts leave of the error that all models have, as percentages."""
    from matplotlib.colors import LinearSegmentedColormap

    from mathrl.figures.panels import panels
    from mathrl.figures.plot import style

    shades = LinearSegmentedColormap.from_list("white to blue", ["#FFFFFF", "#0072B2"])
    with style():
        figure, axes = panels([list(FEEDBACKS)], height=3.3, sharey=True)
        for number, kind in enumerate(FEEDBACKS):
            adaptive, modelled = errors_of(kind).mean(axis=-1)
            saved = 100 * (1 - adaptive / modelled)
            panel = axes[kind]
            panel.pcolormesh(saved.T, cmap=shades, vmin=0, vmax=60, edgecolors="white", linewidth=0.5)
            for i, j in np.ndindex(saved.shape):
                dark = saved[i, j] > 35
                text = f"{saved[i, j]:.0f}" if saved[i, j] > 0 else "0"
                panel.text(i + 0.5, j + 0.5, text, ha="center", va="center", color="white" if dark else "black")
            ticks = np.arange(len(ERRORS)) + 0.5
            panel.set_xticks(ticks, [f"{error:g}" for error in ERRORS])
            panel.set_yticks(ticks, [f"{error:g}" for error in ERRORS])
            panel.set_aspect("equal")
            panel.set_title(f"({'ab'[number]}) where {kind}")
            panel.set_xlabel("error of one opponent model (TV)")
        axes["errors stay"].set_ylabel("error of the other (TV)")
        figure.suptitle(
            f"% of the compounding error that adaptive rollouts save beside all models, k = {LENGTH}",
            x=0.02,
            ha="left",
            fontsize=9,
        )
    return figure


@drawing(
    "aorpo-appendix-b", caption="Theorem 2's bound and the true discrepancies over the branch length, three discounts"
)
def draw_bounds() -> "Figure":
    """A row for each size of the errors, a panel for each discount: a line for each game's truth, and both bounds."""
    from mathrl.figures.panels import panels
    from mathrl.figures.plot import style

    shown = DISCOUNTS[1:]
    with style():
        layout = [[f"{scale:g}, {discount:g}" for discount in shown] for scale in DRAWN_SCALES]
        figure, axes = panels(layout, height=4.6, sharey=True, sharex=True)
        for row, (scale, said) in enumerate(DRAWN_SCALES.items()):
            for column, discount in enumerate(shown):
                panel = axes[f"{scale:g}, {discount:g}"]
                _bounds(panel, discount, scale, named=column == 0)
                panel.set_title(f"({'abcdef'[3 * row + column]}) γ = {discount:g}{said}")
                panel.set_xlabel("branch length k, steps" if row else "")
                panel.set_ylabel("" if column else "error of the normalised return")
                panel.text(1, 130, "" if column else "above 1: says nothing", color="#404040", fontsize=7)
    return figure


DRAWN_SCALES = {1.0: "", 0.01: ", errors/100"}
"""The sizes of errors of which there is a picture, and how it calls them."""


NAME = 6
"""From which length on the names of curves stand beside them."""


def _bounds(panel: "Axes", discount: float, scale: float, *, named: bool) -> None:
    """Both bounds, which are nearly the same in all games, and the truth of each game."""
    from mathrl.figures.plot import COLOURS, GREY

    panel.axhspan(1, 300, color=GREY, alpha=0.14, linewidth=0)
    rows = {kind: [compared(kind, discount, scale, seed)["theorem-2"] for seed in range(GAMES)] for kind in FEEDBACKS}
    first = rows["errors stay"][0]
    lines: dict[str, tuple[list[FloatArray], str]] = {
        "Theorem 2": ([np.array([row.printed for row in first])], COLOURS[1]),
        "sharper bound": ([np.array([row.coupling for row in first])], COLOURS[0]),
        **{
            f"truth: {kind}, {GAMES} games": ([np.array([row.discrepancy for row in own]) for own in games], colour)
            for (kind, games), colour in zip(rows.items(), ("black", COLOURS[2]), strict=True)
        },
    }
    for n, (name, (curves, colour)) in enumerate(lines.items()):
        for curve in curves:
            panel.plot(BRANCHES, curve, color=colour, linestyle=DASHES[n], linewidth=1.5 if len(curves) == 1 else 0.9)
        if named:
            below = name != "Theorem 2"
            end = 0.6 * min(float(curve[NAME:].min()) for curve in curves) if below else 1.5 * float(curves[0][-1])
            panel.text(25, end, name, color=colour, ha="right",
                       va="top" if below else "bottom", fontsize=7, bbox=LIGHT)  # fmt: skip
    panel.set_yscale("log")
    panel.set_ylim(2e-7, 300)
    panel.set_yticks([1e-6, 1e-4, 1e-2, 1, 100])
    panel.set_xticks([1, 5, 10, 15, 20, 25])
    panel.minorticks_off()


@drawing("aorpo-table-1", caption="the schedules of the rollout length in the six tasks of Tables 1 and 2")
def draw_schedules() -> "Figure":
    """One curve a task, named at its end: communication, navigation and scheduling are the cooperative ones."""
    from mathrl.figures.panels import COLUMN, panels
    from mathrl.figures.plot import COLOURS, style

    with style():
        figure, axes = panels([["all"]], height=2.4, width=COLUMN)
        panel = axes["all"]
        epochs = np.arange(EPOCHS + 1)
        for number, (task, schedule) in enumerate(SCHEDULES.items()):
            lengths = [float(printed_length(schedule, int(epoch))) for epoch in epochs]
            panel.plot(epochs, lengths, color=COLOURS[number], linestyle=DASHES[number])
            alike = [name for name, other in SCHEDULES.items() if other.last == schedule.last]
            above = 0.36 * (len(alike) - 1 - 2 * alike.index(task))
            text = task.replace("cooperative-", "").replace("-", " ")
            panel.text(204, schedule.last + above, text, color=COLOURS[number], va="center", fontsize=7)
        panel.set_xlim(0, 310)
        panel.spines["bottom"].set_bounds(0, EPOCHS)
        panel.set_xticks([0, 50, 100, 150, 200])
        panel.set_ylim(0, 10.8)
        panel.set_yticks([1, 5, 6, 8, 10])
        panel.set_xlabel("epoch")
        panel.set_ylabel("rollout length, steps")
    return figure
