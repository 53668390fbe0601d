"""The limit of DMAC's iteration over joint policies: the optimal policy nearest to the first one."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st

from mathrl.proofs_checks.divergence_limits import discounted_divergence, nearest_optimal, proportional
from mathrl.proofs_checks.families import instances, numbers, rows, stochastic_games
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.slack import Slack, all_of, at_most, equal
from mathrl.proofs_checks.strategies import temperatures

__all__ = ["limits", "restricted"]


@instances
def limits(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game by its transitions and by how much worse each action is than the best, a first and another policy."""
    game = draw(stochastic_games(max_agents=2))
    shape = (game.num_states, int(np.prod(game.num_actions)))
    drawn = np.abs(draw(numbers(shape)))
    worse = drawn - drawn.min(axis=1, keepdims=True)
    tied = draw(st.booleans())
    return {
        "game": game,
        "worse": np.where(worse < 1.5, 0.0, worse) if tied else worse,
        "joint_first_policy": draw(rows(shape)),
        "joint_other_policy": draw(rows(shape, zeros=True)),
        "temperature": draw(temperatures(0.1, 10.0)),
    }


@claim(
    "mathrl.theorem-divergence-limit",
    at="the limit of dmac Eq. 3, in the place of dmac Proposition 2",
    verdict="holds",
    on=limits,
    proof="sound",
    argument="mathrl.proofs_checks.own.divergence_limit",
    breaks={"exponential": False},
)
def limit_is_the_nearest_optimum(
    game: Any,
    worse: Any,
    joint_first_policy: Any,
    joint_other_policy: Any,
    temperature: float,
    *,
    exponential: bool = True,
) -> Slack:
    """Of any game with a common payoff, for every ω > 0 and every joint policy π^0 that plays all joint actions, the
    policies of DMAC's iteration over joint policies (dmac Eq. 3) tend to π̃(a|s) = 1[a ∈ U_s] π^0(a|s) exp(γ Σ_t P(t|s,
    a) ℓ(t) − ℓ(s)), where U_s are the optimal actions of the game itself, and ℓ is the only solution of ℓ(s) = log Σ_{a
    ∈ U_s} π^0(a|s) exp(γ Σ_t P(t|s, a) ℓ(t)). So the limit is optimal in the game without divergence, does not depend
    on ω, and among all optimal policies it alone has, from every state, the least discounted divergence from π^0, which
    is −ℓ(s).

    Reading: Joint policies, functions of the state; γ < 1; finitely many states and actions; the optimum of Eq. 3 is
    meant in every state. The check takes a game by its transitions, γ, and V* − Q* (`worse`): no other part of its
    rewards enters. It compares the divergence of π̃ with ℓ, with that of the policy that dmac Proposition 2 prints, and
    with that of any other optimal policy. That the policies tend to π̃ is mathrl.theorem-divergence-rate.

    Finding: This takes the place of dmac Proposition 2. The limit is optimal at every ω; which optimal policy it is
    depends on π^0 in all states that come later, and not only in the state itself.

    Proof: (1) ℓ exists and is unique, since the right side of its equation is a γ-contraction in the maximum norm: a
    logarithm of a weighted sum of exponentials moves by no more than its largest exponent does. The map is monotone,
    and takes 0 to log π^0(U_s) ≤ 0, so that ℓ ≤ 0.

    Proof: (2) By mathrl.theorem-divergence-iterates, π^k is the optimum at temperature ω/k with the target π^0. Let its
    value be W, and write ℓ_k = k (W − V*)/ω. With r + γ P W = Q* + (ω/k) γ P ℓ_k the optimality equation of W is
    ℓ_k(s) = log Σ_a π^0(a|s) exp(−k (V*(s) − Q*(s, a))/ω + γ Σ_t P(t|s, a) ℓ_k(t)), and
    π^k(a|s) = π^0(a|s) exp(−k (V*(s) − Q*(s, a))/ω + γ Σ_t P(t|s, a) ℓ_k(t) − ℓ_k(s)).

    Proof: (3) The right side of the equation of ℓ_k is that of ℓ and, from the actions outside of U_s, further positive
    terms. Both maps are monotone contractions, so ℓ_k ≥ ℓ; and ℓ_k ≤ 0, because W ≤ V*. Let Δ > 0 be the least
    V*(s) − Q*(s, a) of actions outside of U_s, and e = ‖ℓ_k − ℓ‖. From log(x + y) ≤ log x + y/x,
    ℓ_k(s) − ℓ(s) ≤ γ e + exp(−ℓ(s) − k Δ/ω), so that e ≤ exp(‖ℓ‖ − k Δ/ω)/(1 − γ). Hence ℓ_k → ℓ and, with (2),
    π^k → π̃. It lies on U_s, so its value is V*.

    Proof: (4) Let π play only actions of U_s; the optimal policies are these. By Gibbs' inequality
    Σ_a π(a|s) (γ Σ_t P(t|s, a) ℓ(t) − log(π(a|s)/π^0(a|s))) ≤ ℓ(s), with equality exactly for π(·|s) = π̃(·|s). Let D
    be the discounted divergence of π from π^0. As D(s) = KL(s) + γ E_π[D(s')], this says −ℓ ≤ KL + γ P_π(−ℓ), and
    iterated, −ℓ ≤ D; for π̃ everything is an equality. If π has −ℓ(s) = D(s) in every state, then all inequalities are
    equalities, and π = π̃.

    Practice: Among optimal actions the limit favours, beyond π^0, those after which more of what π^0 does is optimal.
    Run long enough, DMAC's outer iteration loses nothing against the optimum, at any ω.
    """
    optimal = worse == 0
    nearest, level = nearest_optimal(game, joint_first_policy, optimal)
    printed = proportional(joint_first_policy, optimal)
    policy = nearest if exponential else printed
    least = discounted_divergence(game, policy, joint_first_policy)
    rivals = [printed, nearest, restricted(joint_other_policy, optimal)]
    others = [at_most(least, discounted_divergence(game, rival, joint_first_policy)) for rival in rivals]
    return all_of(equal(least, -level), *others) if exponential else all_of(*others)


def restricted(policy: Any, optimal: Any) -> Any:
    """The policy on the optimal actions, over its sum; uniform on these where it plays none of them."""
    kept = np.where(optimal, policy, 0.0)
    kept = np.where(kept.sum(axis=1, keepdims=True) > 0, kept, optimal)
    return kept / kept.sum(axis=1, keepdims=True)
