"""Policy iteration over product policies: the values converge to the largest at the rate γ."""

from collections.abc import Sequence
from typing import Any

from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.policy_value import soft_q, soft_v
from mathrl.proofs_checks.slack import Slack, all_of, at_most
from mathrl.proofs_checks.soft_qmix.best_product import best_product
from mathrl.proofs_checks.soft_qmix.policy_iteration import largest_values, teams


@claim(
    "mathrl.theorem-product-policy-iteration",
    at="of soft-qmix Lemma 4.3 and Theorem 4.4, l. 180-186 and 407-441",
    verdict="holds",
    on=teams,
    proof="sound",
    breaks={"rate": 3},
    argument="mathrl.proofs_checks.own.product_policy_iteration.values_converge",
)
def values_converge(
    game: Any, policy: Sequence[Any], other_policy: Sequence[Any], temperature: Any, *, rate: int = 1
) -> Slack:
    """Let π_{k+1} be any solution of Eq. 9 for the soft Q of π_k, over product policies of the state. Then
    Q_k does not fall; it tends to a table Q* with Q* ≥ Q^π for every product policy π; and ‖V* − V_k‖ ≤ γ^k ‖V* − V_0‖.
    Every solution of Eq. 9 at Q* has the values Q*; where there is one, π_k tends to it.

    Reading: Finite games of any number of agents with a common payoff, α > 0 and γ < 1. The search has two agents with
    two actions each.

    Finding: The rate is that of single-agent policy iteration, and it needs each solution of Eq. 9 to be global.

    Proof: For a product policy π let (L_π V)(s) = E_π[r + γ P V] + α Σ_i H(π_i), and (L V)(s) the largest of these
    over π, which exists as the product policies of a state are a compact set and L_π V is continuous in π.
    α KL(π‖exp(Q/α)/Z) is α log Z less E_π[Q] + α Σ_i H(π_i), so that π solves Eq. 9 for Q = r + γ P V in every state if
    and only if L_π V = L V. This may be asked in each state alone, as the parts of π in different states are free. L_π
    and L are monotone, and L_π (V + c) = L_π V + γ c, L (V + c) = L V + γ c; so all are γ-contractions in the maximum
    norm. L_π has the fixed point V^π; let V* be that of L.

    Proof: L_π V* ≤ L V* = V* gives V^π = lim L_π^m V* ≤ V* for every product policy π, and for a π with L_π V* = V*
    equality. Now V_k = L_{π_k} V_k ≤ L V_k = L_{π_{k+1}} V_k, and by monotony V_k ≤ L V_k ≤ L_{π_{k+1}}^m V_k, which
    tends to V_{k+1}. Hence V_k ≤ L V_k ≤ V_{k+1} ≤ V*, which gives Q_k ≤ Q_{k+1} (Lemma 4.3), and
    0 ≤ V* − V_{k+1} ≤ L V* − L V_k ≤ γ ‖V* − V_k‖ in every state.

    Proof: Let π* be the only solution at Q*. Every limit of a subsequence of π_k solves Eq. 9 at Q*, as for each π the
    inequality L_{π_{k+1}} V_k ≥ L_π V_k passes to the limit. The set is compact, so that π_k tends to π*.

    Practice: The limit is global in each state because Eq. 9 is solved globally. A method that solves it by turns of
    the agents, or by gradients, has none of this: it may stop at a local solution.
    """
    q, v = soft_q(game, policy, temperature=temperature), soft_v(game, policy, temperature=temperature)
    new = best_product(q, temperature)
    new_q, new_v = soft_q(game, new, temperature=temperature), soft_v(game, new, temperature=temperature)
    largest = largest_values(game, new, temperature)
    close = 1e-9 * max(1.0, float(abs(largest).max()))
    missing, left = abs(largest - v).max(), abs(largest - new_v).max()
    return all_of(
        at_most(q, new_q, rounding=close),
        at_most(soft_v(game, other_policy, temperature=temperature), largest, rounding=close),
        at_most(left, game.discount**rate * missing, rounding=close),
    )
