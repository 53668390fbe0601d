"""HASAC, what its text says in words of learning in the matrix game, and when this counts as so.

5.2 has three statements on Figures 4b, 4c and 5: with a large temperature policies 'predominantly emphasize maximizing
entropy, leading to poor performance', a small one leads to a 'suboptimal equilibrium', and a 'proper' one does better.
The captions of Figures 4 and 5 have a fourth: to different temperatures belong different equilibria.
"""

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.figures.hasac.learned import ended
from mathrl.games import load
from mathrl.games.given import Booleans
from mathrl.operators import quantal_response_residuals

__all__ = [
    "DIFFERENT",
    "ENDS",
    "LARGE",
    "MOST_SEEDS",
    "NEAR",
    "NOTE",
    "OF_Q",
    "SAID",
    "SEEDS_UNKNOWN",
    "SMALL",
    "WORSE_AT_SMALL",
    "at_qre",
    "different_equilibria",
    "end_at",
    "most",
    "near_uniform",
    "of_picture",
    "of_temperature",
]

ENDS = ("(A,A)", "(B,B)", "(C,C)")

MOST_SEEDS = 0.75
"""What a learner does counts as so from this share of its seeds: HAPPO's and MAPPO's shares at (A,A) are near 0.95, and
chance does not bring 40 seeds from there to below this."""

SMALL, LARGE = (1.0, 2.0), 20.0
"""Small temperatures, below 5, where the paper's own runs found (C,C); and a large one, Table 3's largest."""

DIFFERENT = "at different temperatures it ends at different QREs"

UNIFORM_AT_LARGE = "at a large temperature policies are near uniform"
WORSE_AT_SMALL = "at a small temperature it ends at a suboptimal equilibrium, (A,A) or (B,B)"
OPTIMAL_BETWEEN = "at one in between it ends at the optimum, (C,C)"
SAID = (UNIFORM_AT_LARGE, WORSE_AT_SMALL, OPTIMAL_BETWEEN)
"""What 5.2 says of Figures 4c and 5."""

SEEDS_UNKNOWN = "share of seeds, Q unknown"

NEAR = 1e-9
"""How far probabilities at an equilibrium may be from the best response; two ends that differ by less are one."""

NOTE = (
    f"said: HASAC does what is said if at least {MOST_SEEDS:.0%} of its seeds do; ours is the share of the cases in "
    f"which it does. Small temperatures are {SMALL[0]:g} and {SMALL[1]:g}, as at 5 the paper's own runs find (C,C); "
    f"a large one is {LARGE:g}; in between are all others in the table, and one of them is enough"
)

OF_Q = (
    "Near uniform: at least 90 % of the most entropy that there is. The caption's is the share of the pairs of "
    "temperatures. All is counted where Q is known; where it is not, the rows below have the shares of seeds, at small "
    "and large temperatures the mean of their shares, in between the largest one"
)


def of_picture(seeds: int) -> str:
    """How many seeds the picture of a table has; they are the first of those that the table has by default."""
    return f"the picture (mathrl figure) has the first {seeds} of those with --seed 0"


def most(seeds: Booleans) -> bool:
    """Whether what is so of some seeds, (seeds,), is so of most of them."""
    return bool(seeds.mean() >= MOST_SEEDS)


def end_at(joint: FloatArray, *ends: str) -> Booleans:
    """Of joint policies (…, 3, 3), which play one of these of `ENDS` more than half of the time: (…)."""
    found: Booleans = np.asarray(ended(joint)[..., [ENDS.index(end) for end in ends]].any(axis=-1))
    return found


def near_uniform(joint: FloatArray) -> Booleans:
    """Of joint policies (…, 3, 3), which have at least 90 % of the most entropy that there is, log 9: (…)."""
    logs = np.log(joint, out=np.zeros_like(joint), where=joint > 0)
    near: Booleans = -(joint * logs).sum(axis=(-2, -1)) >= 0.9 * np.log(9)
    return near


def at_qre(joint: FloatArray, alpha: float) -> Booleans:
    """Of joint policies (seeds, 3, 3) that are products, which are quantal response equilibria: (seeds,)."""
    payoffs = np.broadcast_to(load("hasac").rewards[0], joint.shape)  # a state for each seed
    residuals = quantal_response_residuals(payoffs, [joint.sum(axis=2), joint.sum(axis=1)], temperature=alpha)
    found: Booleans = np.max([np.abs(residual).max(axis=1) for residual in residuals], axis=0) <= NEAR
    return found


def different_equilibria(joint: Mapping[float, FloatArray]) -> float:
    """The share of the pairs of temperatures at which most seeds end at equilibria, with different means over seeds."""
    there = {alpha: most(at_qre(ends, alpha)) for alpha, ends in joint.items()}
    mean = {alpha: ends.mean(axis=0) for alpha, ends in joint.items()}
    return float(
        np.mean(
            [
                there[one] and there[other] and bool(np.abs(mean[one] - mean[other]).max() > NEAR)
                for one, other in combinations(joint, 2)
            ]
        )
    )


def of_temperature(last: Mapping[tuple[float, bool], FloatArray]) -> dict[tuple[str, str], float]:
    """What caption and text say of temperature where Q is known, and the shares of seeds where it is not.

    `last`  (temperature, whether Q is known) → the joint policies at the end, (seeds, 3, 3)
    """
    known, unknown = ({alpha: ends for (alpha, is_known), ends in last.items() if is_known is k} for k in (True, False))
    between = [alpha for alpha in known if max(SMALL) < alpha < LARGE]
    return {
        ("caption", DIFFERENT): different_equilibria(known),
        ("text", UNIFORM_AT_LARGE): float(most(near_uniform(known[LARGE]))),
        ("text", WORSE_AT_SMALL): float(np.mean([most(end_at(known[alpha], "(A,A)", "(B,B)")) for alpha in SMALL])),
        ("text", OPTIMAL_BETWEEN): float(any(most(end_at(known[alpha], "(C,C)")) for alpha in between)),
        (SEEDS_UNKNOWN, UNIFORM_AT_LARGE): float(near_uniform(unknown[LARGE]).mean()),
        (SEEDS_UNKNOWN, WORSE_AT_SMALL): float(
            np.mean([end_at(unknown[alpha], "(A,A)", "(B,B)").mean() for alpha in SMALL])
        ),
        (SEEDS_UNKNOWN, OPTIMAL_BETWEEN): float(max(end_at(unknown[alpha], "(C,C)").mean() for alpha in between)),
    }
