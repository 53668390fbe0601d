"""What updates in turn minimise, and what they do not   (hasac Proposition 1, Section 4.2.1, Appendix E.2)."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from mathrl.arithmetic import namespace
from mathrl.operators import expectation, quantal_response, sequential_improvement, soft_value, subset_q
from mathrl.proofs_checks.families import instances, numbers, policies, rows, stochastic_games
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.policy_value import soft_q
from mathrl.proofs_checks.slack import Slack, all_of, at_most, equal
from mathrl.proofs_checks.strategies import temperatures

TEMPERATURES = temperatures(0.1, 10.0)


@instances
def updates(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game, an old policy, an order of updates, and another policy to compare with."""
    game = draw(stochastic_games(min_agents=2, max_states=2))
    return {
        "game": game,
        "policy": draw(policies(game)),
        "other_policy": draw(policies(game, zeros=True)),
        "order": tuple(draw(st.permutations(range(game.num_agents)))),
        "temperature": draw(TEMPERATURES),
    }


@claim(
    "hasac.proposition-1",
    at="Section 4.2.1, l. 127-133; E.2, l. 658-694",
    verdict="refuted",
    severity="false",
    on=updates,
    proof="false step at Eq. 21",
    survives={"others": "of their turn"},
    rests_on=("hasac.lemma-a.1",),
)
def updates_in_turn_minimise(
    game: Any,
    policy: Sequence[Any],
    other_policy: Sequence[Any],
    order: Sequence[int],
    temperature: Any,
    *,
    others: str = "free",
) -> Slack:
    """If each agent in turn minimises Eq. 8, given the new policies of those before it, then the joint policy minimises
    the divergence from exp(Q/α)/Z (Eq. 9) over all product policies.

    Reading: Q is the soft Q of the old policy; Π are product policies, functions of the state; α > 0. By Eq. 19 the
    divergence is log Z less E[Q]/α + Σ H, so that the claim compares E[Q] + α Σ H of the new policy with that of any
    other. "The" minimiser of Eq. 8 is unique; that of Eq. 9 need not be, which is not held against the claim.

    Finding: Each agent's step is the best in its own policy alone, and coordinate steps may end far from the optimum.
    The last equality before Eq. 21 is false: on its left a^m is drawn from π̄^m and the actions before it from the new
    policies, on its right all actions are drawn from π̄.

    Correction: Every step is the best answer to the policies that hold at that moment; so no step lowers the objective,
    which is all that Lemma 4.2 and Theorem 2 use. The claim itself holds where Q is a sum of functions of one agent's
    action each (the variant "additive").

    Practice: After one round of HASAC from a poor start the team may sit at the worst equilibrium: nothing makes the
    sequence of updates a joint optimisation.
    """
    q = soft_q(game, policy, temperature=temperature)
    if others == "free":
        new = sequential_improvement(q, policy, order, temperature=temperature)
        return at_most(*(soft_value(q, each, temperature=temperature) for each in (other_policy, new)))
    return _each_turn_is_best(q, policy, other_policy, order, temperature)


def _each_turn_is_best(
    q: Any, policy: Sequence[Any], other_policy: Sequence[Any], order: Sequence[int], temperature: Any
) -> Slack:
    """No agent had a better policy at its turn than the one that it took."""
    xp, held = namespace(q), list(policy)
    compared, taken = [], []
    for agent in order:
        compared.append([other_policy[i] if i == agent else own for i, own in enumerate(held)])
        held = list(sequential_improvement(q, held, (agent,), temperature=temperature))
        taken.append(list(held))
    left, right = (
        xp.stack([soft_value(q, each, temperature=temperature) for each in turns]) for turns in (compared, taken)
    )
    return at_most(left, right)


@claim(
    "hasac.proposition-1",
    variant="agent by agent",
    at="Section 4.2.1, l. 127-133; E.2, l. 658-694",
    verdict="refuted",
    severity="false",
    on=updates,
    proof="false step at Eq. 21",
    survives={"agents": "last"},
    rests_on=("hasac.lemma-a.1",),
)
def updates_in_turn_are_answers(
    game: Any,
    policy: Sequence[Any],
    other_policy: Sequence[Any],
    order: Sequence[int],
    temperature: Any,
    *,
    agents: str = "all",
) -> Slack:
    """If each agent in turn minimises Eq. 8, then no agent alone can lower the divergence of the new joint policy.

    Reading: A kinder one: a minimum in the policy of each agent by itself, with Q of the old policy.

    Finding: An agent has answered the old policies of those after it, and not the new ones.

    Correction: It holds for the last agent of the round, at whose turn the new policies of all others are there.

    Practice: One round is no equilibrium of the critic that it used; only the limit of many is (Theorem 2).
    """
    q = soft_q(game, policy, temperature=temperature)
    new = sequential_improvement(q, policy, order, temperature=temperature)
    reached, parts = soft_value(q, new, temperature=temperature), []
    for agent in order if agents == "all" else order[-1:]:
        answer = quantal_response(q, new, agent, temperature=temperature)
        for turned in (answer, other_policy[agent]):
            changed = [turned if i == agent else own for i, own in enumerate(new)]
            parts.append(at_most(soft_value(q, changed, temperature=temperature), reached))
    return all_of(*parts)


@claim(
    "hasac.proposition-1",
    variant="normaliser",
    at="Section 4.2.1, l. 129-131; E.2, l. 660-662",
    verdict="corrected",
    severity="slip",
    on=updates,
    proof="none",
    survives={"denominator": "of the mean"},
)
def normaliser_normalises(
    game: Any,
    policy: Sequence[Any],
    other_policy: Sequence[Any],
    order: Sequence[int],
    temperature: Any,
    *,
    denominator: str = "mean",
) -> Slack:
    """The second argument of the divergence in Eq. 8 is a distribution: the partition function normalises it.

    Reading: The paper says of Z only that it normalises. The partition function that depends on s and a^{1:m−1} is
    Z = Σ_{a^m} exp(Q^{1:m}/α), so that what is printed is exp(E[Q^{1:m}]/α)/E[Z], with both means over the new policies
    of the agents before. (If Z is whatever makes the quotient sum to 1, there is nothing to decide.)

    Finding: A mean of exponentials is at least the exponential of the mean (Jensen), so that the printed quotient sums
    to less than 1 unless Q is a constant, and a function of a^m, where the agents before play. The factor depends on no
    action of agent m: Eq. 8 has the minimiser that is meant.

    Correction: Divide by Σ_{a^m} exp(E[Q^{1:m}]/α), the partition function of the mean. Then the quotient is the
    quantal response to the policies that hold at the turn; what is printed sums to at most 1.

    Practice: No update changes; the printed divergence itself is too large, and does not fall to 0.
    """
    xp, q = namespace(policy[0]), soft_q(game, policy, temperature=temperature)
    held, parts = list(policy), []
    for place, agent in enumerate(order):
        before = order[:place]
        both = subset_q(q, policy, (*before, agent), temperature=temperature)
        averaged = expectation(both, (*(held[i] for i in before), None), keep=(place,))
        shift = xp.max(averaged, axis=-1)
        scaled = xp.exp((both - shift.reshape(-1, *[1] * (place + 1))) / temperature)
        z = expectation(xp.sum(scaled, axis=-1), [held[i] for i in before])
        weights = xp.exp((averaged - shift[:, None]) / temperature)
        total = xp.sum(weights, axis=-1)
        held[agent] = quantal_response(q, held, agent, temperature=temperature)
        if denominator == "mean":
            parts.append(equal(total / z, 1))
        else:
            parts += [at_most(total / z, 1), equal(weights / total[:, None], held[agent])]
    return all_of(*parts)


@instances
def sums(draw: st.DrawFn) -> Mapping[str, Any]:
    """One function of each agent's action, policies old and new, and an order."""
    num_actions = [draw(st.integers(2, 3)) for _ in range(draw(st.integers(2, 3)))]
    return {
        "parts": tuple(draw(numbers((1, actions))) for actions in num_actions),
        "policy": tuple(draw(rows((1, actions))) for actions in num_actions),
        "other_policy": tuple(draw(rows((1, actions), zeros=True)) for actions in num_actions),
        "order": tuple(draw(st.permutations(range(len(num_actions))))),
        "temperature": draw(TEMPERATURES),
    }


@claim(
    "hasac.proposition-1",
    variant="additive",
    at="Section 4.2.1, l. 127-133; E.2, l. 658-694",
    verdict="holds",
    on=sums,
    proof="false step at Eq. 21",
    breaks={"combined": "product"},
    rests_on=("hasac.lemma-a.1",),
    argument="mathrl.proofs_checks.hasac.decomposition.sums_are_minimised",
)
def sums_are_minimised(
    parts: Sequence[Any],
    policy: Sequence[Any],
    other_policy: Sequence[Any],
    order: Sequence[int],
    temperature: Any,
    *,
    combined: str = "sum",
) -> Slack:
    """Where Q is a sum of functions of one agent's action each, updates in turn minimise Eq. 9 over product policies.

    Reading: A kinder one, Q(s, a) = Σ_i f_i(s, a^i), in each state on its own.

    Finding: This is what "a sum of n problems" after Proposition 1 would need. The minimiser is then unique, and no
    joint policy, correlated ones included, does better.

    Proof: The distribution exp(Q/α)/Z is the product of the softmax(f_i/α), a product policy, so that the least
    divergence is 0, reached by it alone. The mean of Q over the others is f_i plus a constant; so every agent's step is
    softmax(f_i/α), whatever the others play. ∎
    """
    q: Any = parts[0]
    for part in parts[1:]:
        q = q[..., None] + part if combined == "sum" else q[..., None] * part
    new = sequential_improvement(q, policy, order, temperature=temperature)
    return at_most(*(soft_value(q, each, temperature=temperature) for each in (other_policy, new)))
