"""How far the limit is from the optimum   (dmac Section 4.2, Appendix A.2)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st

from mathrl.arithmetic import namespace
from mathrl.operators import divergence_soft_max
from mathrl.proofs_checks.dmac.product_optima import best_on_a_grid
from mathrl.proofs_checks.dmac.target_limit import joint_starts
from mathrl.proofs_checks.families import instances, numbers, rows, stochastic_games
from mathrl.proofs_checks.joint_control import controlled, iterates, joint_q, optimal_values, outer
from mathrl.proofs_checks.ledger import claim, compound
from mathrl.proofs_checks.policy_value import divergence_v
from mathrl.proofs_checks.slack import Slack, all_of, at_most, equal
from mathrl.proofs_checks.strategies import temperatures
from mathrl.softmax import log_probabilities

AT = "Section 4.2, l. 97-103; A.2, l. 327-400"
AT_4 = "Appendix A.2, l. 335-340"

TEMPERATURES = temperatures(0.1, 10.0)


@instances
def pairs(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game of two agents with two actions each."""
    game = draw(stochastic_games(min_agents=2, max_agents=2, max_actions=2, max_states=2))
    return {"game": game, "temperature": draw(TEMPERATURES)}


@claim(
    "dmac.theorem-1",
    at=AT,
    verdict="holds",
    on=pairs,
    proof="false step at Eq. 6",
    rests_on=("dmac.proposition-1", "dmac.proposition-2", "dmac.lemma-4"),
    argument="mathrl.proofs_checks.dmac.distance.limit_is_near_the_optimum",
    breaks={"share": 0.25},
    examples=100,
)
def limit_is_near_the_optimum(game: Any, temperature: float, *, share: float = 1.0) -> Slack:
    """From a uniform π^0 the limit of the iteration of Eq. 3 has ‖V^{π̃*} − V*‖ ≤ ω log|A|/(1 − γ), with |A| the number
    of joint actions.

    Reading: Product policies, as in Section 3; the optimum of Eq. 3 in every state, and V* the optimum of the game
    without divergence. The check says it of π^1 already, after which no value falls; the optimum of Eq. 3 is taken over
    policies whose first agent mixes in steps of 1/10, which hold all deterministic ones.

    Finding: It holds, but not for the reason given. Eq. 6 is Proposition 2, which is refuted, from a uniform π^0 too.
    Eq. 7 leaves out the actions outside of U_s: for a policy that plays one of them the divergence from π̃* is infinite,
    and not bounded by log|A| as Eq. 12 says and Eq. 14 uses. Over product policies no constant below 1 would do
    (mathrl.theorem-product-distance). Over joint policies the limit is an optimum, at every ω
    (mathrl.theorem-divergence-limit).

    Proof: Let π* be a deterministic optimal policy, which is a product. V^{π^1} ≥ V_{π^0}^{π^1} ≥ V_{π^0}^{π*}, as a
    divergence is not negative, and as π^1 is best in every state. The divergence of a deterministic policy from the
    uniform one is log|A| in each state, so that V_{π^0}^{π*} = V* − ω log|A|/(1 − γ). By Proposition 1 no value falls
    from π^1 on, and V^π is continuous.

    Practice: A small ω at the first update is what bounds the loss of decentralised agents, not the number of updates.
    """
    uniform = tuple(np.full((game.num_states, actions), 1 / actions) for actions in game.num_actions)
    joint = outer(best_on_a_grid(game, uniform, temperature=temperature))
    best, _ = optimal_values(game)
    bound = share * temperature * np.log(joint.shape[1]) / (1 - game.discount)
    return at_most(best - bound, divergence_v(game, joint, joint, temperature=0), rounding=1e-9 * (1 + bound))


@claim(
    "dmac.theorem-1",
    variant="joint policies",
    at=AT,
    verdict="holds",
    on=joint_starts,
    proof="false step at Eq. 6",
    rests_on=("dmac.proposition-1", "dmac.proposition-2", "dmac.lemma-4"),
    argument="mathrl.proofs_checks.own.divergence_iterates",
    breaks={"share": 0.25},
)
def joint_limit_is_an_optimum(
    game: Any, joint_first_policy: Any, temperature: float, *, steps: int = 2, share: float = 1.0
) -> Slack:
    """Over joint policies the same holds, and the constant is 0.

    Reading: Joint policies, π^0 uniform (that of the instance is not used). The check says more: after k updates
    V* − V^{π^k} ≤ ω log|A|/(k (1 − γ)), here for k = 1 and 2.

    Finding: The limit is an optimum of the original game, whatever ω.

    Proof: π^k is the optimum at ω/k with the target π^0 (mathrl.theorem-divergence-iterates), so the proof of the first
    step, with ω/k for ω, gives the bound; it tends to 0.
    """
    uniform = np.full_like(joint_first_policy, 1 / joint_first_policy.shape[1])
    best, _ = optimal_values(game)
    slacks = []
    for k, (policy, _) in enumerate(iterates(game, uniform, temperature=temperature, steps=steps), start=1):
        bound = share * temperature * np.log(uniform.shape[1]) / (k * (1 - game.discount))
        value = divergence_v(game, policy, policy, temperature=0)
        slacks.append(at_most(best - bound, value, rounding=1e-9 * (1 + bound)))
    return all_of(*slacks)


@instances
def operators(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game, the policy in the place of π̃*, which may have zeros, other policies, and two tables of state values."""
    game = draw(stochastic_games(max_agents=2))
    shape = controlled(game).rewards.shape
    return {
        "game": game,
        "joint_target_policy": draw(rows(shape, zeros=True)),
        "values": draw(numbers((2, shape[0]))),
        "constant": float(draw(st.integers(-3, 3))),
        "temperature": draw(TEMPERATURES),
    }


def _gamma(game: Any, v: Any, target: Any, temperature: Any) -> Any:
    """Γ_ω V of joint policies, for which the largest value is a soft-max."""
    return divergence_soft_max(joint_q(controlled(game), v), log_probabilities(target), temperature=temperature)


@claim(
    "dmac.lemma-4",
    variant="part (1)",
    at=AT_4,
    verdict="holds",
    on=operators,
    proof="cited",
    cited="Yang, Li, Zhang, A regularized approach to sparse optimal policy in reinforcement learning, 2019",
    argument="mathrl.proofs_checks.dmac.distance.operator_contracts",
    breaks={"rate": 2},
)
def operator_contracts(
    game: Any, joint_target_policy: Any, values: Any, constant: Any, temperature: Any, *, rate: int = 1
) -> Slack:
    """Γ_ω V(s) = max_π E_π[r + γ E[V]] − ω KL(π‖π̃*) is a γ-contraction in the maximum norm.

    Reading: Any distribution in the place of π̃*, zeros allowed; π where this is positive, as elsewhere the divergence
    is infinite. The check takes the maximum over joint policies, which has a closed form; the proof is for any class.

    Finding: It holds.

    Proof: For each π, E_π[r + γ E[V]] − ω KL(π‖π̃*) moves by at most γ ‖V_1 − V_2‖, so their largest value does too.
    """
    xp, (one, other) = namespace(values), values
    left, right = (_gamma(game, v, joint_target_policy, temperature) for v in (one, other))
    return at_most(xp.max(xp.abs(left - right)), game.discount**rate * xp.max(xp.abs(one - other)))


@claim(
    "dmac.lemma-4",
    variant="part (2)",
    at=AT_4,
    verdict="holds",
    on=operators,
    proof="cited",
    cited="Yang, Li, Zhang, A regularized approach to sparse optimal policy in reinforcement learning, 2019",
    argument="mathrl.proofs_checks.dmac.distance.operator_is_monotone",
    breaks={"ordered": False},
)
def operator_is_monotone(
    game: Any, joint_target_policy: Any, values: Any, constant: Any, temperature: Any, *, ordered: bool = True
) -> Slack:
    """If V_1 ≤ V_2 in every state then Γ_ω V_1 ≤ Γ_ω V_2 in every state.

    Reading: As for part (1). The check compares a table with its larger entries with another's. The form that breaks
    takes any two tables.

    Finding: It holds.

    Proof: For each π, E_π[r + γ E[V]] − ω KL(π‖π̃*) grows with V, so the largest value does.
    """
    xp, (one, other) = namespace(values), values
    larger = one + (xp.abs(other - one) + (other - one)) / 2 if ordered else other
    return at_most(*(_gamma(game, v, joint_target_policy, temperature) for v in (one, larger)))


@claim(
    "dmac.lemma-4",
    variant="part (3)",
    at=AT_4,
    verdict="holds",
    on=operators,
    proof="cited",
    cited="Yang, Li, Zhang, A regularized approach to sparse optimal policy in reinforcement learning, 2019",
    argument="mathrl.proofs_checks.dmac.distance.operator_shifts",
    breaks={"discounted": False},
)
def operator_shifts(
    game: Any, joint_target_policy: Any, values: Any, constant: Any, temperature: Any, *, discounted: bool = True
) -> Slack:
    """For a number c, Γ_ω(V + c) = Γ_ω V + γ c.

    Reading: As for part (1).

    Finding: It holds.

    Proof: For each π, E_π[r + γ E[V + c]] is E_π[r + γ E[V]] + γ c.
    """
    v = values[0]
    first, shifted = (_gamma(game, each, joint_target_policy, temperature) for each in (v, v + constant))
    return equal(shifted, first + (game.discount * constant if discounted else constant))


compound(
    "dmac.lemma-4",
    at=AT_4,
    parts=("part (1)", "part (2)", "part (3)"),
    proof="cited",
    text="""Γ_ω, whose target is π̃*, is a γ-contraction, monotone, and turns a constant c added to V into γ c.

    Reading: The maximum is over joint policies or over product policies, in each state; π̃* may have zeros.

    Finding: All three hold, whatever the class of policies and whatever stands in the place of π̃*.
    """,
)
