"""AORPO over the branch length: the true discrepancy beside its bounds; what rollout schemes give and cost."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mathrl.bounds import SCHEMES, Comparison, Rollout, Setup, compare_returns, rollout
from mathrl.games.validate import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["curves", "draw"]

CLAIMS = {
    "theorem-2": "Theorem 2",
    "extended-theorem-b.2": "B.2",
    "extended-lemma-c.4": "ext. C.4",
    "theorem-5": "Theorem 5",
    "lemma-c.4": "C.4",
}
"""The bounds on branched returns, and what a legend calls them."""

KINDS = {"printed": 1, "corrected": 4, "coupling": 0}
"""What is drawn of a claim, and the numbers of the colours."""

LEGENDS: dict[str, Any] = {"bounds": "outside lower left", "distance": "outside lower right"}
SCHEME_COLOURS = (2, 3, 5, 4)
DASHED: Any = (0, (4, 1.6))
DASHES: tuple[Any, ...] = ("-", DASHED, (0, (4, 1.2, 1, 1.2)), (0, (1, 1.2)), (0, (8, 2)))
"""Of the first curve of a kind, the second, …"""

RING: Any = {"marker": "o", "markersize": 5, "markerfacecolor": "white"}

HEADROOM = 2.5
"""How far above the trivial bound the axis reaches at least, times that bound."""

LINE = 5e-3
"""The relative difference of curves that one line shows both of."""

ROUNDING = 1e-12
"""What is below, times the trivial bound, is taken for 0."""

LOGARITHMIC = 30.0
"""The ratio of the largest to the smallest number from which an axis is logarithmic."""


def draw(setup: Setup, *, branch_lengths: Iterable[int], dynamics_error: str = "real") -> "Figure":
    """The bounds of normalised returns; the schemes' distance from the real law; their communications.

    Rings mark where a curve is least. A scheme needs a step: its curves begin at k = 1.
    """
    from matplotlib.ticker import MaxNLocator

    from mathrl.figures.plot import mosaic, style

    lengths = sorted(set(branch_lengths))
    compared = compare_returns(setup, branch_lengths=lengths, dynamics_error=dynamics_error)
    steps = [k for k in lengths if k > 0]
    schemes = {scheme: [rollout(setup, scheme, k) for k in steps] for scheme in SCHEMES}
    with style():
        layout = [["bounds", "distance"], ["bounds", "communications"]]
        figure, axes = mosaic(layout, height=4.2, widths=(1.25, 1))
        _draw_bounds(axes["bounds"], lengths, compared)
        _draw_schemes(axes["distance"], schemes, lambda run: run.total_variation[-1])
        _draw_schemes(axes["communications"], schemes, lambda run: run.communications.sum())
        axes["bounds"].set_title(f"(a) error of agent {setup.agent}'s normalised return")
        axes["distance"].set_title("(b) TV from the real law after k steps")
        axes["communications"].set_title("(c) actions of opponents asked for")
        for name in ("bounds", "communications"):
            axes[name].set_xlabel("branch length k")
            axes[name].xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
        for name, corner in LEGENDS.items():
            handles, labels = axes[name].get_legend_handles_labels()
            figure.legend(handles, labels, loc=corner, ncols=2, frameon=False, fontsize=7)
    return figure


def curves(compared: Sequence[Comparison]) -> dict[str, list[tuple[str, FloatArray]]]:
    """The bounds over the branch length: for each kind curves with their names, those that one line shows as one."""
    found: dict[str, list[tuple[str, FloatArray]]] = {kind: [] for kind in KINDS}
    for claim, name in CLAIMS.items():
        rows = [row for row in compared if row.claim == claim]
        for kind, drawn in found.items():
            curve = np.array([getattr(row, kind) for row in rows])
            if kind == "corrected" and all(row.corrected == row.printed for row in rows):
                continue
            same = [n for n, (_, other) in enumerate(drawn) if np.allclose(curve, other, rtol=LINE, atol=0)]
            if same:
                drawn[same[0]] = (f"{drawn[same[0]][0]}, {name}", drawn[same[0]][1])
            else:
                drawn.append((name, curve))
    return found


def _draw_bounds(axes: "Axes", lengths: Sequence[int], compared: Sequence[Comparison]) -> None:
    from mathrl.figures.plot import COLOURS, GREY

    bounds = curves(compared)
    rows = [row for row in compared if row.claim == next(iter(CLAIMS))]
    exact, trivial = np.array([row.discrepancy for row in rows]), rows[0].trivial
    for kind, drawn in bounds.items():
        for (name, curve), dashes in zip(drawn, DASHES, strict=False):
            label = f"{kind}: {name}" + (", not above 0" if curve.max() <= 0 else "")
            _line(axes, lengths, curve, color=COLOURS[KINDS[kind]], linestyle=dashes, label=label)
    _line(axes, lengths, exact, color="black", linewidth=2, label="true discrepancy")
    _scale(axes, [exact, *(curve for drawn in bounds.values() for _, curve in drawn)], trivial)
    bottom, top = axes.get_ylim()
    axes.set_ylim(bottom, max(top, HEADROOM * trivial))
    axes.axhspan(trivial, axes.get_ylim()[1], color=GREY, alpha=0.12, linewidth=0)
    axes.text(0.02, 0.985, f"above max r − min r = {trivial:g}: says nothing", color=GREY, fontsize=7, va="top",
              transform=axes.transAxes)  # fmt: skip
    axes.plot([], [], color=GREY, linestyle="none", label="where it is least", **RING)


def _line(axes: "Axes", lengths: Sequence[int], curve: FloatArray, **style: Any) -> None:
    """A curve, with a ring where it is least, at the first of several."""
    least = int(curve.argmin())
    axes.plot(lengths, curve, **style)
    axes.plot(lengths[least], curve[least], color=style["color"], **RING)


def _draw_schemes(axes: "Axes", schemes: Mapping[str, Sequence[Rollout]], quantity: Callable[[Rollout], float]) -> None:
    from mathrl.figures.plot import COLOURS

    for (scheme, runs), colour in zip(schemes.items(), SCHEME_COLOURS, strict=True):
        dashes = DASHED if scheme == "real-to-simu" else "-"
        axes.plot([run.branch_length for run in runs], [quantity(run) for run in runs], color=COLOURS[colour],
                  linestyle=dashes, label=scheme, marker="o" if len(runs) == 1 else None, markersize=3,
                  clip_on=False)  # fmt: skip
    axes.set_ylim(bottom=0)


def _scale(axes: "Axes", drawn: Sequence[FloatArray], trivial: float) -> None:
    """A logarithmic axis where numbers above rounding differ much, else one from 0."""
    values = np.append(np.concatenate(drawn), trivial)
    seen = values[values > ROUNDING * trivial]
    if len(seen) and seen.max() > LOGARITHMIC * seen.min():
        axes.set_yscale("log")
        axes.set_ylim(bottom=seen.min() / 2)
    else:
        axes.set_ylim(bottom=0)
