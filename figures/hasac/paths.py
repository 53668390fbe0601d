"""HASPI's path in the matrix game of Figure 1: a picture of Table 3."""

from typing import TYPE_CHECKING, Any

import numpy as np

from mathrl.figures.hasac.appendix_b import INITIAL_POLICY
from mathrl.figures.hasac.table_3 import PRINTED, TEMPERATURES
from mathrl.figures.reproductions import drawing
from mathrl.games import joint_policy, load
from mathrl.games.validate import FloatArray
from mathrl.solvers import haspi

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw", "outcomes", "path", "printed_outcomes"]

OUTCOMES = ("(A,A)", "(B,B)", "(C,C)", "mismatch")
MARKERS = "osD^"
SIZES = (3.4, 4.6, 2.4, 3.4)
"""Different, so that marks at the same place show one another."""

PRINTED_MARK: dict[str, Any] = {"markerfacecolor": "none", "markeredgewidth": 1.0}
STEPS = 12
PRINTED_AT = 15.5
"""Where on the axis of steps the paper's final values stand."""


def path(temperature: float, steps: int = STEPS) -> FloatArray:
    """Probabilities of (A,A), (B,B), (C,C) and of all else, at the start and after each step; shape (steps + 1, 4)."""
    game, policy, rows = load("hasac"), INITIAL_POLICY, []
    solution = haspi(game, temperature=temperature, initial_policy=policy, max_steps=0)
    for _ in range(steps):
        rows.append(outcomes(solution.policy))
        solution = haspi(game, temperature=temperature, initial_policy=solution.policy, max_steps=1)
    return np.array([*rows, outcomes(solution.policy)])


def outcomes(policy: tuple[FloatArray, ...]) -> FloatArray:
    """The probability of each coordinated pair, then that of a mismatch."""
    agreed = np.diagonal(joint_policy(policy)[0])
    return np.append(agreed, 1 - agreed.sum())


def printed_outcomes(temperature: int) -> FloatArray:
    """The same of the paper's final policy, which it prints as that of both agents."""
    final = np.array([[float(text) for text in PRINTED[temperature][3:]]])
    return outcomes((final, final))


@drawing("hasac-table-3", caption="HASPI's path from (0.6, 0.2, 0.2) at each temperature of Table 3")
def draw() -> "Figure":
    """Six panels: the probability of each outcome against the step; open marks are the paper's final values."""
    from mathrl.figures.plot import GREY, legend, panels, style

    paper = {"color": GREY, "marker": "o", "linestyle": "none"} | PRINTED_MARK
    entries = [(outcome, _line(k)) for k, outcome in enumerate(OUTCOMES)]
    with style():
        figure, axes = panels(2, 3, height=4.2)
        for panel, temperature in zip(axes, TEMPERATURES, strict=True):
            _panel(panel, temperature)
        for panel in axes[3:]:
            panel.set_xlabel("HASPI step")
        for panel in axes[::3]:
            panel.set_ylabel("probability of outcome")
        legend(figure, [*entries, ("open: the paper's final policies", paper)])
    return figure


def _panel(axes: "Axes", temperature: int) -> None:
    probabilities, final = path(temperature), printed_outcomes(temperature)
    for k in (3, 1, 0, 2):
        axes.plot(probabilities[:, k], **_line(k), clip_on=False)
        axes.plot(PRINTED_AT, final[k], **_line(k), **PRINTED_MARK, clip_on=False)
    axes.set_title(f"$\\alpha = {temperature}$")
    axes.set(xlim=(-0.3, PRINTED_AT + 0.7), ylim=(-0.02, 1.02), yticks=np.linspace(0, 1, 5))
    axes.spines["bottom"].set_bounds(0, STEPS)
    axes.set_xticks([*range(0, STEPS + 1, 4), PRINTED_AT], [*map(str, range(0, STEPS + 1, 4)), "paper"])


def _line(outcome: int) -> dict[str, Any]:
    from mathrl.figures.plot import COLOURS, GREY

    colour = (*COLOURS[:3], GREY)[outcome]
    dashes = "--" if outcome == 3 else "-"
    return {"color": colour, "marker": MARKERS[outcome], "linestyle": dashes, "markersize": SIZES[outcome]}
