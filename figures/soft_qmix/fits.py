"""The best fits of the one-step game's payoffs by the three kinds of critics, and the weights that they count with.

    min_F Σ_a w(a) (F(a) − r(a))²,   w(a) = w^1(a_1) w^2(a_2)                                            (1)

over the tables F that a monotone mixer represents (QMIX, Soft-QMIX), over sums F(a) = f_1(a_1) + f_2(a_2) (VDN), and
over all tables (FOP). In the monotone class the least error in (1) is found by search over the orders of the actions,
with proof (`mathrl.stage.monotone_projection`).
"""

from collections.abc import Callable, Mapping
from fractions import Fraction

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.games import load
from mathrl.solvers import soft_qmix
from mathrl.stage import additive_fit, monotone_projection

__all__ = ["ACTIONS", "FITS", "FOP", "LEAST_RATE", "exploring", "fit", "pooled_value", "rate_of", "visits"]

ACTIONS = "ABC"

FOP = ((0.21, 0.40, 0.39), (0.21, 0.39, 0.40))
"""The policies of the row and of the column player that Table 2 (b) prints."""

LEAST_RATE = 0.05 / 3
"""The probability of each action but the greedy one at the end of Table 8's schedule: it explores at the rate 0.05."""


def exploring(epsilon: float | Fraction) -> tuple[FloatArray, FloatArray]:
    """The policies of Table 2 (c): B is greedy, and A and C have the probability ε each."""
    own = np.array([epsilon, 1 - 2 * epsilon, epsilon], dtype=float)
    return own, own


def rate_of(value: float | Fraction | str) -> Fraction:
    """The ε at which the pooled entries of the monotone fit have this value, exactly.

    Where A is lowest, the five entries in which an agent plays A are pooled. With p = 1 − ε for B or C

        value = (8 ε² − 12 · 2 ε p)/(ε² + 2 ε p) = (32 ε − 24)/(2 − ε),   ε = (24 + 2 value)/(32 + value)     (2)
    """
    value = Fraction(value)
    return (24 + 2 * value) / (32 + value)


def pooled_value(epsilon: float) -> float:
    """The pooled value of (2)."""
    return (32 * epsilon - 24) / (2 - epsilon)


def visits(temperature: float = 1.0) -> tuple[FloatArray, FloatArray]:
    """What Soft-QMIX plays in the end, from uniform play: A, but for 1e-8 at temperature 1."""
    row, column = soft_qmix(load("soft-qmix"), temperature=temperature).policy
    return row[0], column[0]


FITS: Mapping[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "monotone": lambda r_ab, w_ab: monotone_projection(r_ab, w_ab).table,
    "additive": lambda r_ab, w_ab: additive_fit(r_ab, w_ab).mixed,
    "unrestricted": lambda r_ab, w_ab: r_ab,
}
"""The kinds of critics, and the table of each that is best in (1)."""


def fit(kind: str, policies: tuple[FloatArray, FloatArray]) -> tuple[FloatArray, float]:
    """The best table of a kind for the weights that these policies give, and its error."""
    r_ab, w_ab = load("soft-qmix").rewards[0], np.outer(*policies)
    table = FITS[kind](r_ab, w_ab)
    return table, float((w_ab * (table - r_ab) ** 2).sum())  # (1)
