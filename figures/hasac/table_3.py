"""HASAC, Table 3: HASPI in the matrix game of Figure 1, after agent 1's first update and at its end."""

from itertools import chain

import numpy as np

from mathrl.base.reproduction import Computed, exact
from mathrl.base.text import at_most
from mathrl.figures.hasac.appendix_b import INITIAL_POLICY
from mathrl.games import load
from mathrl.solution import Solution
from mathrl.solvers import haspi

__all__ = ["MEANT", "PRINTED", "TEMPERATURES", "table_3"]

COLUMNS = ("first p1", "first p2", "first p3", "final p1", "final p2", "final p3")
PRINTED = {
    1: ("0.9990", "0.0001", "0.0009", "1.0000", "0.0000", "0.0000"),
    2: ("0.9603", "0.0107", "0.0290", "1.0000", "0.0000", "0.0000"),
    5: ("0.7083", "0.1171", "0.1747", "0.9849", "0.0075", "0.0076"),
    10: ("0.5254", "0.2136", "0.2609", "0.0221", "0.0224", "0.9555"),
    15: ("0.4596", "0.2522", "0.2882", "0.1278", "0.1354", "0.7368"),
    20: ("0.4269", "0.2722", "0.3009", "0.2514", "0.2790", "0.4697"),
}
TEMPERATURES = tuple(PRINTED)
NEAR_C = [[0.2, 0.2, 0.6]] * 2
"""The mirror image of the paper's start: C instead of A."""

MEANT = (
    "Appendix B compares Table 3, its exact results, with 'Table 5' and means Figure 5, what its runs learned: Table 5 "
    "lists hyperparameters. `mathrl reproduce hasac-figure-5` compares the two"
)
"""A note of both entries."""


@exact(
    "hasac-table-3",
    caption="HASPI from (0.6, 0.2, 0.2): agent 1 after its first update, and the policies at convergence",
    paper={f"alpha={alpha}": dict(zip(COLUMNS, row, strict=True)) for alpha, row in PRINTED.items()},
)
def table_3() -> Computed:
    """One step of HASPI and HASPI to its end, in the order agent 1, agent 2, for each temperature."""
    game = load("hasac")
    first = {
        alpha: haspi(game, temperature=alpha, initial_policy=INITIAL_POLICY, max_steps=1) for alpha in TEMPERATURES
    }
    final = {alpha: haspi(game, temperature=alpha, initial_policy=INITIAL_POLICY) for alpha in TEMPERATURES}
    swapped = [haspi(game, temperature=a, initial_policy=INITIAL_POLICY, order=(1, 0)) for a in TEMPERATURES]
    elsewhere = {alpha: haspi(game, temperature=alpha, initial_policy=NEAR_C) for alpha in TEMPERATURES}
    values = {
        (f"alpha={alpha}", column): float(p)
        for alpha in TEMPERATURES
        for column, p in zip(COLUMNS, chain(first[alpha].policy[0][0], final[alpha].policy[0][0]), strict=True)
    }
    order = max(_apart(one, other) for one, other in zip(final.values(), swapped, strict=True))
    return Computed(values, (*_notes(final), _order_note(order), *_other_equilibria(final, elsewhere)))


def _notes(final: dict[int, Solution]) -> tuple[str, ...]:
    between = max(float(np.abs(end.policy[0] - end.policy[1]).max()) for end in final.values())
    steps = ", ".join(str(end.steps) for end in final.values())
    stopped = "every run converged" if all(end.converged for end in final.values()) else "NOT every run converged"
    return (
        f"final: {stopped}, after {steps} steps, each of both agents; all residuals are at most "
        f"{at_most(max(end.residual for end in final.values()))}",
        "the paper prints one policy for both agents. Here the policies of the two agents differ by at most "
        f"{at_most(between)}, so agent 1's is shown",
        MEANT,
    )


def _order_note(apart: float) -> str:
    return f"if agent 2 updates before agent 1, the policies at the end differ by at most {at_most(apart)}"


def _other_equilibria(final: dict[int, Solution], elsewhere: dict[int, Solution]) -> tuple[str, ...]:
    other = {
        alpha: f"alpha={alpha}: {float(final[alpha].objective):.4f} and {float(elsewhere[alpha].objective):.4f}"
        for alpha in final
        if _apart(final[alpha], elsewhere[alpha]) > 1e-6
    }
    if not other:
        return ()
    return (
        "where HASPI ends depends on its start: from (0.2, 0.2, 0.6) it ends at another equilibrium. The objective "
        f"(payoff + alpha · entropies) here and there: {'; '.join(other.values())}",
    )


def _apart(one: Solution, other: Solution) -> float:
    return max(float(np.abs(a - b).max()) for a, b in zip(one.policy, other.policy, strict=True))
