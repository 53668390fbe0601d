"""Differences of printed means with their intervals, one line for each, in groups."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mathrl.figures.welch import Welch

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw"]

LINE = 0.2
"""The height of a line in inches."""


def draw(tests: Mapping[tuple[str, str], Welch], adjusted: Mapping[tuple[str, str], float], *, label: str) -> "Figure":
    """Draw the difference of each test with its 95 % interval, and write its p-values beside it.

    `tests`     (group, comparison) → the test
    `adjusted`  the same → its p-value where all of them are taken together
    `label`     what the horizontal axis shows, with its unit
    """
    from mathrl.figures.panels import COLUMN, panels
    from mathrl.figures.plot import COLOURS, GREY, style

    groups = list(dict.fromkeys(group for group, _ in tests))
    with style():
        figure, axes = panels([["all"]], height=LINE * (len(tests) + len(groups)) + 0.75, width=COLUMN)
        panel, at, ticks = axes["all"], 0.0, {}
        for number, group in enumerate(groups):
            at -= 1
            panel.text(-0.02, at, group, transform=panel.get_yaxis_transform(), ha="right", va="center", weight="bold")
            for (of, comparison), test in tests.items():
                if of != group:
                    continue
                at -= 1
                ticks[at] = comparison
                colour = COLOURS[number % len(COLOURS)]
                panel.plot([test.low, test.high], [at, at], color=colour, linewidth=1.3)
                panel.plot(test.difference, at, color=colour, marker="os^D"[number % 4], markersize=4)
                said = f"{test.p:.2f}   {adjusted[of, comparison]:.2f}"
                panel.text(1.02, at, said, transform=panel.get_yaxis_transform(), va="center")
        panel.text(1.02, 0.0, "p      Holm", transform=panel.get_yaxis_transform(), va="center", color=GREY)
        panel.axvline(0, color=GREY, linewidth=0.8, linestyle=":", zorder=0)
        panel.set_ylim(at - 0.7, 0.5)
        panel.set_yticks(list(ticks), list(ticks.values()))
        panel.tick_params(axis="y", length=0)
        panel.spines["left"].set_visible(False)
        panel.set_xlabel(label, fontsize=8)
    return figure
