"""Soft-QMIX, Table 2: what Soft-QMIX, FOP and QMIX end with in the one-step game, and which model explains which cell.

FOP's critic is unrestricted, so that its policy would be a logit equilibrium of the game. As C pays what B pays, each
player has the same probability of both at every equilibrium; with x of the row player's A and y of the column player's,

    log(2x/(1 − x)) = (32 y − 12)/α,   log(2y/(1 − y)) = (32 x − 12)/α.                                     (1)

Where both are near 0.21, x = y: by (1) h(x) = h(y) for h(x) = (32 x − 12) log(2x/(1 − x)), which falls there, and so
α = (32 x − 12)/log(2x/(1 − x)) =: α(x). That h and α(x) are monotone between 0.205 and 0.215 is decided by balls.
"""

from fractions import Fraction

import numpy as np

from mathrl.balls import Ball, precision
from mathrl.base.checks import FloatArray
from mathrl.base.printed import Printed, printed
from mathrl.base.reproduction import Computed, exact
from mathrl.figures.soft_qmix.fits import ACTIONS, FOP, exploring, fit, pooled_value, rate_of, visits
from mathrl.games import load
from mathrl.solvers import soft_qmix

__all__ = [
    "QMIX",
    "SOFT_QMIX",
    "double_difference",
    "equilibrium_temperature",
    "falls_in_a",
    "printed_fop_temperatures",
    "table_2",
]

SOFT_QMIX = ("8 -12 -14", "-8 -28 -30", "-10 -30 -32")
QMIX = ("-8.5 -8.5 -8.5", "-8.5 0.2 0.2", "-8.5 0.2 0.2")
UNRESTRICTED = ("8 -12 -12", "-12 0 0", "-12 0 0")
PLAYERS = ("row player", "column player")

RATE = rate_of("-8.5")
"""The ε of (c) at which the pooled entries are -8.5."""

LEAST, MOST = 0.03, 4.0
"""The temperatures with which that of (a), 1, is compared."""

BEFORE, LAST = 5_000, 10_000
"""The steps whose experience a buffer of 5,000 holds at the end of the 10,000 steps of Table 2."""

ANNEAL = 100_000
"""The steps over which the rate falls by Table 8's schedule."""

Values = dict[tuple[str, str], float]


def _row(texts: str) -> dict[str, str | Printed]:
    return dict(zip(ACTIONS, texts.split(), strict=True))


def _table(name: str, rows: tuple[str, ...]) -> dict[str, dict[str, str | Printed]]:
    return {f"{name}, row {own}": _row(row) for own, row in zip(ACTIONS, rows, strict=True)}


PAPER: dict[str, dict[str, str | Printed]] = {
    **{f"(a) Soft-QMIX: {player}": _row("1. 0. 0.") for player in PLAYERS},
    **_table("(a) Soft-QMIX: Q_tot", SOFT_QMIX),
    "(b) FOP: row player": _row(".21 .40 .39"),
    "(b) FOP: column player": _row(".21 .39 .40"),
    **_table("(b) FOP: Q_tot", UNRESTRICTED),
    **_table("(c) QMIX: Q_tot", QMIX),
}


@exact(
    "soft-qmix-table-2",
    caption="the one-step game: Soft-QMIX's fixed point, FOP's equilibrium and QMIX's best fit beside what is printed",
    paper=PAPER,
)
def table_2() -> Computed:
    """(a) the fixed point from uniform play, (b) the equilibrium with P(A) = 0.21, (c) the best monotone fit."""
    found = soft_qmix(load("soft-qmix"), temperature=1.0)
    assert found.q_tot is not None
    values: Values = {}
    for player, own in zip(PLAYERS, found.policy, strict=True):
        values |= _cells(f"(a) Soft-QMIX: {player}", own[0])
    values |= _all_rows("(a) Soft-QMIX: Q_tot", found.q_tot[0])
    values["(a) printed Q_tot", "largest double difference"] = double_difference(SOFT_QMIX)
    fop = np.array([FOP[0][0], (1 - FOP[0][0]) / 2, (1 - FOP[0][0]) / 2])
    for player in PLAYERS:
        values |= _cells(f"(b) FOP: {player}", fop)
    low, exactly, high = (ball_middle(x) for x in printed_fop_temperatures())
    values |= {("(b) FOP: temperature", head): x for head, x in zip(TEMPERATURES, (low, exactly, high), strict=True)}
    values |= _all_rows("(b) FOP: Q_tot", fit("unrestricted", (np.array(FOP[0]), np.array(FOP[1])))[0])
    values |= _all_rows("(c) QMIX: Q_tot", fit("monotone", exploring(RATE))[0])
    for head, rate in zip(("-8.55", "-8.5", "-8.45", "A no longer lowest"), (*_rates(), falls_in_a()), strict=True):
        values["(c) QMIX: epsilon", head] = rate
    return Computed(values, _notes(values))


TEMPERATURES = ("P(A) is 0.205", "P(A) is 0.21", "P(A) is 0.215")


def equilibrium_temperature(x: Ball) -> Ball:
    """α(x), the temperature at which both agents playing A with probability x, B and C alike, is an equilibrium."""
    temperature: Ball = (32 * x - 12) / (2 * x / (1 - x)).log()
    return temperature


def printed_fop_temperatures() -> tuple[Ball, Ball, Ball]:
    """α(x) at the ends of what rounds to 0.21 and at 0.21, enclosed. Raises where a step of the proof is undecided."""
    with precision(100):
        ends = [equilibrium_temperature(Ball(Fraction(x, 1000))) for x in (205, 210, 215)]
        for n in range(100):  # in boxes, so that the derivatives are enclosed well enough to see their signs
            x = Ball(Fraction(2050 + n, 10_000)) + Ball(0, radius=1e-4)
            log = (2 * x / (1 - x)).log()
            slope = 1 / (x * (1 - x))
            falls = 32 * log + (32 * x - 12) * slope < 0  # h'
            rises = 32 * log - (32 * x - 12) * slope > 0  # α'(x) log², of the sign of α'
            if not (falls and rises):
                raise ArithmeticError(f"h or α is not monotone near {x}")
    return ends[0], ends[1], ends[2]


def ball_middle(x: Ball) -> float:
    """The middle of a narrow ball."""
    return float(x.arb.mid())


def falls_in_a() -> float:
    """The ε from which on the best monotone fit is right at (A,A), and A no longer the lowest action.

    With A highest the other entries are pooled to v, with A lowest those of A: the errors Σ w (F − r)² are equal at ε.
    """
    from scipy.optimize import brentq

    def ahead(epsilon: float) -> float:
        p = 1 - epsilon
        lowest = 64 * epsilon**2 + 288 * epsilon * p - (epsilon**2 + 2 * epsilon * p) * pooled_value(epsilon) ** 2
        v = -24 * epsilon * p / (1 - epsilon**2)
        return float(lowest - (288 * epsilon * p - (1 - epsilon**2) * v**2))

    return float(brentq(ahead, 0.1, 1 / 3, xtol=1e-15))


def _rates() -> tuple[float, float, float]:
    return float(rate_of("-8.55")), float(RATE), float(rate_of("-8.45"))


def _scheduled() -> tuple[float, float]:
    """The pooled value under Table 8's schedule, from rate 1 to 0.05: at step 10,000, and in a buffer.

    Each of the three actions has a third of the rate. A buffer of 5,000 holds the mean of the weights.
    """
    rates = [(1 - 0.95 * step / ANNEAL) / 3 for step in range(BEFORE, LAST)]
    both = sum(rate**2 for rate in rates)
    one = sum(2 * rate * (1 - rate) for rate in rates)
    return pooled_value((1 - 0.95 * LAST / ANNEAL) / 3), (8 * both - 12 * one) / (both + one)


def _cells(row: str, numbers: FloatArray) -> Values:
    return {(row, own): float(x) for own, x in zip(ACTIONS, numbers, strict=True)}


def _all_rows(name: str, table: FloatArray) -> Values:
    values: Values = {}
    for own, row in zip(ACTIONS, table, strict=True):
        values |= _cells(f"{name}, row {own}", row)
    return values


def double_difference(rows: tuple[str, ...]) -> float:
    """The largest |Q(a, b) − Q(a, A) − Q(A, b) + Q(A, A)| of a printed table: 0 exactly where it is a sum."""
    printed = np.array([[float(x) for x in row.split()] for row in rows])
    return float(np.abs(printed - printed[:, :1] - printed[:1] + printed[0, 0]).max())


def _spread() -> float:
    """How far Q_tot at the least and the largest temperature is from that at temperature 1."""
    middle, *others = (soft_qmix(load("soft-qmix"), temperature=t).q_tot for t in (1.0, LEAST, MOST))
    assert middle is not None
    return max(float(np.abs(middle - other).max()) for other in others if other is not None)


def _come_out(values: Values) -> str:
    """Which entries of the printed Q_tot come out."""
    found = [
        f"({row},{column})"
        for row, texts in zip(ACTIONS, SOFT_QMIX, strict=True)
        for column, text in zip(ACTIONS, texts.split(), strict=True)
        if printed(text).agrees(values[f"(a) Soft-QMIX: Q_tot, row {row}", column])
    ]
    return f"{len(found)} come out: {', '.join(found)}" if found else "none comes out"


def _notes(values: Values) -> tuple[str, ...]:
    summed = fit("additive", visits())[0]
    at_the_end, in_the_buffer = _scheduled()
    middle = ball_middle(printed_fop_temperatures()[1])
    low, _, high = _rates()
    return (
        "16 of the cells that agree cannot disagree: (b) Q_tot, nine cells, is the payoffs, as an unrestricted fit is "
        "under any weights; (b) P(A), two cells, is put in, and chooses the temperature; (c) -8.5, five cells, is put "
        f"in, and chooses ε = {RATE}",
        "(a) ours is the fixed point of Soft-QMIX in exact expectation from uniform play, at temperature 1: the paper "
        f"gives no temperature for this game; at {LEAST:g} and {MOST:g} Q_tot differs from that by at most "
        f"{_spread():.2f}. Of the nine printed entries of Q_tot {_come_out(values)}",
        f"(a) as printed Q_tot is {'a' if double_difference(SOFT_QMIX) == 0 else 'NO'} sum of a row and a column "
        "term, to the last digit: VDN's form, which is much less than a mixer can be. The best sum under Soft-QMIX's "
        f"own visits is {summed[0, 0]:.2f} at (A,A), {summed[0, 1]:.2f} at (A,B) and {summed[2, 2]:.2f} at (C,C). "
        "Under the printed policy every table with 8 at (A,A) has error 0: the other eight entries are what a network "
        "makes of joint actions that it hardly sees",
        "(b) C pays what B pays, so an equilibrium has P(B) = P(C) for each player, and .40 beside .39 is possible "
        f"only where P(A) = .21 and both are .395: at one temperature, {middle:.4f}. P(A) rounds to .21 at the "
        "temperatures between those of 0.205 and 0.215, and then B and C round alike. This is proved in balls. The "
        "paper gives no temperature",
        f"(c) -8.5 is what the best monotone fit pools where P(A) is from {low:.4f} to {high:.4f}, ours is for ε = "
        f"{RATE}; 1 - 2ε, the probability of B, is then {float(1 - 2 * RATE):.3f}. Table 8 has a schedule of ε, for "
        f"other tasks and of {ANNEAL:,} steps: with it the pooled value is {at_the_end:.3f} at step {LAST:,}, where "
        f"Table 2 ends, and {in_the_buffer:.3f} over the {LAST - BEFORE:,} steps before",
        "(c) 0.2 is no best fit for any weights that count these four entries: on each level of a best fit the errors "
        "have the weighted mean 0, and the four entries at 0.2 are all 0 in the game. Training has left it",
    )
