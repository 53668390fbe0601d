"""Figures of several panels with axes of their own, at the width of a column or of a page."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from mathrl.figures.plot import WIDTH

__all__ = ["COLUMN", "beside", "panels"]

COLUMN = 3.4
"""The width of one column in inches, in most journals."""


def panels(
    layout: Sequence[Sequence[str]], *, height: float, width: float = WIDTH, **grid: Any
) -> tuple[Figure, dict[str, Axes]]:
    """A figure with one panel for each name of the layout.

    `layout`  the panels' names in rows; a name that is repeated is a larger panel
    `height`  in inches
    `width`   in inches, by default that of a page
    `grid`    what `Figure.subplot_mosaic` takes besides, such as `sharex` and `width_ratios`
    """
    figure = Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(wspace=0.06, hspace=0.08))
    FigureCanvasAgg(figure)
    return figure, figure.subplot_mosaic([list(row) for row in layout], **grid)


def beside(axes: Axes, x: float, y: float, text: str, colour: str, *, right: bool = True, shift: float = 0.0) -> None:
    """Write a curve's name beside one of its points, `shift` points higher."""
    axes.annotate(
        text,
        (x, y),
        xytext=(4 if right else -4, shift),
        textcoords="offset points",
        color=colour,
        fontsize=8,
        ha="left" if right else "right",
        va="center",
        annotation_clip=False,
    )
