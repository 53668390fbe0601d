"""Which actions the limit of the iteration plays whose target is the policy before   (dmac Section 4.2, A.1)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from mathrl.games import Game
from mathrl.operators import marginal_q
from mathrl.operators.axes import flat
from mathrl.proofs_checks.divergence_limits import nearest_optimal, proportional
from mathrl.proofs_checks.dmac.product_optima import is_product_optimum, stationary_targets
from mathrl.proofs_checks.families import instances, rows, stochastic_games
from mathrl.proofs_checks.joint_control import controlled, iterates, joint_q, optimal_values, optimum, outer
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.policy_value import divergence_q, divergence_v
from mathrl.proofs_checks.slack import Slack, all_of, at_most, equal, premise
from mathrl.proofs_checks.strategies import temperatures

AT = "Section 4.2, l. 87-93; A.1, l. 313-325"

TEMPERATURES = temperatures(0.1, 10.0)


@instances
def joint_starts(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game and a first joint policy."""
    game = draw(stochastic_games(max_agents=2))
    shape = controlled(game).rewards.shape
    return {"game": game, "joint_first_policy": draw(rows(shape)), "temperature": draw(TEMPERATURES)}


@instances
def tied_decisions(draw: st.DrawFn) -> Mapping[str, Any]:
    """A decision problem of one agent in which some actions are tied, by its optimal values; and a first policy."""
    game = draw(stochastic_games(max_agents=1))
    shape = (game.num_states, *game.num_actions)
    v = np.array(draw(st.lists(st.integers(-3, 3), min_size=shape[0], max_size=shape[0])), dtype=float)
    worse = np.array(draw(st.lists(st.integers(0, 2), min_size=int(np.prod(shape)), max_size=int(np.prod(shape)))))
    worse = (worse.reshape(shape) - worse.reshape(shape).min(axis=1, keepdims=True)).astype(float)
    rewards = v[:, None] - worse - game.discount * (np.asarray(game.transitions) @ v)
    return {
        "game": Game.stochastic(rewards, game.transitions, game.discount),
        "joint_first_policy": draw(rows(shape)),
        "temperature": draw(TEMPERATURES),
    }


@claim(
    "dmac.proposition-2",
    at=AT,
    verdict="refuted",
    severity="false",
    on=tied_decisions,
    proof="false step at A.1",
    rests_on=("dmac.proposition-1", "dmac.proposition-5"),
    survives={"exponential": True},
)
def limit_is_proportional(
    game: Any, joint_first_policy: Any, temperature: float, *, exponential: bool = False
) -> Slack:
    """The limit of the iteration of Eq. 3 plays only the optimal actions U_s of its action value, each in proportion to
    its probability in π^0: π̃*(a|s) = 1[a ∈ U_s] π^0(a|s)/Σ_{b ∈ U_s} π^0(b|s).

    Reading: π^0 plays every action. The instances have one agent, so that joint and product policies are the same. In
    doubles the limit is taken from a late policy: the k-th at ω is the optimum at ω/k with the target π^0
    (mathrl.theorem-divergence-iterates), and k is so large that it is within 1e-8 of the limit
    (mathrl.theorem-divergence-rate).

    Finding: False for one agent already. A.1 concludes from a_k → A that (a_1 … a_n)/Aⁿ → 1, which does not follow. The
    quotient of its proof tends to exp(Σ_k (Q̃^k − Q̃*)/ω), and this sum differs between optimal actions.

    Correction: π̃* ∝ 1[a ∈ U_s] π^0(a|s) exp(γ Σ_t P(t|s, a) ℓ(t)), where exp ℓ(s) is the sum of the right side over a
    (mathrl.theorem-divergence-limit): the optimal policy of least discounted divergence from π^0. The printed form is
    right if and only if the discounted divergence after an optimal action does not depend on it, as for γ = 0, for
    unique optimal actions, or where actions do not move the state (mathrl.theorem-proportional-limit).

    Practice: The limit favours optimal actions after which more of the first policy is optimal. This is harmless for
    the return; it matters to who reads the final policy as the first one, cut to the optimal actions.
    """
    v, optimal = optimal_values(game)
    tilde, level = nearest_optimal(game, joint_first_policy, optimal)
    lost = (v[:, None] - joint_q(game, v))[~optimal]
    gap = lost.min() if lost.size else 1.0
    late, _ = optimum(game, joint_first_policy, temperature=gap / (60 + 2 * np.abs(level).max()))
    candidate = tilde if exponential else proportional(joint_first_policy, optimal)
    return equal(late, candidate, rounding=1e-7)


@claim(
    "dmac.proposition-2",
    variant="support",
    at=AT,
    verdict="refuted",
    severity="false",
    on=stationary_targets,
    proof="false step at A.1",
    rests_on=("dmac.proposition-5",),
    survives={"by": "each agent"},
)
def limit_plays_best_joint_actions(
    game: Any, policy: Sequence[Any], target_policy: Sequence[Any], temperature: Any, *, by: str = "all agents"
) -> Slack:
    """All the probability of the limit of the iteration of Eq. 3 is on joint actions that are best for its own Q.

    Reading: Product policies, as in Section 3. The instances are games of one or two agents in which π^0 is the only
    optimum of Eq. 3 with itself as the target, so that the iteration stays there.

    Finding: False where agents have to coordinate: at large ω they stay at a mixed equilibrium. Over joint policies it
    is true.

    Correction: Each agent plays only own actions that are best against the others' limit policies: the limit is a Nash
    equilibrium of the original game (mathrl.theorem-product-iteration).

    Practice: A large ω can hold DMAC's agents at a saddle of the return for ever; a small one at the start leaves it.
    """
    premise(all(bool((own == other).all()) for own, other in zip(policy, target_policy, strict=True)))
    premise(is_product_optimum(game, policy, target_policy, temperature=temperature))
    joint = outer(policy)
    q, v = (value(game, joint, joint, temperature=0) for value in (divergence_q, divergence_v))
    if by == "all agents":
        best = flat(q).max(axis=1, keepdims=True)
        worst = flat(q) < best - 1e-9 * (1 + np.abs(q).max())
        return equal(np.where(worst, joint, 0.0).sum(axis=1), 0.0, rounding=1e-9)
    own = [marginal_q(q, policy, i) for i in range(len(policy))]
    return all_of(*(equal(each, v[:, None], rounding=1e-8 * (1 + np.abs(q).max())) for each in own))


@claim(
    "dmac.proposition-2",
    variant="support, joint policies",
    at=AT,
    verdict="holds",
    on=joint_starts,
    proof="sound",
    argument="mathrl.proofs_checks.own.divergence_rate",
    breaks={"exponent": 2},
)
def joint_limit_plays_best_actions(
    game: Any, joint_first_policy: Any, temperature: float, *, steps: int = 2, exponent: int = 1
) -> Slack:
    """Over joint policies the limit of the iteration of Eq. 3 plays only joint actions that are best for its Q.

    Reading: Joint policies; π^0 plays all joint actions. Shown with its rate: after k updates every action has at most
    the probability π^0 exp(−ℓ − k (V* − Q*)/ω) (mathrl.theorem-divergence-rate), here for k = 2.

    Finding: It holds, and then U_s are the optimal actions of the original game. The terms A.1 drops here do tend to 0.
    """
    v, optimal = optimal_values(game)
    _, level = nearest_optimal(game, joint_first_policy, optimal)
    policy, _ = iterates(game, joint_first_policy, temperature=temperature, steps=steps)[-1]
    lost = v[:, None] - joint_q(game, v)
    faded = joint_first_policy * np.exp(-level[:, None] - exponent * steps * lost / temperature)
    return at_most(policy[~optimal], faded[~optimal], rounding=1e-10)
