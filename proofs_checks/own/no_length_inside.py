"""No branch length between the least and the greatest is best, but for how the paper counts steps (aorpo Section 4)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st

from mathrl.bounds import coupling_theorem_2, linear_theorem_2, theorem_2
from mathrl.proofs_checks.families import instances
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.slack import Slack, all_of, at_most, equal

LENGTHS = 40
"""Branch lengths from 1 to this are compared."""


@instances
def errors(draw: st.DrawFn) -> Mapping[str, Any]:
    """A discount, an error of the dynamics, shifts of two agents, and the error of an opponent's model."""
    error = st.sampled_from([0.01, 0.0, 0.1, 0.3, 0.05, 0.2])
    return {
        "discount": draw(st.sampled_from([0.5, 0.9, 0.95])),
        "dynamics_error": draw(error),
        "shifts": np.array([draw(error), draw(error)]),
        "opponent_error": draw(error),
    }


@claim(
    "mathrl.theorem-no-length-inside",
    at="for aorpo Section 4, l. 472-489",
    verdict="holds",
    on=errors,
    proof="sound",
    breaks={"bound": "printed"},
    argument="mathrl.proofs_checks.own.no_length_inside.no_length_inside",
)
def no_length_inside(
    discount: Any, dynamics_error: Any, shifts: Any, opponent_error: Any, *, bound: str = "counted"
) -> Slack:
    """Count in Theorem 2's bound min(t, k) steps of the model at time t, where its proof puts k: (max r − min r) [γ (x
    (1 − γ^k) + c γ^k)/(1 − γ) + Σ_j ε_π̂^j] with x = ε'_m + Σ_j ε_π̂^j and c = ε_π^i + Σ_j ε_π^j. It grows from k to k
    + 1 by (max r − min r) γ^{k+1} (x − c); so it is least at the shortest or in the limit of the longest rollouts, and
    none in between is better than both. Of the bound of `mathrl.theorem-coupled-rollouts` the growth changes its sign
    at most once, from + to −, so that it too is least at an end: at k = 1, or at the last k at which the coupling still
    holds, after which it does not fall any more.

    Reading: γ in [0, 1), errors in [0, 1], k from 1 on. The printed bound, which does have a best k inside, is the form
    that fails.

    Finding: The paper's k* (l. 474) is an artefact of replacing min(t, k) by k. With the term γ^{k+1} c that the
    printed bound has besides, the growth is in proportion to x − (2 − γ) c, and the same follows.

    Proof: Dividing by max r − min r, and with (1 − γ) Σ_t γ^t min(t, k) = γ (1 − γ^k)/(1 − γ) and (1 − γ) Σ_t γ^t (t −
    k)^+ = γ^{k+1}/(1 − γ), the first bound is γ/(1 − γ) (x (1 − γ^k) + c γ^k) + Σ_j ε_π̂^j. Its growth is γ/(1 − γ)
    (γ^k − γ^{k+1}) (x − c) = γ^{k+1} (x − c). For the second let a and b be the chances that no policy differs in a
    step before and after the branch, M = ε'_m, S_k = Σ_{s<k} b^s, and μ = M S_k/b^k, which grows with k (b = 0 or a
    coupling that is lost give constant terms). The chance at time k + 1 + v is c = (a^{v+1} b^k − M S_k)^+ = b^k
    (a^{v+1} − μ)^+ with k steps after the branch, and b^k (b a^v − M − μ)^+ with k + 1. So the bound grows by a sum
    over v ≥ 0 with positive weights (1 − γ) γ^{k+1+v} b^{k+1} of D_v = (a^{v+1} − μ)^+ − (b a^v − M − μ)^+; terms of
    earlier times do not change. If b ≤ a, then a^{v+1} ≥ b a^v − M for all v and no D_v is negative: the bound never
    falls. Let b > a. D_v > 0 only if (b − a) a^v < M. As k grows, μ grows. For v with (b − a) a^v ≥ M, D_v is the
    constant (a − b) a^v + M ≤ 0 while μ ≤ a^{v+1}, then −(b a^v − M − μ)^+, which is at most 0. For the others, whose
    a^v is smaller, D_v is the constant M − (b − a) a^v > 0 while μ ≤ b a^v − M, then (a^{v+1} − μ)^+, which falls and
    stays 0. Let V be the least v of the second kind. If some D_v of the second kind is positive, then μ < a^{v+1} ≤
    a^{V+1} ≤ a^{u+1} for all u of the first kind, whose D_u are then constant. So as long as any D_v is positive, the
    sum of all γ^v D_v is a constant plus terms that do not grow with μ; once none is positive, it is not positive for
    ever. Hence its sign, from + over 0 to −, changes at most once. A sequence that first rises and then falls is least
    at an end of every range of k.

    Practice: Choose the longest rollouts if the models' errors add up to less than the policies have moved, else none.
    """
    known = {
        "discount": discount,
        "dynamics_error": dynamics_error,
        "policy_shift": float(shifts[0]),
        "opponent_shifts": (float(shifts[1]),),
        "opponent_errors": (opponent_error,),
    }
    lengths = range(1, LENGTHS + 1)
    if bound == "printed":
        values = [theorem_2(reward_bound=0.5, **known, branch_length=k) for k in lengths]
        return _least_at_an_end(np.array(values))
    linear = np.array([linear_theorem_2(reward_range=1.0, **known, branch_length=k) for k in lengths])
    coupled = np.array([coupling_theorem_2(reward_range=1.0, **known, branch_length=k) for k in lengths])
    growth = discount ** (np.array(lengths[:-1]) + 1) * (dynamics_error + opponent_error - shifts.sum())
    return all_of(equal(np.diff(linear), growth), _least_at_an_end(linear), _least_at_an_end(coupled))


def _least_at_an_end(of_k: Any) -> Slack:
    """In every range of k that begins at 1 the first or the last entry is least: min(first, last) ≤ all between."""
    ends = np.minimum(of_k[0], of_k)
    return at_most(ends, np.minimum.accumulate(of_k), rounding=1e-12)
