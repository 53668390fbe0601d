"""AORPO, Theorems 1 and 2 (proved in Appendix B): the bounds on returns beside the true discrepancy, over k and γ.

Returns are normalised, (1 − γ) Σ γ^t r_t, since the theorems hold of these (`mathrl.bounds`); rewards lie in [0, 1], so
that 1 is a bound without any theorem.
"""

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.printed import PaperStatement
from mathrl.base.reproduction import Computed, exact
from mathrl.bounds import Comparison, Setup, best_branch_length, compare_returns, measure
from mathrl.figures.aorpo.family import CELLS, FEEDBACKS, as_game, draw_load
from mathrl.figures.aorpo.schemes import DYNAMICS_ERROR, OPPONENT_ERRORS

__all__ = ["DISCOUNTS", "LENGTHS", "SHIFT", "appendix_b", "compared", "shortest_best"]

DISCOUNTS = (0.5, 0.9, 0.95, 0.99)
"""0.95 is the paper's."""

LENGTHS = tuple(range(1, 26))
SHOWN = (1, 5, 10, 25)
SHIFT = 0.1
"""The total variation of each agent's policy from the one that the data were collected with."""

SAME = 1e-10
"""Discrepancies that differ by less count as equal: they are differences of returns, which are right to 1e-14 or so."""


@cache
def compared(kind: str, discount: float) -> Mapping[str, tuple[Comparison, ...]]:
    """The rows of Theorems 1 and 2, of the first game of the family, for all branch lengths."""
    load = draw_load(0, FEEDBACKS[kind], OPPONENT_ERRORS, DYNAMICS_ERROR)
    game, learned = as_game(load, discount)
    setup = Setup.of(
        game,
        policy=load.policies,
        model=learned,
        opponent_models=load.models,
        data_policy=[_shifted(own) for own in load.policies],
    )
    rows = compare_returns(setup, branch_lengths=LENGTHS, errors=measure(setup, LENGTHS))
    return {claim: tuple(row for row in rows if row.claim == claim) for claim in ("theorem-1", "theorem-2")}


def _shifted(own_sa: FloatArray) -> FloatArray:
    """The policy with `SHIFT` of the likeliest action's probability given to the next."""
    shifted, states = own_sa.copy(), np.arange(CELLS)
    likeliest = own_sa.argmax(axis=1)
    shifted[states, likeliest] -= SHIFT
    shifted[states, (likeliest + 1) % 3] += SHIFT
    return shifted


@exact(
    "aorpo-appendix-b",
    caption="Theorems 1 and 2: the bounds on normalised returns beside the true discrepancy, over k and the discount",
    paper={f"theorem {n} holds": {kind: PaperStatement() for kind in FEEDBACKS} for n in (1, 2)},
)
def appendix_b() -> Computed:
    """For each discount the discrepancy and its bounds at some k, and the k at which each of them is least."""
    values: dict[tuple[str, str], float] = {}
    for kind in FEEDBACKS:
        rows = {discount: compared(kind, discount) for discount in DISCOUNTS}
        for n in (1, 2):
            of_claim = [row.holds for found in rows.values() for row in found[f"theorem-{n}"]]
            values[f"theorem {n} holds", kind] = float(np.mean(of_claim))
        for discount, found in rows.items():
            where = f"{kind}, discount {discount:g}"
            branched = found["theorem-2"]
            for k in SHOWN:
                values |= _numbers(f"{where}: theorem 2, k = {k}", branched[LENGTHS.index(k)])
            values |= _numbers(f"{where}: theorem 1", found["theorem-1"][0])
            discrepancies = [row.discrepancy for row in branched]
            values[f"{where}: best k", "discrepancy"] = float(shortest_best(discrepancies))
            values[f"{where}: best k", "bound"] = best_branch_length(
                discount=discount,
                dynamics_error=DYNAMICS_ERROR,
                policy_shift=SHIFT,
                opponent_shifts=[SHIFT, SHIFT],
                opponent_errors=OPPONENT_ERRORS,
            )
    return Computed(values, NOTES)


def shortest_best(discrepancies: Sequence[float]) -> int:
    """The shortest of `LENGTHS` at which the discrepancy is the least, up to `SAME`."""
    least = min(discrepancies)
    return next(k for k, found in zip(LENGTHS, discrepancies, strict=True) if found < least + SAME)


def _numbers(row: str, found: Comparison) -> dict[tuple[str, str], float]:
    return {(row, "discrepancy"): found.discrepancy, (row, "bound"): found.printed, (row, "coupling"): found.coupling}


NOTES = (
    "said: the theorems are no numbers; 1 stands for 'in all cases', ours is the share of discounts (and lengths) in "
    "which the bound holds for normalised returns. In this game that cannot fail, as every bound of both is above 1. "
    "As printed, for sums, they are refuted: `mathrl check aorpo`",
    "errors, in every state but at the ends of the line: opponent models 0.05 and 0.2, dynamics 0.02, and each "
    "policy 0.1 from the one that collected the data. Rewards are from 0 to 1, so that no discrepancy exceeds 1: a "
    "bound above 1 says nothing. Theorem 2's is above 1 at every k and every discount here. It is in proportion to "
    "the errors, so that at discount 0.99 all of them would have to be about 60 times smaller for it to say "
    "something",
    "coupling: the sharper bound of `mathrl.theorem-coupled-rollouts` with the same errors is below 1, and still "
    "far above the truth: it must hold in all games with these errors, also in those where one wrong move is paid "
    "for ever",
    "best k: least for the bound, and least in truth among k = 1 to 25; of several that differ by less than 1e-10 the "
    "shortest. Where errors stay the truth is least at k = 1, where they fade it falls on to the longest, at "
    "the same errors, though at discount 0.5 by less than that after k = 12: the bound cannot see the difference, "
    "which lies in the game",
)
