"""HASAC, Figures 4b and 4c: what temperature does in the matrix game, by learning in tables and exactly.

The text does not say which of 4b and 4c is of the matrix game and which of a MuJoCo task. Here both are of the matrix
game: 4b returns over episodes, as its legend of 1/α is of curves, and 4c where learning ends against temperature.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.drawing import drawing
from mathrl.base.intervals import bootstrap_interval, estimate, interquartile_mean
from mathrl.base.printed import PaperStatement
from mathrl.base.reproduction import Computed, Estimate, reproduction
from mathrl.base.runs import ALONE, Runs
from mathrl.equilibria.matrix.curves import Curve, equilibria, logit_curves
from mathrl.figures.hasac.learned import EPISODES, HASAC, SEEDS, Case, exact_end, learn, returns
from mathrl.figures.hasac.statements import (
    DIFFERENT,
    LARGE,
    NOTE,
    OF_Q,
    SAID,
    SMALL,
    WORSE_AT_SMALL,
    end_at,
    most,
    of_picture,
    of_temperature,
)
from mathrl.games import Game, load

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "GRADUAL",
    "KNOWN",
    "case",
    "draw_4b",
    "draw_4c",
    "figure_4b",
    "figure_4c",
    "jump",
    "whole",
]

GRADUAL = replace(HASAC, actor_step=0.05, warmup=0)
"""Small steps of the actor from the start, so that learning can be seen."""

TEMPERATURES = (1.0, 2.0, 5.0, 7.0, 10.0, 15.0, 20.0)
SHOWN = (50, 100, 150, 200)
RANGE = (0.8, 32.0)
"""The temperatures in which equilibria are searched."""

DRAWN_SEEDS, DRAWN_EVERY = SEEDS["fast"], 2
DRAWN = (1.0, 5.0, 7.0, 10.0, 15.0, 20.0)
DRAWN_ENDS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0)
DASHES: Sequence[Any] = ("-", (0, (4, 1.4)), "-", (0, (4, 1.4)), "-", (0, (4, 1.4)))


def case(alpha: float) -> Case:
    """Gradual HASAC at a temperature."""
    return Case(f"alpha={alpha:g}", "HASAC", replace(GRADUAL, temperature=alpha))


KNOWN = {True: "Q known", False: "Q unknown"}


def whole(alpha: float, known: bool) -> Case:
    """HASAC with the updates of Eq. 8: it has seen all joint actions before it learns a policy, or none of them."""
    settings = replace(HASAC, temperature=alpha) if known else replace(HASAC, temperature=alpha, plays=1, warmup=0)
    return Case(f"alpha={alpha:g}, {KNOWN[known]}", "HASAC", settings)


def jump(low: float = 5.0, high: float = 10.0) -> float:
    """The temperature at which the end of HASPI, from the paper's start, goes over from (A,A) to (C,C)."""
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        end = exact_end(middle)
        low, high = (middle, high) if end[0, 0] > end[2, 2] else (low, middle)
    return (low + high) / 2


POOR = 5.0
"""What the least of the three equilibria of the game pays, (A,A)."""

POOR_AT_LARGE = f"at a large temperature the return is poor, below {POOR:g}"
HIGHER_BETWEEN = "at one in between the return is higher than at small and large ones"


@reproduction(
    "hasac-figure-4b",
    kind="simulated",
    caption="HASAC's return in the matrix game over 200 episodes at several temperatures, learned in tables",
    paper={"text": {said: PaperStatement() for said in (POOR_AT_LARGE, WORSE_AT_SMALL, HIGHER_BETWEEN)}},
)
def figure_4b(seed: int, budget: str, runs: Runs) -> Computed:
    """What the text says of temperature, returns on the way, and those of HASPI's end."""
    seeds = SEEDS[budget]
    cases = [case(alpha) for alpha in TEMPERATURES]
    joint = learn(cases, runs, seed=seed, seeds=seeds, record=SHOWN, name="hasac-figure-4b")
    last = {alpha: joint[learned.name][:, -1] for alpha, learned in zip(TEMPERATURES, cases, strict=True)}
    middle = {alpha: float(interquartile_mean(returns(ends))) for alpha, ends in last.items()}
    beside = max(middle[alpha] for alpha in (*SMALL, LARGE))
    values: dict[tuple[str, str], float | Estimate] = {
        ("text", POOR_AT_LARGE): float(middle[LARGE] < POOR),
        ("text", WORSE_AT_SMALL): float(np.mean([most(end_at(last[alpha], "(A,A)", "(B,B)")) for alpha in SMALL])),
        ("text", HIGHER_BETWEEN): float(max(middle.values()) > beside),
    }
    for alpha, learned in zip(TEMPERATURES, cases, strict=True):
        values[learned.name, "1/alpha"] = 1 / alpha
        paid = returns(joint[learned.name])
        for t, episode in enumerate(SHOWN, 1):
            values[learned.name, f"return at {episode}"] = estimate(paid[:, t])
        values[learned.name, "return of HASPI's end"] = float(returns(exact_end(alpha)))
    uniform = float(returns(np.full((3, 3), 1 / 9)))
    return Computed(
        values,
        (
            NOTE + ". Returns are interquartile means; poor is one below that of the least of the three equilibria, "
            f"and the uniform policy, to which large temperatures tend, has {uniform:.2f}. The text says so of Figures "
            "4b, 4c and 5 (5.2). What the caption says of 4b and 4c is counted in hasac-figure-4c",
            f"return at 50: after 50 episodes, the interquartile mean of {seeds} seeds, and its 95 % bootstrap "
            "interval, of the exact return. An episode has 10 plays, none of them uniform. An update goes "
            f"{GRADUAL.actor_step:g} of the way, so that learning can be seen. "
            + _unended({alpha: middle[alpha] - float(returns(exact_end(alpha))) for alpha in TEMPERATURES}),
            f"seeds: {seeds} here; {of_picture(DRAWN_SEEDS)}",
            "the text does not say which of Figures 4b and 4c is of the matrix game; the legend of 4b has 1/alpha, and "
            "no value of it is in the text",
        ),
    )


def _unended(off: Mapping[float, float]) -> str:
    """At which temperatures the return at the end is not yet that of HASPI's end, from their differences."""
    late = [f"{alpha:g} ({apart:+.2f})" for alpha, apart in off.items() if abs(apart) > 0.1]
    if not late:
        return "At the end the return is within 0.1 of that of HASPI's end at every temperature"
    return f"At the end the return still differs by more than 0.1 from that of HASPI's end at alpha = {', '.join(late)}"


@reproduction(
    "hasac-figure-4c",
    kind="simulated",
    caption="where HASAC ends in the matrix game against temperature: equilibria, HASPI's end, and learning in tables",
    paper={"caption": {DIFFERENT: PaperStatement()}, "text": {said: PaperStatement() for said in SAID}},
)
def figure_4c(seed: int, budget: str, runs: Runs) -> Computed:
    """What is said, how many equilibria a search finds, and the probabilities of the three good joint actions."""
    seeds, game = SEEDS[budget], load("hasac")
    cases = {(alpha, known): whole(alpha, known) for alpha in TEMPERATURES for known in KNOWN}
    joint = learn(list(cases.values()), runs, seed=seed, seeds=seeds, record=[], name="hasac-figure-4c")
    curves = logit_curves(game, temperatures=RANGE)
    at, folds = jump(), _folds(curves)
    above, below = exact_end(at * (1 + 1e-6)), exact_end(at * (1 - 1e-6))
    last = {key: joint[learned.name][:, -1] for key, learned in cases.items()}
    values: dict[tuple[str, str], float | Estimate] = {**of_temperature(last)}
    values |= {("HASPI goes over to (C,C)", "alpha"): at}
    values |= {("HASPI goes over to (C,C)", "return below"): float(returns(below))}
    values |= {("HASPI goes over to (C,C)", "return above"): float(returns(above))}
    values |= {(f"fold {k}, where 2 equilibria vanish", "alpha"): fold for k, fold in enumerate(folds, 1)}
    for alpha in TEMPERATURES:
        row, end = f"alpha={alpha:g}", exact_end(alpha)
        values[row, "equilibria found"] = float(len(equilibria(game, curves, alpha)))
        for k, letter in enumerate("ABC"):
            values[row, f"({letter},{letter}), HASPI's end"] = float(end[k, k])
            for known, said in KNOWN.items():
                at_end = last[alpha, known][:, k, k]
                values[row, f"({letter},{letter}), learned, {said}"] = estimate(at_end, statistic=np.mean)
    return Computed(
        values,
        (
            f"{NOTE}. {OF_Q}",
            f"learned: the mean of {seeds} seeds after {EPISODES} episodes, and its 95 % bootstrap interval. Q known: "
            "10 plays an episode, the first 20 episodes uniform; Q unknown: 1 play, and none uniform. Where seeds end "
            "at different equilibria, a mean is no policy of any of them",
            f"seeds: {seeds} here; {of_picture(DRAWN_SEEDS)}",
            f"from the start (0.6, 0.2, 0.2) HASPI ends near (A,A) below alpha = {at:.4f}, and near (C,C) above. There "
            f"the return goes from {float(returns(below)):.2f} to {float(returns(above)):.2f}; " + _further(at),
            "equilibria disappear in pairs at the folds, as temperature rises: "
            + ", ".join(f"{fold:.4f}" for fold in folds)
            + f". Just above the jump HASPI's end below it is {_still_there(game, curves, below, at)}. Above the last "
            f"fold {len(equilibria(game, curves, folds[-1] * 1.001))} is left. Equilibria are those that a search "
            "found",
        ),
    )


def _further(at: float) -> str:
    """What HASPI's return does at temperatures above the jump."""
    above = [alpha for alpha in TEMPERATURES if alpha > at]
    paid = [float(returns(exact_end(alpha))) for alpha in above]
    if np.diff(paid).max() < 0:
        return f"from there to alpha = {above[-1]:g} it falls at each step of the table, so the least above is the best"
    return f"above, it is largest at alpha = {above[int(np.argmax(paid))]:g} of the table"


def _still_there(game: Game, curves: Sequence[Curve], below: FloatArray, at: float) -> str:
    """Whether an equilibrium near HASPI's end below the jump is found above it too."""
    found = equilibria(game, curves, at * (1 + 1e-6))
    near = [np.abs(np.outer(one[0], other[0]) - below).max() < 0.01 for one, other in found]
    return "still an equilibrium, but not reached from that start" if any(near) else "no equilibrium any more"


def _folds(curves: Sequence[Curve]) -> list[float]:
    return sorted(float(curve.temperature[k]) for curve in curves for k in curve.folds)


@drawing("hasac-figure-4b", caption="HASAC's return in its matrix game over episodes at several temperatures")
def draw_4b() -> "Figure":
    """A curve with a band for each temperature; its end and α are named beside it."""
    from mathrl.figures.curves import label_ends
    from mathrl.figures.plot import COLOURS, COLUMN, mosaic, style

    cases = [case(alpha) for alpha in DRAWN]
    joint = learn(cases, ALONE, seed=0, seeds=DRAWN_SEEDS, record=DRAWN_EVERY, name="hasac-figure-4b")
    episodes = np.arange(0, EPISODES + 1, DRAWN_EVERY)
    with style():
        figure, axes = mosaic([["returns"]], height=2.6, widths=[1], width=COLUMN)
        panel, ends = axes["returns"], []
        for alpha, learned, colour, dashes in zip(DRAWN, cases, COLOURS, DASHES, strict=True):
            paid = returns(joint[learned.name])
            low, high = bootstrap_interval(paid)
            middle = np.asarray(interquartile_mean(paid, axis=0))
            panel.fill_between(episodes, low, high, color=colour, alpha=0.25, linewidth=0)
            panel.plot(episodes, middle, color=colour, linestyle=dashes)
            ends.append((f"1/α = 1/{alpha:g}" if alpha > 1 else "1/α = 1", float(middle[-1]), colour))
        panel.set(xlim=(0, EPISODES), ylim=(-12, 21), xlabel="episodes of 10 plays", ylabel="expected return")
        panel.set_title(f"{DRAWN_SEEDS} seeds: interquartile mean, 95 % band")
        label_ends(panel, ends, height=1.85 * 72)
    return figure


@drawing(
    "hasac-figure-4c",
    caption="the equilibria of HASAC's matrix game against temperature, and where HASPI and learning end",
)
def draw_4c() -> "Figure":
    """The probabilities of (A,A) and of (C,C): thin lines equilibria, a thick one HASPI's end, points learning."""
    from mathrl.figures.plot import COLUMN, mosaic, style

    cases = {(alpha, known): whole(alpha, known) for known in KNOWN for alpha in DRAWN_ENDS}
    joint = learn(list(cases.values()), ALONE, seed=0, seeds=DRAWN_SEEDS, record=[], name="hasac-figure-4c")
    curves, at = logit_curves(load("hasac"), temperatures=RANGE), jump()
    alphas = np.concatenate([np.geomspace(RANGE[0], at * (1 - 1e-9), 40), np.geomspace(at * (1 + 1e-9), RANGE[1], 40)])
    exact = np.array([exact_end(alpha) for alpha in alphas.tolist()])
    with style():
        figure, axes = mosaic([["A"], ["C"]], height=3.9, widths=[1], width=COLUMN)
        for k, letter in ((0, "A"), (2, "C")):
            _equilibria(axes[letter], curves, k)
            _haspi(axes[letter], alphas, exact[:, k, k], at)
            for known in KNOWN:
                ends = [joint[cases[alpha, known].name][:, -1, k, k] for alpha in DRAWN_ENDS]
                _learned(axes[letter], ends, known)
            _frame(axes[letter], letter)
        axes["A"].annotate(f"HASPI jumps at {at:.2f}", (at, 1.0), xytext=(5, 0), textcoords="offset points", fontsize=7)
        axes["A"].set_title(f"points: mean of {DRAWN_SEEDS} seeds; bars: its 95 % interval", fontsize=7)
        axes["A"].set_xlabel("")
        axes["A"].tick_params(labelbottom=False)
        axes["C"].legend(loc="center left", frameon=False, fontsize=7, handlelength=1.4, bbox_to_anchor=(0, 0.75))
    return figure


def _equilibria(axes: "Axes", curves: Sequence[Curve], k: int) -> None:
    """The probability that both agents take action k, along each curve."""
    from mathrl.figures.plot import GREY

    for number, curve in enumerate(curves):
        both = curve.policy[0][:, 0, k] * curve.policy[1][:, 0, k]
        axes.plot(curve.temperature, both, color=GREY, linewidth=0.7, label="" if number else "equilibria found")


def _haspi(axes: "Axes", alphas: FloatArray, ends: FloatArray, at: float) -> None:
    """HASPI's end on both sides of its jump."""
    from mathrl.figures.plot import COLOURS, GREY

    for side, label in ((alphas < at, "HASPI's end"), (alphas > at, "")):
        axes.plot(alphas[side], ends[side], color=COLOURS[5], linewidth=3.2, label=label, zorder=1)
    axes.axvline(at, color=GREY, linewidth=0.6, linestyle=":")


def _learned(axes: "Axes", ends: Sequence[FloatArray], known: bool) -> None:
    """Means over seeds with their intervals."""
    from mathrl.figures.plot import COLOURS

    look: Any = {"color": COLOURS[0], "fmt": "o"} if known else {"color": COLOURS[1], "fmt": "s", "mfc": "white"}
    found = [estimate(values, statistic=np.mean) for values in ends]
    spread = [[one.value - one.low for one in found], [one.high - one.value for one in found]]
    middle, said = [one.value for one in found], f"learned, {KNOWN[known]}"
    axes.errorbar(DRAWN_ENDS, middle, yerr=spread, markersize=3.4, linewidth=0.9, label=said, **look)


def _frame(axes: "Axes", letter: str) -> None:
    from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter

    axes.set(xscale="log", xlim=RANGE, ylim=(-0.04, 1.08), yticks=(0, 0.5, 1))
    axes.xaxis.set_major_locator(FixedLocator([1, 2, 5, 10, 20]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.set(xlabel="temperature α", ylabel=f"probability of ({letter},{letter})")
