"""DMAC's Figures 1, 2, 5 and 6 drawn anew, the exact iteration beside them, and Theorem 1's bound beside the truth."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.drawing import drawing
from mathrl.base.intervals import bootstrap_interval
from mathrl.base.runs import ALONE
from mathrl.figures.dmac.appendix_a2 import bound
from mathrl.figures.dmac.comparison import SEEDS, Curves, curves
from mathrl.figures.dmac.figures import PAIR
from mathrl.figures.dmac.iteration import CLASSES, EPISODES, UPDATES, iterates, optimum
from mathrl.figures.dmac.learning import EPISODES as EPISODES_OF
from mathrl.figures.dmac.learning import STEPS, label
from mathrl.figures.dmac.measures import HORIZON, TEMPERATURES, best_return, game

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["appendix_a2", "figure_1", "figure_2", "figure_2_exact", "figure_5", "figure_6"]

HEIGHT = 2.9
"""Of one row of panels, in inches."""

LETTERS = 0.062
"""The least distance of two labels, as a share of a panel's height."""

TOGETHER = 0.005
"""Lines that end within this share of a panel's height have one name."""

DASHES: Sequence[Any] = ("-", (0, (4, 1.6)), (0, (1.2, 1.2)))

MARKERS = "oPXDs^v"
"""One for each ω."""

RETURN, COVER = f"return of {HORIZON} steps", "cover rate"

Lines = Mapping[str, tuple[FloatArray, Any]]
"""Under each label the runs (seeds, times), and how they are drawn."""


@drawing("dmac-figure-1", caption="COMA and COMA with DMAC in DMAC's random game: the return over training")
def figure_1() -> "Figure":
    """The pair with which the paper compares, at both steps of the actors."""
    return _pair("returns", RETURN)


@drawing("dmac-figure-5", caption="COMA and COMA with DMAC in DMAC's random game: the cover rate over training")
def figure_5() -> "Figure":
    """The cover rates of the runs of `figure_1`."""
    return _pair("cover", COVER)


@drawing("dmac-figure-6", caption="COMA and COMA with DMAC at each ω in DMAC's random game: cover rate and return")
def figure_6() -> "Figure":
    """A row for each measure, a column for each step of the actors."""
    from mathrl.figures.plot import mosaic, style

    found = _learned(("COMA", *(label(t) for t in TEMPERATURES)))
    with style():
        layout = [[f"{attribute} {step}" for step in STEPS] for attribute in ("cover", "returns")]
        figure, axes = mosaic(layout, height=2 * HEIGHT - 0.4, widths=(1, 1))
        for attribute, name in (("cover", COVER), ("returns", RETURN)):
            for step, size in STEPS.items():
                panel, own = axes[f"{attribute} {step}"], found[step, "COMA"]
                lines = {f"ω={t:g}": (getattr(found[step, label(t)], attribute), _of(t)) for t in TEMPERATURES}
                plain = {"COMA": (getattr(own, attribute), {"color": "black", "linestyle": DASHES[1]})}
                _curves(panel, own.episodes, lines | plain)
                panel.set_title(f"({'abcd'[2 * (attribute == 'returns') + (step == 'small')]}) {step} steps, {size:g}")
                panel.set_ylabel(name if step == "large" else "")
                panel.set_xlabel("episodes" if attribute == "returns" else "")
        _suptitle(figure)
    return figure


@drawing("dmac-figure-2", caption="return and cover rate of COMA and of COMA with DMAC at each ω in DMAC's random game")
def figure_2() -> "Figure":
    """A row for each measure, a column for each step of the actors: a mark for COMA and for each ω, side by side.

    Not one over the other, as with small steps every run visits all pairs: all marks would be in one line.
    """
    from mathrl.figures.plot import GREY, mosaic, style

    names = {"COMA": "COMA", **{f"{t:g}": label(t) for t in TEMPERATURES}}
    found = _learned(tuple(names.values()))
    with style():
        layout = [[f"{attribute} {step}" for step in STEPS] for attribute in ("returns", "cover")]
        figure, axes = mosaic(layout, height=4.2, widths=(1, 1))
        for attribute, name in (("returns", RETURN), ("cover", COVER)):
            for step, size in STEPS.items():
                panel = axes[f"{attribute} {step}"]
                last = {text: getattr(found[step, learner], attribute)[:, -1] for text, learner in names.items()}
                for k, (text, own) in enumerate(last.items()):
                    colour, marker = ("black", "*") if text == "COMA" else (_of(float(text))["color"], MARKERS[k - 1])
                    spread = np.abs(np.array(_interval(own))[:, None] - own.mean())
                    panel.errorbar(k, own.mean(), spread, color=colour, marker=marker, markersize=4, elinewidth=1)
                panel.axhline(last["COMA"].mean(), color=GREY, linewidth=0.6, linestyle=":", zorder=0)
                panel.set_title(f"({'abcd'[2 * (attribute == 'cover') + (step == 'small')]}) {step} steps, {size:g}")
                panel.set_ylabel(name if step == "large" else "")
                if attribute == "cover":
                    panel.set_ylim(-0.05, 1.08)
                panel.set_xticks(range(len(names)), list(names), fontsize=7)
                panel.set_xlabel("COMA, and COMA+DMAC at each ω" if attribute == "cover" else "")
        _suptitle(figure, "mean and its 95 % interval at the end; dotted: COMA")
    return figure


@drawing("dmac-figure-2-exact", caption="DMAC's iteration without sampling: return and cover rate over ω")
def figure_2_exact() -> "Figure":
    """(a) and (b): the return after k updates, agents at once and in turn; (c): cover rates."""
    from mathrl.figures.plot import COLOURS, GREY, style

    best = HORIZON * (1 - game().discount) * float(optimum().objective)
    with style():
        figure, axes = _row(3)
        for panel, (policy_class, name) in zip(axes, CLASSES.items(), strict=False):
            for j, k in enumerate(UPDATES):
                y = [iterates(policy_class, t).returns[k] for t in TEMPERATURES]
                line = {"color": COLOURS[j], "linestyle": DASHES[j], "marker": MARKERS[j], "markersize": 4}
                panel.plot(TEMPERATURES, y, label=f"k={k}", **line)
            panel.axhline(best, color=GREY, linewidth=0.8, linestyle=":")
            panel.annotate("optimum", (0.001, best), xytext=(0, 3), textcoords="offset points", color=GREY, fontsize=8)
            panel.set_ylim(-4, 1.12 * best)
            panel.set_title(f"({'ab'[policy_class == 'product']}) {name}")
        axes[0].set_ylabel(RETURN)
        axes[0].legend(loc="lower left", frameon=False, handlelength=3)
        for j, (policy_class, name) in enumerate(CLASSES.items()):
            cover = [iterates(policy_class, t).cover for t in TEMPERATURES]
            axes[2].plot(
                TEMPERATURES, cover, label=name, color=("black", COLOURS[4])[j], linestyle=DASHES[j],
                marker=MARKERS[3 + j], markersize=4,
            )  # fmt: skip
        axes[2].set_ylim(-0.03, 0.78)  # room for the legend above the curves
        axes[2].legend(loc="upper left", frameon=False, handlelength=3)
        axes[2].set_title(f"(c) {COVER} at k=10")
        for panel in axes:
            panel.set_xscale("log")
            panel.set_xticks([0.001, 0.01, 0.1, 1, 10, 100], ["0.001", "0.01", "0.1", "1", "10", "100"], fontsize=7)
            panel.minorticks_off()
            panel.set_xlabel("ω, weight of the divergence")
        said = f"Eq. 3 without sampling, from uniform policies, after k updates; (c): expected of {EPISODES} episodes"
        figure.suptitle(said, x=0.01, ha="left", fontsize=9)
    return figure


@drawing("dmac-appendix-a.2", caption="DMAC, Theorem 1: the bound beside the distance from the optimum over updates")
def appendix_a2() -> "Figure":
    """A panel for each way to maximise Eq. 3: the distance over k, and the bound of the same colour, dotted."""
    from mathrl.figures.plot import style

    best = float(optimum().objective)
    k = np.arange(1, UPDATES[-1] + 1)
    smallest = 1e-5
    with style():
        figure, axes = _row(2)
        for panel, (policy_class, name) in zip(axes, CLASSES.items(), strict=True):
            ends = []
            for t in TEMPERATURES:
                gap = best - iterates(policy_class, t).objective[1:]
                number = TEMPERATURES.index(t)
                look: Any = {"color": _of(t)["color"], "marker": MARKERS[number], "markersize": 3.5}
                panel.plot(k, gap, markevery=(2 * number % 7, 7), **look)
                ends_of_bound: Any = {"markevery": [0], "clip_on": False, **look}
                panel.plot([1, k[-1]], [bound(t)] * 2, linewidth=0.8, linestyle=":", **ends_of_bound)
                below = " ↓" if gap[-1] < smallest else ""
                ends.append((f"ω={t:g}{below}", max(float(gap[-1]), smallest), _of(t)["color"]))
            panel.set(yscale="log", ylim=(smallest, 1e5), xlim=(1, k[-1]))
            panel.set_title(f"({'ab'[policy_class == 'product']}) {name}")
            panel.set_xlabel("updates k")
            _labels(panel, ends)
        axes[0].set_ylabel("J* − J(πᵏ)")
        said = "solid: distance from the optimum; dotted: bound of the limit, ω log|A|/(1 − γ), with the mark of its ω"
        figure.suptitle(said, x=0.01, ha="left", fontsize=9)
    return figure


@cache
def _learned(names: tuple[str, ...]) -> Mapping[tuple[str, str], Curves]:
    return curves(0, "drawn", ALONE, names)


def _pair(attribute: str, name: str) -> "Figure":
    """A panel for each step of the actors, with the two learners of the paper's comparison."""
    from mathrl.figures.plot import COLOURS, GREY, style

    found = _learned(PAIR)
    with style():
        figure, axes = _row(len(STEPS))
        for panel, (step, size) in zip(axes, STEPS.items(), strict=True):
            if attribute == "returns":
                best = best_return(game())
                panel.set_ylim(-4, 1.08 * best)
                panel.axhline(best, color=GREY, linewidth=0.8, linestyle=":")
                text: Any = {"ha": "right", "va": "top", "color": GREY, "fontsize": 8}
                panel.text(0.98, (best - 1 + 4) / (1.08 * best + 4), "most", transform=panel.transAxes, **text)
            shown = {
                text: (getattr(found[step, learner], attribute), {"color": COLOURS[j], "linestyle": DASHES[j]})
                for j, (text, learner) in enumerate(zip(("COMA", "+DMAC"), PAIR, strict=True))
            }
            _curves(panel, found[step, PAIR[0]].episodes, shown)
            panel.set_title(f"{step} steps of the actors, {size:g}")
            panel.set_xlabel("episodes")
        axes[0].set_ylabel(name)
        _suptitle(figure, f"{INTERVAL}; COMA+DMAC: ω = 0.2")
    return figure


def _row(panels: int) -> "tuple[Figure, Sequence[Axes]]":
    from mathrl.figures.plot import mosaic

    names = [f"{j}" for j in range(panels)]
    figure, axes = mosaic([names], height=HEIGHT, widths=(1,) * panels)
    return figure, [axes[name] for name in names]


def _curves(panel: "Axes", episodes: Any, lines: Lines) -> None:
    """The mean over seeds with its 95 % interval, over the number of episodes, from the first record after 0 on."""
    ends = []
    for text, (numbers, style) in lines.items():
        low, high = _interval(numbers[:, 1:])
        middle = numbers[:, 1:].mean(axis=0)
        panel.fill_between(episodes[1:], low, high, color=style["color"], alpha=0.2, linewidth=0)
        panel.plot(episodes[1:], middle, **style)
        ends.append((text, float(middle[-1]), style["color"]))
    panel.set_xscale("log")
    panel.set_xlim(episodes[1], episodes[-1])
    _labels(panel, ends)


def _labels(panel: "Axes", ends: Iterable[tuple[str, float, str]]) -> None:
    """Names to the right of where lines end, moved apart where they would touch; one name where all end together."""
    ends = sorted(ends, key=lambda end: end[1])
    low, high = panel.get_ylim()
    scale = np.log if panel.get_yscale() == "log" else np.asarray
    at = [float((scale(y) - scale(low)) / (scale(high) - scale(low))) for _, y, _ in ends]
    if at[-1] - at[0] < TOGETHER:
        ends, at = [("both" if len(ends) == 2 else "all", ends[-1][1], "black")], at[-1:]
    for (text, _, colour), y in zip(ends, _apart(at), strict=True):
        panel.text(1.02, y, text, transform=panel.transAxes, color=colour, va="center", fontsize=8)


def _apart(at: Sequence[float]) -> list[float]:
    """Rising numbers, moved to be `LETTERS` apart: groups that would touch are set around their mean."""
    groups: list[list[float]] = []
    for y in at:
        groups.append([y])
        while (
            len(groups) > 1 and _middle(groups[-1]) - _middle(groups[-2]) < LETTERS * len(groups[-1] + groups[-2]) / 2
        ):
            groups[-2:] = [groups[-2] + groups[-1]]
    moved = [_middle(group) + LETTERS * (j - (len(group) - 1) / 2) for group in groups for j in range(len(group))]
    return [min(y, 1.0 - LETTERS * (len(moved) - 1 - j)) for j, y in enumerate(moved)]  # below the panel's top


def _middle(group: Sequence[float]) -> float:
    return sum(group) / len(group)


def _of(temperature: float) -> dict[str, Any]:
    """How a line of this ω is drawn: darker for smaller ω, in colours that keep their order in grey."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    k = TEMPERATURES.index(temperature)
    return {"color": to_hex(colormaps["viridis"](0.88 * k / (len(TEMPERATURES) - 1))), "linestyle": DASHES[k % 3]}


def _interval(numbers: FloatArray) -> tuple[Any, Any]:
    return bootstrap_interval(numbers, statistic=np.mean)


INTERVAL = "mean and its 95 % interval"


def _suptitle(figure: "Figure", said: str = INTERVAL) -> None:
    """Say how many runs there are, which are not those of the tables, and what is drawn of them."""
    drawn = f"{SEEDS['drawn']} seeds of {EPISODES_OF['drawn']:,} episodes"
    others = f"the tables have {SEEDS['fast']} of {EPISODES_OF['fast']:,}"
    figure.suptitle(f"{drawn} ({others}): {said}", x=0.01, ha="left", fontsize=8)
