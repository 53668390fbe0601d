"""Evaluation and improvement in turn at a fixed target, over product policies   (dmac Section 4.3, Appendix A.6)."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from hypothesis import strategies as st

from mathrl.games import Game
from mathrl.operators import (
    divergence_value,
    sequential_divergence_improvement,
)
from mathrl.proofs_checks.dmac.product_optima import ascent
from mathrl.proofs_checks.families import DISCOUNTS, instances, policies, stochastic_games
from mathrl.proofs_checks.joint_control import joint_q, outer
from mathrl.proofs_checks.ledger import claim, compound
from mathrl.proofs_checks.policy_value import divergence_v
from mathrl.proofs_checks.slack import Slack, all_of, at_most, equal
from mathrl.proofs_checks.strategies import temperatures

AT = "Section 4.3, l. 141-143; A.6, l. 502-553"

TEMPERATURES = temperatures(0.1, 10.0)


@instances
def choices(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game, a target policy, and the product policies among which each state may choose."""
    game = draw(stochastic_games(max_agents=2, max_states=2))
    return {
        "game": game,
        "target_policy": draw(policies(game)),
        "candidates": tuple(draw(policies(game, zeros=True)) for _ in range(4)),
        "temperature": draw(TEMPERATURES),
    }


@claim(
    "dmac.theorem-2",
    variant="values",
    at=AT,
    verdict="holds",
    on=choices,
    proof="false step at A.6",
    rests_on=("dmac.lemma-1", "dmac.lemma-2"),
    argument="mathrl.proofs_checks.dmac.policy_iteration.values_tend_to_the_best",
    breaks={"target": False},
)
def values_tend_to_the_best(
    game: Any,
    target_policy: Sequence[Any],
    candidates: Sequence[Sequence[Any]],
    temperature: float,
    *,
    target: bool = True,
) -> Slack:
    """With evaluation (Lemma 1) and improvement (Eq. 5) in turn, the action values tend to Q_ρ*.

    Reading: Product policies, as in Section 3; Eq. 5 takes the least divergence over all of these, which has no closed
    form. The claim holds for every set of policies that is free in each state, and the check takes four product
    policies for each state; the best of their combinations is found by comparing all of them.

    Finding: It holds, with ‖V_ρ* − V^k‖ ≤ γᵏ ‖V_ρ* − V^0‖. Appendix A.6 leaves out ρ in Eq. 5; with it the proof
    stands.

    Proof: Let T V(s) be the largest E_π[r + γ P V] − ω KL(π‖ρ) of the policies of the set. T is a γ-contraction, and
    its fixed point is V_ρ*, which a policy of the set attains in all states. The improved policy attains
    T V^k ≥ V^k; by monotone iteration V^{k+1} ≥ T V^k. As V_ρ* ≥ V^{k+1}, V_ρ* − V^{k+1} ≤ T V_ρ* − T V^k.

    Practice: The minimum in Eq. 5 must be the global one over product policies, a hard problem in itself; agents that
    improve in turn reach less (see the variant).
    """
    joint_target = outer(target_policy)
    joints = np.stack([outer(each) for each in candidates])
    states = range(game.num_states)

    def value(chosen: Sequence[int]) -> Any:
        policy = np.stack([joints[chosen[s], s] for s in states])
        return divergence_v(game, policy, joint_target, temperature=temperature)

    best = np.max([value(chosen) for chosen in product(range(len(joints)), repeat=game.num_states)], axis=0)
    v = first = value([0 for _ in states])
    slacks = []
    for step in range(1, 5):
        q = joint_q(game, v)
        towards = joint_target if target else np.full_like(joint_target, 1 / joint_target.shape[1])
        found = np.stack([divergence_value(q, each, towards, temperature=temperature) for each in joints])
        v = value(list(found.argmax(axis=0)))
        slacks.append(at_most(best - game.discount**step * np.abs(best - first).max(), v, rounding=1e-10))
    return all_of(*slacks)


@instances
def mirrored(draw: st.DrawFn) -> Mapping[str, Any]:
    """One state, two agents with two actions that pay a where they do the same and b else, and a product policy."""
    a, b = draw(st.integers(-3, 3)), draw(st.integers(-3, 3))
    rewards, transitions = np.array([[[a, b], [b, a]]], dtype=float), np.ones((1, 2, 2, 1))
    game = Game.stochastic(rewards, transitions, draw(DISCOUNTS))
    return {
        "game": game,
        "policy": draw(policies(game)),
        "target_policy": (np.full((1, 2), 0.5), np.full((1, 2), 0.5)),
        "temperature": draw(temperatures(0.1, 1.0)),
    }


@claim(
    "dmac.theorem-2",
    variant="policies",
    at=AT,
    verdict="refuted",
    severity="gap",
    on=mirrored,
    proof="false step at A.6",
    rests_on=("dmac.lemma-1", "dmac.lemma-2"),
    survives={"of": "values"},
)
def policies_tend_to_the_optimum(
    game: Any, policy: Sequence[Any], target_policy: Sequence[Any], temperature: float, *, of: str = "policies"
) -> Slack:
    """With evaluation and improvement in turn, the policies tend to the optimal policy π_ρ*.

    Reading: Product policies, as in Section 3. The instances are games of two agents that are their own mirror image:
    with each optimum its mirror image is one, and both minimise Eq. 5 at every step. So a sequence that alternates
    between them is one that the theorem speaks of; it converges only if they are equal.

    Finding: There is not one optimum over product policies, and the sequence need not converge. A.6 leaves out ρ in
    Eq. 5, and then concludes from the convergence of the values that the policies converge, which is false here. Over
    joint policies the optimum is unique, and the claim holds.

    Correction: The values converge (variant "values"), and every accumulation point of the policies is optimal; where
    the optimum over product policies is unique, the policies tend to it.

    Practice: With two equally good conventions the agents may change both at each update, and never settle.
    """
    game_q = joint_q(game, np.zeros(1)).reshape(1, 2, 2)  # one state: values of what follows are a constant
    found = tuple(policy)
    for _ in range(20):
        found = sequential_divergence_improvement(game_q, found, target_policy, (0, 1), temperature=temperature)
    mirror = tuple(own[:, ::-1] for own in found)
    if of == "policies":
        return all_of(*(equal(own, other, rounding=1e-9) for own, other in zip(found, mirror, strict=True)))
    joint_target = outer(target_policy)
    start, one, other = (
        divergence_v(game, outer(each), joint_target, temperature=temperature) for each in (policy, found, mirror)
    )
    return all_of(equal(one, other), at_most(start, one))


compound(
    "dmac.theorem-2",
    at=AT,
    parts=("values", "policies"),
    proof="false step at A.6",
    rests_on=("dmac.lemma-1", "dmac.lemma-2"),
    text="""With evaluation (Lemma 1) and improvement (Lemma 2) in turn, the action values tend to Q_ρ*, and the
    policies to π_ρ*.

    Reading: Product policies, as in Section 3, and the global minimum of Eq. 5 over them in each state.

    Finding: The values do, the policies need not, as the optimum over product policies need not be unique. Over joint
    policies, and with a linear value decomposition, both do. Where the agents minimise Eq. 5 in turn, each its own
    policy, not even the values do.
    """,
)


@instances
def turns(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game of two agents, a first product policy, another one, and a target policy."""
    game = draw(stochastic_games(min_agents=2, max_agents=2, max_states=2))
    return {
        "game": game,
        "policy": draw(policies(game)),
        "other_policy": draw(policies(game, zeros=True)),
        "target_policy": draw(policies(game)),
        "temperature": draw(TEMPERATURES),
    }


@claim(
    "dmac.theorem-2",
    variant="agents in turn",
    at=AT,
    verdict="refuted",
    severity="false",
    on=turns,
    proof="false step at A.6",
    rests_on=("dmac.lemma-1", "dmac.lemma-2"),
    survives={"against": "start"},
    examples=100,
)
def turns_tend_to_the_optimum(
    game: Any,
    policy: Sequence[Any],
    other_policy: Sequence[Any],
    target_policy: Sequence[Any],
    temperature: float,
    *,
    against: str = "any",
) -> Slack:
    """If the agents minimise the divergence of Eq. 5 in turn, each over its own policy, with an evaluation between
    rounds, the value tends to that of the best product policy.

    Reading: A kinder form of Eq. 5 over product policies, which agents can carry out. Eight rounds are run, and the
    value is compared with that of any other product policy.

    Finding: Each round is an improvement, but rounds end where no single agent can improve, which may be far from the
    optimum.

    Correction: The value never falls, and every limit is a policy from which no agent alone can gain.

    Practice: This is what decentralised agents do; a shared reward alone does not bring them to the optimum.
    """
    joint_target, found = outer(target_policy), ascent(game, policy, target_policy, temperature=temperature, rounds=8)
    compared = other_policy if against == "any" else policy
    one, other = (divergence_v(game, outer(each), joint_target, temperature=temperature) for each in (found, compared))
    return at_most(other, one)
