"""Soft-QMIX in the one-step game of Table 2: its fixed points, and which starts lead to which.

The rows of B and C are equal, and so are their columns. Of every monotone table one may replace C's row by B's, or B's
by C's, whichever has the smaller error, and it stays monotone, with the two as neighbours in the order. So some best
fit has equal rows, and what counts is x and y, the probabilities of A. With F the best monotone fit to (8, −12; −12, 0)
under the weights (x, 1 − x) ⊗ (y, 1 − y), an update of `mathrl.solvers.soft_qmix` is

    x' = 1/(1 + 2 exp(−Σ_b y_b (F(A, b) − F(B, b))/α)),   and y' alike, at once.                           (1)

Where A is both agents' highest action, all entries but (A,A) are pooled to v; where it is the lowest, the entries in
which somebody plays A are pooled to u, and the others are 0. Where x = y the fixed points of these kinds solve

    x = 1/(1 + 2 exp(−x (8 − v)/α)),   v = −24 x (1 − x)/(1 − x²)                                           (2)
    x = 1/(1 + 2 exp(−(1 − x) u/α)),   u = (8 x² − 24 x (1 − x))/(x (2 − x)).                               (3)
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from mathrl.balls import Ball, precision
from mathrl.base.checks import FloatArray
from mathrl.base.printed import PaperStatement
from mathrl.base.reproduction import Computed, exact
from mathrl.base.text import at_most
from mathrl.stage.monotone_projection import monotone_projections

__all__ = [
    "ENDS",
    "HIGHEST",
    "LOWEST",
    "Ends",
    "certified",
    "cycle",
    "ends",
    "ends_of_grid",
    "fixed_point",
    "paid",
    "starts",
    "step",
    "table_2a",
]

TEMPERATURES = (0.1, 1.0, 8.357)
"""The least and the largest of Soft-QMIX in Table 3, and the one at which FOP's printed policy is an equilibrium."""

GRID = 41
"""How many starts x, and how many y, there are: the middles of as many equal parts of [0, 1]."""

ENDS = ("(A,A)", "B and C", "cycle")

SMALL = 0.2
"""The size of steps that go only a part of the way to the fit and its policy."""

_REDUCED = np.array([[8.0, -12.0], [-12.0, 0.0]])
_BITS = 2_000
"""The precision of proofs: at temperature 0.1 the probabilities of B and C at (A,A) are about exp(−200)."""

_SAME = 1e-11
"""Iterates that differ by less than this are one. Steps contract by a half or more near the fixed points."""

IntArray = npt.NDArray[np.intp]
Pair = tuple[FloatArray, FloatArray]


@dataclass(frozen=True)
class Ends:
    """Where starts lead.

    `end`    the number of the end in `ENDS`, of each start
    `x`      the probability of A of the row player there, of each start; in a cycle the larger of its two
    `updates`  how many updates were made
    """

    end: IntArray
    x: FloatArray
    updates: int


@exact(
    "soft-qmix-table-2a",
    caption="the one-step game: Soft-QMIX's fixed points in exact expectation, and which starts lead to which",
    paper={"from all starts": {"share that ends at (A,A)": PaperStatement()}},
)
def table_2a() -> Computed:
    """For each temperature the fixed points on the diagonal, proved, and the shares of a grid of starts."""
    values: dict[tuple[str, str], float] = {}
    for temperature in TEMPERATURES:
        found = ends_of_grid(temperature)
        row = f"temperature {temperature:g}"
        for number, name in enumerate(ENDS):
            values[row, f"share that ends: {name}"] = float((found.end == number).mean())
        for name, kind in (("(A,A)", HIGHEST), ("B and C", LOWEST)):
            values[row, f"P(A) at {name}"] = certified(kind, temperature)
        if (found.end == 2).any():
            values[row, "largest P(A) of the cycle"] = float(found.x[found.end == 2].max())
        if temperature == 1:
            small = ends(temperature, *starts(), size=SMALL)
            for number, name in enumerate(ENDS):
                share = float((small.end == number).mean())
                values[f"temperature 1, steps of {SMALL:g}", f"share that ends: {name}"] = share
            values["from all starts", "share that ends at (A,A)"] = float((found.end == 0).mean())
            values["uniform play", "share that ends at (A,A)"] = float(ends(1.0, *np.full((2, 1), 1 / 3)).end[0] == 0)
    return Computed(values, (*NOTES, *_notes(values)))


NOTES = (
    "paper: the text has Soft-QMIX 'consistently reach the global optimum' (5), and Table 2's caption that it "
    "'consistently chooses the optimal action'. No share is printed; 1 stands for 'consistently'. Ours is the share at "
    f"temperature 1 of {GRID} by {GRID} starts, over all probabilities of A; the paper gives neither temperature nor "
    "start",
)


def _notes(values: Mapping[tuple[str, str], float]) -> tuple[str, ...]:
    to_a = [f"{t:g}" for t in TEMPERATURES if ends(t, *np.full((2, 1), 1 / 3)).end[0] == 0]
    small = {name: values[f"temperature 1, steps of {SMALL:g}", f"share that ends: {name}"] for name in ENDS}
    pair = cycle(TEMPERATURES[0])
    in_turn = "none" if pair is None else f"one, in which they are paid {paid(*pair):.2f}"
    return (
        "uniform play leads to (A,A) at temperature "
        + (", ".join(to_a) or "none of these")
        + f". On the diagonal, at temperature 1, the starts that do are those {_diagonal()}",
        "'(A,A)' and 'B and C': these are fixed points, proved in balls: the fit's orders are the best ones there, "
        "and the equation of the fixed point changes sign within 1e-12. The starts of the grid end there to "
        f"{at_most(max(_off(t) for t in TEMPERATURES))}, or in the cycle; that there are no other fixed points, as "
        "such that repel, is not proved",
        "cycle: where one player leans to A and the other does not, the two exchange their parts at every step, since "
        f"each answers what the other did before. From 0.9 and 0.1 at temperature {TEMPERATURES[0]:g} there is "
        f"{in_turn}. Steps here are whole: each fit is exact. With steps of {SMALL:g} of the way, at temperature 1, "
        + "the ends of the starts are "
        + ", ".join(f"{name} {share:.0%}" for name, share in small.items()),
    )


def _off(temperature: float) -> float:
    """How far the ends of the grid's starts are from the fixed points that are proved, but for the cycle's."""
    found = ends_of_grid(temperature)
    known = {number: certified(kind, temperature) for number, kind in enumerate((HIGHEST, LOWEST))}
    return max(float(np.abs(found.x[found.end == n] - x).max(initial=0.0)) for n, x in known.items())


def _diagonal() -> str:
    """Which starts of the diagonal lead to (A,A) at temperature 1: above which probability of A, or how many parts."""
    low, high = 0.0, 1.0
    for _ in range(2):
        x = np.linspace(low, high, 101)
        good = ends(1.0, x, x).end == 0
        if not good.any() or (np.diff(good.astype(int)) < 0).any():
            return f"of {int((np.diff(good.astype(int)) > 0).sum())} separate parts"
        first = int(good.argmax())
        low, high = float(x[max(first - 1, 0)]), float(x[first])
    return f"with a probability of A of {high:.4f} or more"


def paid(x: float, y: float) -> float:
    """What both are paid where they play A with these probabilities."""
    return float(np.array([x, 1 - x]) @ _REDUCED @ np.array([y, 1 - y]))


def cycle(temperature: float) -> tuple[float, float] | None:
    """The two probabilities of A between which the players change from 0.9 and 0.1; None where they come to rest."""
    x, y = np.array([0.9]), np.array([0.1])
    for _ in range(400):
        x, y = step(temperature, x, y)
    return (float(x[0]), float(y[0])) if abs(x[0] - y[0]) > 1e-6 else None


def starts() -> tuple[FloatArray, FloatArray]:
    """The grid of starts: x and y of each."""
    middles = (np.arange(GRID) + 0.5) / GRID
    x, y = np.meshgrid(middles, middles, indexing="ij")
    return x.ravel(), y.ravel()


@cache
def ends_of_grid(temperature: float) -> Ends:
    """Where the grid of starts leads in whole steps."""
    return ends(temperature, *starts())


def step(temperature: float | FloatArray, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """One update (1) of each pair (x, y), at one temperature or at one for each pair."""
    row, column = np.stack([x, 1 - x], axis=1), np.stack([y, 1 - y], axis=1)
    weights = (row[:, :, None] * column[:, None, :]).reshape(-1, 4)
    targets = np.repeat(_REDUCED.reshape(1, 4), len(x), axis=0)
    F_sab = monotone_projections(targets, weights, np.array([2, 2]))[0].reshape(-1, 2, 2)
    of_row = np.einsum("sb,sab->sa", column, F_sab)
    of_column = np.einsum("sa,sab->sb", row, F_sab)
    return _answer(temperature, of_row[:, 0] - of_row[:, 1]), _answer(temperature, of_column[:, 0] - of_column[:, 1])


def _answer(temperature: float | FloatArray, ahead: FloatArray) -> FloatArray:
    """The probability of A, which is worth so much more than B and than C."""
    return np.asarray(1 / (1 + 2 * np.exp(-ahead / temperature)))  # (1)


def ends(temperature: float, x: FloatArray, y: FloatArray, *, size: float = 1.0, max_updates: int = 2_000) -> Ends:
    """Update until every pair comes back after one step or after two.

    A step goes the part `size` of the way from each policy to what the update (1) gives.
    """
    before, now = (x, y), _towards(temperature, (x, y), size)
    for updates in range(1, max_updates):
        ahead = _towards(temperature, now, size)
        if _apart(ahead, before).max() < _SAME:
            fixed = _apart(ahead, now) < 1e3 * _SAME
            end = np.where(~fixed, 2, np.where(ahead[0] > 1 / 3, 0, 1))
            return Ends(end, np.where(fixed, ahead[0], np.maximum(ahead[0], now[0])), updates)
        before, now = now, ahead
    raise RuntimeError(f"at temperature {temperature:g} not all starts ended within {max_updates} updates")


def _towards(temperature: float, now: Pair, size: float) -> Pair:
    ahead = step(temperature, *now)
    return now[0] + size * (ahead[0] - now[0]), now[1] + size * (ahead[1] - now[1])


def _apart(one: Pair, other: Pair) -> FloatArray:
    return np.maximum(np.abs(one[0] - other[0]), np.abs(one[1] - other[1]))


def _highest(x: Ball) -> tuple[Ball, Ball]:
    """What A is worth more than B and C in (2), and the error of the fit."""
    v = -24 * x * (1 - x) / (1 - x**2)
    return x * (8 - v), 288 * x * (1 - x) - (1 - x**2) * v**2


def _lowest(x: Ball) -> tuple[Ball, Ball]:
    """What A is worth more than B and C in (3), and the error of the fit."""
    u = (8 * x - 24 * (1 - x)) / (2 - x)
    return (1 - x) * u, 64 * x**2 + 288 * x * (1 - x) - x * (2 - x) * u**2


Kind = Callable[[Ball], tuple[Ball, Ball]]
HIGHEST: Kind = _highest
LOWEST: Kind = _lowest


def fixed_point(kind: Kind, temperature: float) -> float:
    """z = log(2x/(1 − x)) of the solution of (2) or (3), above 0 where A is the highest action, below 0 else."""
    least, most = (0.0, 21 / temperature) if kind is HIGHEST else (-13 / temperature, 0.0)

    def miss(z: float) -> float:
        ahead, _ = kind(_probability(Ball(z)))
        return z - float(ahead.arb.mid()) / temperature

    with precision(_BITS):
        return float(brentq(miss, least, most, xtol=1e-15, rtol=1e-15))


def certified(kind: Kind, temperature: float) -> float:
    """The probability of A at the fixed point, with the proof that there is one within 1e-12 of its z.

    The equation changes sign there, and no other kind of fit has as small an error: not the other of (2) and (3), nor
    that in which A is highest for one agent and lowest for the other. Raises `ArithmeticError` where this fails.
    """
    z = fixed_point(kind, temperature)
    away = 1e-12 * max(1.0, abs(z))
    with precision(_BITS):
        below, above = (
            bool(end - kind(_probability(end))[0] / Ball(temperature) > 0) for end in (Ball(z) - away, Ball(z) + away)
        )
        near = _probability(Ball(z) + Ball(0, radius=away))
        own, other = kind(near)[1], (LOWEST if kind is HIGHEST else HIGHEST)(near)[1]
        if below == above or not (own < other and own < _crossed(near)):
            raise ArithmeticError(f"no proof of a fixed point near z = {z} at temperature {temperature}")
        return float(near.arb.mid())


def _probability(z: Ball) -> Ball:
    """x of z = log(2x/(1 − x))."""
    x: Ball = 1 / (1 + 2 * (-z).exp())
    return x


def _crossed(x: Ball) -> Ball:
    """The error, on the diagonal, where A is highest for the row player and lowest for the column player.

    (A,A) and (A,B) are pooled, at 20 x − 12, and with (B,B) too where that is below its 0.
    """
    alone: Ball = 400 * x**2 * (1 - x)
    pooled: Ball = 64 * x**2 + 144 * x * (1 - x) - (8 * x**2 - 12 * x * (1 - x)) ** 2 / (x + (1 - x) ** 2)
    return alone if x > 0.6 else pooled
