"""Operators of soft Q-learning and of its models of opponents, and a policy's improvement: Lemmas D.3, D.4 and D.6."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from mathrl.arithmetic import namespace
from mathrl.operators import backup, marginal_q
from mathrl.operators.axes import flat
from mathrl.proofs_checks.aorpo import cases, chains
from mathrl.proofs_checks.aorpo.soft_q import TEMPERATURES, joint_value, weighted_value
from mathrl.proofs_checks.families import instances, numbers, policies, rows
from mathrl.proofs_checks.joint_control import controlled
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.policy_value import rewards_of, soft_q
from mathrl.proofs_checks.slack import Slack, at_most
from mathrl.softmax import boltzmann


@instances
def tables(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game, two tables, a model of all agents but the first, a temperature, and a factor below 1."""
    game = draw(cases.games(max_agents=3, max_states=2))
    shape = (game.num_states, *game.num_actions)
    q = draw(numbers(shape))
    other = draw(numbers(shape)) if draw(st.booleans()) else q + draw(st.sampled_from([1.0, -0.5, 3.0]))
    return {
        "game": game,
        "q": q,
        "other_q": other,
        "opponent_policies": tuple(draw(rows((game.num_states, n), zeros=True)) for n in game.num_actions[1:]),
        "temperature": draw(TEMPERATURES),
        "factor": draw(st.sampled_from([0.5, 0.9, 0.99])),
    }


@claim(
    "aorpo.lemma-d.3",
    at="Appendix D, l. 2898-2965",
    verdict="holds",
    on=tables,
    proof="sound",
    breaks={"power": 2},
    argument="mathrl.proofs_checks.aorpo.soft_operators.soft_update_contracts",
)
def soft_update_contracts(
    game: Any, q: Any, other_q: Any, opponent_policies: Any, temperature: Any, factor: Any, *, power: int = 1
) -> Slack:
    """The update of multi-agent soft Q-learning, Q ↦ r + γ E[α log Σ_a exp(Q/α)], is a γ-contraction in the maximum
    norm.

    Reading: Finite sets and α > 0; γ < 1. On infinite sets the integrals must be finite, which the lemma does not say.

    Finding: It holds; a soft maximum grows by at most what the largest entry grows by.

    Proof: Let c = ‖Q_1 − Q_2‖. As Q_1 ≤ Q_2 + c and V grows with Q, V(Q_1) ≤ V(Q_2 + c) = V(Q_2) + c, and the same with
    1 and 2 exchanged. Means over next states and the factor γ keep this: the images differ by at most γ c.
    """
    images = [
        backup(joint_value(table, temperature), rewards_of(game, 0), game.transitions, discount=game.discount)
        for table in (q, other_q)
    ]
    return at_most(_norm(images[0] - images[1]), game.discount**power * _norm(q - other_q))


def _norm(x: Any) -> Any:
    return chains.largest(abs(x))


@claim(
    "aorpo.lemma-d.6",
    at="Appendix D, l. 3042-3110",
    verdict="corrected",
    severity="slip",
    on=tables,
    proof="sound",
    survives={"factor_is": "one"},
    rests_on=("aorpo.lemma-d.3",),
    argument="mathrl.proofs_checks.aorpo.soft_operators.soft_update_contracts",
)
def weighted_soft_maximum_contracts(
    game: Any,
    q: Any,
    other_q: Any,
    opponent_policies: Sequence[Any],
    temperature: Any,
    factor: Any,
    *,
    factor_is: str = "below 1",
) -> Slack:
    """For any model φ of the others the operator ⊕, the expected α log Σ_b φ(b) Σ_a exp(f(s', a, b)/α), is a
    contraction in the maximum norm.

    Reading: A contraction has a factor below 1; whichever somebody names is the `factor` of an instance. The displayed
    inequality has none, and so is what the proof shows.

    Finding: A constant passes through, ⊕ (f + c) = ⊕ f + c, so that no factor below 1 will do. The inequality holds;
    the proof of Theorem 6 calls ⊕ a non-expansion, as it is.

    Correction: Non-expansion for contraction. γ ⊕ is a contraction.

    Practice: The discount alone makes the update converge, at the rate γ.
    """
    model = chains.joint(opponent_policies)
    nothing = 0 * rewards_of(game, 0)
    images = [
        backup(weighted_value(table, 0, model, temperature), nothing, game.transitions, discount=1 + 0 * game.discount)
        for table in (q, other_q)
    ]
    return at_most(_norm(images[0] - images[1]), (factor if factor_is == "below 1" else 1) * _norm(q - other_q))


@instances
def improvements(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game, a temperature, and a joint policy: any, or one that was improved some times at that temperature or 1."""
    game = draw(cases.games(max_agents=2, max_states=3).filter(lambda drawn: drawn.common_payoff))
    joint, temperature = draw(cases.near(chains.joint(draw(policies(game, zeros=True))))), draw(TEMPERATURES)
    at = draw(st.sampled_from([temperature, 1.0]))
    for _ in range(draw(st.sampled_from([0, 3]))):
        joint = boltzmann(soft_q(controlled(game), (joint,), temperature=at), at)
    return {
        "game": game,
        "joint_policy": joint.reshape(game.num_states, *game.num_actions),
        "temperature": temperature,
    }


@claim(
    "aorpo.lemma-d.4",
    at="Appendix D, l. 2967-3015",
    verdict="holds",
    on=improvements,
    proof="false step at l. 2984",
    breaks={"improved": "exp(2 Q)"},
    cited="Haarnoja et al. (2017), Reinforcement Learning with Deep Energy-Based Policies, Theorem 4 of its appendix",
    argument="mathrl.proofs_checks.aorpo.soft_operators.soft_greedy_policy_improves",
)
def soft_greedy_policy_improves(game: Any, joint_policy: Any, temperature: Any, *, improved: str = "exp(Q)") -> Slack:
    """The policy π̃ ∝ exp(Q^π) has a soft Q that is at least that of π, at every state and action.

    Reading: Temperature 1, as the proof's values E[Q] + H have it; policies and Q are functions of the state and the
    joint action a, which is bold in the statement, so that one decision maker chooses for all agents; finite sets.

    Finding: It holds: it is the improvement step of soft policy iteration. The printed chain of inequalities has π for
    π̃ in the entropy at s_1 (l. 2984), and the new Q for the old one in two places (l. 2990-3000), where it would
    presuppose what it shows; with these put right it is the usual proof.

    Proof: At any temperature α > 0 let π̃ ∝ exp(Q^π/α). By Gibbs' inequality E_π'[Q^π] + α H(π') is largest at π' = π̃
    in each state. Let T_π' Q = r + γ E[E_π'[Q] + α H(π')] at the next state. Then Q^π = T_π Q^π ≤ T_π̃ Q^π. T_π̃ keeps
    inequalities, so that Q^π ≤ T_π̃ Q^π ≤ T_π̃² Q^π and so on; it is a γ-contraction, so that the right sides tend to
    its fixed point, which is Q^π̃.

    Practice: For agents that each update their own policy at the same time the lemma says nothing.
    """
    return _improves(game, joint_policy, 1.0 + 0 * temperature, 1.0 if improved == "exp(Q)" else 2.0)


@claim(
    "aorpo.lemma-d.4",
    variant="any temperature",
    at="Appendix D, l. 2967-3015",
    verdict="corrected",
    severity="slip",
    on=improvements,
    proof="false step at l. 2980",
    survives={"improved": "exp(Q/α)"},
    argument="mathrl.proofs_checks.aorpo.soft_operators.soft_greedy_policy_improves",
)
def soft_greedy_policy_improves_at(
    game: Any, joint_policy: Any, temperature: Any, *, improved: str = "exp(Q)"
) -> Slack:
    """Lemma D.4 where the soft Q has the temperature α of Section 5, and π̃ ∝ exp(Q^π) as printed.

    Reading: Section 5.2 and Eq. 7 have α; the lemma does not say what Q_soft is.

    Finding: At any temperature but 1, exp(Q) is not the best policy for E[Q] + α H: it has too much entropy, or too
    little. The proof writes the values without α (l. 2980).

    Correction: The new policy is π̃ ∝ exp(Q^π/α).
    """
    return _improves(game, joint_policy, temperature, 1 / temperature if improved == "exp(Q/α)" else 1.0)


@instances
def products(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game of two agents with a common payoff, their policies, and whose turn it is."""
    game = draw(cases.games(max_agents=2, max_states=2).filter(lambda drawn: drawn.common_payoff))
    return {"game": game, "policy": draw(policies(game, zeros=True)), "agent": draw(st.integers(0, 1))}


@claim(
    "aorpo.lemma-d.4",
    variant="own policies, all agents at once",
    at="Appendix D, l. 2823-2825 and 2967-3015",
    verdict="refuted",
    severity="false",
    on=products,
    proof="false step at l. 2984",
    survives={"improving": "one"},
)
def soft_greedy_policies_improve(game: Any, policy: Sequence[Any], agent: int, *, improving: str = "all") -> Slack:
    """Lemma D.4 for agents with policies of their own, all of which are improved at the same time.

    Reading: common payoff, team entropy, temperature 1; agent i has Q^i(s, a^i), the mean of Q over the others' old
    actions, and π̃^i ∝ exp(Q^i). Theorem 7 uses the lemma as if the tables of all agents grew.

    Finding: Each improves against what the others have just left. Two agents that are paid for differing, and that
    both lean to the first action, both go over to the second.

    Correction: One agent at a time, the others as they are; this holds, and is the lemma for the one's own decision.
    """
    one = 1.0 + 0 * game.discount
    q = soft_q(game, policy, temperature=one)
    new = [
        boltzmann(marginal_q(q, policy, i), one) if improving == "all" or i == agent else own
        for i, own in enumerate(policy)
    ]
    return at_most(q, soft_q(game, new, temperature=one), rounding=_hidden(q))


def _improves(game: Any, joint_policy: Any, temperature: Any, rationality: Any) -> Slack:
    """Q^π ≤ Q^π̃ where π̃ ∝ exp(rationality Q^π)."""
    alone = controlled(game)
    q = soft_q(alone, (flat(joint_policy),), temperature=temperature)
    better = boltzmann(rationality * q, 1.0 + 0 * temperature)
    return at_most(q, soft_q(alone, (better,), temperature=temperature), rounding=_hidden(q))


def _hidden(q: Any) -> Any:
    """What two linear systems leave in floats."""
    exact = namespace(q) is not np and q.dtype.hasobject
    return None if exact else 1e-11 * (1 + np.abs(q).max())
