"""Learning curves: numbers of several runs over the steps, as their interquartile mean and its bootstrap interval."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.intervals import bootstrap_interval, interquartile_mean

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw", "label_ends"]

NAMES = {"critic_error": "critic's error"}
"""What a label calls a number whose name it does not take."""

HEIGHT = 3.0
"""Of the figure, in inches."""

INSIDE = 0.7 * HEIGHT * 72
"""About how high a panel is, in points."""

LETTERS = 10.0
"""The least distance of two labels, in points."""

TICKS = 4
"""Into how many parts the ticks cut the axis of steps, at most: numbers of steps are long."""

DASHES: tuple[Any, ...] = ("-", (0, (4, 1.6)))
"""Of the first and the second curve of a panel, so that both show where they are the same."""

SMALLEST = 1e-16
"""Errors below this are drawn there: a logarithmic axis has no 0."""

LOGARITHMIC = 30.0
"""The axis of errors is logarithmic if the largest is at least so many times the smallest."""

Curves = Mapping[str, FloatArray]


def draw(
    steps: Sequence[float], values: Curves, errors: Curves, *, title: str = "", begin: float | None = None
) -> "Figure":
    """Draw a panel of values and, if there are any, one of errors, over the steps.

    `steps`   (T,), at which step each measurement was made
    `values`  by name the numbers of all runs, (runs, T), in units of reward
    `errors`  by name the numbers of all runs, (runs, T), parts of a whole
    `title`   what stands above the panels
    `begin`   at which step the policies begin to learn: a dotted line; None, or beyond the last step: no line

    A line is the interquartile mean of the runs, a band its 95 % bootstrap interval. Measurements that are not finite
    in all runs are left out.
    """
    from matplotlib.ticker import MaxNLocator

    from mathrl.figures.plot import TITLE, mosaic, style

    runs = len(next(iter(values.values())))
    with style():
        layout = [["values", "errors"] if errors else ["values"]]
        figure, axes = mosaic(layout, height=HEIGHT, widths=(1,) * len(layout[0]))
        _panel(axes["values"], steps, values, first=0)
        axes["values"].set_title("(a) " + "; ".join(_name(name) for name in values))
        axes["values"].set_ylabel("units of reward")
        if errors:
            _panel(axes["errors"], steps, errors, first=len(values), positive=True)
            axes["errors"].set_title("(b) " + "; ".join(_name(name) for name in errors))
            axes["errors"].set_ylabel("probability; part of Q's span")
        for panel in axes.values():
            panel.set_xlabel("steps of the environment")
            panel.set_xlim(0, max(steps))
            if begin is not None and begin < max(steps):
                panel.axvline(begin, color="0.6", linewidth=0.8, linestyle=":", zorder=0)
            panel.xaxis.set_major_locator(MaxNLocator(TICKS))
        several = f"{runs} seeds: interquartile mean, and its 95 % bootstrap interval" if runs > 1 else "one seed"
        if begin is not None and begin < max(steps):
            several += "; dotted: policies begin to learn"
        said = [fill(title, TITLE), several] if title else [several]
        figure.suptitle("\n".join(said), x=0.01, ha="left", fontsize=9).set_parse_math(False)
    return figure


def _panel(axes: "Axes", steps: Sequence[float], curves: Curves, *, first: int, positive: bool = False) -> None:
    """Draw curves in the colours from `first` on, and write their names at their ends."""
    from mathrl.figures.plot import COLOURS

    ends: list[tuple[str, float, str]] = []
    lowest, highest = np.inf, -np.inf
    for k, (name, numbers) in enumerate(curves.items()):
        known = np.isfinite(numbers).all(axis=0)
        if not known.any():
            continue
        x, numbers = np.asarray(steps)[known], numbers[:, known]
        if positive:
            numbers = np.maximum(numbers, SMALLEST)
        middle, (low, high) = np.asarray(interquartile_mean(numbers, axis=0)), bootstrap_interval(numbers)
        colour = COLOURS[(first + k) % len(COLOURS)]
        axes.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
        marked: Any = {"marker": "o", "markersize": 3} if len(x) == 1 else {}
        axes.plot(x, middle, color=colour, linestyle=DASHES[k % len(DASHES)], label=name, **marked)
        ends.append((_name(name), float(middle[-1]), colour))
        lowest, highest = min(lowest, float(np.min(low))), max(highest, float(np.max(high)))
    if positive and highest >= LOGARITHMIC * lowest:
        axes.set_yscale("log")
    elif positive and ends:
        axes.set_ylim(bottom=0)
    label_ends(axes, ends)


def label_ends(axes: "Axes", ends: Sequence[tuple[str, float, str]], height: float = INSIDE) -> None:
    """Write names to the right of where curves end, moved apart where they would touch.

    `ends` has name, height and colour of each; `height` is about that of the panel, in points.
    """
    limits = axes.transScale.transform([(1, y) for y in axes.get_ylim()])[:, 1]
    scaled = axes.transScale.transform([(1, y) for _, y, _ in ends])[:, 1] if ends else np.zeros(0)
    at = (scaled - limits[0]) / (limits[1] - limits[0]) * height
    order = np.argsort(at, kind="stable")
    moved = at.copy()
    for below, above in pairwise(order):
        moved[above] = max(moved[above], moved[below] + LETTERS)
    text: Any = {"xycoords": axes.get_yaxis_transform(), "textcoords": "offset points", "va": "center", "fontsize": 8}
    for (name, y, colour), shift in zip(ends, moved - at, strict=True):
        axes.annotate(name, (1, y), xytext=(4, float(shift)), color=colour, annotation_clip=False, **text)


def _name(name: str) -> str:
    return NAMES.get(name, name)
