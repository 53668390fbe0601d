"""AORPO's lemmas as they are printed, about two processes: how far apart their laws are, and their returns.

    |η_1 − η_2| ≤ 2 r_max [γ (M + x) / (1 − γ) + x]                                                        (3)
    |η_1 − η_branch| ≤ 2 r_max [γ^{k+1} (M^pre + x) / (1 − γ) + γ^{k+1} x + k (M^post + y) + y]            (4)

M is the dynamics' error, x and y are sums of distances of policies. The theorems (`mathrl.bounds.theorems`) are these
bounds for the processes that AORPO compares; what they assume is said there.
"""

from collections.abc import Sequence
from math import fsum

from mathrl.bounds.checked import checked

__all__ = [
    "bound_c3",
    "bound_c4",
    "extended_lemma_c1",
    "extended_lemma_c2",
    "extended_lemma_c3",
    "extended_lemma_c4",
    "lemma_c1",
    "lemma_c2",
    "lemma_c3",
    "lemma_c4",
]


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
    return bound_c3(reward_bound, discount, dynamics_error, policy_distance + opponents_distance)  # (3)


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
    return bound_c4(reward_bound, discount, branch_length, pre, post)  # (4)


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
    return bound_c3(reward_bound, discount, dynamics_error, fsum((policy_distance, *opponent_distances)))


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
    return bound_c4(reward_bound, discount, branch_length, pre, post)


def bound_c3(reward_bound: float, discount: float, dynamics: float, policies: float) -> float:
    """The bound (3) of Lemma C.3, from the dynamics' error and the sum of the policies' distances."""
    return 2 * reward_bound * (discount * (dynamics + policies) / (1 - discount) + policies)


def bound_c4(
    reward_bound: float, discount: float, k: int, pre: tuple[float, float], post: tuple[float, float]
) -> float:
    """The bound (4) of Lemma C.4; `pre` and `post` are the dynamics' error and the sum of the policies' distances."""
    (dynamics, policies), (dynamics_post, policies_post) = pre, post
    late = discount ** (k + 1)
    before = late * (dynamics + policies) / (1 - discount) + late * policies
    return 2 * reward_bound * (before + k * (dynamics_post + policies_post) + policies_post)
