"""Where DMAC's Proposition 2 is right, and by how much it is wrong elsewhere."""

from typing import Any

import numpy as np

from mathrl.proofs_checks.divergence_limits import discounted_divergence, nearest_optimal, proportional
from mathrl.proofs_checks.joint_control import controlled
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.own.divergence_limit import limits
from mathrl.proofs_checks.slack import Slack, all_of, at_most


@claim(
    "mathrl.theorem-proportional-limit",
    at="the games in which dmac Proposition 2 is right",
    verdict="holds",
    on=limits,
    proof="sound",
    argument="mathrl.proofs_checks.own.proportional_limit",
    rests_on=("mathrl.theorem-divergence-limit",),
    breaks={"share": 100},
)
def proportional_where_nothing_is_left_to_choose(
    game: Any,
    worse: Any,
    joint_first_policy: Any,
    joint_other_policy: Any,
    temperature: float,
    *,
    share: int = 1,
) -> Slack:
    """Let π̂ ∝ 1[a ∈ U_s] π^0 be the policy that dmac Proposition 2 prints, and d its discounted divergence from π^0.
    It is the limit of DMAC's iteration over joint policies if and only if in every state γ Σ_t P(t|s, a) d(t) is the
    same for all optimal actions a. In general, with g the largest difference of this number between two optimal actions
    of one state, the discounted divergence of π̂ exceeds the least one by at most g²/(8 (1 − γ)), and
    |log π̃ − log π̂| ≤ g + γ g²/(8 (1 − γ)) on the optimal actions.

    Reading: As in mathrl.theorem-divergence-limit. d solves a linear system, d(s) = −log π^0(U_s|s) + γ E_π̂[d(s')], so
    the condition is decided without exponentials.

    Finding: So the printed form is right for γ = 0; in games with one optimal joint action in each state, which is the
    generic case; where no optimal action changes what comes next, as in a repeated matrix game; and where π^0(U_s|s) is
    the same in all states, as from a uniform start with equally many optimal actions everywhere.

    Proof: Let T m(s) = log Σ_{U_s} π^0(a|s) exp(γ Σ_t P(t|s, a) m(t)), whose fixed point is ℓ, and x(a) = −γ P d(s, a).
    As −d(s) = log π^0(U_s|s) + E_π̂[x], T(−d)(s) + d(s) = log E_π̂[exp x] − E_π̂[x], which is ≥ 0 by Jensen's
    inequality and at most g²/8 by Hoeffding's lemma. T is monotone and T(m + c) = T m + γ c, so that 0 ≤ ℓ + d ≤ g²/(8
    (1 − γ)). With −ℓ the least divergence this is the first bound. On U_s, log π̃ − log π̂ = y − log E_π̂[exp y] with y
    = γ P ℓ = x + γ P(ℓ + d), whose values lie within an interval of length g + γ g²/(8 (1 − γ)); and log E[exp y] lies
    in the same interval.

    Proof: If g = 0, both bounds are 0 and π̃ = π̂. If π̃ = π̂, then d = −ℓ, as both are its divergence, and
    π̃ ∝ 1[a ∈ U_s] π^0 exp(γ P ℓ) is proportional to π^0 on U_s only if γ P ℓ = −γ P d is constant there: g = 0.
    """
    optimal, discount = worse == 0, game.discount
    tilde, level = nearest_optimal(game, joint_first_policy, optimal)
    printed = proportional(joint_first_policy, optimal)
    d = discounted_divergence(game, printed, joint_first_policy)
    after = discount * controlled(game).transitions @ d
    spread = np.where(optimal, after, -np.inf).max(axis=1) - np.where(optimal, after, np.inf).min(axis=1)
    g = spread.max() / share
    excess = g**2 / (8 * (1 - discount))
    moved = np.abs(np.log(np.where(optimal, tilde, 1.0)) - np.log(np.where(optimal, printed, 1.0)))
    close = 1e-9 * (1 + d.max())
    return all_of(
        at_most(d + level, excess, rounding=close),
        at_most(-d - level, 0.0, rounding=close),
        at_most(moved, g + discount * excess, rounding=close),
    )
