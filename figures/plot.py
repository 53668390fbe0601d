"""Axes, colours and sizes of all figures, and how figures are written: the same bytes on every run."""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import fill
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from mathrl.base.checks import fail, iterated, positive
from mathrl.base.files import write_bytes

__all__ = [
    "COLOURS",
    "COLUMN",
    "FORMATS",
    "GREY",
    "TITLE",
    "WIDTH",
    "check",
    "checked_size",
    "legend",
    "mosaic",
    "save",
    "style",
]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's palette: distinct for colour-blind readers, and in grey."""

GREY = "#6E6E6E"

WIDTH = 7.0
"""The width of a figure in inches: the text width of two columns in most journals."""

COLUMN = 3.5
"""The width of a figure that one column holds, in inches."""

LEAST, LARGEST = 1.0, 100.0
"""Widths and heights of figures, in inches; at 220 dots to the inch 100 are a picture of 22,000 dots."""

TITLE = 80
"""How many letters a line of a figure's title has."""

FORMATS: Mapping[str, Mapping[str, Any]] = {
    ".png": {"dpi": 220, "metadata": {"Software": None}},
    ".svg": {"metadata": {"Date": None, "Creator": None}},
    ".pdf": {"metadata": {"CreationDate": None, "Creator": None, "Producer": None}},
}
"""The endings of files that figures are written to, and what keeps dates and versions out of them."""

STYLE: Any = {
    "axes.edgecolor": "#333333",
    "axes.labelsize": 9,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 9,
    "backend": "agg",
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "lines.linewidth": 1.5,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "mathrl",
    "xtick.direction": "out",
    "xtick.labelsize": 8,
    "xtick.major.width": 0.6,
    "ytick.labelsize": 8,
    "ytick.major.width": 0.6,
}


@contextmanager
def style() -> Iterator[None]:
    """Draw and write figures inside this block with the settings of this library, whatever the user's own are."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


def mosaic(
    layout: Sequence[Sequence[str]],
    *,
    height: float,
    widths: Sequence[float],
    heights: Sequence[float] | None = None,
    width: float = WIDTH,
    share: bool = True,
) -> tuple[Figure, dict[str, Axes]]:
    """A figure, by default of the full width, whose panels share the horizontal axis unless `share` is false.

    A name that is repeated is a larger panel.
    """
    figure = _figure(width, height)
    panels = figure.subplot_mosaic(
        [list(row) for row in layout], sharex=share, width_ratios=widths, height_ratios=heights
    )
    return figure, panels


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(wspace=0.04, hspace=0.06))
    FigureCanvasAgg(figure)
    return figure


def legend(
    figure: Figure,
    entries: Sequence[tuple[str, Mapping[str, Any]]],
    columns: int | None = None,
    title: str = "",
    scale: float = 1.0,
) -> None:
    """Draw one legend above all panels: what each mark stands for, by its label and the arguments of its line.

    It is in one row, or in as many columns as are asked for; a `scale` below 1 makes it narrower, in smaller letters.
    The figure's title stands above it, broken between words.
    """
    handles = [Line2D([], [], label=label, **line) for label, line in entries]
    ncols = columns or len(handles)
    narrow: Any = {"fontsize": STYLE["font.size"] * scale, "columnspacing": 1.0} if scale < 1 else {}
    drawn = figure.legend(
        handles=handles, loc="outside upper left", ncols=ncols, frameon=False, handletextpad=0.4, **narrow
    )
    if title:
        drawn.set_title(fill(title, TITLE), prop=FontProperties(size=10))
        drawn.set_alignment("left")
        drawn.get_title().set_parse_math(False)


def checked_size(size: Any, otherwise: tuple[float, float]) -> tuple[float, float]:
    """Require a width and a height in inches that a figure can have; `otherwise` where there are none."""
    if size is None:
        return otherwise
    given = list(iterated("size", size, "two numbers, width and height in inches"))
    if len(given) != 2:
        fail("size", f"is {len(given)} numbers", "two, width and height in inches")
    width, height = (positive(f"size[{k}]", value) for k, value in enumerate(given))
    for k, length in enumerate((width, height)):
        if not LEAST <= length <= LARGEST:
            fail(f"size[{k}]", f"is {length:g} inches", f"from {LEAST:g} to {LARGEST:g}")
    return width, height


def check(path: Path, option: str = "") -> str:
    """The ending of a file that `save` can write; `option` is what it was given as."""
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        fail(f"{option} {path}".strip(), f"ends in {suffix!r}", " or ".join(FORMATS))
    return suffix


def save(figure: Figure, path: Path) -> None:
    """Write a figure to a .png, .svg or .pdf file, whole or not at all."""
    suffix = check(path)
    buffer = io.BytesIO()
    with style():
        figure.savefig(buffer, format=suffix[1:], **FORMATS[suffix])
    write_bytes(path, buffer.getvalue())
