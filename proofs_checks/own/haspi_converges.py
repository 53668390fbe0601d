"""Heterogeneous-agent soft policy iteration converges: the whole sequence, from every start."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from mathrl.arithmetic import namespace
from mathrl.operators import marginal_q
from mathrl.operators.axes import flat
from mathrl.proofs_checks.hasac.iteration import rounds, runs
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.policy_value import soft_q, soft_v
from mathrl.proofs_checks.slack import Slack, all_of, at_most
from mathrl.softmax import total_variation


@claim(
    "mathrl.theorem-haspi-converges",
    at="after hasac, Theorem 2",
    verdict="holds",
    on=runs,
    proof="sound",
    breaks={"share": 1.5},
    argument="mathrl.proofs_checks.own.haspi_converges.steps_and_residuals",
)
def steps_and_residuals(
    game: Any,
    policy: Sequence[Any],
    other_policy: Sequence[Any],
    order: Sequence[int],
    temperature: Any,
    horizon: int,
    *,
    share: float = 1.0,
) -> Slack:
    """From every product policy π_0, with the agents of each round in any order, the policies π_k of
    heterogeneous-agent soft policy iteration (hasac Theorem 2) converge to one policy, and that satisfies Eq. 3 in
    every state.

    Reading: Common payoff, finitely many states and actions, α > 0, γ < 1; exact evaluations and minimisers. The search
    is for the two inequalities that the proof is made of: (1) with Pinsker's inequality, and (4).

    Finding: The printed proof has that values converge. That policies do needs more: of the analyticity of V. The limit
    depends on π_0 and on the orders; where the game has one equilibrium it is that.

    Proof: (1) Let g_k(s) = α Σ_i KL(π_k^i‖π_{k+1}^i). By the proof of hasac Lemma 4.2, V_{k+1} − V_k = Σ_l γˡ Pˡ g_k ≥
    g_k ≥ 0, with P that of π_{k+1}; and KL ≥ ‖·‖₁²/2. All V_k are at most (max r + α Σ_i log|A^i|)/(1 − γ), so that
    they converge, and the squared steps ‖π_{k+1} − π_k‖² have a finite sum.

    Proof: (2) |Q_k| ≤ M for all k, hence π_k^i(a|s) ≥ ε := min_i exp(−2M/α)/|A^i| for k ≥ 1: the π_k, k ≥ 1, stay in
    the compact set K of product policies with this floor.

    Proof: (3) L(π) = Σ_s V_π(s), with V_π = (I − γ P_π)⁻¹ (E_π[r] + α Σ_i H(π^i)), is real-analytic in the entries of
    π near K, where these are positive and I − γ P_π is regular. Along changes dπ^i of sum 0 in each state its
    derivative is Σ_s μ(s) Σ_a dπ^i(a|s) (Q_π^i(s, a) − α log π^i(a|s)), where μ = 1ᵀ(I − γ P_π)⁻¹ lies between 1 and
    |S|/(1 − γ).

    Proof: (4) At its turn agent i took α log π_{k+1}^i = E[Q_k] + const, the mean over policies of the others of which
    some are new and some old. So Q_{k+1}^i − α log π_{k+1}^i is, but for a constant, E_new[Q_{k+1} − Q_k] + (E_new −
    E)[Q_k]. The first lies between 0 and γ max(V_{k+1} − V_k), the second within TV times the spread of Q_k; thus its
    spread over a is at most γ max(V_{k+1} − V_k) + 2 spread(Q_k) Σ_{j≠i} TV(π_k^j, π_{k+1}^j). By (1), (2), and KL ≤
    ‖·‖₁²/ε, both are at most a constant times ‖π_{k+1} − π_k‖, and so is the gradient of L at π_{k+1} within the
    policies.

    Proof: (5) Let d_k = ‖π_{k+1} − π_k‖. By (1) and (4), L(π_{k+1}) − L(π_k) ≥ a d_k² and ‖∇L(π_{k+1})‖ ≤ b d_k, with
    a, b > 0. Let π̄ be a limit point and R_k = L(π̄) − L(π_k), which falls to 0; if some R_k is 0, nothing moves any
    more. By Łojasiewicz's inequality there are c, and θ in [1/2, 1), with R^θ ≤ c ‖∇L‖ near π̄. As u^{1−θ} is concave,
    R_k^{1−θ} − R_{k+1}^{1−θ} ≥ (1 − θ) R_k^{−θ} a d_k² ≥ (1 − θ) a d_k²/(b c d_{k−1}), hence d_k ≤ d_{k−1}/2 + C
    (R_k^{1−θ} − R_{k+1}^{1−θ}) with C = b c/(2 (1 − θ) a). Summed, Σ_{l≥k} d_l ≤ d_{k−1} + 2 C R_k^{1−θ}, so long as
    the policies stay near π̄; and a k at which π_k is near enough and d_{k−1}, R_k are small enough keeps all later
    ones there. So the sum of all d_k is finite, and the sequence converges (Attouch, Bolte and Svaiter 2013,
    Mathematical Programming 137, Theorem 2.9, have this for sequences with the two inequalities). Its limit is
    critical, by (4).

    Proof: (6) At the limit the derivative in (3) is 0 for all dπ^i of sum 0, and μ(s) ≥ 1, so that Q^i − α log π^i
    does not depend on the action: this is Eq. 3. ∎

    Practice: (4) bounds, from two successive critics, how far the policy is from an equilibrium.
    """
    parts = []
    for before, after in pairwise(rounds(game, policy, order, temperature, 3)):
        v_before, v_after = (soft_v(game, each, temperature=temperature) for each in (before, after))
        q_before, q_after = (soft_q(game, each, temperature=temperature) for each in (before, after))
        xp, rise = namespace(v_after), v_after - v_before
        steps = xp.stack([total_variation(own, new) for own, new in zip(before, after, strict=True)])
        parts.append(at_most(share * 2 * temperature * xp.sum(steps**2, axis=0), rise))
        spread = xp.max(flat(q_before), axis=-1) - xp.min(flat(q_before), axis=-1)
        for agent, new in enumerate(after):
            left = marginal_q(q_after, after, agent) - temperature * xp.log(new)
            others = xp.sum(steps, axis=0) - steps[agent]
            bound = game.discount * xp.max(rise) + 2 * spread * others
            parts.append(at_most(xp.max(left, axis=-1) - xp.min(left, axis=-1), bound, rounding=1e-11))
    return all_of(*parts)
