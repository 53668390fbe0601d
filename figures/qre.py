"""All logit equilibria that were found for a matrix game, against temperature: one panel per agent and action."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.equilibria.matrix.curves import Curve
from mathrl.figures.log_ticks import log_ticks
from mathrl.figures.portrait import Portrait
from mathrl.games.model import Game
from mathrl.games.naming import action_label, agent_label
from mathrl.games.policies import Policy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw", "layout"]

COLUMNS = 5
"""How many panels stand side by side at most."""

LETTERS = 88
"""How many letters of tick labels fit side by side across the figure."""

HEADING, ROW = 1.15, 1.55
"""The height of all that stands around the panels, and that of each row of panels, in inches."""

OBJECTIVE = "objective"
BEST: dict[str, Any] = {"color": "#F7C873", "linewidth": 6, "solid_capstyle": "butt", "zorder": 1}
COLOURS = ("#0072B2", "#009E73", "#CC79A7", "#D55E00", "#56B4E9")
"""The colours of the principal branch and, in turn, of the other curves."""

MARKS = ("", "s", "^", "x", "v")
"""The marks along them, by which they can be told apart in grey, too."""

APART = 0.11
"""How far apart the marks of a curve are, as a share of a panel's diagonal."""

UNSTABLE: dict[str, Any] = {"linestyle": (0, (2.2, 1.4)), "linewidth": 0.9}
STABLE: dict[str, Any] = {"linestyle": "-", "linewidth": 1.4}
LONE: dict[str, Any] = {"marker": "."}
FOLD: dict[str, Any] = {"marker": "D", "markersize": 4, "markerfacecolor": "white", "linestyle": "none"}
END: dict[str, Any] = {"marker": "o", "markersize": 3.4, "color": "black", "linestyle": "none", "zorder": 5}
UNIQUE: dict[str, Any] = {"color": "#EDEDED", "linewidth": 7, "solid_capstyle": "butt"}
NOTE = "All equilibria that a search from many starting points found. There may be others."

Ends = Sequence[tuple[float, Policy]]


def draw(
    shown: Portrait,
    *,
    agents: Sequence[int] | None = None,
    ends: Ends = (),
    ends_label: str = "where HASPI ends, from uniform",
    name: Callable[[int, int], str] | None = None,
    title: str = "",
) -> "Figure":
    """Draw the probabilities of the actions of some agents (by default all) on each curve.

    Panels are called by `name`, a function of agent and action; by default by the names that the game has, or numbers.
    A curve is dashed where it is not stable. `ends` are marked by dots, and `title`, the name of the game, stands above
    all panels. With a common payoff, a broad line below the others marks the best equilibrium at each temperature, and
    the last panel shows by how much each objective is below it. Of two actions only the first is shown; what is
    not available is left out.
    """
    from mathrl.figures.plot import mosaic, style

    left = [np.flatnonzero(own[0]).tolist() for own in shown.game.available]
    rows = layout(left, range(shown.game.num_agents) if agents is None else agents)
    if shown.objective:
        rows.append([OBJECTIVE] * len(rows[0]))
    with style():
        figure, axes = mosaic(rows, height=HEADING + ROW * len(rows), widths=[1] * len(rows[0]))
        for panel, drawn in axes.items():
            if panel == OBJECTIVE:
                _objectives(drawn, shown)
            else:
                agent, action = map(int, panel.split())
                _probabilities(drawn, shown, agent, action, ends)
                drawn.set_title(_name(shown.game, agent, action) if name is None else name(agent, action))
        _frame(rows, axes, shown)
        _legend(figure, shown, ends_label if ends else "", title)
        figure.supxlabel(_note(shown), fontsize=7, color="#555555", x=0.01, ha="left")
    return figure


def _name(game: Game, agent: int, action: int) -> str:
    """What the panel of an action is called; `$` begins no formula."""
    called = agent_label(game.agent_names, agent), action_label(game.action_names, agent, action)
    return ", ".join(called).replace("$", r"\$")


def layout(actions: Sequence[Sequence[int]], agents: Sequence[int]) -> list[list[str]]:
    """Arrange the panels of each agent's actions, each called "agent action", in rows; "." stands where there is none.

    Each agent has a row, or several rows if it has many actions. Of two actions only the first is shown, and agents
    with one panel share rows.
    """
    shown = [[f"{i} {a}" for a in (actions[i] if len(actions[i]) > 2 else actions[i][:1])] for i in agents]
    if all(len(panels) == 1 for panels in shown):
        shown = [[panels[0] for panels in shown]]
    rows = [panels[k : k + COLUMNS] for panels in shown for k in range(0, len(panels), COLUMNS)]
    columns = max(map(len, rows))
    return [row + ["."] * (columns - len(row)) for row in rows]


def _probabilities(axes: "Axes", shown: Portrait, agent: int, action: int, ends: Ends) -> None:
    """The probability of one action along each curve."""
    for c, curve in enumerate(shown.curves):
        value_k = curve.policy[agent][:, 0, action]
        if shown.shortfall:
            axes.plot(curve.temperature, np.where(shown.shortfall[c] == 0, value_k, np.nan), **BEST)
        _curve(axes, curve, value_k, c)
    for temperature, policy in ends:
        axes.plot(temperature, policy[agent][0, action], **END)
    axes.set(ylim=(-0.04, 1.04), yticks=(0, 0.5, 1))


def _objectives(axes: "Axes", shown: Portrait) -> None:
    """How far the objective along each curve is below the best one found at the same temperature."""
    axes.plot(shown.temperatures, (0, 0), **BEST)
    for c, (curve, short_k) in enumerate(zip(shown.curves, shown.shortfall, strict=True)):
        _curve(axes, curve, -short_k, c)
    most = max(float(short_k.max()) for short_k in shown.shortfall) or 1.0
    axes.set_title("objective (payoff + α · entropies) − that of the best equilibrium found")
    axes.set_ylim(-1.08 * most, 0.08 * most)


def _number(c: int) -> int:
    """Which colour and mark a curve has. The principal branch, curve 0, has its own."""
    return 0 if c == 0 else 1 + (c - 1) % (len(COLOURS) - 1)


def _colour(c: int) -> dict[str, Any]:
    """The colour of a curve. The principal branch lies above the others."""
    return {"color": COLOURS[_number(c)], "zorder": 2 if c else 3}


def _mark(c: int) -> dict[str, Any]:
    """The marks of a curve, which begin at another place on each."""
    number = _number(c)
    return {"marker": MARKS[number], "markersize": 2.6, "markevery": (0.025 * number, APART)}


def _curve(axes: "Axes", curve: Curve, value_k: FloatArray, c: int) -> None:
    """Draw one quantity along a curve, with its folds marked."""
    stable_k, colour = _stable_steps(curve), _colour(c)
    changes = np.flatnonzero(stable_k[1:] != stable_k[:-1]) + 1
    for first, last in zip([0, *changes], [*changes, len(stable_k)], strict=True):
        points = slice(first, last + 1)
        style = (STABLE if stable_k[first] else UNSTABLE) | (LONE if len(value_k) == 1 else _mark(c))
        axes.plot(curve.temperature[points], value_k[points], **colour, **style)
    axes.plot(curve.temperature[curve.folds], value_k[curve.folds], **FOLD, **colour | {"zorder": 4})


def _stable_steps(curve: Curve) -> npt.NDArray[np.bool_]:
    """Whether each step from point to point is stable; at a fold, where that changes, the other end decides.

    Where rounding let nobody follow a curve beyond its first point, the answer is whether this point is stable.
    """
    if len(curve.stable) == 1:
        return curve.stable
    fold_k = np.zeros(len(curve.stable), bool)
    fold_k[curve.folds] = True
    here, there = curve.stable[:-1], curve.stable[1:]
    return np.where(fold_k[1:], here, np.where(fold_k[:-1], there, here & there))


def _frame(rows: list[list[str]], axes: "dict[str, Axes]", shown: Portrait) -> None:
    """Set what all panels have in common: temperatures, where the equilibrium is unique, and labels at the margins."""
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    low, high = shown.temperatures
    ticks, labels = log_ticks(low, high, LETTERS // len(rows[0]))
    for r, row in enumerate(rows):
        for c, panel in enumerate(row):
            drawn = axes.get(panel)
            if drawn is None:
                continue
            if shown.unique_above < high:
                drawn.axvspan(max(low, shown.unique_above), high, color=UNIQUE["color"], linewidth=0, zorder=-1)
            drawn.set(xscale="log", xlim=(low, high))
            drawn.xaxis.set_major_locator(FixedLocator(ticks))
            drawn.xaxis.set_minor_locator(NullLocator())
            drawn.xaxis.set_major_formatter(FixedFormatter(labels))
            lowest = r == len(rows) - 1 or rows[r + 1][c] in (".", OBJECTIVE)
            drawn.tick_params(labelbottom=lowest, labelleft=c == 0 or panel == OBJECTIVE)
            if lowest:
                drawn.set_xlabel("temperature α")
            if c == 0 and panel != OBJECTIVE:
                drawn.set_ylabel("probability")


def _legend(figure: "Figure", shown: Portrait, ends_label: str, title: str) -> None:
    from mathrl.figures.plot import GREY, legend

    dashed = "dashed: not a strict local maximum" if shown.game.common_payoff else "dashed: unstable in logit dynamics"
    entries = [("principal branch", _colour(0) | STABLE)]
    of_others = _colour(1) | STABLE | {"marker": MARKS[1], "markersize": 2.6}
    entries += [(_others(len(shown.curves) - 1), of_others)] if len(shown.curves) > 1 else []
    entries += [(dashed, {"color": GREY} | UNSTABLE)] if not all(curve.stable.all() for curve in shown.curves) else []
    entries += [("fold", {"color": GREY} | FOLD)] if any(len(curve.folds) for curve in shown.curves) else []
    entries += [(ends_label, END)] if ends_label else []
    entries += [("largest objective found", BEST)] if shown.objective else []
    entries += [("proved to be unique", UNIQUE)] if shown.unique_above < shown.temperatures[1] else []
    legend(figure, entries, columns=3, title=title)


def _note(shown: Portrait) -> str:
    low = shown.followed[0]
    return f"{NOTE} Below temperature {low:.2g} rounding hides them." if low > shown.temperatures[0] else NOTE


def _others(count: int) -> str:
    if count == 1:
        return "another curve found"
    repeated = count >= len(COLOURS)
    return "other curves found (marks repeat)" if repeated else "other curves found (one mark each)"
