"""The same iteration where its limit is that over joint policies: of one controller, and with additive values.

(dmac Section 4.3, Appendix A.6)
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from mathrl.arithmetic import namespace
from mathrl.games import Game
from mathrl.operators import additive_parts, divergence_improvement, linear_divergence_improvement
from mathrl.operators.axes import along
from mathrl.proofs_checks.dmac.optimality import joint_optima
from mathrl.proofs_checks.dmac.policy_iteration import AT
from mathrl.proofs_checks.families import DISCOUNTS, instances, numbers, policies, rows
from mathrl.proofs_checks.joint_control import joint_q, optimum, outer, with_optimum
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.policy_value import divergence_v
from mathrl.proofs_checks.slack import Slack, all_of, at_most
from mathrl.proofs_checks.strategies import temperatures


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
    argument="mathrl.proofs_checks.dmac.joint_iteration.joint_iteration_converges",
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
        "temperature": draw(temperatures(0.1, 10.0)),
    }


@claim(
    "dmac.theorem-2",
    variant="linear value decomposition",
    at=AT,
    verdict="holds",
    on=additive_games,
    proof="none",
    rests_on=("dmac.lemma-1", "dmac.lemma-3"),
    argument="mathrl.proofs_checks.dmac.joint_iteration.decomposed_iteration_converges",
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
    _, best = optimum(game, joint_target, temperature=temperature)
    first = None
    for step in range(3):
        v = divergence_v(game, outer(found), joint_target, temperature=temperature)
        first = np.abs(best - v).max() if first is None else first
        slacks.append(at_most(best - v, game.discount**step * first, rounding=1e-10 * (1 + np.abs(best).max())))
        _, *parts = additive_parts(joint_q(game, v).reshape(game.rewards.shape))
        ones = np.ones((len(parts), game.num_states))
        found = linear_divergence_improvement(parts, ones, target_policy, temperature=temperature)
    return all_of(*slacks)
