"""ROMMEO's operator is a γ-contraction for all rewards, priors and weights, and its fixed point is the best value."""

from typing import Any

from mathrl.arithmetic import namespace
from mathrl.operators import opponent_backup
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.policy_value import rewards_of
from mathrl.proofs_checks.rommeo.pairs import tables
from mathrl.proofs_checks.slack import Slack, all_of, at_most, equal


@claim(
    "mathrl.theorem-rommeo-contraction",
    at="of rommeo Theorem 3, l. 548-617, and Eq. 61, l. 2161-2290",
    verdict="holds",
    on=tables,
    proof="sound",
    breaks={"modulus": "αγ"},
    argument="mathrl.proofs_checks.own.rommeo_contraction.backups_contract",
)
def backups_contract(
    game: Any, agent: int, prior: Any, q: Any, other_q: Any, temperature: Any, *, modulus: str = "γ"
) -> Slack:
    """For any rewards, prior P, weights α > 0 of the entropy and κ > 0 of the divergence, and any number of agents, the
    operator T Q = r + γ P V(Q), V(Q)(s) = κ log Σ_b P(b|s) (Σ_a exp(Q(s, a, b)/α))^{α/κ}, has
    ‖T Q − T Q'‖ ≤ γ ‖Q − Q'‖ in the maximum norm, and no smaller constant will do. Its fixed point is the largest
    Q^{π,ρ} of all pairs, which Eq. 10 and 11 attain in every state (κ = 1).

    Reading: Finite games; ρ is positive only where P is. κ = 1 in the paper; the search takes κ = 1 and κ = α.

    Finding: Symmetry, a single optimum, equal rewards and α = 1, which Theorem 3 or its proof assume, are not needed.

    Proof: Let δ = ‖Q − Q'‖. V does not fall where Q rises: exp, the sums with weights ≥ 0, positive powers and log are
    increasing. And V(Q + c) = V(Q) + c for a number c: exp((Q + c)/α) = exp(Q/α) exp(c/α), so that the inner sum to the
    power α/κ gains the factor exp(c/κ), and κ log of it the term c. As Q' − δ ≤ Q ≤ Q' + δ in all entries,
    V(Q') − δ ≤ V(Q) ≤ V(Q') + δ in every state. Rows of the transitions are probabilities, so that
    |T Q − T Q'| ≤ γ δ in every entry. For Q' = Q + c both sides are γ|c|, so that γ is the least constant. By Banach's
    theorem T has one fixed point Q*, and T^k Q tends to it with an error of at most γ^k times the first.

    Proof: Now for a table Q and a pair write V^{π,ρ}(Q) = E_{ρ,π}[Q] + α E_ρ[H(π(·|b))] − κ KL(ρ‖P), and T^{π,ρ} with
    V^{π,ρ} in place of V. By Gibbs' inequality, first for each b and then over b, V^{π,ρ}(Q) ≤ V(Q), with equality for
    the pair that Eq. 10 and 11 give at Q (mathrl.theorem-rommeo-gap states by how much it is less). So
    T^{π,ρ} Q ≤ T Q for every Q. T^{π,ρ} is monotone and a γ-contraction as well, with fixed point Q^{π,ρ}. Hence
    Q^{π,ρ} = T^{π,ρ} Q^{π,ρ} ≤ T Q^{π,ρ}, and by monotony Q^{π,ρ} ≤ T^k Q^{π,ρ}, which tends to Q*. For the pair at Q*,
    T^{π,ρ} Q* = T Q* = Q*, so that its values are Q*.

    Practice: α may be annealed, priors may be re-estimated and agents may have different rewards without loss of the
    contraction; the rate depends on γ alone.
    """
    xp = namespace(q)
    rewards = rewards_of(game, agent)
    slacks = []
    for weight in (temperature**0, temperature):

        def backed_up(table: Any, weight: Any = weight) -> Any:
            return opponent_backup(
                table,
                prior,
                agent,
                rewards,
                game.transitions,
                discount=game.discount,
                temperature=temperature,
                divergence_weight=weight,
            )

        rate = game.discount if modulus == "γ" else game.discount * temperature
        left = xp.max(xp.abs(backed_up(q) - backed_up(other_q)))
        slacks.append(at_most(left, rate * xp.max(xp.abs(q - other_q))))
        slacks.append(equal(backed_up(q + temperature) - backed_up(q), rate * temperature, rounding=_hidden(q)))
    return all_of(*slacks)


def _hidden(q: Any) -> float:
    return 0.0 if q.dtype.hasobject else 1e-12 * (20 + float(abs(q).max()))
