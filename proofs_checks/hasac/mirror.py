"""One round of mirror learning with entropy: what improves, and for which neighbourhoods   (hasac Appendix G)."""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import product
from typing import Any

from hypothesis import strategies as st

from mathrl.arithmetic import namespace
from mathrl.operators import kl_drift, marginal_q, mirror_value
from mathrl.proofs_checks.families import instances, policies, rows, stochastic_games
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.policy_value import return_of, soft_q, soft_v
from mathrl.proofs_checks.slack import Slack, all_of, at_most, premise
from mathrl.proofs_checks.strategies import temperatures
from mathrl.softmax import boltzmann

TIE = 1e-9
"""By how much a member may fall behind the best in doubles and still be taken for a maximiser."""

Turn = tuple[Any, Any]


@instances
def proposals(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game, an old policy, what each agent may turn to, an order, and the weight of a KL drift."""
    game = draw(stochastic_games())
    return {
        "game": game,
        "policy": draw(policies(game)),
        "other_policy": draw(policies(game)),
        "order": tuple(draw(st.permutations(range(game.num_agents)))),
        "weight": draw(st.sampled_from([0.0, 0.25, 1.0])),
        "temperature": draw(temperatures(0.1, 10.0)),
    }


@claim(
    "hasac.lemma-g.1",
    at="Appendix G, l. 820-862",
    verdict="holds",
    on=proposals,
    proof="sound",
    breaks={"improved": "on average"},
    rests_on=("hasac.lemma-a.1",),
    argument="mathrl.proofs_checks.hasac.mirror.better_operators_are_better_values",
)
def better_operators_are_better_values(
    game: Any,
    policy: Sequence[Any],
    other_policy: Sequence[Any],
    order: Sequence[int],
    weight: Any,
    temperature: Any,
    *,
    improved: str = "everywhere",
) -> Slack:
    """If at every agent's turn the new policy has in every state no smaller an operator M than the old one (Eq. 25),
    then V of the new joint policy is nowhere less than that of the old one, and nor is J = E_{s~d}[V].

    Reading: Any drifts of Definition 4, here KL with a weight ≥ 0; the agents before have their new policies, those
    after it the old; J as the lemma itself writes it. Each agent takes another policy in the states where that is no
    worse.

    Finding: It holds. What the proof calls Inequality 20 is its 26. The equality before Eq. 27 is like the one that is
    false in the proof of Proposition 1: on its left the actions before a^m are drawn from new policies, on its right
    from old ones. Here it is true, as both sides are 0: whatever the others do, the mean of an advantage under the
    agent's own old policy is −α times its entropy.

    Proof: Without drifts, M of agent i_m at its turn is f_s of the policies held, less the entropies of the agents
    before it: f_s(π) = E_π[Q_old] + α Σ H. So Σ_m (M(new) − M(old)) = f_s(new) − V_old(s) − Σ_m D(new), as D(old) = 0.
    By Eq. 25 it is ≥ 0, and D ≥ 0, so that f(new) ≥ V_old. V_new − V_old = f(new) − V_old + γ P_new (V_new − V_old)
    then is ≥ 0. ∎

    Practice: Every state must improve. An average over the states visited is not enough.
    """
    q, held = soft_q(game, policy, temperature=temperature), list(policy)
    xp = namespace(q)
    for place, agent in enumerate(order):
        old = policy[agent]
        updated = [held[i] for i in order[:place]]
        value = partial(_operator, q, policy, agent, order[:place], updated, weight, temperature)
        for share in (1, 0.125):
            new = (1 - share) * old + share * other_policy[agent]
            before, after = value(old), value(new)
            if improved == "everywhere":
                held[agent] = xp.where((after >= before)[:, None], new, held[agent])
            elif xp.sum(after) >= xp.sum(before):
                held[agent] = new
    values = [soft_v(game, each, temperature=temperature) for each in (policy, held)]
    return all_of(at_most(*values), at_most(*(return_of(game, v) for v in values)))


def best_in_ball(q: Any, held: Sequence[Any], agent: int, old: Any, radius: Any, weight: Any, temperature: Any) -> Any:
    """The maximiser of M with a KL drift over |p − π| ≤ radius in each state, for two actions: both entries clipped."""
    xp = namespace(q)
    tilted = (marginal_q(q, held, agent) + weight * xp.log(old)) / (temperature + weight)
    low, high = (old + sign * xp.reshape(radius + 0 * old[:, 0], (-1, 1)) for sign in (-1, 1))
    return -xp.maximum(-xp.maximum(boltzmann(tilted, 1), low), -high)


def mirror_round(
    game: Any,
    policy: Sequence[Any],
    order: Sequence[int],
    weight: Any,
    temperature: Any,
    radius: Any,
    further: Sequence[Any] = (),
    sampling_distribution: Any = None,
    members: str = "ball",
) -> tuple[tuple[Any, ...], list[Turn]]:
    """One round of Algorithm 1 with two actions: the new policy, and at each turn M of the old and of the new policy.

    `radius`                 of the balls, one number or one per state, (S,)
    `further`                one more member of each agent's neighbourhood, besides the ball
    `sampling_distribution`  β, (S,); it matters only where there are further members
    `members`                "ball", "further": these and the ball, or "mixed": also the policies that agree with the
                             further member in some states and with the old policy in the others
    """
    q, held, turns = soft_q(game, policy, temperature=temperature), list(policy), []
    xp = namespace(q)
    for place, agent in enumerate(order):
        old, updated = policy[agent], [held[i] for i in order[:place]]
        value = partial(_operator, q, policy, agent, order[:place], updated, weight, temperature)
        found = [best_in_ball(q, held, agent, old, radius, weight, temperature)]
        if members == "further":
            found.append(further[agent])
        if members == "mixed":
            for kept in product((False, True), repeat=len(old)):
                found.append(xp.where(xp.asarray(kept)[:, None], old, further[agent]))
        if len(found) > 1:
            means = [xp.sum(sampling_distribution * value(p)) for p in found]
            held[agent] = found[max(range(len(found)), key=means.__getitem__)]
        else:
            held[agent] = found[0]
        turns.append((value(old), value(held[agent])))
    return tuple(held), turns


def _operator(
    q: Any,
    policy: Sequence[Any],
    agent: int,
    before: Sequence[int],
    updated: Sequence[Any],
    weight: Any,
    temperature: Any,
    p: Any,
) -> Any:
    """M(p) with a KL drift, (S,), when the agents before have updated."""
    drift = kl_drift(p, policy[agent], weight=weight)
    return mirror_value(q, policy, agent, before, updated, p, drift, temperature=temperature)


@instances
def neighbourhoods(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game with two actions each, a policy, another one that is a member too, a radius, and a positive β."""
    game = draw(stochastic_games(max_actions=2))
    states = 0.9 * draw(rows((game.num_states,))) + 0.1 / game.num_states  # a mean in doubles must not lose a state
    return {
        "game": game,
        "policy": draw(policies(game)),
        "other_policy": draw(policies(game)),
        "order": tuple(draw(st.permutations(range(game.num_agents)))),
        "weight": draw(st.sampled_from([0.0, 0.25, 1.0])),
        "temperature": draw(temperatures(0.2, 10.0)),
        "radius": 1 / draw(st.integers(2, 100)),
        "sampling_distribution": states,
        "horizon": draw(st.integers(1, 4)),
    }


@claim(
    "hasac.lemma-g.2",
    at="Appendix G, l. 866-888",
    verdict="corrected",
    severity="gap",
    on=neighbourhoods,
    proof="false step at G, l. 884",
    survives={"members": "mixed"},
    rests_on=("hasac.lemma-g.1",),
    argument="mathrl.proofs_checks.own.mirror_learning.rounds_gain",
)
def best_members_improve_every_state(
    game: Any,
    policy: Sequence[Any],
    other_policy: Sequence[Any],
    order: Sequence[int],
    weight: Any,
    temperature: Any,
    radius: Any,
    sampling_distribution: Any,
    horizon: int,
    *,
    members: str = "further",
) -> Slack:
    """If agents in turn take the best member of their neighbourhood, by the mean of M over states s ~ β, then M of the
    new policy is nowhere less than that of the old one; hence the values rise (Lemma G.1).

    Reading: Any neighbourhood of Definition 5: a set that contains a closed ball around the old policy, here of the
    largest difference of probabilities, and whatever else. β is any distribution over states.

    Finding: A mean over states may rise while one state loses, if the set has members that are good in one and bad in
    another. The proof takes a policy, old in one state and new in the others, for a member, since it is no further from
    the old one; but Definition 5 asks only that the set contains a ball, not that it is one.

    Correction: With a policy the neighbourhood contains those that agree with the old one in some states and with it in
    the others, and β > 0 everywhere. All policies, balls in a state-wise metric, and a mean divergence of at most some
    bound are such sets.

    Practice: Constraints that tie states together, a norm of the parameters for example, lose the guarantee.
    """
    turns = mirror_round(
        game, policy, order, weight, temperature, radius, other_policy, sampling_distribution, members
    )[1]
    return all_of(*(at_most(*turn) for turn in turns))


@claim(
    "hasac.lemma-g.2",
    variant="balls",
    at="Appendix G, l. 866-888; 4.3, l. 161",
    verdict="corrected",
    severity="gap",
    on=neighbourhoods,
    proof="false step at G, l. 886",
    survives={"sampling": "positive"},
    degenerate=True,
    rests_on=("hasac.lemma-g.1",),
    argument="mathrl.proofs_checks.own.mirror_learning.rounds_gain",
)
def best_in_balls_improve_every_state(
    game: Any,
    policy: Sequence[Any],
    other_policy: Sequence[Any],
    order: Sequence[int],
    weight: Any,
    temperature: Any,
    radius: Any,
    sampling_distribution: Any,
    horizon: int,
    *,
    sampling: str = "any",
) -> Slack:
    """If agents in turn take a best member of a ball, by the mean of M over s ~ β, then M is nowhere less than before.

    Reading: A kinder one: neighbourhoods are balls, |p − π| ≤ radius in every state. β_π is any distribution over
    states that is continuous in π; every maximiser counts.

    Finding: Where β is 0 every policy is a maximiser, worse ones included. The proof's last line is strict only where
    β(s_0) > 0.

    Correction: β > 0 in every state, as a buffer of all states has it.

    Practice: Nothing is known of states that are not sampled, not even that they do not get worse.
    """
    if sampling == "positive":
        turns = mirror_round(game, policy, order, weight, temperature, radius)[1]
        return all_of(*(at_most(*turn) for turn in turns))
    premise(len(policy) == 1)
    q, (old,), (new,) = soft_q(game, policy, temperature=temperature), policy, other_policy
    best = best_in_ball(q, policy, 0, old, radius, weight, temperature)
    before, after, most = (_operator(q, policy, 0, (), (), weight, temperature, p) for p in (old, new, best))
    premise((abs(new - old) <= radius + TIE).all())
    premise((sampling_distribution * (most - after)).sum() <= TIE)
    return at_most(before, after)
