"""What an agent gains alone, between two bounds by the divergence from its quantal response."""

from collections.abc import Sequence
from typing import Any

from mathrl.arithmetic import namespace
from mathrl.operators import quantal_response
from mathrl.proofs_checks.hasac.representation import situations
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.policy_value import soft_q, soft_v
from mathrl.proofs_checks.slack import Slack, all_of, at_most
from mathrl.softmax import kl_divergence


@claim(
    "mathrl.theorem-unilateral-gain",
    at="after hasac, Theorem 1",
    verdict="holds",
    on=situations,
    proof="sound",
    breaks={"ahead": False},
    argument="mathrl.proofs_checks.own.unilateral_gain.gains_are_near_the_divergence",
)
def gains_are_near_the_divergence(
    game: Any,
    policy: Sequence[Any],
    other_policy: Sequence[Any],
    temperature: Any,
    horizon: int,
    *,
    ahead: bool = True,
) -> Slack:
    """Let σ^i = softmax(Q_π^i/α), and δ^i(s) = α KL(π^i(·|s)‖σ^i(·|s)). By changing π^i alone, V of no state can be
    raised by more than max δ^i/(1 − γ), and V of every state s can be raised by at least δ^i(s), at once: by σ^i.

    Reading: Common payoff, product policies of the state, zeros allowed; α > 0; the others' policies are held.

    Finding: So a policy is a quantal response equilibrium (Eq. 3 in every state) exactly where no agent alone can raise
    V in any state; and how far it is from this can be read off one evaluation. Both bounds are attained: in one state
    the gain is δ^i/(1 − γ), and with γ = 0 it is δ^i. This is the strongest form of hasac Theorem 1 that holds.

    Proof: Write f_s(p) = E_{p, π^-i}[Q_π(s, ·)] + α H(p) + α Σ_{j≠i} H(π^j), so that f_s(π^i) = V_π(s). (1) For every
    p, f_s(σ^i) − f_s(p) = α KL(p‖σ^i): both sides are α log Σ_a exp(Q^i(a)/α) − E_p[Q^i] − α H(p). (2) If agent i
    turns to p in all states, then V_p(s) − V_π(s) = f_s(p) − f_s(π^i) + γ Σ_t P_p(t|s) (V_p(t) − V_π(t)), by Eq. 5 and
    6. Hence V_p − V_π = Σ_k γᵏ P_pᵏ (f(p) − f(π^i)). (3) By (1) the bracket is δ^i(s) − α KL(p‖σ^i) ≤ δ^i(s) ≤ max
    δ^i, and the rows of P_p sum to 1: the upper bound. (4) For p = σ^i the bracket is δ^i ≥ 0, so that the first term
    alone, k = 0, gives the lower one. If Eq. 3 holds, all δ^i are 0 and nobody gains; if it fails in s, δ^i(s) > 0 for
    an i. ∎

    Practice: α KL of a policy from its quantal response, over 1 − γ, is a certificate of how much any agent is missing.
    """
    q, v = soft_q(game, policy, temperature=temperature), soft_v(game, policy, temperature=temperature)
    xp, parts = namespace(v), []
    for agent, own in enumerate(policy):
        response = quantal_response(q, policy, agent, temperature=temperature)
        lost = temperature * kl_divergence(own, response)
        bound = xp.max(lost) / (1 - game.discount) if ahead else xp.max(lost)
        gains = []
        for turned in (other_policy[agent], response):
            changed = [turned if i == agent else each for i, each in enumerate(policy)]
            gains.append(soft_v(game, changed, temperature=temperature) - v)
        parts += [*(at_most(gain, bound) for gain in gains), at_most(lost, gains[-1])]
    return all_of(*parts)
