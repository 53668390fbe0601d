"""AORPO, Theorems 1 and 2 (proved in Appendix B): the bounds on returns beside the true discrepancy, over k and γ.

Returns are normalised, (1 − γ) Σ γ^t r_t, since the theorems hold of these (`mathrl.bounds`); rewards lie in [0, 1], so
that 1 is a bound without any theorem. Both bounds are in proportion to the errors: besides the errors of the other
figures there are smaller ones, at which the bounds are below 1 and could fail.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.printed import PaperStatement
from mathrl.base.reproduction import Computed, Estimate, exact
from mathrl.bounds import Comparison, Setup, best_branch_length, compare_returns, measure
from mathrl.figures.aorpo.family import CELLS, FEEDBACKS, as_game, draw_load
from mathrl.figures.aorpo.schemes import DYNAMICS_ERROR, OPPONENT_ERRORS

__all__ = [
    "DISCOUNTS",
    "GAMES",
    "LENGTHS",
    "SCALES",
    "SHIFT",
    "appendix_b",
    "compared",
    "share_that_holds",
    "shortest_best",
    "telling",
]

DISCOUNTS = (0.5, 0.9, 0.95, 0.99)
"""0.95 is the paper's."""

LENGTHS = tuple(range(1, 26))
SHOWN = (1, 5, 10, 25)
SHIFT = 0.1
"""The total variation of each agent's policy from the one that the data were collected with."""

SCALES = (1.0, 0.1, 0.01, 0.001)
"""By what all errors are multiplied: 1 gives those of Figures 5 and 11."""

GAMES = 3
"""How many games of each kind there are."""

SAME = 1e-10
"""Discrepancies that differ by less count as equal: they are differences of returns, which are right to 1e-14 or so."""

CLAIMS = ("theorem-1", "theorem-2")

Rows = Mapping[str, tuple[Comparison, ...]]


@cache
def compared(kind: str, discount: float, scale: float = 1.0, seed: int = 0) -> Rows:
    """The rows of Theorems 1 and 2, of one game of the family, for all branch lengths.

    `kind`      one of `FEEDBACKS`
    `discount`  γ
    `scale`     by what all errors are multiplied
    `seed`      which game of this kind
    """
    load = draw_load(seed, FEEDBACKS[kind], [scale * error for error in OPPONENT_ERRORS], scale * DYNAMICS_ERROR)
    game, learned = as_game(load, discount)
    setup = Setup.of(
        game,
        policy=load.policies,
        model=learned,
        opponent_models=load.models,
        data_policy=[_shifted(own, scale * SHIFT) for own in load.policies],
    )
    rows = compare_returns(setup, branch_lengths=LENGTHS, errors=measure(setup, LENGTHS))
    return {claim: tuple(row for row in rows if row.claim == claim) for claim in CLAIMS}


def _shifted(own_sa: FloatArray, shift: float) -> FloatArray:
    """The policy with `shift` of the likeliest action's probability given to the next."""
    shifted, states = own_sa.copy(), np.arange(CELLS)
    likeliest = own_sa.argmax(axis=1)
    shifted[states, likeliest] -= shift
    shifted[states, (likeliest + 1) % 3] += shift
    return shifted


def telling(rows: Iterable[Comparison]) -> tuple[Comparison, ...]:
    """The rows whose printed bound is below the range of rewards, which no discrepancy exceeds; others say nothing."""
    return tuple(row for row in rows if row.printed < row.trivial)


def share_that_holds(rows: Iterable[Comparison]) -> float | None:
    """In what share of the cases in which the printed bound says something it holds; None where there are none."""
    left = telling(rows)
    return float(np.mean([row.holds for row in left])) if left else None


@exact(
    "aorpo-appendix-b",
    caption="Theorems 1 and 2: the bounds on normalised returns beside the true discrepancy, over k and the discount",
    paper={f"theorem {n} holds": {kind: PaperStatement() for kind in FEEDBACKS} for n in (1, 2)},
)
def appendix_b() -> Computed:
    """How often the bounds say something and hold; discrepancies and bounds at some k, and where each is least."""
    values: dict[tuple[str, str], float | Estimate | None] = {}
    for kind in FEEDBACKS:
        for n, claim in enumerate(CLAIMS, 1):
            rows = _rows(kind, claim, DISCOUNTS, SCALES)
            values[f"theorem {n} holds", kind] = share_that_holds(rows)
            values[f"theorem {n}: cases with a bound below 1", kind] = float(len(telling(rows)))
            values[f"theorem {n}: cases in all", kind] = float(len(rows))
            values[f"theorem {n}: largest discrepancy/bound", kind] = max(row.discrepancy / row.printed for row in rows)
        for discount in DISCOUNTS:
            where = f"{kind}, discount {discount:g}"
            branched = _games(kind, discount, "theorem-2")
            for k in SHOWN:
                values |= _numbers(f"{where}: theorem 2, k = {k}", [rows[LENGTHS.index(k)] for rows in branched])
            values |= _numbers(f"{where}: theorem 1", [rows[0] for rows in _games(kind, discount, "theorem-1")])
            best = _best(kind, discount)
            values[f"{where}: best k", "discrepancy, shortest"] = float(min(best))
            values[f"{where}: best k", "discrepancy, longest"] = float(max(best))
            values[f"{where}: best k", "bound"] = _best_of_bound(discount)
    return Computed(values, _notes())


def shortest_best(discrepancies: Sequence[float]) -> int:
    """The shortest of `LENGTHS` at which the discrepancy is the least, up to `SAME`."""
    least = min(discrepancies)
    return next(k for k, found in zip(LENGTHS, discrepancies, strict=True) if found < least + SAME)


def _games(kind: str, discount: float, claim: str, scale: float = 1.0) -> list[tuple[Comparison, ...]]:
    """The rows of a claim, game by game."""
    return [compared(kind, discount, scale, seed)[claim] for seed in range(GAMES)]


def _rows(kind: str, claim: str, discounts: Sequence[float], scales: Sequence[float]) -> list[Comparison]:
    """All rows of a claim in the games of a kind."""
    of_games = [_games(kind, discount, claim, scale) for discount in discounts for scale in scales]
    return [row for games in of_games for rows in games for row in rows]


def _numbers(row: str, games: Sequence[Comparison]) -> dict[tuple[str, str], float | Estimate | None]:
    """The games' largest discrepancy, and the least of their bounds."""
    return {
        (row, "discrepancy"): max(found.discrepancy for found in games),
        (row, "bound"): min(found.printed for found in games),
        (row, "coupling"): min(found.coupling for found in games),
    }


def _best(kind: str, discount: float) -> list[int]:
    """For each game the k at which the discrepancy is least."""
    return [shortest_best([row.discrepancy for row in rows]) for rows in _games(kind, discount, "theorem-2")]


def _best_of_bound(discount: float) -> float:
    return best_branch_length(
        discount=discount,
        dynamics_error=DYNAMICS_ERROR,
        policy_shift=SHIFT,
        opponent_shifts=[SHIFT, SHIFT],
        opponent_errors=OPPONENT_ERRORS,
    )


def _notes() -> tuple[str, ...]:
    full = [row for kind in FEEDBACKS for row in _rows(kind, "theorem-2", DISCOUNTS, SCALES[:1])]
    far = [row for kind in FEEDBACKS for row in _rows(kind, "theorem-2", DISCOUNTS[-1:], SCALES[:1])]
    smaller, sharper = min(row.printed for row in far), max(row.coupling for row in full)
    least = min(row.printed for row in full)
    above = float(np.median([row.coupling / row.discrepancy for row in full]))
    return (
        "said: the theorems are no numbers; 1 stands for 'in all cases', ours is the share of the cases in which the "
        f"bound holds for normalised returns, of {GAMES} games of each kind at each discount, each size of the errors "
        f"and, for Theorem 2, each k from {LENGTHS[0]} to {LENGTHS[-1]}. Rewards are from 0 to 1, so that no "
        "discrepancy exceeds 1: a case with a bound of 1 or more says nothing and is not counted, and without other "
        "cases a statement is not decided. As printed, for sums, they are refuted: `mathrl check aorpo`",
        f"errors, in every state but at the ends of the line: opponent models {OPPONENT_ERRORS[0]:g} and "
        f"{OPPONENT_ERRORS[1]:g}, dynamics {DYNAMICS_ERROR:g}, and each policy {SHIFT:g} from the one that collected "
        f"the data, all of them times {', '.join(f'{scale:g}' for scale in SCALES)}. The rows below are of the "
        "largest; a discrepancy is the largest of the games, a bound the least",
        f"with the largest errors Theorem 2's bound is below 1 in {len(telling(full))} of {len(full)} cases. It is in "
        f"proportion to the errors: at discount {DISCOUNTS[-1]:g} all of them must be at least "
        f"{_down(smaller, 1):.0f} times smaller for it to say something at any k",
        "coupling: the sharper bound of `mathrl.theorem-coupled-rollouts` with the same errors is at most "
        f"{-_down(-sharper, 0.01):.2f} here, where Theorem 2's is at least {_down(least, 0.01):.2f}; in half of the "
        f"cases it is at least {_down(above, 10.0 ** np.floor(np.log10(above))):.0f} times the discrepancy. It must "
        "hold in all games with these errors, also where one wrong move is paid for ever",
        "best k: least for the bound, and least in truth among k = 1 to 25, the shortest and the longest of the "
        "games; of several k of a game that differ by less than 1e-10 the shortest. Of games and discounts the truth "
        "is least at k = 1 in "
        + " and in ".join(_least_at_once(kind) for kind in FEEDBACKS)
        + ". The bound is the same for all, as their errors are: what differs lies in the games",
    )


def _down(number: float, unit: float) -> float:
    """The largest multiple of the unit that is not above the number, which may itself be off by rounding errors."""
    return float(unit * np.floor(number / unit + 1e-9))


def _least_at_once(kind: str) -> str:
    """In how many cases the shortest branch is the best one."""
    best = [k for discount in DISCOUNTS for k in _best(kind, discount)]
    return f"{best.count(LENGTHS[0])} of {len(best)} cases where {kind}"
