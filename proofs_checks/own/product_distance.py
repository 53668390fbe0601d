"""How far from the optimum DMAC's iteration over product policies may stay for ever."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from mathrl.games import Game
from mathrl.proofs_checks.families import DISCOUNTS, instances, rows
from mathrl.proofs_checks.joint_control import outer
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.policy_value import divergence_v
from mathrl.proofs_checks.slack import Slack, all_of, at_most
from mathrl.proofs_checks.strategies import temperatures


@instances
def rivals(draw: st.DrawFn) -> Mapping[str, Any]:
    """A number of actions, and a product policy of two agents in one state."""
    actions = draw(st.integers(3, 6))
    return {
        "actions": actions,
        "discount": draw(DISCOUNTS),
        "policy": tuple(draw(rows((1, actions), zeros=True)) for _ in range(2)),
        "temperature": draw(temperatures(0.1, 10.0)),
    }


@claim(
    "mathrl.theorem-product-distance",
    at="the constant of dmac Theorem 1 over product policies",
    verdict="holds",
    on=rivals,
    proof="sound",
    argument="mathrl.proofs_checks.own.product_distance",
    breaks={"fewer": 0},
)
def uniform_policy_is_a_trap(
    actions: int, discount: float, policy: Sequence[Any], temperature: float, *, fewer: int = 1
) -> Slack:
    """For two agents with m ≥ 3 actions each, every ω > 0 and every γ there is a game in which DMAC's iteration over
    product policies, from uniform policies, stays there for ever, at the distance 2 ω log(m − 1)/(1 − γ) from the
    optimum. The bound of dmac Theorem 1 is 2 ω log m/(1 − γ). So over product policies its constant 1 cannot be
    lowered.

    Reading: Product policies; one state; r(a, b) = 2 ω log(m − 1) u(a) u(b) with u = 1 at action 0 and −1/(m − 1)
    elsewhere. The check says that no other product policy, drawn or of the form that is hardest, has a higher return
    with divergence from the uniform policy.

    Finding: The ratio of this distance and the bound, log(m − 1)/log m, tends to 1 as m grows. So no multiple of
    ω log|A|/(1 − γ) below 1 bounds the loss of decentralised agents for all numbers of actions.

    Proof: Under a uniform policy u has mean 0, so its return is 0, and the best is 2 ω log(m − 1) in each step, at (0,
    0). Let x, y be the means of u under the agents' policies. E[r] = 2 ω log(m − 1) x y ≤ ω log(m − 1) (x² + y²). Of
    all policies that play action 0 with p the one of least divergence from uniform plays the others equally, with the
    divergence d(p‖1/m) of two outcomes, and x = (p − 1/m) m/(m − 1). By Ordentlich and Weinberger (IEEE Transactions on
    Information Theory 51, 2005) d(p‖q) ≥ (p − q)² log((1 − q)/q)/(1 − 2 q), here x² log(m − 1) (m − 1)²/(m (m − 2)),
    which is more than x² log(m − 1) unless x = 0. So E[r] < ω KL for every other product policy, and what comes after
    is the same for all: the uniform policy is the only optimum of dmac Eq. 3 with itself as the target.

    Practice: A symmetric start, large ω and a need to coordinate are enough to learn nothing at all.
    """
    u = np.full(actions, -1 / (actions - 1))
    u[0] = 1
    paid = 2 * temperature * np.log(actions - fewer)
    game = Game.stochastic(paid * np.outer(u, u)[None], np.ones((1, actions, actions, 1)), discount)
    uniform = outer([np.full((1, actions), 1 / actions)] * 2)
    hardest = np.where(u > 0, 1 - 1 / actions, 1 / (actions * (actions - 1)))[None]
    found = [divergence_v(game, outer(each), uniform, temperature=temperature) for each in (policy, (hardest,) * 2)]
    return all_of(*(at_most(temperature + each, temperature, rounding=1e-10 * (1 + paid)) for each in found))
