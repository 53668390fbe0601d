"""The picture of ROMMEO's Figure 2a: the surface of the max-of-two-quadratics game, as printed and as it is drawn."""

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.base.drawing import drawing
from mathrl.figures.rommeo.surface import BOX, CODE, PRINTED, Surface
from mathrl.figures.rommeo.words import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_surface"]


@drawing(
    "rommeo-figure-2a",
    caption="the surface of the max-of-two-quadratics game, its valley and basins, and paths of gradient ascent",
)
def draw_surface() -> "Figure":
    """Two panels: the surface as printed, and as the figure of the paper is drawn."""
    from mathrl.figures.plot import mosaic, style

    low, high = (str(action).replace("-", "−") for action, _ in PRINTED.maxima())
    with style():
        figure, axes = mosaic([["printed", "code"]], height=4.0, widths=[1, 1])
        _panel(axes["printed"], PRINTED, "as printed")
        _panel(axes["code"], CODE, "as in the authors' code and Figure 2a")
        axes["code"].tick_params(labelleft=False)
        axes["printed"].set_ylabel("action of agent 2")
        figure.supxlabel(
            f"White: ascent ends at ({high},{high}); grey: at ({low},{low}). Lines: contours of the reward. Arrows: "
            "paths of gradient ascent.",
            fontsize=7, color="#555555", x=0.01, ha="left",
        )  # fmt: skip
    return figure


def _panel(axes: "Axes", surface: Surface, title: str) -> None:
    from matplotlib.patches import Circle

    from mathrl.figures.plot import COLOURS, GREY

    ticks = np.linspace(-BOX, BOX, 401)
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1)
    ends = _ends_at_best(surface, grid)
    axes.imshow(
        np.where(ends, 1.0, 0.86), extent=(-BOX, BOX, -BOX, BOX), origin="lower", cmap="gray", vmin=0, vmax=1,
        interpolation="nearest", zorder=0,
    )  # fmt: skip
    levels = (-100, -60, -30, -20, -10, -5, -2, 0, 5)
    lines = axes.contour(
        grid[..., 0], grid[..., 1], surface.value(grid), levels=levels, colors=GREY, linewidths=0.5,
        linestyles="solid", zorder=1,
    )  # fmt: skip
    axes.clabel(lines, fontsize=6, inline_spacing=2)
    axes.add_patch(
        Circle((5 * float(surface.m),) * 2, surface.radius, fill=False, color=COLOURS[1], linewidth=1.2, zorder=2)
    )  # fmt: skip
    for start in ((0, 0), (-9, 3), (3, -9), (2.6, 2.6), (8.5, -2.5), (-2.5, 8.5), (1.9, 9.7)):
        _arrows(axes, surface.path(np.array(start, dtype=float)), COLOURS[0])
    axes.plot(0, 0, marker="*", markersize=9, color=COLOURS[0], zorder=5)
    axes.annotate("start (0,0)", (0, 0), (-6, 5), textcoords="offset points", fontsize=7, ha="right")
    for (action, reward), offset, side in zip(surface.maxima(), ((-6, -10), (6, 4)), ("right", "left"), strict=True):
        point, text = (float(action),) * 2, f"reward {reward}"
        axes.plot(*point, marker="o", markersize=4, color="black", zorder=5)
        axes.annotate(text, point, offset, textcoords="offset points", fontsize=7, fontweight="bold", ha=side)
    saddle = 5 * surface.saddle
    axes.plot(saddle, saddle, marker="D", markersize=4, color=COLOURS[1], zorder=5)
    axes.annotate(
        f"highest point\nof the valley:\nreward {number(surface.value(np.full(2, saddle)), '.2f')}", (saddle, saddle),
        (-9.6, 5.8), textcoords="data", fontsize=7, color="#8F3F00",
        arrowprops={"arrowstyle": "-", "linewidth": 0.5, "color": "#8F3F00"},
    )  # fmt: skip
    axes.set(
        xlim=(-BOX, BOX), ylim=(-BOX, BOX), aspect="equal", xlabel="action of agent 1", title=title,
        xticks=(-10, -5, 0, 5, 10), yticks=(-10, -5, 0, 5, 10),
    )  # fmt: skip


def _arrows(axes: "Axes", corners: FloatArray, colour: str) -> None:
    axes.plot(*corners.T, color=colour, linewidth=1.0, zorder=3)
    for here, there in pairwise(corners):
        middle = here + 0.55 * (there - here)
        axes.annotate(
            "", middle, middle - 0.01 * (there - here),
            arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 0, "mutation_scale": 8}, zorder=3,
        )  # fmt: skip


def _ends_at_best(surface: Surface, grid: FloatArray) -> npt.NDArray[np.bool_]:
    """Whether ascent from each point ends at (5, 5)."""
    inside = surface.inside(grid)
    relative = grid + 5
    centre = 5 * float(surface.m + 1)
    distance = np.hypot(relative[..., 0], relative[..., 1])
    angle = np.arctan2(relative[..., 1], relative[..., 0]) - np.pi / 4
    shaded = np.abs(np.sin(angle)) * np.sqrt(2) * centre < surface.radius
    behind = distance**2 > 2 * centre**2 - surface.radius**2
    return np.asarray(inside | (shaded & behind & (relative.sum(axis=-1) > 0)))
