"""Bounds that are sharper than the printed ones, from the same errors or from exact values. All for normalised returns.

Run the processes that a claim compares in one probability space, so that they stay together as long as they can. Let
c_t be the probability that they are together up to time t. They part where their actions differ, which has
probability y given the past, or where their dynamics do, which has expectation M under the law of each that M is taken
along. So with a = 1 − y

    c_{t+1} ≥ a c_t − M,   hence   1 − c_t ≤ (y + M) S_t(y),   S_t(y) = Σ_{j<t} (1 − y)^j,                (1)

as long as that is below 1. For agents that act independently y = 1 − Π_i (1 − ε_i), never above Σ_i ε_i. If f is the
chance that both compared processes act alike where they are together, the laws of (s_t, a_t) have total variation
1 − f c_t at most, and as Σ (p − p') r ≤ TV(p, p') (max r − min r),

    |η_1 − η_2| ≤ (max r − min r) (1 − γ) Σ_t γ^t (1 − f c_t).                                            (2)

Where M is no maximum over t but a discounted average (`averaged`), nothing is lost but the cap of each term at 1, since
(1 − γ) Σ_t γ^t Σ_{j<min(t,k)} a^j M_{t−1−j} = M Σ_{j<k} a^j γ^{j+1}, as if each M_t were M. (2) is never above the
range of the rewards, nor above the printed bound with max |r| for r_max.
"""

from collections.abc import Sequence
from math import ceil, fsum, inf, log, log1p

import numpy as np

from mathrl.base.checks import fail
from mathrl.bounds.checked import checked
from mathrl.bounds.closed_sums import any_of, geometric_sum, lost
from mathrl.bounds.errors import dynamics_distance
from mathrl.bounds.process import Process, mean
from mathrl.bounds.setup import Setup
from mathrl.games.policies import opponents_policy
from mathrl.operators import expectation
from mathrl.softmax import total_variation
from mathrl.values.policy_values import evaluate_joint

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
    "value_bound",
]


@checked
def trivial_bound(*, reward_range: float) -> float:
    """max r − min r: no two normalised returns lie farther apart."""
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
    """A sharper bound from the errors of Theorems 1, 4 and B.1, ε_m along T or T̂: (2) of this module (aorpo Theorem 1).

    Three processes are run together: T with π, T̂ with (π^i, π̂^{-i}), and the one that ε_m is taken along, T or T̂ with
    π_D. Opponent j acts alike in all with probability 1 − ε_π^j − ε_π̂^j at least; so each ε_π counts once, not twice.
    f is of the first two, the compared ones: Π_j (1 − ε_π̂^j).
    """
    if len(opponent_shifts) != len(opponent_errors):
        fail("opponent_errors", f"has {len(opponent_errors)} entries", f"{len(opponent_shifts)}, one per opponent")
    others = (shift + error for shift, error in zip(opponent_shifts, opponent_errors, strict=True))
    parting = any_of(min(1.0, each) for each in (policy_shift, *others))
    apart = lost(discount, (parting, dynamics_error), averaged=averaged)
    return reward_range * any_of((any_of(opponent_errors), apart))  # (2)


def coupling_theorem_3(
    *,
    reward_range: float,
    discount: float,
    dynamics_error: float,
    policy_shift: float,
    opponent_shifts: Sequence[float],
    averaged: bool = False,
) -> float:
    """A sharper bound from the errors of Theorems 3 and A.1: that of Theorem 1, f = 1   (aorpo Theorem 3)."""
    return coupling_theorem_1(
        reward_range=reward_range,
        discount=discount,
        dynamics_error=dynamics_error,
        policy_shift=policy_shift,
        opponent_shifts=opponent_shifts,
        opponent_errors=[0.0 for _ in opponent_shifts],
        averaged=averaged,
    )


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
    """A sharper bound from those of Theorems 2, 5 and B.2: Lemma C.4's, other errors being 0 (aorpo Theorem 2)."""
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
    """1 − (1 − TV(p_1(x), p_2(x))) Π (1 − ε): all three drawn alike   (aorpo Lemma C.1)."""
    return any_of((state_distance, policy_distance, *opponent_distances))


@checked
def coupling_lemma_c2(
    *, step: int, dynamics_error: float, policy_distance: float, opponent_distances: Sequence[float]
) -> float:
    """1 − c_t of (1), at most 1   (aorpo Lemma C.2)."""
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
    """A sharper bound from the errors of Lemma C.3: (2) of this module, f = 1 − y   (aorpo Lemma C.3)."""
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
    """A sharper bound from the errors of Lemma C.4: (2) of this module   (aorpo Lemma C.4).

    (1) holds with the errors before the branch for t − k steps, then with those after it for k steps, or for t < k with
    those after it alone; f = 1 − y of those after it.
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
    """(2) of Theorem 1 to first order in the errors, which is above it   (aorpo Theorem 1).

    (max r − min r) [γ (ε_m + ε_π^i + Σ_j ε_π^j + Σ_j ε_π̂^j) / (1 − γ) + Σ_j ε_π̂^j]: a shift counts once, and only in
    the state. Without opponent errors it is that of Theorem 3. ε_m may be a discounted average over t.
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
    """(2) of Theorem 2 to first order in the errors: the printed bound with E[min(t, k)] for k (aorpo Theorem 2).

        (max r − min r) [γ / (1 − γ) (x (1 − γ^k) + c γ^k) + Σ_j ε_π̂^j],                                   (3)
        x = ε'_m + Σ_j ε_π̂^j,   c = ε_π^i + Σ_j ε_π^j

    For t with probability (1 − γ) γ^t, E[min(t, k)] = γ (1 − γ^k) / (1 − γ), where the printed proof puts k. (3) moves
    from c to x as k grows: to use the model for ever is best if x < c, as little as possible if not. The best k inside,
    which the printed bound has, is owed to its estimate t ≤ k. ε'_m may be a discounted average over t.
    """
    errors, kept = fsum(opponent_errors), discount**branch_length
    mixed = (dynamics_error + errors) * (1 - kept) + fsum((policy_shift, *opponent_shifts)) * kept
    return reward_range * (discount / (1 - discount) * mixed + errors)  # (3)


def last_together(*, dynamics_error: float, opponent_errors: Sequence[float]) -> float:
    """The last t for which (1) is below 1 with the errors after the branch, ε'_m > 0   (aorpo Theorem 2).

    (y + M) S_t(y) < 1 where (1 − y)^t > M / (y + M). From 2^53 on, which no double tells from its neighbours, t is inf.
    """
    y, M = any_of(opponent_errors), dynamics_error
    if y == 1:
        return 0.0
    kept = M / (y + M)
    steps = 1 / M if y == 0 else log(kept) / log1p(-y) if kept > 0 else inf
    return ceil(steps) - 1.0 if steps < 2.0**53 else inf


def value_bound(setup: Setup, other: Process) -> float:
    """|η_i[π^i, π^{-i}] − η_other| where `other` is `setup.modelled` or `setup.learned`, from its exact values.

        E_{s~ρ}[TV(π^{-i}, π'^{-i}) span_{a^{-i}} E_{a^i}[Q̂(s, a)]] + γ E_{s,a~ρ}[d(s, a)] span V̂            (4)

    ρ is the normalised discounted occupancy of T with π; Q̂, V̂ are the values of `other`, not normalised, π'^{-i} its
    opponents. Proof: η − η̂ = E_ρ[Σ_a (π − π')(a|s) Q̂(s, a) + γ Σ_t (T − T̂)(t|s, a) V̂(t)], by V̂ = r + γ T̂ V̂
    summed along T; and Σ (p − p') f ≤ TV(p, p') span f. No maximum over states or times enters.
    """
    game, real, agent = setup.game, setup.real, setup.agent
    nothing = np.zeros((1, game.num_states))
    values = evaluate_joint(other.game, other.joint, nothing, agent_axis=True, solve=other.discounted)
    row = 0 if game.common_payoff else agent
    q = values.q[row]
    of_others = expectation(q, setup.policy, keep=setup.opponents).reshape(game.num_states, -1)
    policies_s = total_variation(opponents_policy(real.policy)[agent], opponents_policy(other.policy)[agent])
    dynamics_s = real.expected(dynamics_distance(setup))
    each_s = policies_s * np.ptp(of_others, axis=1) + game.discount * dynamics_s * np.ptp(values.v_ms[row])
    return (1 - game.discount) * mean(real.visits, each_s)  # (4)
