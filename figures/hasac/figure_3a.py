"""HASAC, Figure 3a: HASAC, HAPPO and MAPPO over 200 episodes of the matrix game of Figure 1, in tables."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.drawing import drawing
from mathrl.base.intervals import bootstrap_interval, estimate, interquartile_mean, share
from mathrl.base.printed import PaperStatement
from mathrl.base.reproduction import Computed, Estimate, reproduction
from mathrl.base.runs import ALONE, Runs
from mathrl.figures.hasac.learned import (
    BASE,
    CLIPPED,
    EPISODES,
    HASAC,
    PESSIMIST,
    SEEDS,
    SWEEP,
    Case,
    ended,
    learn,
    returns,
)
from mathrl.figures.hasac.statements import ENDS, MOST_SEEDS, of_picture
from mathrl.learners import Hasac

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw", "figure_3a"]

SHOWN = (50, 100, 150, 200)

FALL = "HAPPO and MAPPO end at (A,A)"
ESCAPES = "HASAC ends at (C,C)"
CHOSEN = f"HASAC alpha={HASAC.temperature:g}"
"""The statement on HASAC is of this setting; its temperature is the least that was tried above HASPI's jump."""

DRAWN_SEEDS, DRAWN_EVERY = SEEDS["fast"], 2
DRAWN = {
    "HASAC alpha=7": "HASAC α = 7",
    "HASAC alpha=5": "HASAC α = 5",
    "HAPPO": "HAPPO",
    "MAPPO": "MAPPO",
    "HASAC alpha=5, 1 play, warm-up 0": "HASAC α = 5*",
    "HAPPO 1 play, step 0.1, epochs 5": "HAPPO*",
    "MAPPO 1 play, step 0.1, epochs 5": "MAPPO*",
}
"""What is drawn, and what the picture calls it; the first four have curves."""

CURVES = 4
TOGETHER = 0.2
"""Returns at the end that differ by less have one name in the picture."""

DASHES: Sequence[Any] = ("-", (0, (4, 1.4)), "-", (0, (1.2, 1.2)))
STRIPES = ("", "....", "////")


@reproduction(
    "hasac-figure-3a",
    kind="simulated",
    caption="HASAC, HAPPO and MAPPO in tables over 200 episodes of the matrix game: returns, and where seeds end",
    paper={"text": {FALL: PaperStatement(), f"{ESCAPES}, at alpha = {HASAC.temperature:g}": PaperStatement()}},
)
def figure_3a(seed: int, budget: str, runs: Runs) -> Computed:
    """Two statements; returns on the way for the base settings; for those and the sweep, where the seeds end."""
    seeds, cases = SEEDS[budget], (*BASE, *SWEEP[budget])
    joint = learn(cases, runs, seed=seed, seeds=seeds, record=SHOWN, name="hasac-figure-3a")
    values: dict[tuple[str, str], float | Estimate] = {**_said(joint, cases)}
    for case in cases:
        paid, at_end = returns(joint[case.name]), ended(joint[case.name][:, -1])
        for t, episode in enumerate(SHOWN, 1):
            if case in BASE or episode == EPISODES:
                values[case.name, f"return at {episode}"] = estimate(paid[:, t])
        for k, end in enumerate(ENDS):
            values[case.name, f"seeds at {end}"] = share(int(at_end[:, k].sum()), seeds)
    return Computed(values, _notes(joint, cases, seeds))


def _said(joint: Mapping[str, FloatArray], cases: Sequence[Case]) -> dict[tuple[str, str], float]:
    """The two statements in the base settings, and in what share of all settings they are so."""
    at = {case.name: ended(joint[case.name][:, -1]).mean(axis=0) for case in cases}
    suboptimal, optimal = ENDS.index("(A,A)"), ENDS.index("(C,C)")
    fell = {case.name: at[case.name][suboptimal] for case in cases if case.learner != "HASAC"}
    escaped = {case.name: at[case.name][optimal] for case in cases if case.learner == "HASAC"}
    base = [fell[case.name] for case in BASE if case.name in fell]
    said = f"share of all {len(fell)} settings"
    return {
        ("text", FALL): float(np.mean(np.array(base) >= MOST_SEEDS)),
        ("text", f"{ESCAPES}, at alpha = {HASAC.temperature:g}"): float(escaped[CHOSEN] >= MOST_SEEDS),
        (said, FALL): float(np.mean(np.array(list(fell.values())) >= MOST_SEEDS)),
        (said, f"{FALL}, 99 % of the seeds"): float(np.mean(np.array(list(fell.values())) >= 0.99)),
        (f"share of all {len(escaped)} settings", ESCAPES): float(
            np.mean(np.array(list(escaped.values())) >= MOST_SEEDS)
        ),
    }


def _notes(joint: Mapping[str, FloatArray], cases: Sequence[Case], seeds: int) -> tuple[str, ...]:
    at = {case.name: ended(joint[case.name][:, -1]).mean(axis=0) for case in cases}
    clipped = [case.name for case in cases if case.learner != "HASAC"]
    least = min(clipped, key=lambda name: at[name][0])
    return (
        "said: 'HASAC escapes local optima and achieves the Pareto optimum ..., while the other two methods fall into "
        f"the suboptimal NE' (5.1). A setting counts if at least {MOST_SEEDS:.0%} of its seeds end there; ours is the "
        "share of the settings, of HAPPO and MAPPO those that are called so, without more. The fewest seeds of these "
        f"two end at (A,A) with {least}: {at[least][0]:.0%}; {at[least][1]:.0%} end at (B,B), {at[least][2]:.0%} at "
        f"(C,C), and {abs(1 - at[least].sum()):.0%} at none of the three",
        f"temperature: the paper does not give it. HASAC's is {HASAC.temperature:g}, chosen so that it escapes, as "
        "Appendix B claims that with 'appropriate alpha' alone. With known Q: " + _by_temperature(joint),
        f"return at 50: after 50 episodes, the interquartile mean of {seeds} seeds, and its 95 % bootstrap interval, "
        "of the exact return of the policies. Seeds at (A,A), (B,B), (C,C): the share of seeds whose final policy "
        "plays it more than half of the time, with Wilson's 95 % interval",
        f"settings: an episode has {HASAC.plays} plays and one update. HASAC plays uniformly in the first "
        f"{HASAC.warmup} episodes, its warm-up, so that Q is known, and its updates are those of Eq. 8. HAPPO and "
        f"MAPPO have step {CLIPPED.step:g}, {CLIPPED.epochs} epochs, clip {CLIPPED.clip:g}. Other settings are named "
        "in their rows. The paper names none of these",
        f"with known Q, HASAC is HASPI, and at alpha = 5 {at['HASAC alpha=5'][0]:.0%} of the seeds end at (A,A). "
        "Appendix B says that the paper's own runs found (C,C) at alpha = 5, and guesses that sampling Q is why. Where "
        f"Q is not known before policies learn: {_guess(at)}",
        f"seeds: {seeds} here; {of_picture(DRAWN_SEEDS)}",
    )


def _by_temperature(joint: Mapping[str, FloatArray]) -> str:
    """Where most seeds of the base settings of HASAC end, with how likely that is and what it pays, by temperature."""
    texts = []
    for case in BASE:
        if isinstance(case.settings, Hasac):
            last = joint[case.name][:, -1]
            k = int(ended(last).mean(axis=0).argmax())
            texts.append(
                f"alpha = {case.settings.temperature:g}: {ended(last)[:, k].mean():.0%} of the seeds at {ENDS[k]}, "
                f"with probability {last[:, k, k].mean():.3f} and return {returns(last).mean():.2f} in the mean"
            )
    return "; ".join(texts)


def _guess(at: Mapping[str, FloatArray]) -> str:
    names = [f"HASAC alpha=5, {plays}, warm-up {warmup}" for plays in ("1 play", "10 plays") for warmup in (0, 20)]
    names.append(PESSIMIST.name)
    each = "; ".join(
        f"{name.split(', ', 1)[1]}: {at[name][2]:.0%} at (C,C), {at[name][1]:.0%} at (B,B)" for name in names
    )
    some, most = (sum(low <= at[name][2] for name in names) for low in (1e-9, MOST_SEEDS))
    return (
        f"{each}. So seeds end at (C,C) in {some} of these {len(names)} settings, and at least {MOST_SEEDS:.0%} of "
        f"them in {most}"
    )


@drawing(
    "hasac-figure-3a",
    caption="HASAC, HAPPO and MAPPO in tables in HASAC's matrix game: returns over episodes, and where seeds end",
)
def draw() -> "Figure":
    """Returns as interquartile means with bands, beside the three optima; below, the shares of seeds by their end."""
    from mathrl.figures.plot import COLUMN, GREY, mosaic, style

    known = {case.name: case for case in (*BASE, *SWEEP["fast"])}
    cases = [known[name] for name in DRAWN]
    joint = learn(cases, ALONE, seed=0, seeds=DRAWN_SEEDS, record=DRAWN_EVERY, name="hasac-figure-3a")
    with style():
        figure, axes = mosaic(
            [["returns"], ["ends"]], height=4.3, widths=[1], heights=[1, 1], width=COLUMN, share=False
        )
        _returns(axes["returns"], {DRAWN[case.name]: returns(joint[case.name]) for case in cases[:CURVES]})
        _shares(axes["ends"], {DRAWN[case.name]: ended(joint[case.name][:, -1]).mean(axis=0) for case in cases})
        figure.supxlabel("* 1 play an episode, no warm-up", fontsize=7, color=GREY, x=0.99, ha="right")
    return figure


def _returns(axes: "Axes", paid: Mapping[str, FloatArray]) -> None:
    """A curve with a band for each learner, and the payoffs of the three equilibria."""
    from mathrl.figures.curves import label_ends
    from mathrl.figures.plot import COLOURS, GREY

    episodes = np.arange(0, EPISODES + 1, DRAWN_EVERY)
    ends = []
    for (name, values), colour, dashes in zip(paid.items(), COLOURS, DASHES, strict=False):
        low, high = bootstrap_interval(values)
        middle = np.asarray(interquartile_mean(values, axis=0))
        axes.fill_between(episodes, low, high, color=colour, alpha=0.25, linewidth=0)
        axes.plot(episodes, middle, color=colour, linestyle=dashes)
        ends.append((name, float(middle[-1]), colour))
    ends = _joined(ends)
    for level, name in ((5, "(A,A) pays 5"), (10, "(B,B) pays 10"), (20, "(C,C) pays 20")):
        axes.axhline(level, color=GREY, linewidth=0.5, linestyle=":", zorder=0)
        axes.annotate(name, (90, level), xytext=(0, 2), textcoords="offset points", fontsize=7, color=GREY)
    axes.set(xlim=(0, EPISODES), ylim=(-10, 24), xlabel="episodes of 10 plays", ylabel="expected return")
    axes.set_title("(a) interquartile mean, 95 % band")
    label_ends(axes, ends, height=1.35 * 72)


def _joined(ends: Sequence[tuple[str, float, str]]) -> list[tuple[str, float, str]]:
    """The names of curves that end together as one, in black, which stands where they end."""
    joined: list[tuple[str, float, str]] = []
    for name, end, colour in ends:
        if joined and abs(joined[-1][1] - end) < TOGETHER:
            joined[-1] = (f"{joined[-1][0]}, {name}", joined[-1][1], "black")
        else:
            joined.append((name, end, colour))
    return joined


def _shares(axes: "Axes", at: Mapping[str, FloatArray]) -> None:
    """A bar for each learner, cut by where its seeds end."""
    from mathrl.figures.plot import COLOURS

    fills = (COLOURS[4], COLOURS[5], COLOURS[2])
    box: Any = {"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.8}
    for row, shares in enumerate(at.values()):
        left = 0.0
        for part, fill, stripes, end in zip(shares.tolist(), fills, STRIPES, ENDS, strict=True):
            look: Any = {"facecolor": fill, "hatch": stripes, "edgecolor": "white", "linewidth": 0}
            axes.barh(row, part, left=left, height=0.76, **look)
            if part > 0.15:
                axes.text(left + part / 2, row, end, ha="center", va="center", fontsize=6.5, bbox=box)
            left += part
    axes.set(yticks=range(len(at)), yticklabels=list(at), xlim=(0, 1), xlabel=f"share of {DRAWN_SEEDS} seeds")
    axes.invert_yaxis()
    axes.set_title("(b) what final policies mostly play")
