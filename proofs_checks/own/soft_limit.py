"""Where soft Q-learning over joint actions ends, and how far that is from an equilibrium (for aorpo Theorem 7)."""

from math import exp, log
from typing import Any

import numpy as np

from mathrl.operators import backup
from mathrl.proofs_checks.aorpo.soft_q import SOLVED, common_learning, fixed_point, joint_value, optimal_table
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.slack import Slack, all_of, at_most

STEPS = 6


@claim(
    "mathrl.theorem-soft-limit",
    at="for aorpo Theorem 7",
    verdict="holds",
    on=common_learning,
    proof="sound",
    breaks={"bonus": "none"},
    argument="mathrl.proofs_checks.own.soft_limit.soft_limit",
)
def soft_limit(game: Any, q: Any, temperature: Any, power: Any, *, bonus: str = "entropy") -> Slack:
    """Let soft Q-learning of Eq. 7 have expected rewards and values, step sizes in [0, 1] whose sums are infinite at
    each state and joint action, and a fixed temperature α > 0. Then its tables tend to the fixed point Q^soft of r + γ
    E[α log Σ_a exp(Q/α)], whatever the stage games are. With a common payoff, |A| joint actions and Q* the optimal
    table, α γ/(1 − γ) log(1 + (|A| − 1) exp(−D/α)) ≤ Q^soft − Q* ≤ α γ/(1 − γ) log|A|, where D is the largest spread of
    Q*(s, ·): the limit is never that of Theorem 7 where γ > 0 and |A| > 1, and tends to it as α → 0.

    Reading: Finite sets. The step sizes of the search are (t + 1)^(−p), the same at all pairs.

    Finding: The gap has a closed form in one state: γ α log Σ_a exp((r(a) − max r)/α)/(1 − γ).

    Proof: T Q = r + γ E[α log Σ_a exp(Q/α)] is a γ-contraction (Lemma D.3). With e_t = |Q_t − Q^soft| the update gives
    e_{t+1}(x) ≤ (1 − α_t(x)) e_t(x) + α_t(x) γ ‖e_t‖. This is Lemma D.1 with c_t = 0 (its proof stands in
    `mathrl.proofs_checks.aorpo.approximation.relaxation_converges`), so that e_t → 0. For the second part let M f =
    max_a f and V f = α log Σ_a exp(f/α). Then M f ≤ V f ≤ M f + α log|A|, and V f ≥ M f + α log(1 + (|A| − 1)
    exp(−D/α)) where f spreads by at most D. So V Q* ≥ M Q* + m with that number m, hence T Q* ≥ Q* + γ m, and by
    monotony and T (Q + c) = T Q + γ c, T^n Q* ≥ Q* + (γ + … + γ^n) m, whose limit is Q^soft ≥ Q* + γ m/(1 − γ). In the
    same way T Q* ≤ Q* + γ α log|A| gives Q^soft ≤ Q* + γ α log|A|/(1 − γ).

    Practice: The values of Q^soft must not be read as returns. Its greedy policy π is nearly optimal: as V Q^soft ≤
    M Q^soft + α log|A|, Q^π ≥ Q^soft − α γ/(1 − γ) log|A| ≥ Q* − α γ/(1 − γ) log|A|.
    """
    gamma, alpha = game.discount, temperature
    soft, best = fixed_point(game, 0, alpha), optimal_table(game)
    rounding = SOLVED * (1 + np.abs(q).max() + np.abs(soft).max())
    steps, table = [], q
    for t in range(STEPS):
        step, error = (t + 1.0) ** -power, np.abs(table - soft)
        target = backup(joint_value(table, alpha), game.rewards, game.transitions, discount=gamma)
        table = (1 - step) * table + step * target
        limit = (1 - step) * error + step * gamma * error.max()
        steps.append(at_most(np.abs(table - soft), limit, rounding=rounding))
    by_state = best.reshape(len(best), -1)
    actions, spread = by_state.shape[1], float(np.ptp(by_state, axis=1).max())
    far = gamma / (1 - gamma) * alpha
    low = far * log(1 + (actions - 1) * exp(-spread / alpha))
    high = far * log(actions) if bonus == "entropy" else 0.0
    gap = soft - best
    return all_of(*steps, at_most(low, gap, rounding=rounding), at_most(gap, high, rounding=rounding))
