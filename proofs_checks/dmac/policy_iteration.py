"""Divergence policy iteration: evaluation and improvement in turn, at a fixed target   (dmac Section 4.3, A.6)."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from hypothesis import strategies as st

from mathrl.arithmetic import namespace
from mathrl.games import Game
from mathrl.operators import (
    additive_parts,
    divergence_improvement,
    divergence_value,
    linear_divergence_improvement,
    sequential_divergence_improvement,
)
from mathrl.operators.axes import along
from mathrl.proofs_checks.dmac.optimality import joint_optima
from mathrl.proofs_checks.families import DISCOUNTS, instances, numbers, policies, rows, stochastic_games
from mathrl.proofs_checks.joint_control import controlled, joint_q, optimum, outer, with_optimum
from mathrl.proofs_checks.ledger import claim, compound
from mathrl.proofs_checks.policy_value import divergence_q, divergence_v
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
def joint_starts(draw: st.DrawFn) -> Mapping[str, Any]:
    """What `joint_optima` has, and a first policy."""
    found = dict(draw(joint_optima))
    return found | {"joint_policy": draw(rows(found["joint_target_policy"].shape))}


@claim(
    "dmac.theorem-2",
    variant="joint policies",
    at=AT,
    verdict="holds",
    on=joint_starts,
    proof="false step at A.6",
    rests_on=("dmac.lemma-1", "dmac.lemma-2@joint-policies"),
    argument="mathrl.proofs_checks.dmac.policy_iteration.joint_iteration_converges",
    breaks={"target": False},
)
def joint_iteration_converges(
    game: Any,
    v: Any,
    joint_target_policy: Any,
    joint_other_policy: Any,
    joint_policy: Any,
    temperature: Any,
    *,
    steps: int = 3,
    target: bool = True,
) -> Slack:
    """Over joint policies, which may be correlated, the action values tend to Q_ρ* and the policies to π_ρ*.

    Reading: Eq. 5 in its closed form, ρ plays every joint action. Convergence is shown with its rates,
    0 ≤ V_ρ* − V^k ≤ γᵏ ‖V_ρ* − V^0‖ and |log π^{k+1} − log π_ρ*| ≤ ‖Q_ρ* − Q^k‖/ω, here for k = 1, 2, 3, in games that
    are given the rewards with which V_ρ* is known.

    Finding: It holds. A.6 prints Eq. 5 without ρ; with this iteration the limit would be another one.

    Proof: The values as for the variant "values", over all joint policies. With x = (Q^k − Q_ρ*)/ω, which lies between
    −‖Q_ρ* − Q^k‖/ω and 0, π^{k+1}/π_ρ* = exp x/E_{π_ρ*}[exp x], whose logarithm is no larger than that norm.
    """
    known = with_optimum(game, v, joint_target_policy, temperature=temperature)
    xp = namespace(v)
    best = joint_q(known, v)
    towards = joint_target_policy if target else 0 * joint_target_policy + 1 / joint_target_policy.shape[1]
    optimal = divergence_improvement(best, joint_target_policy, temperature=temperature)
    policy, first, slacks = joint_policy, None, []
    for step in range(steps + 1):
        value = divergence_v(known, policy, joint_target_policy, temperature=temperature)
        q = joint_q(known, value)
        first = xp.max(v - value) if first is None else first
        policy = divergence_improvement(q, towards, temperature=temperature)
        moved = xp.log(policy) - xp.log(optimal)
        slacks += [at_most(value, v), at_most(v - value, known.discount**step * first)]
        slacks.append(at_most(xp.abs(moved), xp.max(xp.abs(best - q)) / temperature, rounding=_hidden(q, temperature)))
    return all_of(*slacks)


def _hidden(q: Any, temperature: Any) -> Any:
    """What doubles hide of Q/ω and of a logarithm of a small probability."""
    return 0.0 if q.dtype.hasobject else 1e-11 * (30 + abs(q).max() / temperature)


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
    joint_target, found = outer(target_policy), tuple(policy)
    for _ in range(8):
        q = divergence_q(game, outer(found), joint_target, temperature=temperature)
        found = sequential_divergence_improvement(q, found, target_policy, (0, 1), temperature=temperature)
    compared = other_policy if against == "any" else policy
    one, other = (divergence_v(game, outer(each), joint_target, temperature=temperature) for each in (found, compared))
    return at_most(other, one)


@instances
def additive_games(draw: st.DrawFn) -> Mapping[str, Any]:
    """Games in which every action value is a sum over agents: rewards are, and each agent moves a share of the mass."""
    sizes, states = draw(st.lists(st.integers(2, 3), min_size=2, max_size=3)), draw(st.integers(1, 3))
    share, count = draw(rows((len(sizes),))), len(sizes)
    own_rewards = [draw(numbers((states, actions))) for actions in sizes]
    own_moves = [draw(rows((states, actions, states))) for actions in sizes]
    rewards = sum(along(own, i, count) for i, own in enumerate(own_rewards))
    moves = [share[i] * np.stack([along(own[..., t], i, count) for t in range(states)], axis=-1)
             for i, own in enumerate(own_moves)]  # fmt: skip
    transitions = np.asarray(sum(moves))
    transitions = transitions / transitions.sum(axis=-1, keepdims=True)
    game = Game.stochastic(rewards, transitions, draw(DISCOUNTS))
    return {
        "game": game,
        "policy": draw(policies(game, zeros=True)),
        "target_policy": draw(policies(game)),
        "rest": draw(numbers((states, *sizes))),
        "temperature": draw(TEMPERATURES),
    }


@claim(
    "dmac.theorem-2",
    variant="linear value decomposition",
    at=AT,
    verdict="holds",
    on=additive_games,
    proof="none",
    rests_on=("dmac.lemma-1", "dmac.lemma-3"),
    argument="mathrl.proofs_checks.dmac.policy_iteration.decomposed_iteration_converges",
    breaks={"additive": False},
)
def decomposed_iteration_converges(
    game: Any,
    policy: Sequence[Any],
    target_policy: Sequence[Any],
    rest: Any,
    temperature: float,
    *,
    additive: bool = True,
) -> Slack:
    """Where every Q_ρ of a product policy is a sum over agents, and the agents improve all at once by Lemma 3, the
    action values tend to Q_ρ* and the policies to π_ρ*, which is the optimum over joint policies too.

    Reading: Games whose rewards are sums over agents, and in which a share of the transition depends on each agent; so
    that r + γ E[V] is a sum over agents for every V. The rate is that over joint policies.

    Finding: It holds: by Lemma 3 the agents' policies are the minimum of Eq. 5 over all joint policies.

    Proof: ρ exp(Q/ω) of an additive Q and a product ρ is a product over agents, and the update of Lemma 3 is that of
    Eq. 5 over joint policies. The rest is the variant "joint policies".
    """
    if not additive:
        game = Game.stochastic(game.rewards + 3 * rest, game.transitions, game.discount)
    joint_target, found, slacks = outer(target_policy), tuple(policy), []
    _, best = optimum(controlled(game), joint_target, temperature=temperature)
    first = None
    for step in range(3):
        v = divergence_v(game, outer(found), joint_target, temperature=temperature)
        first = np.abs(best - v).max() if first is None else first
        slacks.append(at_most(best - v, game.discount**step * first, rounding=1e-10 * (1 + np.abs(best).max())))
        _, *parts = additive_parts(joint_q(game, v).reshape(game.rewards.shape))
        ones = np.ones((len(parts), game.num_states))
        found = linear_divergence_improvement(parts, ones, target_policy, temperature=temperature)
    return all_of(*slacks)
