"""ROMMEO's pairs improve when the policy, the model, or both are replaced at once, and converge at the rate γ."""

from typing import Any

from mathrl.arithmetic import namespace
from mathrl.operators import conditional_policy, opponent_model, opponent_model_improvement
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.rommeo.pairs import best_pair, own_last, pair_q, pairs, seen_by
from mathrl.proofs_checks.slack import Slack, all_of, at_most


@claim(
    "mathrl.theorem-rommeo-improvement",
    at="of rommeo Theorems 4 and 5, l. 1753-1789, and Eq. 45-55, l. 1866-2029",
    verdict="holds",
    on=pairs,
    proof="sound",
    breaks={"compared_with": "the model of Eq. 11"},
    argument="mathrl.proofs_checks.own.rommeo_improvement.pairs_improve",
)
def pairs_improve(
    game: Any,
    agent: int,
    prior: Any,
    conditional_distribution: Any,
    model: Any,
    temperature: Any,
    *,
    compared_with: str = "the pair before",
) -> Slack:
    """Let π̃ ∝ exp(Q^{π,ρ}/α), ρ̃ ∝ P exp(E_π[Q^{π,ρ}] + α H(π(·|b))), and ρ̂ the model of Eq. 11 at Q^{π,ρ}. Then
    each of the pairs (π̃, ρ), (π, ρ̃), (π̃, ρ̃) and (π̃, ρ̂) has a Q of at least Q^{π,ρ} everywhere; and if each pair is
    the (π̃, ρ̂) of the one before, the k-th is within γ^k ‖Q* − Q^{π,ρ}‖ of Q*.

    Reading: Any rewards, priors and α > 0; ρ is positive only where P is.

    Finding: What Theorems 4 and 5 say of one part at a time is so of both at once, which Eq. 53 asserts and its chain
    does not show; and it closes the gap in the proof of Theorem 1.

    Proof: Write V^{π,ρ}(Q) for E_{ρ,π}[Q] + α E_ρ[H(π)] − KL(ρ‖P) in each state, T^{π,ρ} Q = r + γ P V^{π,ρ}(Q), and
    x_π(b) = E_π[Q(·, b)] + α H(π(·|b)), so that V^{π,ρ}(Q) = E_ρ[x_π] − KL(ρ‖P). At Q = Q^{π,ρ}: by Gibbs' inequality
    x_π̃(b) ≥ x_π(b) for every b, whatever π is (Eq. 40); and E_ρ[x_π] − KL(ρ‖P) ≤ log Σ_b P(b) exp(x_π(b)) =
    E_ρ̃[x_π] − KL(ρ̃‖P), which is Eq. 42. Hence V^{π,ρ} ≤ V^{π̃,ρ} and V^{π,ρ} ≤ V^{π,ρ̃} at this Q. For both at
    once, take the model first: V^{π,ρ} ≤ E_ρ̃[x_π] − KL(ρ̃‖P) ≤ E_ρ̃[x_π̃] − KL(ρ̃‖P) = V^{π̃,ρ̃}. (Eq. 48 and 49
    take the policy first, and then ρ̃, which is best for π, need not be better than ρ for π̃.) And V^{π̃,ρ̂} = log
    Σ_b P(b) exp(x_π̃(b)) is the largest of all. So for each of the four pairs T' Q ≥ T^{π,ρ} Q = Q, with its own
    operator T'. T' is monotone, hence Q ≤ T' Q ≤ T'² Q ≤ …, and a γ-contraction, so that the right sides tend to the
    pair's own Q.

    Proof: For (π̃, ρ̂) moreover T' Q = T Q with the operator of Theorem 3, so that Q' ≥ T Q for the next Q', and
    Q* ≥ Q' (mathrl.theorem-rommeo-contraction). Then 0 ≤ Q* − Q' ≤ T Q* − T Q ≤ γ ‖Q* − Q‖ in every entry. Repeating
    it gives γ^k. Q_k then tends to Q*, and the pairs, which Eq. 10 and 11 give as continuous functions of Q, to the
    optimal pair. This is the step that the proof of Theorem 1 leaves out.

    Practice: Actor and model may be updated at the same time from the same critic, as ROMMEO-AC does.
    """
    xp, seen, given = namespace(model), seen_by(game, agent), own_last(conditional_distribution)
    q, _ = pair_q(seen, given, model, prior, temperature=temperature)
    policy = conditional_policy(q, temperature=temperature)
    tilted = opponent_model_improvement(q, given, prior, temperature=temperature)
    belief = opponent_model(q, prior, temperature=temperature)
    rounding = 0.0 if q.dtype.hasobject else 1e-10 * max(1.0, float(abs(q).max()))
    replaced = ((policy, model), (given, tilted), (policy, tilted), (policy, belief))
    new = [pair_q(seen, pi, rho, prior, temperature=temperature)[0] for pi, rho in replaced]
    if compared_with == "the model of Eq. 11":
        return at_most(new[3], new[2], rounding=rounding)
    _, _, best_q, _ = best_pair(seen, prior, temperature=temperature)
    before, after = (xp.max(xp.abs(best_q - table)) for table in (q, new[3]))
    improved = [at_most(q, better, rounding=rounding) for better in new]
    return all_of(*improved, at_most(after, game.discount * before, rounding=rounding))
