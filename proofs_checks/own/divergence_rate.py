"""How fast DMAC's iteration over joint policies ends, with all constants."""

from typing import Any

import numpy as np

from mathrl.proofs_checks.divergence_limits import nearest_optimal
from mathrl.proofs_checks.instances import Tables
from mathrl.proofs_checks.joint_control import controlled, iterates
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.own.divergence_limit import limits
from mathrl.proofs_checks.policy_value import divergence_v
from mathrl.proofs_checks.slack import Slack, all_of, at_most


@claim(
    "mathrl.theorem-divergence-rate",
    at="the rate of dmac Eq. 3",
    verdict="holds",
    on=limits,
    proof="sound",
    argument="mathrl.proofs_checks.own.divergence_rate",
    rests_on=("mathrl.theorem-divergence-limit", "mathrl.theorem-divergence-iterates"),
    breaks={"exponent": 2},
)
def iteration_ends_exponentially(
    game: Any,
    worse: Any,
    joint_first_policy: Any,
    joint_other_policy: Any,
    temperature: float,
    *,
    steps: int = 2,
    exponent: int = 1,
) -> Slack:
    """In the terms of mathrl.theorem-divergence-limit, let Δ be the least loss V*(s) − Q*(s, a) of an action that is
    not optimal, and ε_k = exp(−k Δ/ω) max_s π^0(A∖U_s|s) exp(−ℓ(s))/(1 − γ). After k updates −ε_k ≤ log π^k − log π̃ ≤
    γ ε_k on optimal actions; π^k(a|s) ≤ π^0(a|s) exp(−ℓ(s) − k (V*(s) − Q*(s, a))/ω) on all others; the original value
    is V* ≥ V^{π^k} ≥ V* − max_s Σ_{a ∉ U_s} (V*(s) − Q*(s, a)) π^0(a|s) exp(−ℓ(s) − k (V*(s) − Q*(s, a))/ω)/(1 − γ);
    and the mean of the first k regularised values is V* + (ω/k) (ℓ + e) with 0 ≤ e ≤ ε_k.

    Reading: As in mathrl.theorem-divergence-limit. The check runs two updates one after the other, as dmac Eq. 3 says.

    Finding: So policies and original values end exponentially, with exponent k Δ/ω, and averages of regularised values
    only as ω/k, with the constant −ℓ(s), the least discounted divergence of an optimal policy from π^0. The exponent is
    exact: in one state with two actions log π^k(1) is −k Δ/ω and a bounded number.

    Proof: ℓ_k and its equation are those of the proof of mathrl.theorem-divergence-limit; there ℓ ≤ ℓ_k ≤ 0. Let
    e = ‖ℓ_k − ℓ‖. The terms of optimal actions sum to no more than exp(ℓ(s) + γ e), the others to no more than
    π^0(A∖U_s|s) exp(−k Δ/ω) as ℓ_k ≤ 0. With log(x + y) ≤ log x + y/x, and x ≥ exp(ℓ(s)),
    ℓ_k(s) − ℓ(s) ≤ γ e + π^0(A∖U_s|s) exp(−ℓ(s) − k Δ/ω). The largest such state gives e ≤ ε_k.

    Proof: On U_s, log π^k(a|s) − log π̃(a|s) = γ Σ_t P(t|s, a) (ℓ_k − ℓ)(t) − (ℓ_k − ℓ)(s), where both differences lie
    between 0 and ε_k. Elsewhere log π^k(a|s) = log π^0(a|s) − k (V* − Q*)/ω + γ P ℓ_k − ℓ_k(s), where γ P ℓ_k ≤ 0 and
    ℓ_k(s) ≥ ℓ(s). By the performance difference lemma V*(s) − V^{π^k}(s) is the discounted sum of
    E_{π^k}[V* − Q*] along π^k, so at most 1/(1 − γ) times its largest value. The mean of the first k regularised values
    is W of mathrl.theorem-divergence-iterates, and W = V* + (ω/k) ℓ_k by the definition of ℓ_k.

    Practice: With gaps Δ the outer iteration is done after some ω/Δ times log(1/error) updates. Where gaps are small it
    is slow, but what it then loses is small too: V* − V^{π^k} ≤ ω log|A|/(k (1 − γ)) holds without any gap.
    """
    alone, optimal = controlled(game), worse == 0
    tilde, level = nearest_optimal(game, joint_first_policy, optimal)
    paid = Tables(-worse, alone.transitions, alone.discount, alone.start, True)  # V* = 0
    found = iterates(paid, joint_first_policy, temperature=temperature, steps=steps)
    policy, regularised = found[-1][0], np.mean([v for _, v in found], axis=0)
    least = worse[~optimal].min() if (~optimal).any() else np.inf
    left = np.where(optimal, 0.0, joint_first_policy).sum(axis=1) * np.exp(-level)
    epsilon = np.exp(-exponent * steps * least / temperature) * left.max() / (1 - alone.discount)
    faded = joint_first_policy * np.exp(-level[:, None] - exponent * steps * worse / temperature)
    moved = np.log(policy[optimal]) - np.log(tilde[optimal])
    value = divergence_v(paid, policy, policy, temperature=0)
    lost = (worse * faded).sum(axis=1).max() / (1 - alone.discount)
    ended = steps / temperature * regularised - level
    close = 1e-9 * (1 + steps / temperature) * (1 + np.abs(level).max())
    return all_of(
        at_most(moved, alone.discount * epsilon, rounding=close),
        at_most(-moved, epsilon, rounding=close),
        at_most(policy[~optimal], faded[~optimal]),
        at_most(-value, lost, rounding=close),
        at_most(ended, epsilon, rounding=close),
        at_most(-ended, 0.0, rounding=close),
    )
