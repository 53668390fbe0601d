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

__all__ = [
    "extended_lemma_c1",
    "extended_lemma_c2",
    "extended_lemma_c3",
    "extended_lemma_c4",
    "extended_theorem_a1",
    "extended_theorem_b1",
    "extended_theorem_b2",
    "lemma_c1",
    "lemma_c2",
    "lemma_c3",
    "lemma_c4",
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
    """|η_i[π^i, π^{-i}] − η̂_i[π^i, π̂^{-i}]|: the real game against model and opponent models   (aorpo Theorem 1).

        2 r_max [γ (ε_m + x) / (1 − γ) + x],   x = 2 ε_π^i + 2 Σ_j ε_π^j + Σ_j ε_π̂^j                       (1)

    ε_m is taken with π_D along T or along T̂, or as the maximum over s and a; also a discounted average over t will do
    in place of its maximum. Each 2 may be 1, and x in the last place Σ_j ε_π̂^j alone (`linear_theorem_1`).

    >>> errors = dict(dynamics_error=0.125, policy_shift=0.125, opponent_shifts=[0, 0.25], opponent_errors=[0.5, 0])
    >>> theorem_1(reward_bound=1, discount=0.5, **errors)
    5.25
    """
    policies = fsum((policy_shift, policy_shift, *opponent_shifts, *opponent_shifts, *opponent_errors))
    return _whole(reward_bound, discount, dynamics_error, policies)  # (1)


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
    """|η_i[π^i, π^{-i}] − η_i^branch|: the real game against k-step rollouts from what π_D reached   (aorpo Theorem 2).

        2 r_max [k ε'_m + (k + 1) Σ_j ε_π̂^j + γ^{k+1} c + γ^{k+1} c / (1 − γ)],   c = ε_π^i + Σ_j ε_π^j      (2)

    ε'_m is taken with π along T, or with (π^i, π̂^{-i}) along the rollouts, or as the maximum over s and a; also a
    discounted average over t will do. With π along T̂ the claim fails: T̂ may never visit where it is wrong.
    """
    shifts, errors = fsum((policy_shift, *opponent_shifts)), fsum(opponent_errors)
    return _branched(reward_bound, discount, branch_length, pre=(0.0, shifts), post=(dynamics_error, errors))  # (2)


@checked
def theorem_3(
    *, reward_bound: float, discount: float, dynamics_error: float, policy_shift: float, opponents_shift: float
) -> float:
    """|η_i[π^i, π^{-i}] − η̂_i[π^i, π^{-i}]|: the real game against the model alone   (aorpo Theorem 3).

    2 r_max [γ (ε_m + 2 ε_π^i + 2 ε_π^{-i}) / (1 − γ) + 2 ε_π^i + 2 ε_π^{-i}]; assumes what Theorem 1 does, but that the
    opponents are independent of each other. The last two terms are not needed.
    """
    return _whole(reward_bound, discount, dynamics_error, 2 * (policy_shift + opponents_shift))


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
    """Theorem 1 for one opponent, or for the opponents' joint policy, in which they may correlate (aorpo Theorem 4)."""
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
    """Theorem 2 for one opponent, or for the opponents' joint policy, in which they may correlate (aorpo Theorem 5)."""
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
    """Theorem 3 with ε_π^{-i} = Σ_j ε_π^j, for opponents that are independent   (aorpo Extended Theorem A.1)."""
    return _whole(reward_bound, discount, dynamics_error, 2 * fsum((policy_shift, *opponent_shifts)))


extended_theorem_b1 = theorem_1
"""Theorem 1, stated again   (aorpo Extended Theorem B.1)."""

extended_theorem_b2 = theorem_2
"""Theorem 2, stated again   (aorpo Extended Theorem B.2)."""


@checked
def lemma_c1(*, state_distance: float, policy_distance: float, opponents_distance: float) -> float:
    """TV(p_1(x, y, z), p_2(x, y, z)) ≤ TV(p_1(x), p_2(x)) + max_x TV(y) + max_x TV(z)   (aorpo Lemma C.1).

    x is the state, y and z the agent's and its opponents' actions; y and z are independent given x, in both.
    """
    return state_distance + policy_distance + opponents_distance


@checked
def lemma_c2(*, step: int, dynamics_error: float, policy_distance: float, opponents_distance: float) -> float:
    """TV(p_1(s_t), p_2(s_t)) ≤ t (M + P + O)   (aorpo Lemma C.2).

    M is taken along p_2, as printed, or p_1; p_1(s_0) = p_2(s_0).
    """
    return step * (dynamics_error + policy_distance + opponents_distance)


@checked
def lemma_c3(
    *,
    reward_bound: float,
    discount: float,
    dynamics_error: float,
    policy_distance: float,
    opponents_distance: float,
) -> float:
    """|η_i[π_1] − η_i[π_2]|, each in dynamics of its own   (aorpo Lemma C.3).

        2 r_max [γ (M + P + O) / (1 − γ) + P + O]                                                          (3)

    M is taken along p_2, as printed, or p_1. r_max is printed as max r, for which it fails where rewards are negative.
    """
    return _whole(reward_bound, discount, dynamics_error, policy_distance + opponents_distance)  # (3)


@checked
def lemma_c4(
    *,
    reward_bound: float,
    discount: float,
    dynamics_error_pre: float,
    policy_distance_pre: float,
    opponents_distance_pre: float,
    dynamics_error_post: float,
    policy_distance_post: float,
    opponents_distance_post: float,
    branch_length: int,
) -> float:
    """|η_i[π_1] − η_i^branch|, errors before and after the branch apart   (aorpo Lemma C.4).

        2 r_max [γ^{k+1} (M^pre + x) / (1 − γ) + γ^{k+1} x + k (M^post + y) + y],                          (4)
        x = P^pre + O^pre,   y = P^post + O^post

    M is taken along p_2, the branched process, as printed, or along p_1.
    """
    pre = dynamics_error_pre, policy_distance_pre + opponents_distance_pre
    post = dynamics_error_post, policy_distance_post + opponents_distance_post
    return _branched(reward_bound, discount, branch_length, pre, post)  # (4)


@checked
def extended_lemma_c1(*, state_distance: float, policy_distance: float, opponent_distances: Sequence[float]) -> float:
    """Lemma C.1 with Σ_j max_x TV(y_j), all independent given x in both   (aorpo Extended Lemma C.1)."""
    return fsum((state_distance, policy_distance, *opponent_distances))


@checked
def extended_lemma_c2(
    *, step: int, dynamics_error: float, policy_distance: float, opponent_distances: Sequence[float]
) -> float:
    """Lemma C.2 with O = Σ_j O_j   (aorpo Extended Lemma C.2)."""
    return step * fsum((dynamics_error, policy_distance, *opponent_distances))


@checked
def extended_lemma_c3(
    *,
    reward_bound: float,
    discount: float,
    dynamics_error: float,
    policy_distance: float,
    opponent_distances: Sequence[float],
) -> float:
    """Lemma C.3 with O = Σ_j O_j   (aorpo Extended Lemma C.3)."""
    return _whole(reward_bound, discount, dynamics_error, fsum((policy_distance, *opponent_distances)))


@checked
def extended_lemma_c4(
    *,
    reward_bound: float,
    discount: float,
    dynamics_error_pre: float,
    policy_distance_pre: float,
    opponent_distances_pre: Sequence[float],
    dynamics_error_post: float,
    policy_distance_post: float,
    opponent_distances_post: Sequence[float],
    branch_length: int,
) -> float:
    """Lemma C.4 with O = Σ_j O_j before and after the branch   (aorpo Extended Lemma C.4)."""
    pre = dynamics_error_pre, fsum((policy_distance_pre, *opponent_distances_pre))
    post = dynamics_error_post, fsum((policy_distance_post, *opponent_distances_post))
    return _branched(reward_bound, discount, branch_length, pre, post)


def _whole(reward_bound: float, discount: float, dynamics: float, policies: float) -> float:
    """(3), to which (1) reduces as well."""
    return 2 * reward_bound * (discount * (dynamics + policies) / (1 - discount) + policies)


def _branched(
    reward_bound: float, discount: float, k: int, pre: tuple[float, float], post: tuple[float, float]
) -> float:
    """(4), to which (2) reduces as well, of the dynamics' and the policies' errors before and after the branch."""
    (dynamics, policies), (dynamics_post, policies_post) = pre, post
    late = discount ** (k + 1)
    before = late * (dynamics + policies) / (1 - discount) + late * policies
    return 2 * reward_bound * (before + k * (dynamics_post + policies_post) + policies_post)
