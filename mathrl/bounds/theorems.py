"""AORPO's bounds as they are printed: functions of a few errors, one for each numbered claim.

All bound the difference of two *normalised* returns (1 − γ) Σ_{t≥0} γ^t r_t, of which appendix C speaks. For returns
as §3.1 defines them (not normalised, from t = 1) the same numbers are too small by up to γ/(1 − γ): that bounds these
too, multiply by it.

| printed | here |
|---|---|
| r_max | `reward_bound` |
| ε_m (1, 3, 4, A.1, B.1), ε'_m (2, 5, B.2), M | `dynamics_error` |
| ε_π^i, P | `policy_shift`, `policy_distance` |
| ε_π^j, ε_π̂^j, O_j of each opponent j | `opponent_shifts`, `opponent_errors`, `opponent_distances` |
| ε_π^{-i}, ε_π̂^{-i}, O of the opponents' joint policy | `opponents_shift`, `opponents_error`, `opponents_distance` |
| k | `branch_length` |

What all claims assume: both processes start alike and pay the same rewards; agents draw their actions independently
given the state; the policies' errors are maxima over all states; |r| ≤ r_max. The paper's r_max = max r (Lemma C.3) is
only right where no reward is below −max r: give max |r|. With it all claims hold, under each reading of the dynamics'
expected error that the docstrings name (`mathrl.bounds.errors`). Arguments are checked: errors lie in [0, 1].
"""

from collections.abc import Sequence
from math import fsum

from mathrl.bounds.checked import checked
from mathrl.bounds.lemmas import bound_c3, bound_c4

__all__ = [
    "extended_theorem_a1",
    "extended_theorem_b1",
    "extended_theorem_b2",
    "theorem_1",
    "theorem_2",
    "theorem_3",
    "theorem_4",
    "theorem_5",
]


@checked
def theorem_1(
    *,
    reward_bound: float,
    discount: float,
    dynamics_error: float,
    policy_shift: float,
    opponent_shifts: Sequence[float],
    opponent_errors: Sequence[float],
) -> float:
    """Bound how far the return in the model, against opponent models, is from the real return   (aorpo Theorem 1).

        |η_i[π^i, π^{-i}] − η̂_i[π^i, π̂^{-i}]| ≤ 2 r_max [γ (ε_m + x) / (1 − γ) + x],                       (1)
        x = 2 ε_π^i + 2 Σ_j ε_π^j + Σ_j ε_π̂^j

    `reward_bound`     r_max, give max |r|; see the note below
    `discount`         γ, in [0, 1)
    `dynamics_error`   ε_m, a total variation: with π_D along T or along T̂, or the maximum over s and a
    `policy_shift`     ε_π^i = max_s TV(π^i, π_D^i): how far the agent's policy is from the data-collecting one
    `opponent_shifts`  ε_π^j, the same for each opponent j
    `opponent_errors`  ε_π̂^j = max_s TV(π^j, π̂^j): how far the model of each opponent is from its policy

    Returns the right-hand side of (1), for normalised returns (1 − γ) Σ_{t≥0} γ^t r_t. `measure` computes these errors
    for a setup; see `Errors`. A discounted average over t will also do for ε_m in place of its maximum. The paper
    prints r_max = max r, for which the bound fails where a reward is below −max r. Each 2 in x may be 1, and the last x
    may be Σ_j ε_π̂^j alone (`linear_theorem_1`). Raises `ValueError` where an error is outside [0, 1] or the discount
    outside [0, 1).

    >>> errors = dict(dynamics_error=0.125, policy_shift=0.125, opponent_shifts=[0, 0.25], opponent_errors=[0.5, 0])
    >>> theorem_1(reward_bound=1, discount=0.5, **errors)
    5.25
    """
    policies = fsum((policy_shift, policy_shift, *opponent_shifts, *opponent_shifts, *opponent_errors))
    return bound_c3(reward_bound, discount, dynamics_error, policies)  # (1)


@checked
def theorem_2(
    *,
    reward_bound: float,
    discount: float,
    dynamics_error: float,
    policy_shift: float,
    opponent_shifts: Sequence[float],
    opponent_errors: Sequence[float],
    branch_length: int,
) -> float:
    """Bound the gap between the real return and that of k-step rollouts from states of π_D   (aorpo Theorem 2).

        |η_i[π^i, π^{-i}] − η_i^branch|
            ≤ 2 r_max [k ε'_m + (k + 1) Σ_j ε_π̂^j + γ^{k+1} c + γ^{k+1} c / (1 − γ)],   c = ε_π^i + Σ_j ε_π^j      (2)

    `reward_bound`     r_max, give max |r|: with max r the bound fails where a reward is below −max r
    `discount`         γ, in [0, 1)
    `dynamics_error`   ε'_m: with π along T, or with (π^i, π̂^{-i}) along the rollouts, or the maximum over s and a; a
                       discounted average over t will also do
    `policy_shift`     ε_π^i = max_s TV(π^i, π_D^i)
    `opponent_shifts`  ε_π^j = max_s TV(π^j, π_D^j) of each opponent j
    `opponent_errors`  ε_π̂^j = max_s TV(π^j, π̂^j) of each opponent j
    `branch_length`    k ≥ 0, the number of steps of a rollout

    Returns the right-hand side of (2), for normalised returns (1 − γ) Σ_{t≥0} γ^t r_t. With ε'_m along T̂ with π the
    claim fails: T̂ may never visit the states in which it is wrong. `measure` computes the errors of a setup. Raises
    `ValueError` where an argument is out of range.
    """
    shifts, errors = fsum((policy_shift, *opponent_shifts)), fsum(opponent_errors)
    return bound_c4(reward_bound, discount, branch_length, pre=(0.0, shifts), post=(dynamics_error, errors))  # (2)


@checked
def theorem_3(
    *, reward_bound: float, discount: float, dynamics_error: float, policy_shift: float, opponents_shift: float
) -> float:
    """Bound how far the return in the model, against the real opponents, is from the real return   (aorpo Theorem 3).

        |η_i[π^i, π^{-i}] − η̂_i[π^i, π^{-i}]| ≤ 2 r_max [γ (ε_m + x) / (1 − γ) + x],   x = 2 ε_π^i + 2 ε_π^{-i}

    `reward_bound`     r_max, give max |r|: with max r the bound fails where a reward is below −max r
    `discount`         γ, in [0, 1)
    `dynamics_error`   ε_m, a total variation: with π_D along T or along T̂, or the maximum over s and a
    `policy_shift`     ε_π^i = max_s TV(π^i, π_D^i)
    `opponents_shift`  ε_π^{-i} = max_s TV(π^{-i}, π_D^{-i}) of the opponents' joint policies

    Returns the right-hand side, for normalised returns. The opponents need not be independent of each other. The last x
    in the bracket is not needed. Raises `ValueError` where an argument is out of range.
    """
    return bound_c3(reward_bound, discount, dynamics_error, 2 * (policy_shift + opponents_shift))


@checked
def theorem_4(
    *,
    reward_bound: float,
    discount: float,
    dynamics_error: float,
    policy_shift: float,
    opponents_shift: float,
    opponents_error: float,
) -> float:
    """The bound of Theorem 1 for one opponent, or for the opponents' joint policy   (aorpo Theorem 4).

        2 r_max [γ (ε_m + x) / (1 − γ) + x],   x = 2 ε_π^i + 2 ε_π^{-i} + ε_π̂^{-i}

    `reward_bound`     r_max, give max |r|: with max r the bound fails where a reward is below −max r
    `discount`         γ, in [0, 1)
    `dynamics_error`   ε_m, a total variation: with π_D along T or along T̂, or the maximum over s and a
    `policy_shift`     ε_π^i = max_s TV(π^i, π_D^i)
    `opponents_shift`  ε_π^{-i} = max_s TV(π^{-i}, π_D^{-i}) of the opponents' joint policies
    `opponents_error`  ε_π̂^{-i} = max_s TV(π^{-i}, π̂^{-i}) of their joint policy and its model

    Returns the bound, for normalised returns. The opponents may be correlated. Raises `ValueError` where an argument is
    out of range.
    """
    return theorem_1(
        reward_bound=reward_bound,
        discount=discount,
        dynamics_error=dynamics_error,
        policy_shift=policy_shift,
        opponent_shifts=(opponents_shift,),
        opponent_errors=(opponents_error,),
    )


@checked
def theorem_5(
    *,
    reward_bound: float,
    discount: float,
    dynamics_error: float,
    policy_shift: float,
    opponents_shift: float,
    opponents_error: float,
    branch_length: int,
) -> float:
    """The bound of Theorem 2 for one opponent, or for the opponents' joint policy   (aorpo Theorem 5).

        2 r_max [k ε'_m + (k + 1) ε_π̂^{-i} + γ^{k+1} c + γ^{k+1} c / (1 − γ)],   c = ε_π^i + ε_π^{-i}

    `reward_bound`     r_max, give max |r|: with max r the bound fails where a reward is below −max r
    `discount`         γ, in [0, 1)
    `dynamics_error`   ε'_m: with π along T, or with (π^i, π̂^{-i}) along the rollouts, or the maximum over s and a
    `policy_shift`     ε_π^i = max_s TV(π^i, π_D^i)
    `opponents_shift`  ε_π^{-i} = max_s TV(π^{-i}, π_D^{-i}) of the opponents' joint policies
    `opponents_error`  ε_π̂^{-i} = max_s TV(π^{-i}, π̂^{-i}) of their joint policy and its model
    `branch_length`    k ≥ 0, the number of steps of a rollout

    Returns the bound, for normalised returns. The opponents may be correlated. Raises `ValueError` where an argument is
    out of range.
    """
    return theorem_2(
        reward_bound=reward_bound,
        discount=discount,
        dynamics_error=dynamics_error,
        policy_shift=policy_shift,
        opponent_shifts=(opponents_shift,),
        opponent_errors=(opponents_error,),
        branch_length=branch_length,
    )


@checked
def extended_theorem_a1(
    *,
    reward_bound: float,
    discount: float,
    dynamics_error: float,
    policy_shift: float,
    opponent_shifts: Sequence[float],
) -> float:
    """The bound of Theorem 3 for opponents that are independent   (aorpo Extended Theorem A.1).

        2 r_max [γ (ε_m + x) / (1 − γ) + x],   x = 2 ε_π^i + 2 Σ_j ε_π^j

    `reward_bound`     r_max, give max |r|: with max r the bound fails where a reward is below −max r
    `discount`         γ, in [0, 1)
    `dynamics_error`   ε_m, a total variation: with π_D along T or along T̂, or the maximum over s and a
    `policy_shift`     ε_π^i = max_s TV(π^i, π_D^i)
    `opponent_shifts`  ε_π^j = max_s TV(π^j, π_D^j) of each opponent j

    Returns the bound, for normalised returns. Raises `ValueError` where an argument is out of range.
    """
    return bound_c3(reward_bound, discount, dynamics_error, 2 * fsum((policy_shift, *opponent_shifts)))


extended_theorem_b1 = theorem_1
"""Theorem 1, stated again   (aorpo Extended Theorem B.1)."""

extended_theorem_b2 = theorem_2
"""Theorem 2, stated again   (aorpo Extended Theorem B.2)."""
