"""What characterises an optimum with a divergence from a target policy   (dmac Section 4.2, Appendix A.7)."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from mathrl.arithmetic import namespace
from mathrl.operators import divergence_improvement, divergence_response, divergence_soft_max, marginal_q
from mathrl.operators.axes import flat
from mathrl.proofs_checks.dmac.product_optima import ROUNDING, hidden, others_pay, product_optima, values_at_optimum
from mathrl.proofs_checks.families import instances, numbers, rows, stochastic_games
from mathrl.proofs_checks.instances import Tables
from mathrl.proofs_checks.joint_control import controlled, joint_q, outer, with_optimum
from mathrl.proofs_checks.ledger import claim, compound
from mathrl.proofs_checks.policy_value import divergence_v, soft_v
from mathrl.proofs_checks.slack import Slack, all_of, at_most, equal
from mathrl.proofs_checks.strategies import temperatures
from mathrl.softmax import boltzmann, log_probabilities, soft_max


@instances
def joint_optima(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game up to a reward for each state, the value of its optimum, a target policy, and another policy."""
    game = draw(stochastic_games(max_agents=2))
    states, actions = controlled(game).rewards.shape
    return {
        "game": game,
        "v": draw(numbers((states,))),
        "joint_target_policy": draw(rows((states, actions))),
        "joint_other_policy": draw(rows((states, actions), zeros=True)),
        "temperature": draw(temperatures(0.1, 10.0)),
    }


@instances
def entropy_optima(draw: st.DrawFn) -> Mapping[str, Any]:
    """A decision problem up to a reward for each state, the value of its optimum with entropy, and another policy."""
    game = draw(stochastic_games(max_agents=1))
    return {
        "game": game,
        "v": draw(numbers((game.num_states,))),
        "joint_other_policy": draw(rows((game.num_states, *game.num_actions), zeros=True)),
        "temperature": draw(temperatures(0.1, 10.0)),
    }


@claim(
    "dmac.equation-3",
    at="Section 4.2, l. 68-73 (Eq. 2, 3)",
    role="defines",
    verdict=None,
    on=joint_optima,
    argument="mathrl.proofs_checks.dmac.optimality.optimum_is_unique",
    breaks={"measured_from": "target"},
)
def optimum_is_unique(
    game: Any,
    v: Any,
    joint_target_policy: Any,
    joint_other_policy: Any,
    temperature: Any,
    *,
    measured_from: str = "optimum",
) -> Slack:
    """Eq. 2 and 3 speak of the policy that maximises J with a divergence from ρ, or from the policy before.

    Reading: The paper gives no distribution of first states, and compares values of all states; so the maximum is meant
    from every first state. (From given first states J says nothing of states that are never reached:
    dmac.proposition-1@from-given-first-states.) ρ plays all actions. The check is over joint policies, which may be
    correlated, and says by how much a policy falls short: V_ρ* − V_ρ^π is ω times the discounted divergence of π from
    π_ρ*. So there is one maximiser.

    Finding: Well defined over joint policies. Over product policies there may be several maximisers, as
    dmac.theorem-2@policies shows; a claim on Eq. 3 is then one on every choice among them.

    Proof: With r + γ P V_ρ* = V_ρ* + ω log(π_ρ*/ρ) (dmac.proposition-5@joint-policies), one step of π from V_ρ* gives
    V_ρ* − ω KL(π‖π_ρ*). So V_ρ* − V_ρ^π is the discounted sum of ω KL(π‖π_ρ*) along π.
    """
    known = with_optimum(game, v, joint_target_policy, temperature=temperature)
    optimal = divergence_improvement(joint_q(known, v), joint_target_policy, temperature=temperature)
    free = Tables(0 * known.rewards, known.transitions, known.discount, known.start, True)
    origin = optimal if measured_from == "optimum" else joint_target_policy
    lost = -divergence_v(free, joint_other_policy, origin, temperature=temperature)
    return equal(v - divergence_v(known, joint_other_policy, joint_target_policy, temperature=temperature), lost)


@claim(
    "dmac.lemma-6",
    at="Appendix A.7, l. 572-578",
    verdict="holds",
    on=entropy_optima,
    proof="cited",
    cited="Nachum, Norouzi, Xu, Schuurmans, Bridging the gap between value and policy based RL, 2017, Eq. 5-10 (one "
    "agent, finite sets, γ < 1, as here)",
    argument="mathrl.proofs_checks.dmac.optimality.entropy_optimum_is_soft",
    breaks={"soft": False},
)
def entropy_optimum_is_soft(
    game: Any, v: Any, joint_other_policy: Any, temperature: Any, *, soft: bool = True
) -> Slack:
    """In a decision problem with entropy at weight ω the optimal policy is proportional to exp((r + γ E[V*])/ω); its
    value is V* = ω log Σ exp((r + γ E[V*])/ω), and Q* = r + γ ω E[log Σ exp(Q*/ω)].

    Reading: One agent, all policies that are functions of the state. V* and Q* are taken as the solution of the second
    line, which is unique by contraction. The check gives the problem rewards for which this solution is a number that
    it knows; then it says that the policy of the first line has the value V*, that no other policy has more in any
    state, and that Q* = r + γ E[V*] solves the third line.

    Finding: It holds. π(s, a) is written for π(a|s).

    Proof: For every policy E_π[r + γ P V*] + ω H(π) ≤ V*, with equality for the policy of the first line alone (Gibbs);
    so V^π ≤ V* by monotone iteration of the policy's operator, with equality for that policy.
    """
    alone, xp = controlled(game), namespace(v)
    paid = alone.rewards + (v - soft_max(joint_q(alone, v), temperature))[:, None]
    known = Tables(paid, alone.transitions, alone.discount, alone.start, True)
    q = joint_q(known, v)
    policy = boltzmann(q, temperature)
    own, other = (soft_v(known, (each,), temperature=temperature) for each in (policy, joint_other_policy))
    later = soft_max(q, temperature) if soft else xp.max(q, axis=-1)
    return all_of(equal(own, v), at_most(other, v), equal(q, joint_q(known, later)))


@claim(
    "dmac.proposition-5",
    variant="joint policies",
    at="Appendix A.7, l. 555-568 (Eq. 19, 20)",
    verdict="holds",
    on=joint_optima,
    proof="sound",
    rests_on=("dmac.lemma-6",),
    argument="mathrl.proofs_checks.dmac.optimality.joint_optimum_is_tilted",
    breaks={"target": False},
)
def joint_optimum_is_tilted(
    game: Any,
    v: Any,
    joint_target_policy: Any,
    joint_other_policy: Any,
    temperature: Any,
    *,
    target: bool = True,
) -> Slack:
    """Over joint policies, which may be correlated, Eq. 19 and 20 hold: π_ρ* is proportional to
    ρ exp((r + γ E[V_ρ*])/ω), and V_ρ* is ω log of the sum.

    Reading: The optimum over all distributions of joint actions, in every state; ρ plays every joint action. The check
    gives the game rewards for which Eq. 20 has a solution that it knows; then it says that the policy of Eq. 19 has
    this value, and that no other joint policy has more in any state.

    Finding: It holds, and then the optimum is a product policy only where Q_ρ* is additive.

    Proof: V ↦ ω log Σ_a ρ exp((r + γ P V)/ω) is a γ-contraction; let V be its fixed point. By Gibbs' inequality
    E_π[r + γ P V] − ω KL(π‖ρ) ≤ V for every policy, with equality in all states for that of Eq. 19 alone. Iterating the
    monotone operator of π, V_ρ^π ≤ V, with equality for that policy.

    Practice: It describes one controller of all agents; DMAC's agents, which act each on its own, have another optimum.
    """
    known = with_optimum(game, v, joint_target_policy, temperature=temperature)
    q = joint_q(known, v)
    tilted = divergence_improvement(q, joint_target_policy, temperature=temperature)
    policy = tilted if target else boltzmann(q, temperature)
    own, other = (
        divergence_v(known, each, joint_target_policy, temperature=temperature) for each in (policy, joint_other_policy)
    )
    soft = divergence_soft_max(q, log_probabilities(joint_target_policy), temperature=temperature)
    return all_of(equal(own, v), at_most(other, v), equal(soft, v))


@claim(
    "dmac.proposition-5",
    variant="equation 19",
    at="Appendix A.7, l. 559-562 (Eq. 19)",
    verdict="refuted",
    severity="gap",
    on=product_optima,
    proof="false step at A.7",
    rests_on=("dmac.lemma-6",),
    survives={"by": "each agent"},
)
def product_optimum_is_tilted(
    game: Any, policy: Sequence[Any], target_policy: Sequence[Any], temperature: Any, *, by: str = "all agents"
) -> Slack:
    """The policy that maximises J_ρ is proportional to ρ exp((r + γ E[V_ρ*])/ω).

    Reading: Section 3 takes the joint policy for the product of the agents' policies, in analysis and proofs too; so
    the maximum is over product policies, and ρ is one. The instances are games whose only such optimum is known.

    Finding: The right side is a product only where Q_ρ* is additive over agents. The proof applies a lemma on one agent
    (Lemma 6) to the joint policy, as if a controller could correlate the agents' actions.

    Correction: Over product policies each agent's policy is proportional to ρ^i exp(E[Q_ρ*|a_i]/ω), the mean over the
    others' optimal policies; this is necessary, not sufficient. Over joint policies Eq. 19 is right.

    Practice: Agents that update together by Eq. 19 with a critic that is not additive do not compute the optimum.
    """
    q, _ = values_at_optimum(game, policy, target_policy, temperature)
    if by == "all agents":
        tilted = divergence_improvement(flat(q), outer(target_policy), temperature=temperature)
        return equal(outer(policy), tilted, rounding=ROUNDING)
    agents = range(len(policy))
    responses = [divergence_response(q, policy, target_policy, i, temperature=temperature) for i in agents]
    return all_of(*(equal(policy[i], responses[i], rounding=ROUNDING) for i in agents))


@claim(
    "dmac.proposition-5",
    variant="equation 20",
    at="Appendix A.7, l. 563-565 (Eq. 20)",
    verdict="refuted",
    severity="gap",
    on=product_optima,
    proof="false step at A.7",
    rests_on=("dmac.lemma-6",),
    survives={"by": "each agent"},
)
def product_optimum_is_soft(
    game: Any, policy: Sequence[Any], target_policy: Sequence[Any], temperature: Any, *, by: str = "all agents"
) -> Slack:
    """The value of the policy that maximises J_ρ is ω log Σ_a ρ exp((r + γ E[V_ρ*])/ω).

    Reading: As for Eq. 19: the maximum is over product policies.

    Finding: The right side is what joint policies attain, which is more wherever Q_ρ* is not additive over agents.

    Correction: V_ρ* is at most the right side; and for each agent V_ρ* = ω log Σ ρ^i exp(E[Q_ρ*|a_i]/ω), less ω times
    the others' divergences. Over joint policies Eq. 20 is right.
    """
    q, v = values_at_optimum(game, policy, target_policy, temperature)
    joint = divergence_soft_max(flat(q), log_probabilities(outer(target_policy)), temperature=temperature)
    if by == "all agents":
        return equal(v, joint, rounding=hidden(v))
    found = []
    for i, (target, cost) in enumerate(zip(target_policy, others_pay(policy, target_policy, temperature), strict=True)):
        own = divergence_soft_max(marginal_q(q, policy, i), log_probabilities(target), temperature=temperature)
        found.append(own - cost)
    each = [equal(v, value, rounding=hidden(v)) for value in found]
    return all_of(*each, at_most(v, joint, rounding=hidden(v)))


@claim(
    "dmac.proposition-5",
    variant="equation 21",
    at="Appendix A.7, l. 566-568 (Eq. 21)",
    verdict="corrected",
    severity="slip",
    on=product_optima,
    proof="false step at A.7",
    survives={"weight": 1},
)
def optimal_q_is_backed_up(
    game: Any, policy: Sequence[Any], target_policy: Sequence[Any], temperature: Any, *, weight: Any = None
) -> Slack:
    """The action value of the policy that maximises J_ρ is r + γ ω E[V_ρ*].

    Reading: Product policies; the same for joint ones.

    Finding: The factor ω does not belong there; the last line of A.7 has ω log Σ, which is V_ρ*.

    Correction: Q_ρ* = r + γ E[V_ρ*], which is the definition of Q_ρ.
    """
    q, v = values_at_optimum(game, policy, target_policy, temperature)
    factor = temperature if weight is None else weight
    return equal(flat(q), joint_q(game, factor * v), rounding=hidden(q))


compound(
    "dmac.proposition-5",
    at="Appendix A.7, l. 555-568",
    parts=("equation 19", "equation 20", "equation 21"),
    proof="false step at A.7",
    rests_on=("dmac.lemma-6",),
    text="""The policy that maximises J_ρ, and its value functions, satisfy Eq. 19, 20 and 21.

    Reading: Section 3 takes joint policies for products of the agents' policies. Read with joint policies that may be
    correlated, Eq. 19 and 20 hold; Eq. 21 has a factor too many in both readings.

    Finding: The closed form is that of one controller. It is the optimum over product policies exactly where it is a
    product itself, as with a linear value decomposition.
    """,
)
