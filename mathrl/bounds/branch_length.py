"""The branch length k ≥ 1 at which aorpo's bound on branched rollouts is lowest: k* of §4, and of the sharper bounds.

With x = ε'_m + Σ_j ε_π̂^j and c = ε_π^i + Σ_j ε_π^j, the printed bound of Theorem 2 grows from k to k + 1 by

    2 r_max [x − γ^{k+1} c (2 − γ)],                                                                      (1)

which grows with k: the bound falls while γ^{k+1} c (2 − γ) > x. The linear bound (`linear_theorem_2`) falls for ever
if x < c, else never. Let a and b be the chances that no policy differs before and after the branch, M = ε'_m. Of the
coupling bound, the term of time k + 1 + v grows from k to k + 1 by a multiple of

    D_v = (a^{v+1} − μ)^+ − (b a^v − M − μ)^+,   μ = M S_k / b^k,                                          (2)

where μ grows with k. Σ_v γ^v D_v changes its sign at most once, from + to −, as k grows. For if b ≤ a, no D_v is
negative. Else D_v > 0 only for the v with (b − a) a^v < M; while one of these is positive, all other D_v are the
constant (a − b) a^v + M, and each of these falls as μ grows. So the bound rises and then falls: it is lowest at k = 1
or where it stops to fall, the last k with (1) of `sharper` below 1; without an error of the dynamics it falls for ever
or never.
"""

from collections.abc import Sequence
from decimal import ROUND_CEILING, Decimal, localcontext
from fractions import Fraction
from math import inf, prod

from mathrl.base.checks import choice
from mathrl.bounds.checked import checked
from mathrl.bounds.exact import simplest_fraction
from mathrl.bounds.sharper import coupling_theorem_2, last_together

__all__ = ["best_branch_length"]

BOUNDS = ("printed", "linear", "coupling")

_DIGITS = 60
"""With how many digits the crossing of (1) with 0 is computed."""

_TIE = Decimal(10) ** -40
"""A crossing this close to a whole number counts as that number: errors are fractions of some sixteen digits."""


@checked
def best_branch_length(
    bound: str = "printed",
    *,
    discount: float,
    dynamics_error: float,
    policy_shift: float,
    opponent_shifts: Sequence[float],
    opponent_errors: Sequence[float],
) -> float:
    """Find the smallest branch length k ≥ 1 at which a bound of Theorem 2 is least   (aorpo §4).

        2 r_max [k ε'_m + (k + 1) Σ_j ε_π̂^j + γ^{k+1} c + γ^{k+1} c / (1 − γ)],   c = ε_π^i + Σ_j ε_π^j

    `bound`            "printed" (the default: the bound above, for any r_max > 0; a negative one would mean nothing),
                       "linear" (`linear_theorem_2`) or "coupling" (`coupling_theorem_2`)
    `discount`         γ, in [0, 1)
    `dynamics_error`   ε'_m
    `policy_shift`     ε_π^i = max_s TV(π^i, π_D^i)
    `opponent_shifts`  ε_π^j = max_s TV(π^j, π_D^j) of each opponent j
    `opponent_errors`  ε_π̂^j = max_s TV(π^j, π̂^j) of each opponent j

    Returns k, `math.inf` where the bound is least only in the limit k → ∞. For Theorem 5 give the errors of the joint
    policy as of one opponent. Numbers are read as the simplest fractions that round to them, and ties between two k are
    decided for these fractions (for "coupling" up to rounding). Raises `ValueError` for a bound that is unknown, or
    errors outside [0, 1].

    >>> errors = dict(discount=0.5, dynamics_error=0.0375, policy_shift=0.1, opponent_shifts=[], opponent_errors=[])
    >>> best_branch_length("printed", **errors)  # 0.5² · 0.1 · 1.5 = 0.0375: k = 1 and k = 2 tie
    1
    >>> best_branch_length("linear", **errors)
    inf
    """
    choice("bound", bound, BOUNDS)
    gamma, dynamics = simplest_fraction(discount), simplest_fraction(dynamics_error)
    shifts = [simplest_fraction(each) for each in (policy_shift, *opponent_shifts)]
    errors = [simplest_fraction(each) for each in opponent_errors]
    if gamma == 0:
        return 1
    if bound == "printed":
        return _printed(gamma, dynamics + sum(errors), sum(shifts, start=Fraction(0)))
    if bound == "linear":
        return inf if dynamics + sum(errors) < sum(shifts) else 1
    before, after = (prod((1 - each for each in many), start=Fraction(1)) for many in (shifts, errors))
    if after <= before:
        return 1
    if dynamics == 0:
        return inf

    def at(k: float) -> float:
        return coupling_theorem_2(
            reward_range=1.0,
            discount=discount,
            dynamics_error=dynamics_error,
            policy_shift=policy_shift,
            opponent_shifts=opponent_shifts,
            opponent_errors=opponent_errors,
            branch_length=int(min(k, 2.0**53)),
        )

    last = last_together(dynamics_error=dynamics_error, opponent_errors=opponent_errors)
    if last <= 1 or at(1) <= at(last):
        return 1
    return last if last == inf else int(last)  # (2)


def _printed(gamma: Fraction, x: Fraction, c: Fraction) -> float:
    """The smallest k ≥ 1 with γ^{k+1} c (2 − γ) ≤ x, for γ > 0."""
    if c == 0:
        return 1
    if x == 0:
        return inf
    with localcontext(prec=_DIGITS):
        crossing = _decimal(x / (c * (2 - gamma))).ln() / _decimal(gamma).ln()  # (1)
        nearest = crossing.to_integral_value()
        whole = nearest if abs(crossing - nearest) < _TIE else crossing.to_integral_value(ROUND_CEILING)
        return max(1, int(whole) - 1)


def _decimal(x: Fraction) -> Decimal:
    """A fraction as a decimal number of the digits in force."""
    return Decimal(x.numerator) / x.denominator
