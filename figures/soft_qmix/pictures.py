"""Pictures of Soft-QMIX's tables: where starts lead in the one-step game, and the differences of Tables 3 and 4."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.drawing import drawing
from mathrl.figures.soft_qmix import table_3, table_4
from mathrl.figures.soft_qmix.table_2a import ENDS, GRID, HIGHEST, LOWEST, certified, cycle, ends_of_grid, paid, step
from mathrl.figures.welch import Welch, holm

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_ends", "draw_table_3", "draw_table_4"]

RANGE = (0.3, 60.0)
POINTS = 60

SHADES = ("#DCEBF5", "#B5460F", "#B8B8B8")
"""Of the ends, in their order: light, dark and between, so that they differ in grey too."""

PLACES = ((0.66, 0.72), (0.16, 0.15), (0.68, 0.13), (0.14, 0.70))
"""Where it is written into panel (a) how the starts there end."""

INK = ("black", "white", "black")
"""In which colour, by the end."""


@drawing("soft-qmix-table-2a", caption="where Soft-QMIX's starts lead in the one-step game, and its fixed points")
def draw_ends() -> "Figure":
    """Where each pair of starts leads at temperature 1; and the fixed points over the temperature."""
    from mathrl.figures.panels import panels
    from mathrl.figures.plot import style

    with style():
        figure, axes = panels([["starts", "points"]], height=3.1, width_ratios=(1, 1.15))
        _draw_starts(axes["starts"])
        _draw_points(axes["points"])
    return figure


def _draw_starts(axes: "Axes") -> None:
    from matplotlib.colors import ListedColormap

    end = ends_of_grid(1.0).end.reshape(GRID, GRID)
    edges = np.linspace(0, 1, GRID + 1)
    axes.pcolormesh(edges, edges, end.T, cmap=ListedColormap(SHADES), vmin=-0.5, vmax=2.5, rasterized=True, zorder=0)
    for x, y in PLACES:
        at = int(end[int(x * GRID), int(y * GRID)])
        narrow = at == ENDS.index("cycle") and x < y
        axes.text(x, y, _words(at, narrow=narrow), ha="center", va="center", color=INK[at])
    axes.plot(1 / 3, 1 / 3, color="black", marker="o", markersize=5)
    axes.annotate("uniform play", (1 / 3, 1 / 3), xytext=(5, 1), textcoords="offset points", va="bottom")
    axes.set_aspect("equal")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_title("(a) where starts lead, temperature 1")
    axes.set_xlabel("first probability of A, row player")
    axes.set_ylabel("first probability of A, column player")


def _words(end: int, *, narrow: bool) -> str:
    """What an end of temperature 1 is called, in a narrow place without what it pays."""
    if ENDS[end] == "cycle":
        pair = cycle(1.0)
        return "in turn\nA and\nB, C" if narrow or pair is None else f"in turn A and\nB, C: paid {round(paid(*pair))}"
    x = certified((HIGHEST, LOWEST)[end], 1.0)
    return f"{('both end at A', 'at B, C')[end]},\npaid {round(paid(x, x))}"


def _draw_points(axes: "Axes") -> None:
    from mathrl.figures.plot import COLOURS, GREY

    temperatures = np.geomspace(*RANGE, POINTS)
    for number, (kind, dashes) in enumerate(((HIGHEST, "-"), (LOWEST, (0, (4, 1.6))))):
        curve = [certified(kind, float(t)) for t in temperatures]
        axes.plot(temperatures, curve, color=COLOURS[number], linestyle=dashes)
    cycles = _cycles(temperatures)
    axes.plot(temperatures, cycles, color="black", linewidth=0.7, marker="x", markersize=3.5, markevery=3)
    axes.axhline(1 / 3, color=GREY, linewidth=0.7, linestyle=":")
    axes.annotate("uniform", (RANGE[0], 1 / 3), xytext=(2, 3), textcoords="offset points", color=GREY, fontsize=7)
    axes.annotate("both at A", (8.0, 0.70), xytext=(5, 5), textcoords="offset points", color=COLOURS[0])
    axes.annotate("both at B, C", (3.5, 0.03), xytext=(-4, 8), textcoords="offset points", color=COLOURS[1], ha="right")
    axes.annotate("the cycle's\ntwo players", (5.6, 0.5), xytext=(-5, 0), textcoords="offset points", ha="right")
    axes.set_xscale("log")
    axes.set_ylim(-0.03, 1.03)
    axes.set_title("(b) fixed points and the cycle")
    axes.set_xlabel("temperature, in units of payoff")
    axes.set_ylabel("probability of A")


def _cycles(temperatures: FloatArray) -> FloatArray:
    """The two probabilities of A between which both players change, the larger one first, (temperatures, 2).

    NaN where the start that is taken leads to a fixed point.
    """
    x, y = np.full_like(temperatures, 0.9), np.full_like(temperatures, 0.1)
    for _ in range(400):
        x, y = step(temperatures, x, y)
    apart = np.abs(x - y) > 1e-6
    return np.stack([np.where(apart, end, np.nan) for end in (np.maximum(x, y), np.minimum(x, y))], axis=1)


@drawing("soft-qmix-table-3", caption="differences of the rewards in Table 3, with intervals from printed deviations")
def draw_table_3() -> "Figure":
    """One line for each comparison of the text."""
    return _forest(table_3.tests(), "difference of reward\n(95 % interval, 5 seeds)")


@drawing("soft-qmix-table-4", caption="differences of the win rates in Table 4, with intervals from printed deviations")
def draw_table_4() -> "Figure":
    """One line for each part that is added, and for all of them."""
    return _forest(table_4.tests(), "difference of win rate\n(95 % interval, 3 seeds)")


def _forest(tests: Mapping[tuple[str, str], Welch], label: str) -> "Figure":
    from mathrl.figures.forest import draw

    adjusted = holm([test.p for test in tests.values()]).tolist()
    return draw(tests, dict(zip(tests, adjusted, strict=True)), label=label)
