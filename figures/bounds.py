"""AORPO's bounds over the branch length, beside the true discrepancy; and what rollout schemes give and cost."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.bounds import SCHEMES, Comparison, Setup, branch_law, compare_returns, measure, rollout
from mathrl.bounds.best_lengths import best_lengths
from mathrl.figures.curve_minimum import minimum_index, rounding

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.ticker import Locator

__all__ = ["STARTS", "curves", "draw"]

CLAIMS = {
    "theorem-2": "Theorem 2",
    "extended-theorem-b.2": "B.2",
    "extended-lemma-c.4": "ext. C.4",
    "theorem-5": "Theorem 5",
    "lemma-c.4": "C.4",
}
"""The bounds on branched returns, and what a legend calls them."""

KINDS = {"printed": 1, "corrected": 4, "coupling": 0}
"""What is drawn of a claim: its name in the legend, and the number of its colour."""

LEGENDS: dict[str, Any] = {"bounds": "outside lower left", "distance": "outside lower right"}
SCHEME_COLOURS = (2, 3, 5, 4)
MARKERS = ("o", "x", "s", "+")
DASHES: tuple[Any, ...] = ("-", (0, (4, 1.6)), (0, (4, 1.2, 1, 1.2)), (0, (1, 1.2)), (0, (8, 2)))
"""The dashes of the first, second, … curve of a kind, so that curves that coincide all show."""

RING: Any = {"marker": "o", "markersize": 5, "markerfacecolor": "white"}

FEW = 10
"""Lengths are marked on the curves if there are at most so many."""

WIDTH, HEIGHT = 7.0, 4.6
"""Of the figure, in inches, unless others are asked for."""

NARROW = 5.5
"""Figures of less width have one panel below the other."""

PANELS = ["bounds", "distance", "communications"]

TITLE = 95
"""How many letters a line of the title has in a figure of that width."""

HEADROOM = 2.5
"""The axis reaches up to this many times the trivial bound, at least."""

LINE = 5e-3
"""Curves that differ by less than this, relatively, are drawn as one."""

NOTHING = 1e-12
"""A total variation below this counts as 0."""

LOGARITHMIC = 30.0
"""An axis is logarithmic if its largest number is at least so many times its smallest."""

STARTS: Mapping[str, Callable[[Setup], FloatArray]] = {"game": lambda setup: setup.game.start, "data": branch_law}
"""Where rollouts may start: the law of their first state."""

Curves = Mapping[str, FloatArray]


def draw(
    setup: Setup,
    *,
    branch_lengths: Iterable[int],
    dynamics_error: str = "real",
    normalised: bool = True,
    start: str = "game",
    title: str = "",
    size: tuple[float, float] | None = None,
    advance: Callable[[int], None] = lambda k: None,
) -> "Figure":
    """Draw a panel of bounds and two of rollout schemes, over the branch length.

    `setup`           the game, the learned model, policies and opponent models
    `branch_lengths`  the numbers of model steps k
    `dynamics_error`  how the error of the model is measured, one of `mathrl.bounds.DYNAMICS_ERRORS`
    `normalised`      whether returns are multiplied by 1 − discount
    `start`           where rollouts start: "game", in the game's start, or "data", the states of a replay buffer
    `title`           the name of the setup; above the panels it stands before what the setup is
    `size`            (width, height) in inches; default: 7 by 4.6
    `advance`         called with each k whose rollouts are computed

    The panels show the bounds of returns, the schemes' distance from the real law, and how many actions the schemes ask
    of real opponents. Returns a matplotlib `Figure`.

    A ring marks where a curve is least: over all k if that k is known and drawn, else where the drawn part has a dip. A
    rollout of a scheme has at least one step, so these curves begin at k = 1.
    """
    from mathrl.figures.plot import checked_size, mosaic, style

    width, height = checked_size(size, (WIDTH, HEIGHT))
    lengths = sorted(set(branch_lengths))
    errors = measure(setup, lengths)
    compared = compare_returns(setup, branch_lengths=lengths, dynamics_error=dynamics_error, errors=errors)
    best = best_lengths(setup, errors, dynamics_error)
    steps = [k for k in lengths if k > 0]
    distances, communications = _rollouts(setup, steps, start, advance)
    with style():
        narrow = width < NARROW
        layout = [[name] for name in PANELS] if narrow else [PANELS[:2], ["bounds", "communications"]]
        widths, heights = ((1,), (2, 1, 1)) if narrow else ((1.25, 1), None)
        figure, axes = mosaic(layout, height=height, width=width, widths=widths, heights=heights)
        shown = compared if normalised else [each.unnormalised() for each in compared]
        _draw_bounds(axes["bounds"], lengths, shown, best, rounding(setup, normalised=normalised))
        numbers = {scheme: np.append(distances[scheme], communications[scheme]) for scheme in SCHEMES}
        together = _together(numbers, NOTHING) if steps else []
        _draw_schemes(axes["distance"], steps, together, distances)
        _draw_schemes(axes["communications"], steps, together, communications)
        kind = "normalised return" if normalised else "return, not normalised"
        axes["bounds"].set_title(f"(a) error of agent {setup.agent}'s {kind}")
        axes["distance"].set_title(f"(b) TV from real states (start: {start})")
        axes["communications"].set_title("(c) actions asked of real opponents")
        axes["bounds"].set_ylabel("difference of returns")
        axes["distance"].set_ylabel("total variation")
        axes["communications"].set_ylabel("actions")
        for panel in axes.values():
            panel.set_xlabel("branch length k")
            panel.tick_params(labelbottom=True)
        for name in ("bounds", "communications"):
            axes[name].xaxis.set_major_locator(_whole_numbers())
        axes["communications"].yaxis.set_major_locator(_whole_numbers())
        named = {name: list(zip(*axes[name].get_legend_handles_labels(), strict=True)) for name in LEGENDS}
        both = [entry for entries in named.values() for entry in entries]
        drawn: list[Any] = (
            [("outside lower left", both)] if narrow else [(LEGENDS[name], named[name]) for name in LEGENDS]
        )
        for corner, entries in drawn:
            handles, labels = zip(*entries, strict=True) if entries else ((), ())
            figure.legend(handles, labels, loc=corner, ncols=1 if narrow else 2, frameon=False, fontsize=7)
        said = fill(f"{title}{': ' * bool(title)}{_described(setup, dynamics_error)}", round(TITLE * width / WIDTH))
        figure.suptitle(said, x=0.01, ha="left", fontsize=9).set_parse_math(False)
    return figure


def _described(setup: Setup, dynamics_error: str) -> str:
    """What a setup is, and how its model's error is measured, in a line."""
    game = setup.game
    sizes = f"{game.num_agents} agents, {game.num_states} state{'s' * (game.num_states > 1)}"
    actions = "×".join(map(str, game.num_actions))
    return f"{sizes}, {actions} actions, discount {game.discount:g}; error of the model: {dynamics_error}"


def curves(compared: Sequence[Comparison]) -> dict[str, list[tuple[list[str], FloatArray]]]:
    """The curves of each kind of bound over the branch length, with their claims; equal curves are one."""
    found = {}
    for kind in KINDS:
        of_claim = {}
        for claim in CLAIMS:
            rows = [row for row in compared if row.claim == claim]
            if kind != "corrected" or any(row.corrected != row.printed for row in rows):
                of_claim[claim] = np.array([getattr(row, kind) for row in rows])
        found[kind] = [(claims, of_claim[claims[0]]) for claims in _together(of_claim, LINE)]
    return found


def _together(drawn: Curves, difference: float) -> list[list[str]]:
    """The names of curves in groups; the curves of one group differ by no more than `LINE`, relatively."""
    groups: list[list[str]] = []
    for name, curve in drawn.items():
        same = (group for group in groups if np.allclose(curve, drawn[group[0]], rtol=difference, atol=0))
        group = next(same, None)
        if group is None:
            groups.append([name])
        else:
            group.append(name)
    return groups


def _rollouts(
    setup: Setup, steps: Sequence[int], start: str, advance: Callable[[int], None]
) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """For each scheme the total variation after k steps, and how many actions are asked of real opponents."""
    law = STARTS[start](setup)
    # Where the lengths are fixed, a shorter rollout is the beginning of a longer one.
    fixed = {name: rollout(setup, name, max(steps), start=law) for name in ("all-model", "all-real") if steps}
    distances, communications = np.zeros((2, len(SCHEMES), len(steps)))
    for x, k in enumerate(steps):
        for n, scheme in enumerate(SCHEMES):
            run = fixed.get(scheme) or rollout(setup, scheme, k, start=law)
            distances[n, x], communications[n, x] = run.total_variation[k], run.communications[:k].sum()
        advance(k)
    distances[distances < NOTHING] = 0
    return dict(zip(SCHEMES, distances, strict=True)), dict(zip(SCHEMES, communications, strict=True))


def _draw_bounds(
    axes: "Axes",
    lengths: Sequence[int],
    compared: Sequence[Comparison],
    best: Mapping[tuple[str, str], float],
    noise: float,
) -> None:
    """Draw the panel of bounds."""
    from mathrl.figures.plot import COLOURS, GREY

    rows = [row for row in compared if row.claim == next(iter(CLAIMS))]
    exact, trivial = np.array([row.discrepancy for row in rows]), rows[0].trivial
    exact[exact <= noise] = 0
    drawn, ringed = [exact], False
    for kind, of_kind in curves(compared).items():
        for (claims, curve), dashes in zip(of_kind, DASHES, strict=False):
            label = f"{kind}: {', '.join(CLAIMS[claim] for claim in claims)}"
            known = best.get((claims[0], "coupling" if kind == "coupling" else "printed"))
            ringed |= _line(axes, lengths, curve, known, color=COLOURS[KINDS[kind]], linestyle=dashes, label=label)
            drawn.append(curve)
    ringed |= _line(axes, lengths, exact, None, color="black", linewidth=2, label="true discrepancy")
    if ringed:
        axes.plot([], [], color=GREY, linestyle="none", label="where it is smallest", **RING)
    _scale(axes, drawn, trivial)
    if trivial > 0:
        axes.set_ylim(top=max(axes.get_ylim()[1], HEADROOM * trivial))
        axes.axhspan(trivial, axes.get_ylim()[1], color=GREY, alpha=0.12, linewidth=0)
    said = f"above {trivial:.4g}, the range of returns: says nothing" if trivial > 0 else "all returns are equal"
    axes.text(0.02, 0.985, said, color=GREY, fontsize=7, va="top", transform=axes.transAxes)


def _line(
    axes: "Axes", lengths: Sequence[int], curve: FloatArray, best: float | None, *, label: str, **style: Any
) -> bool:
    """Draw a curve; return whether it has a ring. A curve too low for a logarithmic axis is named beside it."""
    seen = label + (" (is 0)" if not curve.any() else " (below 0)" if curve.max() <= 0 else "")
    axes.plot(lengths, curve, label=seen, **_marked(lengths), **style)
    at = _least(lengths, curve, best)
    if at is not None:
        axes.plot(lengths[at], curve[at], color=style["color"], **RING)
    return at is not None


def _least(lengths: Sequence[int], curve: FloatArray, best: float | None) -> int | None:
    """Where the ring stands: at the best k ≥ 1, at 0 where that is better, or in a dip where no best k is known."""
    at = minimum_index(curve, 0.0)
    if at is None or curve[at] <= 0:
        return None
    if best is None:
        return at if curve[at] < (1 - LINE) * min(curve[0], curve[-1]) else None
    if best not in lengths:
        return None
    return at if lengths[at] == 0 else lengths.index(int(best))


def _draw_schemes(axes: "Axes", steps: Sequence[int], together: Sequence[Sequence[str]], drawn: Curves) -> None:
    """Draw the panels of the rollout schemes."""
    from mathrl.figures.plot import COLOURS

    for schemes in together:
        n = SCHEMES.index(schemes[0])
        axes.plot(steps, drawn[schemes[0]], color=COLOURS[SCHEME_COLOURS[n]], linestyle=DASHES[n],
                  label=" = ".join(schemes), clip_on=False, **_marked(steps, MARKERS[n]))  # fmt: skip
    axes.set_ylim(bottom=0)


def _marked(lengths: Sequence[int], marker: str = "o") -> dict[str, Any]:
    return {"marker": marker, "markersize": 3} if len(lengths) <= FEW else {}


def _whole_numbers() -> "Locator":
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(integer=True, steps=[1, 2, 5, 10], min_n_ticks=1)


def _scale(axes: "Axes", drawn: Sequence[FloatArray], trivial: float) -> None:
    """Choose a logarithmic axis where the numbers above 0 differ much, else one that begins at 0."""
    values = np.append(np.concatenate(drawn), trivial)
    seen = values[values > 0]
    if len(seen) and seen.max() > LOGARITHMIC * seen.min():
        axes.set_yscale("log")
        axes.set_ylim(bottom=seen.min() / 2)
    else:
        axes.set_ylim(0, None if len(seen) else 1)
