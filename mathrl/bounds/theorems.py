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
    return _branched(reward_bound, discount, branch_length, pre=(0.0, shifts), post=(dynamics_error, errors))  # (2)


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
    return _whole(reward_bound, discount, dynamics_error, 2 * fsum((policy_shift, *opponent_shifts)))


extended_theorem_b1 = theorem_1
"""Theorem 1, stated again   (aorpo Extended Theorem B.1)."""

extended_theorem_b2 = theorem_2
"""Theorem 2, stated again   (aorpo Extended Theorem B.2)."""


@checked
def lemma_c1(*, state_distance: float, policy_distance: float, opponents_distance: float) -> float:
    """Bound the distance of two laws of state and actions   (aorpo Lemma C.1).

        TV(p_1(x, y, z), p_2(x, y, z)) ≤ TV(p_1(x), p_2(x)) + max_x TV(y) + max_x TV(z)

    x is the state; y and z, the agent's and its opponents' actions, are independent given x under both laws.

    `state_distance`      TV(p_1(x), p_2(x)), in [0, 1]
    `policy_distance`     the largest TV of the agent's policies, over states
    `opponents_distance`  the largest TV of the opponents' joint policies, over states

    Returns the right-hand side. Raises `ValueError` where one of the distances is outside [0, 1].
    """
    return state_distance + policy_distance + opponents_distance


@checked
def lemma_c2(*, step: int, dynamics_error: float, policy_distance: float, opponents_distance: float) -> float:
    """Bound the distance of the laws of the state at time t   (aorpo Lemma C.2).

        TV(p_1(s_t), p_2(s_t)) ≤ t (M + P + O),   where p_1(s_0) = p_2(s_0)

    `step`                t ≥ 0
    `dynamics_error`      M, the largest expected TV of the dynamics over time, along p_2, as printed, or along p_1
    `policy_distance`     P, the largest TV of the agent's policies, over states
    `opponents_distance`  O, the largest TV of the opponents' joint policies, over states

    Returns the right-hand side. Raises `ValueError` where an error is outside [0, 1], or t is no whole number.
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
    """Bound the difference of two returns, each in dynamics of its own   (aorpo Lemma C.3).

        |η_i[π_1] − η_i[π_2]| ≤ 2 r_max [γ (M + P + O) / (1 − γ) + P + O]                                      (3)

    `reward_bound`        r_max, give max |r|
    `discount`            γ, in [0, 1)
    `dynamics_error`      M, the largest expected TV of the dynamics over time, along p_2, as printed, or along p_1
    `policy_distance`     P, the largest TV of the agent's policies, over states
    `opponents_distance`  O, the largest TV of the opponents' joint policies, over states

    Returns the right-hand side of (3), for normalised returns (1 − γ) Σ_{t≥0} γ^t r_t. r_max is printed as max r, for
    which the bound fails where a reward is below −max r. Raises `ValueError` where an argument is out of range.
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
    """Bound how far a branched return is from another return   (aorpo Lemma C.4).

        |η_i[π_1] − η_i^branch| ≤ 2 r_max [γ^{k+1} (M^pre + x) / (1 − γ) + γ^{k+1} x + k (M^post + y) + y],    (4)
        x = P^pre + O^pre,   y = P^post + O^post

    `reward_bound`             r_max, give max |r|
    `discount`                 γ, in [0, 1)
    `dynamics_error_pre`       M^pre, the largest expected TV of the dynamics before the branch, along p_2, the branched
                               process, as printed, or along p_1
    `policy_distance_pre`      P^pre, the largest TV of the agent's policies, over states, before the branch
    `opponents_distance_pre`   O^pre, the same of the opponents' joint policies
    `dynamics_error_post`      M^post, as M^pre, but after the branch
    `policy_distance_post`     P^post, as P^pre, but after the branch
    `opponents_distance_post`  O^post, as O^pre, but after the branch
    `branch_length`            k ≥ 0, the number of steps after the branch

    Returns the right-hand side of (4), for normalised returns. Raises `ValueError` where an argument is out of range.
    """
    pre = dynamics_error_pre, policy_distance_pre + opponents_distance_pre
    post = dynamics_error_post, policy_distance_post + opponents_distance_post
    return _branched(reward_bound, discount, branch_length, pre, post)  # (4)


@checked
def extended_lemma_c1(*, state_distance: float, policy_distance: float, opponent_distances: Sequence[float]) -> float:
    """The bound of Lemma C.1 for opponents that are independent given the state   (aorpo Extended Lemma C.1).

        TV(p_1(x), p_2(x)) + max_x TV(y) + Σ_j max_x TV(z_j)

    x is the state; y and z_j, the actions of the agent and of each opponent, are independent given x under both laws.

    `state_distance`      TV(p_1(x), p_2(x)), in [0, 1]
    `policy_distance`     the largest TV of the agent's policies, over states
    `opponent_distances`  the largest TV of each opponent's policies, over states

    Returns the bound. Raises `ValueError` where one of the distances is outside [0, 1].
    """
    return fsum((state_distance, policy_distance, *opponent_distances))


@checked
def extended_lemma_c2(
    *, step: int, dynamics_error: float, policy_distance: float, opponent_distances: Sequence[float]
) -> float:
    """The bound of Lemma C.2 for opponents that are independent given the state   (aorpo Extended Lemma C.2).

        t (M + P + Σ_j O_j)

    `step`                t ≥ 0
    `dynamics_error`      M, the largest expected TV of the dynamics over time, along p_2, as printed, or along p_1
    `policy_distance`     P, the largest TV of the agent's policies, over states
    `opponent_distances`  O_j, the largest TV of each opponent's policies, over states

    Returns the bound of TV(p_1(s_t), p_2(s_t)). Raises `ValueError` where an error is outside [0, 1], or t is no whole
    number.
    """
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
    """The bound of Lemma C.3 for opponents that are independent given the state   (aorpo Extended Lemma C.3).

        2 r_max [γ (M + P + O) / (1 − γ) + P + O],   O = Σ_j O_j

    `reward_bound`        r_max, give max |r|
    `discount`            γ, in [0, 1)
    `dynamics_error`      M, the largest expected TV of the dynamics over time, along p_2, as printed, or along p_1
    `policy_distance`     P, the largest TV of the agent's policies, over states
    `opponent_distances`  O_j, the largest TV of each opponent's policies, over states

    Returns the bound, for normalised returns. Raises `ValueError` where an argument is out of range.
    """
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
    """The bound of Lemma C.4 for opponents that are independent given the state   (aorpo Extended Lemma C.4).

        2 r_max [γ^{k+1} (M^pre + x) / (1 − γ) + γ^{k+1} x + k (M^post + y) + y],
        x = P^pre + Σ_j O_j^pre,   y = P^post + Σ_j O_j^post

    `reward_bound`             r_max, give max |r|
    `discount`                 γ, in [0, 1)
    `dynamics_error_pre`       M^pre, the largest expected TV of the dynamics before the branch, along p_2, the branched
                               process, as printed, or along p_1
    `policy_distance_pre`      P^pre, the largest TV of the agent's policies, over states, before the branch
    `opponent_distances_pre`   O_j^pre, the same of each opponent's policies
    `dynamics_error_post`      M^post, as M^pre, but after the branch
    `policy_distance_post`     P^post, as P^pre, but after the branch
    `opponent_distances_post`  O_j^post, as O_j^pre, but after the branch
    `branch_length`            k ≥ 0, the number of steps after the branch

    Returns the bound, for normalised returns. Raises `ValueError` where an argument is out of range.
    """
    pre = dynamics_error_pre, fsum((policy_distance_pre, *opponent_distances_pre))
    post = dynamics_error_post, fsum((policy_distance_post, *opponent_distances_post))
    return _branched(reward_bound, discount, branch_length, pre, post)


def _whole(reward_bound: float, discount: float, dynamics: float, policies: float) -> float:
    """(3), of which (1) is a special case."""
    return 2 * reward_bound * (discount * (dynamics + policies) / (1 - discount) + policies)


def _branched(
    reward_bound: float, discount: float, k: int, pre: tuple[float, float], post: tuple[float, float]
) -> float:
    """(4), of which (2) is a special case; `pre` and `post` are the dynamics' and the policies' errors."""
    (dynamics, policies), (dynamics_post, policies_post) = pre, post
    late = discount ** (k + 1)
    before = late * (dynamics + policies) / (1 - discount) + late * policies
    return 2 * reward_bound * (before + k * (dynamics_post + policies_post) + policies_post)
