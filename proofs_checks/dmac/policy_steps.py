"""Evaluation and improvement of a policy at a fixed target policy   (dmac Section 4.3, Appendices A.3 to A.5)."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from mathrl.arithmetic import namespace
from mathrl.operators import (
    divergence_backup,
    divergence_improvement,
    divergence_value,
    linear_divergence_improvement,
    sequential_divergence_improvement,
)
from mathrl.operators.axes import along, flat
from mathrl.proofs_checks.families import instances, numbers, policies, rows, stochastic_games
from mathrl.proofs_checks.instances import Tables
from mathrl.proofs_checks.joint_control import controlled, joint_q, outer
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.policy_value import divergence_q, soft_q
from mathrl.proofs_checks.slack import Slack, at_most
from mathrl.proofs_checks.strategies import temperatures
from mathrl.softmax import boltzmann

TEMPERATURES = temperatures(0.1, 10.0)


@instances
def evaluations(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game, a joint policy of it, a target policy, and a first table q."""
    game = draw(stochastic_games())
    states, actions = controlled(game).rewards.shape
    return {
        "game": game,
        "joint_policy": draw(rows((states, actions), zeros=True)),
        "joint_target_policy": draw(rows((states, actions))),
        "q": draw(numbers((states, actions))),
        "temperature": draw(TEMPERATURES),
    }


@claim(
    "dmac.lemma-1",
    at="Section 4.3, l. 113-119; A.3, l. 402-412",
    verdict="holds",
    on=evaluations,
    proof="false step at A.3",
    argument="mathrl.proofs_checks.dmac.policy_steps.evaluation_converges",
    breaks={"rate": 2},
)
def evaluation_converges(
    game: Any, joint_policy: Any, joint_target_policy: Any, q: Any, temperature: Any, *, steps: int = 3, rate: int = 1
) -> Slack:
    """From any table Q^0, the tables Q^{k+1} = Γ_ρ^π Q^k tend to Q_ρ^π.

    Reading: Any joint policy π, product or not, zeros allowed; ρ plays all that π does. Convergence is shown with its
    rate, ‖Q^k − Q_ρ^π‖ ≤ γᵏ ‖Q^0 − Q_ρ^π‖, here for k = 3.

    Finding: It holds, for any ω ≥ 0. The proof takes r − ω E[KL] for the reward, where r − γ ω E[KL] is meant; with
    this it is the standard one.

    Proof: Γ_ρ^π Q − Γ_ρ^π Q' = γ P_π (Q − Q'), where P_π takes means over what follows, as the divergences cancel. So
    Γ_ρ^π is a γ-contraction in the maximum norm. Q_ρ^π = r + γ P V_ρ^π with V_ρ^π = E_π[Q_ρ^π] − ω KL(π‖ρ) says that
    Q_ρ^π is its fixed point. Hence ‖Q^k − Q_ρ^π‖ ≤ γᵏ ‖Q^0 − Q_ρ^π‖, which tends to 0.
    """
    alone, xp = controlled(game), namespace(q)
    exact, iterate = divergence_q(alone, joint_policy, joint_target_policy, temperature=temperature), q
    for _ in range(steps):
        iterate = divergence_backup(
            iterate,
            joint_policy,
            joint_target_policy,
            alone.rewards,
            alone.transitions,
            discount=alone.discount,
            temperature=temperature,
        )
    first, last = (xp.max(xp.abs(table - exact)) for table in (q, iterate))
    return at_most(last, alone.discount ** (rate * steps) * first)


@instances
def improvements(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game, an old product policy, and a target policy."""
    game = draw(stochastic_games(max_states=2))
    return {
        "game": game,
        "policy": draw(policies(game, zeros=True)),
        "target_policy": draw(policies(game)),
        "temperature": draw(TEMPERATURES),
    }


@claim(
    "dmac.lemma-2",
    at="Section 4.3, l. 121-127; A.4, l. 414-437",
    verdict="holds",
    on=improvements,
    proof="sound",
    rests_on=("dmac.lemma-5",),
    argument="mathrl.proofs_checks.dmac.policy_steps.improvement_never_harms",
    breaks={"target": False},
)
def improvement_never_harms(
    game: Any, policy: Sequence[Any], target_policy: Sequence[Any], temperature: Any, *, target: bool = True
) -> Slack:
    """If the new policy minimises, in each state, the divergence from ρ exp(Q_ρ^old/ω)/Z, then no action value Q_ρ of
    it is less than that of the old one.

    Reading: Product policies, as in Section 3, and the minimum over these, which has no closed form. All that the proof
    uses of the minimum is that it is no worse than the old policy; so the check takes for the new policy what the
    agents reach by improving in turn, once each. For one agent this is the minimum itself.

    Finding: It holds in any class of policies that holds the old one and is free in each state.

    Proof: −ω KL(π‖u) is E_π[Q_ρ^old] − ω KL(π‖ρ) and a number of the state. So that of the new policy is at least that
    of the old one, V_ρ^old. The operator of the new policy therefore raises V_ρ^old; it is monotone, and its iterates
    tend to V_ρ^new ≥ V_ρ^old, hence Q_ρ^new ≥ Q_ρ^old.

    Practice: Nothing is asked of the form of Q, such as a decomposition over agents; but the exact Q of the old policy
    is needed.
    """
    joint_target = outer(target_policy)
    old = divergence_q(game, outer(policy), joint_target, temperature=temperature)
    towards = target_policy if target else tuple(0 * own + 1 for own in target_policy)
    order = tuple(range(len(policy)))
    new = sequential_divergence_improvement(old, policy, towards, order, temperature=temperature)
    return at_most(flat(old), flat(divergence_q(game, outer(new), joint_target, temperature=temperature)))


@claim(
    "dmac.lemma-2",
    variant="joint policies",
    at="Section 4.3, l. 121-127; A.4, l. 414-437",
    verdict="holds",
    on=evaluations,
    proof="sound",
    rests_on=("dmac.lemma-5",),
    argument="mathrl.proofs_checks.dmac.policy_steps.improvement_never_harms",
    breaks={"target": False},
)
def joint_improvement_never_harms(
    game: Any, joint_policy: Any, joint_target_policy: Any, q: Any, temperature: Any, *, target: bool = True
) -> Slack:
    """The same over joint policies, where the minimum is ρ exp(Q_ρ^old/ω)/Z itself.

    Reading: Joint policies, which may be correlated; `q` of the instance is not used.

    Finding: It holds. The proof of Lemma 2 is for every class of policies that is free in each state.
    """
    alone = controlled(game)
    old = divergence_q(alone, joint_policy, joint_target_policy, temperature=temperature)
    towards = joint_target_policy if target else 0 * joint_target_policy + 1
    new = divergence_improvement(old, towards, temperature=temperature)
    return at_most(old, divergence_q(alone, new, joint_target_policy, temperature=temperature))


@instances
def decomposed(draw: st.DrawFn) -> Mapping[str, Any]:
    """Transitions, an old product policy, a target policy, and the parts that Q_ρ^old is to have."""
    game = draw(stochastic_games(max_states=2))
    states, agents = game.num_states, game.num_agents
    return {
        "game": game,
        "policy": draw(policies(game, zeros=True)),
        "target_policy": draw(policies(game)),
        "own_q": tuple(draw(numbers((states, actions))) for actions in game.num_actions),
        "weights": draw(numbers((agents, states))),
        "base": draw(numbers((states,))),
        "temperature": draw(TEMPERATURES),
    }


@claim(
    "dmac.lemma-3",
    at="Section 4.3, l. 131-137; A.5, l. 439-500",
    verdict="holds",
    on=decomposed,
    proof="false step at Eq. 18",
    argument="mathrl.proofs_checks.dmac.policy_steps.decomposed_improvement_never_harms",
    breaks={"weighted": False},
)
def decomposed_improvement_never_harms(
    game: Any,
    policy: Sequence[Any],
    target_policy: Sequence[Any],
    own_q: Sequence[Any],
    weights: Any,
    base: Any,
    temperature: Any,
    *,
    weighted: bool = True,
) -> Slack:
    """If Q_ρ^old(s, a) = Σ_i k_i(s) Q_i(s, a_i) + b(s), and each agent's new policy minimises the divergence from
    ρ^i exp(k_i Q_i/ω)/Z^i, all at once, then no action value Q_ρ of the new policy is less than that of the old one.

    Reading: Product policies; k_i of any sign. The decomposition is needed of the old policy's Q alone. The check
    chooses the parts, and gives the game the rewards with which Q_ρ^old has them.

    Finding: It holds: where Q is additive, the agents' policies together are the minimum over all joint policies.
    Eq. 18 lacks ω before the logarithm in its first line and where it is used, and counts b(s) once for each agent;
    with ω, and b once, it is a proof.

    Proof: E_π[Q_ρ^old] − ω KL(π‖ρ) = b + Σ_i (E_{π^i}[k_i Q_i] − ω KL(π^i‖ρ^i)) for product policies, and each term is
    largest at the agent's new policy. From there on as for Lemma 2.

    Practice: The weight k_i belongs into the exponent, with its sign. Where Q is not additive the lemma says nothing,
    and updates all at once may lower the value.
    """
    count = len(policy)
    q: Any = along(base[:, None], 0, count)
    for i, own in enumerate(own_q):
        q = q + along(weights[i, :][:, None] * own, i, count)
    factors = weights if weighted else 0 * weights + 1
    joint, joint_target = outer(policy), outer(target_policy)
    v = divergence_value(flat(q), joint, joint_target, temperature=temperature)
    alone = controlled(game)
    paid = flat(q) - alone.discount * (alone.transitions @ v)
    known = Tables(paid, alone.transitions, alone.discount, alone.start, True)
    new = linear_divergence_improvement(own_q, factors, target_policy, temperature=temperature)
    return at_most(joint_q(known, v), divergence_q(known, outer(new), joint_target, temperature=temperature))


@claim(
    "dmac.lemma-5",
    at="Appendix A.4, l. 416-426",
    verdict="holds",
    on=evaluations,
    proof="cited",
    cited="Haarnoja, Zhou, Abbeel, Levine, Soft actor-critic, 2018, Lemma 2 (one agent, finitely many actions)",
    argument="mathrl.proofs_checks.dmac.policy_steps.improvement_never_harms",
    breaks={"compared": "none"},
)
def entropy_improvement_never_harms(
    game: Any, joint_policy: Any, joint_target_policy: Any, q: Any, temperature: Any, *, compared: str = "team"
) -> Slack:
    """With entropy at weight ω: if the new policy minimises, in each state, the divergence from exp(Q_ent^old/ω)/Z,
    then Q_ent of the new policy is at least that of the old one, for all states and actions.

    Reading: One agent, or all of them as one; policies are functions of the state. `joint_target_policy` and `q` of the
    instance are not used.

    Finding: It holds; entropy is a divergence from the uniform policy less a number, so that it is Lemma 2 for uniform
    ρ, whose proof does not need it. The original action values may fall.
    """
    alone = controlled(game)
    new = boltzmann(soft_q(alone, (joint_policy,), temperature=temperature), temperature)
    old, better = (soft_q(alone, (each,), temperature=temperature, entropy=compared) for each in (joint_policy, new))
    return at_most(old, better)
