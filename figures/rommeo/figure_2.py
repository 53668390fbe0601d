"""ROMMEO, Figure 2: the surface of the max-of-two-quadratics game, exactly; its other parts need networks."""

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.base.drawing import drawing
from mathrl.base.printed import PaperStatement, PaperValue
from mathrl.base.reproduction import Computed, exact, unavailable
from mathrl.base.text import at_most
from mathrl.figures.rommeo.surface import BOX, CODE, PRINTED, Surface

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw", "figure_2a"]

SURFACES = {"as printed": PRINTED, "as in the authors' code": CODE}

IN_BASIN = "(0,0) lies in the basin of (-5,-5)"
VALLEY = "a valley lies between the maxima"

NETWORKS = (
    "ROMMEO-AC, PR2, MASQL, MADDPG, DDPG and DDPG-OM as networks with continuous actions, 200 episodes of 25 steps; "
    "the text gives no sizes, rates, numbers of seeds or numbers of the curves"
)

unavailable(
    "rommeo-figure-2b",
    caption="learning curves of ROMMEO-AC and baselines in the max-of-two-quadratics game",
    needs=NETWORKS,
)
unavailable(
    "rommeo-figure-2c",
    caption="means of the agents' policies and opponent models over 50 episodes of ROMMEO-AC",
    needs=NETWORKS,
)


@exact(
    "rommeo-figure-2a",
    caption="the surface of the max-of-two-quadratics game: its maxima, its valley, and where gradient ascent ends",
    paper={
        "as printed": {
            "local maximum: action": PaperValue("-5", exact=True),
            "local maximum": PaperValue("0", exact=True),
            "global maximum: action": PaperValue("5", exact=True),
            "global maximum": PaperValue("10", exact=True),
        },
        "text": {IN_BASIN: PaperStatement(), VALLEY: PaperStatement()},
    },
)
def figure_2a() -> Computed:
    """What the text says of the surface, and what there is besides. Points lie on the diagonal: one number is both."""
    values: dict[tuple[str, str], float] = {}
    for name, surface in SURFACES.items():
        share, _ = surface.basin_share()
        numbers = {
            "local maximum: action": -5.0,
            "local maximum": 0.0 + float(surface.value(np.full(2, -5.0))),
            "global maximum: action": 5.0,
            "global maximum": float(surface.value(np.full(2, 5.0))),
            "from (0,0) ascent ends at": float(surface.path(np.zeros(2))[-1, 0]),
            "reward at (0,0)": float(surface.value(np.zeros(2))),
            "highest point of the valley: action": 5 * surface.saddle,
            "highest point of the valley": float(surface.value(np.full(2, 5 * surface.saddle))),
            "disc of the global maximum: centre": 5 * float(surface.m),
            "disc of the global maximum: radius": surface.radius,
            "share of the box that ascends to (5,5)": share,
            "lowest reward in the box": _lowest(surface),
        }
        values |= {(name, column): number for column, number in numbers.items()}
    ends = [values[name, "from (0,0) ascent ends at"] for name in SURFACES]
    dips = [values[name, "highest point of the valley"] < values[name, "local maximum"] for name in SURFACES]
    values["text", IN_BASIN] = sum(end == -5 for end in ends) / len(ends)
    values["text", VALLEY] = sum(dips) / len(dips)
    return Computed(values, _notes(values))


def _lowest(surface: Surface) -> float:
    """The least reward in the box: each piece is concave, and so least at a corner; f is least at a corner or where the
    pieces meet on the edge, as it is concave on either side.
    """
    corners = np.array([[a, b] for a in (-BOX, BOX) for b in (-BOX, BOX)])
    centre, squared = 5 * float(surface.m), float(surface.radius_squared)
    off = np.sqrt(max(0.0, squared - (BOX - centre) ** 2))
    meets = [[BOX, centre + sign * off] for sign in (-1, 1) if abs(centre + sign * off) <= BOX]
    points = np.concatenate([corners, np.array(meets).reshape(-1, 2)])
    return float(surface.value(points).min())


def _notes(values: dict[tuple[str, str], float]) -> tuple[str, ...]:
    printed, code = SURFACES
    share, other = (100 * values[name, "share of the box that ascends to (5,5)"] for name in (printed, code))
    error = PRINTED.basin_share()[1]
    return (
        "where an action is one number, it is that of both agents; the centre of the disc, too",
        "as printed: the pieces meet on the circle around (245/41, 245/41) (5.976) with the radius "
        "√54450/41 (5.691), which passes through the corner (10,10). Its arc towards (−5,−5) is the valley. The "
        "highest point of the valley, which the easiest path from one maximum to the other must cross, is "
        "(80/41, 80/41) with reward −14440/1681 (−8.590), less than the −40/9 (−4.444) of the start (0,0)",
        "text: the share of the two surfaces on which a statement is so, 1 if on both. A point lies in the basin of "
        "the maximum where gradient ascent from it ends; a valley lies between the maxima where every path from one to "
        "the other goes lower than both",
        "basins: gradient ascent from (0,0) runs straight to (−5,−5), on either surface. From "
        f"{share:.1f} % of the box it ends at (5,5) (as in the code: {other:.1f} %), which is the disc and its shadow "
        f"seen from (−5,−5); quadrature gives an error of at most {at_most(100 * error)} %",
        "Figure 2a is not drawn from the printed formula. The contour of −2 around (−5,−5) has the radius 4.74 as "
        "printed, and √7.5 = 2.74 if the squares are divided by 3, as the authors' code does "
        "(maci/environments/differential_game.py); the drawn one has 2.7",
        "the text says that ROMMEO-AC needs no annealing of α. In the authors' program (experiment/run_rommeo.py) α is "
        "0.1 + 500 exp(−0.1 max(t − 10, 0)) in training step t, for ROMMEO-AC as for MASQL",
    )


@drawing(
    "rommeo-figure-2a",
    caption="the surface of the max-of-two-quadratics game, its valley and basins, and paths of gradient ascent",
)
def draw() -> "Figure":
    """Two panels: the surface as printed, and as the figure of the paper is drawn."""
    from mathrl.figures.plot import mosaic, style

    with style():
        figure, axes = mosaic([["printed", "code"]], height=4.0, widths=[1, 1])
        _panel(axes["printed"], PRINTED, "as printed")
        _panel(axes["code"], CODE, "as in the authors' code and Figure 2a")
        axes["code"].tick_params(labelleft=False)
        axes["printed"].set_ylabel("action of agent 2")
        figure.supxlabel(
            "White: ascent ends at (5,5); grey: at (−5,−5). Lines: contours of the reward. Arrows: paths of gradient "
            "ascent.",
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
    for point, text, offset in (((-5, -5), "reward 0", (6, -10)), ((5, 5), "reward 10", (6, 4))):
        axes.plot(*point, marker="o", markersize=4, color="black", zorder=5)
        axes.annotate(text, point, offset, textcoords="offset points", fontsize=7, fontweight="bold")
    saddle = 5 * surface.saddle
    axes.plot(saddle, saddle, marker="D", markersize=4, color=COLOURS[1], zorder=5)
    axes.annotate(
        f"highest point of the\nvalley: reward −{-float(surface.value(np.full(2, saddle))):.2f}", (saddle, saddle),
        (-9.6, 7.0), textcoords="data", fontsize=7, color="#8F3F00",
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
