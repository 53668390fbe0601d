"""All logit equilibria that were found for a matrix game, against temperature or rationality.

There is one panel per agent and action. From Python, `draw(game)` gives the figure that `mathrl figure qre` writes:

    from mathrl.figures.qre import draw
    figure = draw(mathrl.load("climbing"), axis="rationality", size=(7, 4))
    figure.savefig("climbing.png")
"""

from collections.abc import Callable, Sequence
from string import ascii_lowercase
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mathrl.base.array_types import IntArray
from mathrl.base.checks import FloatArray, choice, instance
from mathrl.base.rationality import one_temperature
from mathrl.equilibria.matrix.curves import Curve
from mathrl.figures.log_ticks import log_ticks
from mathrl.figures.portrait import Portrait, ends_of_haspi, has_choice, portrait
from mathrl.games.model import Game
from mathrl.games.naming import action_label, agent_label
from mathrl.games.policies import Policy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

__all__ = ["AXES", "draw", "layout"]

COLUMNS = 5
"""How many panels stand side by side at most."""

PANEL = 0.92
"""The part of its share of the rest that a panel's title may take; between panels there is a gap."""

SMALLEST_TITLE = 5.0
"""The size in points below which no title is made smaller."""

LETTERS = 88
"""How many letters of tick labels fit side by side across the figure."""

ENTRY, NOTE_LETTERS = 2.3, 15
"""The width of an entry of the legend, in inches, and how many letters of the note stand on an inch."""

SMALLEST = 0.7
"""To what part of its size the legend may shrink for a second column."""

TITLE_LETTERS, BESIDE = 16, 0.6
"""How many letters of a panel's title stand on an inch, and the width of all that stands beside the panels."""

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
FORK: dict[str, Any] = {"marker": "*", "markersize": 7.5, "markerfacecolor": "white", "linestyle": "none"}
END: dict[str, Any] = {"marker": "o", "markersize": 3.4, "color": "black", "linestyle": "none", "zorder": 5}
UNIQUE: dict[str, Any] = {"color": "#EDEDED", "linewidth": 7, "solid_capstyle": "butt"}
NOTE = "All equilibria that a search from many starting points found. There may be others."

AXES = {"temperature": "temperature α", "rationality": "rationality λ = 1/α"}
"""What the horizontal axis may be, and what is written there."""

HASPI_RUNS = 12
"""At how many temperatures the figure of a game shows where HASPI ends."""

NO_CHOICE = "Every agent has one action only: there is nothing to choose, at any temperature."

Ends = Sequence[tuple[float, Policy]]


def draw(
    shown: Game | Portrait,
    *,
    temperatures: tuple[float, float] | None = None,
    rationalities: tuple[float, float] | None = None,
    axis: str = "temperature",
    size: tuple[float, float] | None = None,
    agents: Sequence[int] | None = None,
    ends: Ends | None = None,
    ends_label: str = "where HASPI ends, from uniform",
    name: Callable[[int, int], str] | None = None,
    title: str = "",
) -> "Figure":
    """Draw the probabilities of the actions of some agents (by default all) on each curve of equilibria.

    `shown`          a matrix game, or its `mathrl.figures.portrait.portrait`, where its curves are known already
    `temperatures`   (low, high), the range to search and draw, of a game; by default chosen by its payoffs
    `rationalities`  (low, high) of λ = 1/α, in its place
    `axis`           what the horizontal axis is: "temperature" (default) or "rationality"
    `size`           (width, height) in inches; by default 7 wide, and as high as the rows of panels need
    `agents`         the numbers of the agents whose actions are drawn; default: all
    `ends`           temperatures, each with a policy, that are marked by dots; by default where HASPI ends, of a game
                     with a common payoff
    `ends_label`     what the legend calls them
    `name`           what the title of a panel calls an action of an agent; default: by the names that the game has, or
                     numbers
    `title`          the name of the game, which stands above all panels; default: its title, if it has one

    A curve is dashed where it is not stable. Diamonds are folds, where two equilibria appear; stars are forks, where
    they come out of a third. With a common payoff, a broad line below the others marks the best equilibrium at each
    temperature, and the last panel shows by how much each objective is below it. Of two actions only the first is
    shown; what is not available is left out.

    Returns a matplotlib `Figure`. Raises `ValueError` naming the argument.

    >>> from mathrl.games import load
    >>> figure = draw(load("stag-hunt"), temperatures=(0.1, 1.0), axis="rationality", size=(6.0, 2.5))
    >>> figure.get_size_inches().tolist(), figure.axes[0].get_xlabel()
    ([6.0, 2.5], 'rationality λ = 1/α')
    """
    from mathrl.figures.plot import WIDTH, checked_size, mosaic, style

    choice("axis", axis, AXES)
    game = shown if isinstance(shown, Game) else instance("shown", shown, Portrait, "a game or its portrait").game
    asked = _range(temperatures, rationalities)
    title = title or game.title or ""
    if not has_choice(game):
        return _without_choice(checked_size(size, (WIDTH, HEADING + ROW)), title)
    if isinstance(shown, Game):
        shown = portrait(game, asked)
        if ends is None and game.common_payoff:
            ends = ends_of_haspi(game, shown.temperatures, HASPI_RUNS)
    left = [np.flatnonzero(own[0]).tolist() for own in game.available]
    rows = layout(left, range(game.num_agents) if agents is None else agents)
    if shown.objective:
        rows.append([OBJECTIVE] * len(rows[0]))
    width, height = checked_size(size, (WIDTH, HEADING + ROW * len(rows)))
    with style():
        figure, axes = mosaic(rows, height=height, width=width, widths=[1] * len(rows[0]))
        letters = ascii_lowercase if len(axes) <= len(ascii_lowercase) else ()
        headings = []
        for k, (panel, drawn) in enumerate(axes.items()):
            before = f"({letters[k]}) " if letters else ""
            if panel == OBJECTIVE:
                _objectives(drawn, shown, axis)
                said = f"{before}objective (payoff + α · entropies) − that of the best equilibrium found"
                drawn.set_title(fill(said, max(1, round(TITLE_LETTERS * (width - BESIDE)))))
            else:
                agent, action = map(int, panel.split())
                _probabilities(drawn, shown, agent, action, axis, ends or ())
                called = _name(game, agent, action) if name is None else name(agent, action)
                headings.append(drawn.set_title(before + called))
        _fit(figure, headings, PANEL * (width - BESIDE) / len(rows[0]))
        _frame(rows, axes, shown, axis, round(LETTERS * width / WIDTH))
        _legend(figure, shown, ends_label if ends else "", title)
        note = fill(_note(shown), round(NOTE_LETTERS * width))
        figure.supxlabel(note, fontsize=7, color="#555555", x=0.01, ha="left")
    return figure


def _fit(figure: "Figure", headings: "Sequence[Text]", inches: float) -> None:
    """Make titles that stand side by side smaller, all alike, if one is too wide; cut what is too wide even so."""
    room = inches * figure.dpi
    needed = [text.get_window_extent().width for text in headings]
    share = room / max(needed)
    for text, need in zip(headings, needed, strict=True):
        size, whole = float(text.get_fontsize()), text.get_text()
        text.set_fontsize(size * min(1.0, max(share, SMALLEST_TITLE / size)))
        kept = room * size / (need * SMALLEST_TITLE)
        if kept < 1:
            text.set_text(whole[: int(kept * len(whole)) - 1].rstrip("\\ ,") + "…")


def _range(temperatures: Any, rationalities: Any) -> tuple[float, float] | None:
    """The temperatures that are asked for; None where they are to be chosen by the payoffs."""
    if temperatures is None and rationalities is None:
        return None
    low, high = one_temperature(temperatures, rationalities, ("temperatures", "rationalities"))
    return (low, high) if rationalities is None else (high, low)


def _without_choice(size: tuple[float, float], title: str) -> "Figure":
    """A figure that says that there is nothing to draw."""
    from mathrl.figures.plot import GREY, legend, mosaic, style

    with style():
        figure, axes = mosaic([["all"]], height=size[1], width=size[0], widths=[1])
        axes["all"].set_axis_off()
        axes["all"].text(0.5, 0.5, NO_CHOICE, ha="center", va="center", color=GREY, wrap=True)
        if title:
            legend(figure, [], title=title)
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


def _along(curve: Curve, axis: str) -> FloatArray:
    """(K,), where the points of a curve stand on the horizontal axis."""
    return curve.temperature if axis == "temperature" else curve.rationality


def _ends(ends: tuple[float, float], axis: str) -> tuple[float, float]:
    """A range of temperatures on the horizontal axis, from left to right."""
    low, high = ends
    return (low, high) if axis == "temperature" else (1 / high, 1 / low)


def _probabilities(axes: "Axes", shown: Portrait, agent: int, action: int, axis: str, ends: Ends) -> None:
    """The probability of one action along each curve."""
    for c, (curve, forks) in enumerate(zip(shown.curves, shown.forks, strict=True)):
        value_k = curve.policy[agent][:, 0, action]
        if shown.shortfall:
            axes.plot(_along(curve, axis), np.where(shown.shortfall[c] == 0, value_k, np.nan), **BEST)
        _curve(axes, curve, value_k, c, axis, forks)
    for temperature, policy in ends:
        axes.plot(temperature if axis == "temperature" else 1 / temperature, policy[agent][0, action], **END)
    axes.set(ylim=(-0.04, 1.04), yticks=(0, 0.5, 1))


def _objectives(axes: "Axes", shown: Portrait, axis: str) -> None:
    """How far the objective along each curve is below the best one found at the same temperature."""
    axes.plot(_ends(shown.temperatures, axis), (0, 0), **BEST)
    for c, (curve, short_k, forks) in enumerate(zip(shown.curves, shown.shortfall, shown.forks, strict=True)):
        _curve(axes, curve, -short_k, c, axis, forks)
    most = max(float(short_k.max()) for short_k in shown.shortfall) or 1.0
    axes.set_ylabel("difference")
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


def _curve(axes: "Axes", curve: Curve, value_k: FloatArray, c: int, axis: str, forks: IntArray) -> None:
    """Draw one quantity along a curve, with its folds and forks marked."""
    stable_k, colour, at_k = _stable_steps(curve), _colour(c), _along(curve, axis)
    changes = np.flatnonzero(stable_k[1:] != stable_k[:-1]) + 1
    for first, last in zip([0, *changes], [*changes, len(stable_k)], strict=True):
        points = slice(first, last + 1)
        style = (STABLE if stable_k[first] else UNSTABLE) | (LONE if len(value_k) == 1 else _mark(c))
        axes.plot(at_k[points], value_k[points], **colour, **style)
    folds = np.setdiff1d(curve.folds, forks)
    axes.plot(at_k[folds], value_k[folds], **FOLD, **colour | {"zorder": 4})
    axes.plot(at_k[forks], value_k[forks], **FORK, **colour | {"zorder": 4})


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


def _frame(rows: list[list[str]], axes: "dict[str, Axes]", shown: Portrait, axis: str, letters: int) -> None:
    """Set what all panels have in common: the axis, where the equilibrium is unique, and labels at the margins."""
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    low, high = _ends(shown.temperatures, axis)
    ticks, labels = log_ticks(low, high, letters // len(rows[0]))
    unique = max(shown.temperatures[0], shown.unique_above), shown.temperatures[1]
    for r, row in enumerate(rows):
        for c, panel in enumerate(row):
            drawn = axes.get(panel)
            if drawn is None:
                continue
            if unique[0] < unique[1]:
                drawn.axvspan(*_ends(unique, axis), color=UNIQUE["color"], linewidth=0, zorder=-1)
            drawn.set(xscale="log", xlim=(low, high))
            drawn.xaxis.set_major_locator(FixedLocator(ticks))
            drawn.xaxis.set_minor_locator(NullLocator())
            drawn.xaxis.set_major_formatter(FixedFormatter(labels))
            lowest = r == len(rows) - 1 or rows[r + 1][c] in (".", OBJECTIVE)
            drawn.tick_params(labelbottom=lowest, labelleft=c == 0 or panel == OBJECTIVE)
            if lowest:
                drawn.set_xlabel(AXES[axis])
            if c == 0 and panel != OBJECTIVE:
                drawn.set_ylabel("probability")


def _legend(figure: "Figure", shown: Portrait, ends_label: str, title: str) -> None:
    from mathrl.figures.plot import GREY, legend

    dashed = "dashed: not a strict local maximum" if shown.game.common_payoff else "dashed: unstable in logit dynamics"
    entries = [("principal branch", _colour(0) | STABLE)]
    of_others = _colour(1) | STABLE | {"marker": MARKS[1], "markersize": 2.6}
    entries += [(_others(len(shown.curves) - 1), of_others)] if len(shown.curves) > 1 else []
    entries += [(dashed, {"color": GREY} | UNSTABLE)] if not all(curve.stable.all() for curve in shown.curves) else []
    forks, folds = (sum(map(len, each)) for each in (shown.forks, [curve.folds for curve in shown.curves]))
    entries += [("fold", {"color": GREY} | FOLD)] if folds > forks else []
    entries += [("fork: curves meet", {"color": GREY} | FORK)] if forks else []
    entries += [(ends_label, END)] if ends_label else []
    entries += [("largest objective found", BEST)] if shown.objective else []
    entries += [("proved to be unique", UNIQUE)] if shown.unique_above < shown.temperatures[1] else []
    columns = figure.get_figwidth() / ENTRY
    if SMALLEST <= columns / 2 < 1:  # two columns in smaller letters leave more room for the panels than one
        legend(figure, entries, columns=2, title=title, scale=0.95 * columns / 2)
    else:
        legend(figure, entries, columns=max(1, int(columns)), title=title)


def _note(shown: Portrait) -> str:
    low = shown.followed[0]
    return f"{NOTE} Below temperature {low:.2g} rounding hides them." if low > shown.temperatures[0] else NOTE


def _others(count: int) -> str:
    if count == 1:
        return "another curve found"
    repeated = count >= len(COLOURS)
    return "other curves found (marks repeat)" if repeated else "other curves found (one mark each)"
