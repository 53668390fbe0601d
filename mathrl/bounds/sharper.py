"""Bounds that are sharper than the printed ones, from the same errors. All for normalised returns.

The proof runs the processes that a claim compares in one probability space, so that they stay together as long as they
can. Let c_t be the probability that they are together up to time t. They part where their actions differ, which has
probability y given the past, or where their dynamics differ, which has expectation M under each law along which M is
taken. So with a = 1 − y

    c_{t+1} ≥ a c_t − M,   hence   1 − c_t ≤ (y + M) S_t(y),   S_t(y) = Σ_{j<t} (1 − y)^j,                (1)

as long as that is below 1. For agents that act independently y = 1 − Π_i (1 − ε_i), which is at most Σ_i ε_i. Let f be
the probability that both processes act alike where they are together. Then the laws of (s_t, a_t) have a total
variation of at most 1 − f c_t. As Σ (p − p') r ≤ TV(p, p') (max r − min r),

    |η_1 − η_2| ≤ (max r − min r) (1 − γ) Σ_t γ^t (1 − f c_t).                                            (2)

Where M is not a maximum over t but a discounted average (`averaged`), only the cap of each term at 1 is lost, since
(1 − γ) Σ_t γ^t Σ_{j<min(t,k)} a^j M_{t−1−j} = M Σ_{j<k} a^j γ^{j+1}, as if each M_t were M. (2) is never above the
range of the rewards, nor above the printed bound with max |r| for r_max.
"""

from collections.abc import Sequence
from math import ceil, fsum, inf, log, log1p

from mathrl.base.checks import fail
from mathrl.bounds.checked import checked
from mathrl.bounds.closed_sums import any_of, geometric_sum, lost

__all__ = [
    "coupling_lemma_c1",
    "coupling_lemma_c2",
    "coupling_lemma_c3",
    "coupling_lemma_c4",
    "coupling_theorem_1",
    "coupling_theorem_2",
    "coupling_theorem_3",
    "last_together",
    "linear_theorem_1",
    "linear_theorem_2",
    "trivial_bound",
]


@checked
def trivial_bound(*, reward_range: float) -> float:
    """Bound the difference of any two normalised returns by the range of the rewards.

        |η_1 − η_2| ≤ max r − min r

    `reward_range`  max r − min r, ≥ 0

    Returns the bound. Raises `ValueError` where the range is negative.
    """
    return reward_range


@checked
def coupling_theorem_1(
    *,
    reward_range: float,
    discount: float,
    dynamics_error: float,
    policy_shift: float,
    opponent_shifts: Sequence[float],
    opponent_errors: Sequence[float],
    averaged: bool = False,
) -> float:
    """A sharper bound than those of Theorems 1, 4 and B.1, from the same errors, by a coupling   (aorpo Theorem 1).

        (max r − min r) (1 − γ) Σ_t γ^t (1 − f c_t),   f = Π_j (1 − ε_π̂^j),                                  (2)
        1 − c_t ≤ (y + ε_m) Σ_{s<t} (1 − y)^s,   y = 1 − (1 − ε_π^i) Π_j (1 − ε_π^j − ε_π̂^j)

    `reward_range`     max r − min r, ≥ 0
    `discount`         γ, in [0, 1)
    `dynamics_error`   ε_m, a total variation: with π_D along T or along T̂, or the maximum over s and a
    `policy_shift`     ε_π^i = max_s TV(π^i, π_D^i)
    `opponent_shifts`  ε_π^j = max_s TV(π^j, π_D^j) of each opponent j
    `opponent_errors`  ε_π̂^j = max_s TV(π^j, π̂^j) of each opponent j
    `averaged`         true where the dynamics' error is a discounted average over t rather than a maximum; default
                       false

    Returns the bound, for normalised returns. For Theorem 4 give the errors of the opponents' joint policy as those of
    one opponent. Raises `ValueError` where an argument is out of range, or opponent shifts and errors differ in number.

    Three processes stay together with probability c_t: T with π, T̂ with (π^i, π̂^{-i}), and the one along which ε_m is
    taken, T or T̂ with π_D. Opponent j acts alike in all of them with probability 1 − ε_π^j − ε_π̂^j or more. So each
    ε_π counts once, not twice.
    """
    if len(opponent_shifts) != len(opponent_errors):
        fail("opponent_errors", f"has {len(opponent_errors)} entries", f"{len(opponent_shifts)}, one per opponent")
    others = (shift + error for shift, error in zip(opponent_shifts, opponent_errors, strict=True))
    parting = any_of(min(1.0, each) for each in (policy_shift, *others))
    apart = lost(discount, (parting, dynamics_error), averaged=averaged)
    return reward_range * any_of((any_of(opponent_errors), apart))  # (2)


@checked
def coupling_theorem_3(
    *,
    reward_range: float,
    discount: float,
    dynamics_error: float,
    policy_shift: float,
    opponent_shifts: Sequence[float],
    averaged: bool = False,
) -> float:
    """A sharper bound than those of Theorems 3 and A.1, from the same errors, by a coupling   (aorpo Theorem 3).

        (max r − min r) (1 − γ) Σ_t γ^t (1 − c_t),
        1 − c_t ≤ (y + ε_m) Σ_{s<t} (1 − y)^s,   y = 1 − (1 − ε_π^i) Π_j (1 − ε_π^j)

    `reward_range`     max r − min r, ≥ 0
    `discount`         γ, in [0, 1)
    `dynamics_error`   ε_m, a total variation: with π_D along T or along T̂, or the maximum over s and a
    `policy_shift`     ε_π^i = max_s TV(π^i, π_D^i)
    `opponent_shifts`  ε_π^j = max_s TV(π^j, π_D^j) of each opponent j
    `averaged`         true where the dynamics' error is a discounted average over t rather than a maximum; default
                       false

    Returns the bound, for normalised returns: that of `coupling_theorem_1` with perfect opponent models. The two
    processes are together at time t with probability c_t or more. Raises `ValueError` where an argument is out of
    range.
    """
    return coupling_theorem_1(
        reward_range=reward_range,
        discount=discount,
        dynamics_error=dynamics_error,
        policy_shift=policy_shift,
        opponent_shifts=opponent_shifts,
        opponent_errors=[0.0] * len(opponent_shifts),
        averaged=averaged,
    )


@checked
def coupling_theorem_2(
    *,
    reward_range: float,
    discount: float,
    dynamics_error: float,
    policy_shift: float,
    opponent_shifts: Sequence[float],
    opponent_errors: Sequence[float],
    branch_length: int,
    averaged: bool = False,
) -> float:
    """A sharper bound than those of Theorems 2, 5 and B.2, from the same errors, by a coupling   (aorpo Theorem 2).

        (max r − min r) (1 − γ) Σ_t γ^t (1 − Π_j (1 − ε_π̂^j) c_t)

    The real and the simulated process are together at time t with probability c_t or more. c_t starts at 1 and falls in
    each step: before the branch, t − k times, to Π (1 − ε_π) c, over the agent and its opponents; after it, k times, to
    Π_j (1 − ε_π̂^j) c − ε'_m. For t < k only t steps, all after the branch, count.

    `reward_range`     max r − min r, ≥ 0
    `discount`         γ, in [0, 1)
    `dynamics_error`   ε'_m: with π along T, or with (π^i, π̂^{-i}) along the rollouts, or the maximum over s and a
    `policy_shift`     ε_π^i = max_s TV(π^i, π_D^i)
    `opponent_shifts`  ε_π^j = max_s TV(π^j, π_D^j) of each opponent j
    `opponent_errors`  ε_π̂^j = max_s TV(π^j, π̂^j) of each opponent j
    `branch_length`    k ≥ 0, the number of steps of a rollout
    `averaged`         true where the dynamics' error is a discounted average over t rather than a maximum; default
                       false

    Returns the bound, for normalised returns: that of `coupling_lemma_c4` for these errors. For Theorem 5 give the
    errors of the opponents' joint policy as those of one opponent. Raises `ValueError` where an argument is out of
    range.
    """
    return coupling_lemma_c4(
        reward_range=reward_range,
        discount=discount,
        dynamics_error_pre=0.0,
        policy_distance_pre=policy_shift,
        opponent_distances_pre=opponent_shifts,
        dynamics_error_post=dynamics_error,
        policy_distance_post=0.0,
        opponent_distances_post=opponent_errors,
        branch_length=branch_length,
        averaged=averaged,
    )


@checked
def coupling_lemma_c1(*, state_distance: float, policy_distance: float, opponent_distances: Sequence[float]) -> float:
    """A sharper bound than that of Lemma C.1: all three variables are drawn alike   (aorpo Lemma C.1).

        1 − (1 − TV(p_1(x), p_2(x))) Π (1 − ε)   over the distances ε of all agents' policies

    x is the state; given x, the agents' actions are independent under both laws.

    `state_distance`      TV(p_1(x), p_2(x)), in [0, 1]
    `policy_distance`     P, the largest TV of the agent's policies, over states
    `opponent_distances`  O_j, the largest TV of each opponent's policies, over states

    Returns the bound of the TV of state and actions. Raises `ValueError` where a distance is outside [0, 1].
    """
    return any_of((state_distance, policy_distance, *opponent_distances))


@checked
def coupling_lemma_c2(
    *, step: int, dynamics_error: float, policy_distance: float, opponent_distances: Sequence[float]
) -> float:
    """A sharper bound than that of Lemma C.2: the two processes stay together as long as they can   (aorpo Lemma C.2).

        min(1, (y + M) Σ_{s<t} (1 − y)^s),   y = 1 − (1 − P) Π_j (1 − O_j)                                     (1)

    `step`                t ≥ 0
    `dynamics_error`      M, the largest expected TV of the dynamics over time, along one of the two processes
    `policy_distance`     P, the largest TV of the agent's policies, over states
    `opponent_distances`  O_j, the largest TV of each opponent's policies, over states

    Returns the bound of TV(p_1(s_t), p_2(s_t)). Raises `ValueError` where an error is outside [0, 1], or t is no whole
    number.
    """
    parting = any_of((policy_distance, *opponent_distances))
    return min(1.0, (parting + dynamics_error) * geometric_sum(parting, step))  # (1)


@checked
def coupling_lemma_c3(
    *,
    reward_range: float,
    discount: float,
    dynamics_error: float,
    policy_distance: float,
    opponent_distances: Sequence[float],
    averaged: bool = False,
) -> float:
    """A sharper bound than that of Lemma C.3, from the same errors, by a coupling   (aorpo Lemma C.3).

        (max r − min r) (1 − γ) Σ_t γ^t (1 − (1 − y) c_t),                                                    (2)
        1 − c_t ≤ (y + M) Σ_{s<t} (1 − y)^s,   y = 1 − (1 − P) Π_j (1 − O_j)

    `reward_range`        max r − min r, ≥ 0
    `discount`            γ, in [0, 1)
    `dynamics_error`      M, the largest expected TV of the dynamics over time, along one of the two processes
    `policy_distance`     P, the largest TV of the agent's policies, over states
    `opponent_distances`  O_j, the largest TV of each opponent's policies, over states
    `averaged`            true where the dynamics' error is a discounted average over t rather than a maximum; default
                          false

    Returns the bound, for normalised returns. The two processes are together at time t with probability c_t or more.
    Raises `ValueError` where an argument is out of range.
    """
    parting = any_of((policy_distance, *opponent_distances))
    return reward_range * any_of((parting, lost(discount, (parting, dynamics_error), averaged=averaged)))  # (2)


@checked
def coupling_lemma_c4(
    *,
    reward_range: float,
    discount: float,
    dynamics_error_pre: float,
    policy_distance_pre: float,
    opponent_distances_pre: Sequence[float],
    dynamics_error_post: float,
    policy_distance_post: float,
    opponent_distances_post: Sequence[float],
    branch_length: int,
    averaged: bool = False,
) -> float:
    """A sharper bound than that of Lemma C.4, from the same errors, by a coupling   (aorpo Lemma C.4).

        (max r − min r) (1 − γ) Σ_t γ^t (1 − (1 − y) c_t),   y = 1 − (1 − P^post) Π_j (1 − O_j^post)           (2)

    The processes are together at time t with probability c_t or more. c_t falls to (1 − y) c − M in each step: t − k
    times with y and M before the branch, then k times with those after it; for t < k, t times with those after it
    alone.

    `reward_range`             max r − min r, ≥ 0
    `discount`                 γ, in [0, 1)
    `dynamics_error_pre`       M^pre, the largest expected TV of the dynamics before the branch
    `policy_distance_pre`      P^pre, the largest TV of the agent's policies, over states, before the branch
    `opponent_distances_pre`   O_j^pre, the same of each opponent's policies
    `dynamics_error_post`      M^post, as M^pre, but after the branch
    `policy_distance_post`     P^post, as P^pre, but after the branch
    `opponent_distances_post`  O_j^post, as O_j^pre, but after the branch
    `branch_length`            k ≥ 0, the number of steps after the branch
    `averaged`                 true where the dynamics' errors are discounted averages over t rather than maxima;
                               default false

    Returns the bound, for normalised returns. Raises `ValueError` where an argument is out of range.
    """
    pre = any_of((policy_distance_pre, *opponent_distances_pre)), dynamics_error_pre
    post = any_of((policy_distance_post, *opponent_distances_post)), dynamics_error_post
    return reward_range * any_of((post[0], lost(discount, pre, post, branch_length, averaged=averaged)))  # (2)


@checked
def linear_theorem_1(
    *,
    reward_range: float,
    discount: float,
    dynamics_error: float,
    policy_shift: float,
    opponent_shifts: Sequence[float],
    opponent_errors: Sequence[float],
) -> float:
    """A sharper bound than that of Theorem 1, linear in the errors   (aorpo Theorem 1).

        (max r − min r) [γ (ε_m + ε_π^i + Σ_j ε_π^j + Σ_j ε_π̂^j) / (1 − γ) + Σ_j ε_π̂^j]

    `reward_range`     max r − min r, ≥ 0
    `discount`         γ, in [0, 1)
    `dynamics_error`   ε_m: with π_D along T or along T̂, or the maximum over s and a; a discounted average over t will
                       also do
    `policy_shift`     ε_π^i = max_s TV(π^i, π_D^i)
    `opponent_shifts`  ε_π^j = max_s TV(π^j, π_D^j) of each opponent j
    `opponent_errors`  ε_π̂^j = max_s TV(π^j, π̂^j) of each opponent j

    Returns the bound, for normalised returns. It is never below `coupling_theorem_1`, and equals it to first order in
    the errors. A shift ε_π counts once, not twice, and only in the state. Without opponent errors it is the same for
    Theorem 3. Raises `ValueError` where an argument is out of range.
    """
    each = fsum((dynamics_error, policy_shift, *opponent_shifts, *opponent_errors))
    return reward_range * (discount * each / (1 - discount) + fsum(opponent_errors))


@checked
def linear_theorem_2(
    *,
    reward_range: float,
    discount: float,
    dynamics_error: float,
    policy_shift: float,
    opponent_shifts: Sequence[float],
    opponent_errors: Sequence[float],
    branch_length: int,
) -> float:
    """A sharper bound than that of Theorem 2, linear in the errors   (aorpo Theorem 2).

        (max r − min r) [γ / (1 − γ) (x (1 − γ^k) + c γ^k) + Σ_j ε_π̂^j],                                   (3)
        x = ε'_m + Σ_j ε_π̂^j,   c = ε_π^i + Σ_j ε_π^j

    `reward_range`     max r − min r, ≥ 0
    `discount`         γ, in [0, 1)
    `dynamics_error`   ε'_m: with π along T, or with (π^i, π̂^{-i}) along the rollouts, or the maximum over s and a; a
                       discounted average over t will also do
    `policy_shift`     ε_π^i = max_s TV(π^i, π_D^i)
    `opponent_shifts`  ε_π^j = max_s TV(π^j, π_D^j) of each opponent j
    `opponent_errors`  ε_π̂^j = max_s TV(π^j, π̂^j) of each opponent j
    `branch_length`    k ≥ 0, the number of steps of a rollout

    Returns the bound, for normalised returns. It is never below `coupling_theorem_2`. Where the printed proof puts k,
    this has E[min(t, k)] = γ (1 − γ^k) / (1 − γ), for t with probability (1 − γ) γ^t. As k grows, (3) moves from c to
    x: the longest rollouts are best if x < c, the shortest if not. The printed bound is least at a k in between only
    because it estimates t ≤ k. Raises `ValueError` where an argument is out of range.
    """
    errors, kept = fsum(opponent_errors), discount**branch_length
    mixed = (dynamics_error + errors) * (1 - kept) + fsum((policy_shift, *opponent_shifts)) * kept
    return reward_range * (discount / (1 - discount) * mixed + errors)  # (3)


def last_together(*, dynamics_error: float, opponent_errors: Sequence[float]) -> float:
    """The last t for which (1) is below 1 with the errors after the branch, where ε'_m > 0   (aorpo Theorem 2).

    (y + M) S_t(y) < 1 where (1 − y)^t > M / (y + M). From 2^53 on, where doubles do not tell t from t + 1, it is inf.
    """
    y, M = any_of(opponent_errors), dynamics_error
    if y == 1:
        return 0.0
    kept = M / (y + M)
    steps = 1 / M if y == 0 else log(kept) / log1p(-y) if kept > 0 else inf
    return ceil(steps) - 1.0 if steps < 2.0**53 else inf
