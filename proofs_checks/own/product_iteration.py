"""DMAC's iteration over product policies converges, to a Nash equilibrium of the game."""

from collections.abc import Sequence
from typing import Any

from mathrl.arithmetic import namespace
from mathrl.operators import marginal_q
from mathrl.proofs_checks.dmac.product_optima import is_product_optimum, product_optima
from mathrl.proofs_checks.joint_control import outer
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.policy_value import divergence_q, divergence_v
from mathrl.proofs_checks.slack import Slack, all_of, at_most, premise


@claim(
    "mathrl.theorem-product-iteration",
    at="the limit of dmac Eq. 3 over product policies",
    verdict="holds",
    on=product_optima,
    proof="sound",
    argument="mathrl.proofs_checks.own.product_iteration",
    breaks={"factor": 3},
)
def product_iteration_makes_progress(
    game: Any, policy: Sequence[Any], target_policy: Sequence[Any], temperature: Any, *, factor: int = 1
) -> Slack:
    """Of any game with a common payoff, for every ω > 0 and every product policy π^0 that plays every action, the
    policies of DMAC's iteration over product policies (dmac Eq. 3) converge, whichever optimum is taken where there are
    several. The limit is a Nash equilibrium of the game without divergence: in each state, no agent's action is better
    against the others' policies than what the agent plays.

    Reading: Product policies, functions of the state; γ < 1; finitely many states and actions; the optimum of Eq. 3 is
    meant in every state. The check says the two inequalities on which the proof rests, for steps from ρ = π^{t} to
    π = π^{t+1} that are known exactly: V^π − V^ρ ≥ ω D ≥ ω Σ_i Σ_a (√π^i − √ρ^i)², with D the discounted divergence of
    π from ρ; and |A^i − ω log(π^i/ρ^i)| ≤ ω ‖D‖, with A^i(s, a_i) what action a_i gains in the original game against
    the others' π.

    Finding: It closes the gap in the proof of dmac Proposition 1: policies converge, and not only returns.

    Proof: (1) Progress. V_ρ^π ≥ V_ρ^ρ = V^ρ and V^π = V_ρ^π + ω D. In each state D ≥ Σ_i KL(π^i‖ρ^i), and
    KL(p‖q) ≥ −2 log Σ √(p q) ≥ 2 − 2 Σ √(p q) = Σ (√p − √q)².

    Proof: (2) The step. As π is optimal and no action of ρ has probability 0, π^i = ρ^i exp((E[Q_ρ^π|a_i] − c^i)/ω)
    with c^i = V_ρ^π + ω Σ_{j≠i} KL(π^j‖ρ^j). With Q^π = Q_ρ^π + γ ω P D and V^π = V_ρ^π + ω D, A^i = E[Q^π|a_i] − V^π
    is ω log(π^i/ρ^i) + ω (Σ_{j≠i} KL(π^j‖ρ^j) + γ E[P D|a_i] − D), where the bracket lies between −‖D‖ and γ ‖D‖.

    Proof: (3) Sizes. All V_ρ^π lie between V^ρ and V*, so that |log(π^i/ρ^i)| ≤ B for a B that does not depend on the
    step. For ratios within e^{±B}, p log(p/q) − p + q ≤ c (√p − √q)², and √p |log(p/q)| ≤ 2 e^{B/2} |√p − √q|. So with
    y = √π and x = √ρ in all states: ‖D‖ ≤ c/(1 − γ) max_s ‖y − x‖², and y |A^i| ≤ C ‖y − x‖ for some C.

    Proof: (4) Convergence. Let F(y) be the sum over states of V^π, π = y², on the product of the unit spheres of all
    agents and states. It is rational without poles, so F less the indicator of the spheres is semi-algebraic and has
    the Kurdyka-Łojasiewicz property. Its gradient along the spheres has the entries 2 d(s) y A^i, with d(s) ≤ S/(1 − γ)
    the discounted visits. By (1) F grows by at least ω ‖y − x‖² in each step, by (3) the gradient at y is at most C' ‖y
    − x‖. By Attouch, Bolte and Svaiter (Mathematical Programming 137, 2013, Theorem 2.9) such a bounded sequence has
    finite length, and converges. So do the policies.

    Proof: (5) The limit. D → 0, so by (2) ω log(π^{t+1,i}/π^{t,i}) and A^i have the same limit. Where the limit plays
    an action, this is 0. If the limit of A^i(s, a_i) were positive elsewhere, the probability of a_i, which is never 0,
    would grow by a factor above 1 for ever. So A^i ≤ 0 at the limit, and by the performance difference lemma no policy
    of one agent alone has more.

    Practice: With decentralised agents DMAC's outer iteration cannot cycle, but it finds an equilibrium, not the
    optimum; how far this may be from the optimum is dmac Theorem 1, and mathrl.theorem-product-distance.
    """
    premise(is_product_optimum(game, policy, target_policy, temperature=temperature))
    xp, joint, target = namespace(policy[0]), outer(policy), outer(target_policy)
    v, q = (value(game, joint, joint, temperature=0) for value in (divergence_v, divergence_q))
    before = divergence_v(game, target, target, temperature=0)
    paid = v - divergence_v(game, joint, target, temperature=temperature)
    moved = [_hellinger(own, other) for own, other in zip(policy, target_policy, strict=True)]
    size = 0.0 if v.dtype.hasobject else 1e-9 * (1 + abs(q).max())
    slacks = [
        at_most(factor * paid, v - before, rounding=size),
        at_most(factor * temperature * sum(moved), paid, rounding=size),
    ]
    for i, (own, other) in enumerate(zip(policy, target_policy, strict=True)):
        gained = marginal_q(q, policy, i) - v[:, None]
        apart = gained - temperature * (xp.log(own) - xp.log(other))
        slacks.append(at_most(xp.abs(apart), xp.max(paid), rounding=size))
    return all_of(*slacks)


def _hellinger(policy: Any, other: Any) -> Any:
    """Σ_a (√p − √q)² = 2 − 2 Σ_a √(p q), (S,)."""
    xp = namespace(policy)
    return 2 - 2 * xp.sum(xp.exp((xp.log(policy) + xp.log(other)) / 2), axis=-1)
