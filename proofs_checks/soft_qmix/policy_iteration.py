"""Improvement among product policies, and evaluation and improvement in turn   (soft-qmix Section 4.2, Appendix C)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from mathrl.operators import local_policy, local_values
from mathrl.proofs_checks.families import instances, policies, stochastic_games
from mathrl.proofs_checks.ledger import claim, restates
from mathrl.proofs_checks.policy_value import soft_q, soft_v
from mathrl.proofs_checks.slack import Slack, all_of, at_most, premise
from mathrl.proofs_checks.soft_qmix.best_product import best_product
from mathrl.proofs_checks.strategies import temperatures

TEMPERATURES = temperatures(0.1, 10.0)

_CLOSE = 1e-9
"""What the search for the solution of Eq. 9 leaves of values, relative to them."""

_ROUNDS = 12
"""Rounds of evaluation and improvement at most; in games this small a handful is needed."""

_STOPPED = 1e-12
"""Relative to the values: where these rounds do not change them any more."""


@instances
def teams(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game of two agents, the first with two actions, a product policy of it, and another."""
    game = draw(stochastic_games(min_agents=2, max_agents=2, max_actions=2, max_states=2))
    return {
        "game": game,
        "policy": draw(policies(game)),
        "other_policy": draw(policies(game, zeros=True)),
        "temperature": draw(TEMPERATURES),
    }


@claim(
    "soft-qmix.lemma-4.3",
    at="Section 4.2, l. 180; Appendix C, l. 407-437",
    verdict="holds",
    on=teams,
    proof="false step at Eq. 20",
    breaks={"counted": "rewards"},
    argument="mathrl.proofs_checks.own.product_policy_iteration.values_converge",
)
def solution_improves(
    game: Any,
    policy: Sequence[Any],
    other_policy: Sequence[Any],
    temperature: Any,
    *,
    counted: str = "rewards and entropy",
) -> Slack:
    """If π_new solves Eq. 9 for the soft Q of π_old ∈ Π, then the soft Q of π_new is at least that of π_old everywhere.

    Reading: Π are the product policies whose parts are functions of the state, as Section 4.2 has them in training. Eq.
    9 is solved in every state, over all of Π; where it has several solutions, for each of them.

    Finding: It holds for any number of agents, as π_old is in Π. The proof leaves α out, and Eq. 20 prints
    exp(Q) − log Z for exp(Q/α)/Z. If the parts may depend on the agents' observations alone, then Eq. 9 has in general
    no common solution for all states that look alike, and the lemma does not apply.

    Practice: What rises is the sum with the entropy; the rewards alone can fall. And the lemma is about Eq. 9, which
    the algorithm does not solve: in its exact form all agents respond to the others' old policies at once, which can
    lower the values.
    """
    q = soft_q(game, policy, temperature=temperature)
    new, weight = best_product(q, temperature), 0 if counted == "rewards" else temperature
    before, after = (soft_q(game, pi, temperature=weight) for pi in (policy, new))
    return at_most(before, after, rounding=_CLOSE * max(1.0, float(np.abs(q).max())))


def _at_once(q: Any, policy: Sequence[Any], temperature: Any) -> tuple[Any, ...]:
    """The exact form of Eq. 10 and 14 with Q_tot = Q: each agent responds to the others' old policies."""
    return local_policy(local_values(q, policy), temperature=temperature)


restates("soft-qmix.lemma-c.2", of="soft-qmix.lemma-4.3", at="Appendix C, l. 407")


@claim(
    "soft-qmix.lemma-4.3",
    variant="policies of the observation",
    at="Section 4.2, l. 180; Definition 3.2, l. 70-74",
    verdict="refuted",
    severity="gap",
    on=teams,
    proof="gap",
    survives={"observed": "the state"},
)
def solution_improves_what_looks_alike(
    game: Any, policy: Sequence[Any], other_policy: Sequence[Any], temperature: Any, *, observed: str = "nothing"
) -> Slack:
    """If π_new solves Eq. 9 in a state, for the soft Q of π_old, over products of policies of the agents' observations,
    then the soft Q of π_new is at least that of π_old everywhere.

    Reading: Π as Definition 3.2 prints it, π_i(·|o_i). All states look alike to the agents here, so that a policy that
    is fitted to one of them is played in all; it is the first one.

    Finding: What is better in one state may be worse in another that looks the same.

    Correction: The observations tell the states apart, or the policies may depend on the state, as the paper has it in
    training.

    Practice: The monotone improvement is one of the policies in training. Execution by observations is not covered.
    """
    alike = tuple(np.repeat(own[:1], game.num_states, axis=0) for own in policy)
    q = soft_q(game, alike, temperature=temperature)
    new: tuple[Any, ...] = best_product(q, temperature)
    if observed == "nothing":
        new = tuple(np.repeat(own[:1], game.num_states, axis=0) for own in new)
    return at_most(q, soft_q(game, new, temperature=temperature), rounding=_CLOSE * max(1.0, float(np.abs(q).max())))


@claim(
    "soft-qmix.theorem-4.4",
    at="Section 4.2, l. 184",
    verdict="corrected",
    severity="gap",
    on=teams,
    proof="gap",
    survives={"converges": "values"},
    rests_on=("soft-qmix.lemma-4.1", "soft-qmix.lemma-4.3"),
    argument="mathrl.proofs_checks.own.product_policy_iteration.values_converge",
)
def iteration_converges(
    game: Any, policy: Sequence[Any], other_policy: Sequence[Any], temperature: Any, *, converges: str = "policies"
) -> Slack:
    """Evaluation and improvement by Eq. 9 in turn converge, from any product policy, to one whose soft Q is the largest
    of all product policies, everywhere.

    Reading: Π as in Lemma 4.3; evaluation is exact. What converges are the policies, "to a policy π*". Eq. 9 does not
    say which of several solutions is taken, so that it has to hold for any choice.

    Finding: Where Eq. 9 has two solutions at the best values, taking them in turn is a cycle. Two agents that are paid
    for differing have two best product policies, mirror images of each other, so that the policies need not converge.
    The proof shows that the values do, and calls their limit a policy.

    Correction: The values converge to the largest of all product policies, with an error of at most γ^k times the first
    (mathrl.theorem-product-policy-iteration). Where Eq. 9 has one solution at these values, the policies converge too;
    so it is in the paper's own matrix game (Table 1) at α = 1, and wherever α is large against the agents' interaction
    (mathrl.theorem-one-solution).

    Practice: A run may end at either of several equally good conventions; two runs, or agents that break ties on their
    own, need not agree on one.
    """
    return (
        _largest(game, policy, other_policy, temperature)
        if converges == "values"
        else _one_solution(game, other_policy, temperature)
    )


@claim(
    "soft-qmix.theorem-4.4",
    variant="convergence of the values",
    at="Section 4.2, l. 184",
    verdict="holds",
    on=teams,
    proof="gap",
    breaks={"update": "all at once"},
    rests_on=("soft-qmix.lemma-4.1", "soft-qmix.lemma-4.3"),
    argument="mathrl.proofs_checks.own.product_policy_iteration.values_converge",
)
def values_converge(
    game: Any, policy: Sequence[Any], other_policy: Sequence[Any], temperature: Any, *, update: str = "of Eq. 9"
) -> Slack:
    """Evaluation and improvement by Eq. 9 in turn lead the soft Q, from any product policy, to the largest that product
    policies have; one policy attains it everywhere.

    Reading: As for the theorem itself, but that the tables Q converge.

    Finding: It holds for any number of agents, and whichever solutions are taken.
    """
    return _largest(game, policy, other_policy, temperature, update)


@claim(
    "soft-qmix.theorem-c.3",
    at="Appendix C, l. 439-441",
    verdict="corrected",
    severity="gap",
    on=teams,
    proof="gap",
    survives={"converges": "values"},
    rests_on=("soft-qmix.lemma-4.1", "soft-qmix.lemma-4.3"),
    argument="mathrl.proofs_checks.own.product_policy_iteration.values_converge",
)
def joint_iteration_converges(
    game: Any, policy: Sequence[Any], other_policy: Sequence[Any], temperature: Any, *, converges: str = "policies"
) -> Slack:
    """Joint evaluation and joint improvement by Eq. 9 in turn converge, from any product policy, to one whose soft Q is
    the largest of all product policies, everywhere.

    Reading: As for Theorem 4.4, which is the same but for subscripts.

    Finding: As for Theorem 4.4. The proof says of the sequence of tables Q that it converges to a policy; at the limit
    it prints J of π* at least J of π, where J is to be least.

    Correction: The values converge; the policies do where Eq. 9 has one solution at the largest values.

    Practice: As for Theorem 4.4: a converged value does not mean that the agents have settled on one of several equally
    good conventions.
    """
    return iteration_converges(game, policy, other_policy, temperature, converges=converges)


def _one_solution(game: Any, other_policy: Sequence[Any], temperature: Any) -> Slack:
    """In a game of one state that looks the same after all agents shift their actions by one, uniform play is best.

    The game's symmetry maps solutions of Eq. 9 to solutions, and only uniform play to itself. If all choices of
    solutions lead to one policy, then there is one solution, which is uniform play; so no other policy has more.
    """
    q = game.rewards
    agents = len(other_policy)
    premise(game.num_states == 1 and len(set(game.num_actions)) == 1)
    premise(bool((q == np.roll(q, (1,) * agents, axis=tuple(range(1, agents + 1)))).all()))
    uniform = tuple(pi * 0 + temperature**0 / pi.shape[1] for pi in other_policy)
    return at_most(*(soft_v(game, pi, temperature=temperature) for pi in (other_policy, uniform)))


def largest_values(game: Any, policy: Sequence[Any], temperature: Any) -> Any:
    """The largest values that product policies have, (S,): where evaluation and improvement from this one stop."""
    best, v = tuple(policy), soft_v(game, policy, temperature=temperature)
    for _ in range(_ROUNDS):
        best = best_product(soft_q(game, best, temperature=temperature), temperature)
        before, v = v, soft_v(game, best, temperature=temperature)
        if np.abs(v - before).max() <= _STOPPED * max(1.0, np.abs(before).max()):
            break
    return v


def _largest(
    game: Any, policy: Sequence[Any], other_policy: Sequence[Any], temperature: Any, update: str = "of Eq. 9"
) -> Slack:
    """Two rounds bring the values within γ² of the first error to the largest, which no other policy surpasses."""
    largest = largest_values(game, policy, temperature)
    held: tuple[Any, ...] = tuple(policy)
    for _ in range(2):
        q = soft_q(game, held, temperature=temperature)
        held = best_product(q, temperature) if update == "of Eq. 9" else _at_once(q, held, temperature)
    first, last, other = (soft_v(game, pi, temperature=temperature) for pi in (policy, held, other_policy))
    rounding = _CLOSE * max(1.0, float(np.abs(largest).max()))
    return all_of(
        at_most(other, largest, rounding=rounding),
        at_most(
            np.abs(largest - last).max(), game.discount**2 * np.abs(largest - first).max() + 0 * last, rounding=rounding
        ),
    )
