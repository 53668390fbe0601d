"""A fit of the rationality: its likelihood along the branch, and what was observed beside what the fit says."""

from math import inf, isfinite
from typing import TYPE_CHECKING

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.stats import chi2

from mathrl.base.checks import FloatArray, instance
from mathrl.estimate import Fit
from mathrl.estimate.fit import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]

_WIDTH, _HEIGHT = 7.0, 2.6
"""Of the figure, in inches, unless others are asked for."""

_NARROW = 5.5
"""Figures of less width have one panel below the other."""

_DEPTHS = 4.0
"""How many times the interval's depth below the best the panel of the likelihood shows."""

_BESIDE = 0.7
"""How much of the likelihood is shown above the interval, as a share of the interval."""

_HEADROOM = 1.18
"""The height of the panel of bars: their legend stands above 1."""

_BETWEEN = 8
"""Into how many parts the way between two points of the likelihood is cut."""

_MOST_LETTERS = 60
"""Labels of more letters than these stand upright below their bars, so that they do not run into each other."""

_MOST_BARS = 40
"""Of more actions than these only the points are drawn, probability against frequency."""


def draw(fit: Fit, *, size: tuple[float, float] | None = None) -> "Figure":
    """Draw the profile 2 (max L − L) over the rationality with the interval, and data beside fitted probabilities.

    `fit`   what `mathrl.estimate.fit` returns
    `size`  (width, height) in inches; default: 7 by 2.6. Below a width of 5.5 one panel stands below the other

    Returns a matplotlib `Figure`. Raises `ValueError` naming the argument.
    """
    from mathrl.figures.plot import checked_size, mosaic, style

    instance("fit", fit, Fit, "a Fit, which mathrl.estimate.fit returns")
    width, height = checked_size(size, (_WIDTH, _HEIGHT))
    with style():
        layout = [["profile", "data"]] if width >= _NARROW else [["profile"], ["data"]]
        widths = [1] * len(layout[0])
        figure, axes = mosaic(layout, width=width, height=height, widths=widths, share=False)
        _draw_profile(axes["profile"], fit)
        _draw_data(axes["data"], fit)
    return figure


def _draw_profile(axes: "Axes", fit: Fit) -> None:
    from mathrl.figures.plot import COLOURS, GREY

    rationality, values = _smooth(fit.curve)
    depth, allowed = 2 * (fit.log_likelihood - values), float(chi2.ppf(fit.level, 1))
    low, high = fit.interval
    right = min(high + _BESIDE * (high - low), float(rationality.max()))
    if high == inf:  # the likelihood hardly changes any more where the branch is long
        right = max(4 * low, float(np.quantile(rationality, 0.5)))
    edge = right * 1.05 or 1.0
    axes.axvspan(low, min(high, edge), color=COLOURS[0], alpha=0.12, linewidth=0)
    axes.axhline(allowed, color=GREY, linewidth=0.8, linestyle=(0, (4, 2)))
    axes.plot(rationality, depth, color=COLOURS[0])
    if isfinite(fit.rationality):
        axes.plot(fit.rationality, 0, "o", color=COLOURS[1], markersize=4, clip_on=False)
    axes.set_xlim(0, edge)
    axes.set_ylim(0, _DEPTHS * allowed)
    axes.set_xlabel("rationality (1/temperature)")
    axes.set_title(f"(a) 2 (max L − L); shaded: {100 * fit.level:g} % interval")


def _smooth(curve: FloatArray) -> FloatArray:
    """The curve with points between its own, on cubics that rise and fall only where it does."""
    places = np.arange(curve.shape[1], dtype=np.float64)
    if len(places) < 2:
        return curve
    between = np.linspace(0, places[-1], _BETWEEN * (len(places) - 1) + 1)
    return np.asarray(PchipInterpolator(places, curve, axis=1)(between))


def _draw_data(axes: "Axes", fit: Fit) -> None:
    from mathrl.figures.plot import COLOURS

    rows = list(fit.rows)
    observed = np.array([row.frequency for row in rows])
    fitted = np.array([row.probability for row in rows])
    if len(rows) > _MOST_BARS:
        axes.plot([0, 1], [0, 1], color=COLOURS[1], linewidth=0.8)
        axes.plot(fitted, observed, ".", color=COLOURS[0], markersize=4)
        axes.set_xlabel("fitted probability")
        axes.set_title("(b) observed frequency")
        axes.set_xlim(0, 1)
    else:
        places = np.arange(len(rows)) + 0.6 * np.cumsum([0, *_begins(rows)])
        axes.bar(places, observed, width=0.8, color=COLOURS[5], label="observed")
        axes.plot(places, fitted, "o", color=COLOURS[1], markersize=4, label="fitted")
        labels = [_label(fit, row) for row in rows]
        upright = sum(map(len, labels)) > _MOST_LETTERS
        axes.set_xticks(places, labels, fontsize=6, rotation=90 if upright else 0, parse_math=False)
        axes.set_yticks(np.linspace(0, 1, 6))
        axes.legend(frameon=False, fontsize=7, loc="upper center", ncols=2)
        axes.set_title("(b) probability of actions" + (" (agent:action)" if len(fit.games) == 1 else ""))
    axes.set_ylim(0, 1 if len(rows) > _MOST_BARS else _HEADROOM)


def _begins(rows: list[Row]) -> list[bool]:
    """Whether each row after the first belongs to another agent, state or game than the one before."""
    return [a[:3] != b[:3] for a, b in zip(rows[1:], rows[:-1], strict=True)]


def _label(fit: Fit, row: Row) -> str:
    agent, state, action = fit.labels(row)
    parts = [str(row.game)] * (len(fit.games) > 1) + [str(agent)]
    parts += [f"s{state}" if isinstance(state, int) else state] * (len(fit.policies[row.game][row.agent]) > 1)
    return ":".join([*parts, str(action)])
