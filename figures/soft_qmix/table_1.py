"""Soft-QMIX, Table 1: the payoffs, and the best fits of them by each kind of critic under each kind of weights."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.printed import PaperValue, Printed
from mathrl.base.reproduction import Computed, exact
from mathrl.base.text import at_most
from mathrl.figures.soft_qmix.fits import ACTIONS, FITS, FOP, LEAST_RATE, exploring, fit, rate_of, visits
from mathrl.games import load

__all__ = ["PAYOFFS", "table_1", "weightings"]

PAYOFFS = ("8 -12 -12", "-12 0 0", "-12 0 0")
SAME = 1e-9
"""Entries of a fit that differ by less are one."""

DISTINCT = ("(A,A)", "(A,B)", "(B,A)", "(B,B)")

PAPER: dict[str, dict[str, Printed]] = {
    f"payoffs: row {own}": {a: PaperValue(text, exact=True) for a, text in zip(ACTIONS, row.split(), strict=True)}
    for own, row in zip(ACTIONS, PAYOFFS, strict=True)
}


def weightings() -> Mapping[str, tuple[FloatArray, FloatArray]]:
    """The weights by name: the policies of both players whose product they are."""
    uniform = np.full(3, 1 / 3)
    row, column = (np.array(own) for own in FOP)
    return {
        "uniform": (uniform, uniform),
        "visits of Table 2 (a)": visits(),
        "visits of Table 2 (b)": (row, column),
        "epsilon-greedy, 14/47": exploring(rate_of("-8.5")),
        "epsilon-greedy, 1/60": exploring(LEAST_RATE),
    }


@exact(
    "soft-qmix-table-1",
    caption="payoffs of the one-step game, and the best monotone, additive and unrestricted fits of them",
    paper=PAPER,
)
def table_1() -> Computed:
    """The payoffs of the catalogue's game, and for each fit its four distinct entries and its weighted error."""
    payoffs = load("soft-qmix").rewards[0]
    values = {(f"payoffs: row {ACTIONS[a]}", ACTIONS[b]): float(payoffs[a, b]) for a, b in product(range(3), repeat=2)}
    for kind in FITS:
        for name, policies in weightings().items():
            if kind == "unrestricted":
                name = "any weights"
            table, error = fit(kind, policies)
            row = f"{kind}; {name}"
            cells = (table[0, 0], table[0, 1], table[1, 0], table[1, 1])
            values |= {(row, column): float(cell) for column, cell in zip(DISTINCT, cells, strict=True)}
            values[row, "error"] = error
    return Computed(values, _notes())


def _notes() -> tuple[str, ...]:
    payoffs = load("soft-qmix").rewards[0]
    monotone = {name: fit("monotone", policies)[0] for name, policies in weightings().items()}
    right, lowest = (
        [name for name, table in monotone.items() if of(table, payoffs)] for of in (_right_at_a, _lowest_a)
    )
    row, column = visits()
    apart = payoffs[0, 0] - payoffs[0, 1] - payoffs[1, 0] + payoffs[1, 1]
    return (
        "the nine printed numbers are the payoffs with which the game was declared: they cannot disagree",
        "fits: each minimises Σ w (F − payoff)², w the product of two policies; the error is that sum, per joint "
        "action as Σ w = 1. C pays what B pays, and so it has B's entries in every fit",
        "weights: 'visits of Table 2 (a)' are those of Soft-QMIX at temperature 1 (A, but for "
        f"{at_most(float(1 - min(row[0], column[0])))}); 'visits of (b)' are the printed policies of FOP; "
        f"'epsilon-greedy' plays B, and A and C with probability ε each: {rate_of('-8.5')} is what explains -8.5 in "
        "Table 2 (c), 1/60 where Table 8's schedule ends (rate 0.05)",
        f"monotone: right at (A,A), with all else pooled, under {_listed(right)}; A is the lowest action, with the "
        "five entries in which somebody plays A pooled and the other four right, so that the best action is B or C, "
        f"under {_listed(lowest)}",
        "additive: no weights with 0 for no entry give a sum that is right at (A,A), (A,B), (B,A) and (B,B), as these "
        f"four have the double difference {apart:g}",
    )


def _right_at_a(table: FloatArray, payoffs: FloatArray) -> bool:
    others = table.ravel()[1:]
    return bool(abs(table[0, 0] - payoffs[0, 0]) < SAME and np.ptp(others) < SAME)


def _lowest_a(table: FloatArray, payoffs: FloatArray) -> bool:
    pooled = np.concatenate([table[0], table[1:, 0]])
    return bool(np.ptp(pooled) < SAME and np.abs(table - payoffs)[1:, 1:].max() < SAME and pooled[0] < table[1, 1])


def _listed(names: Sequence[str]) -> str:
    return "; ".join(names) or "none of these weights"
