"""The iteration whose target is the policy before: what improves, and to what values   (dmac Section 4.2)."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import strategies as st

from mathrl.games import Game
from mathrl.proofs_checks.dmac.product_optima import ascent
from mathrl.proofs_checks.families import DISCOUNTS, instances, numbers, policies, rows, stochastic_games
from mathrl.proofs_checks.joint_control import outer
from mathrl.proofs_checks.ledger import claim, compound
from mathrl.proofs_checks.policy_value import divergence_v
from mathrl.proofs_checks.slack import Slack, all_of, at_most, equal, premise
from mathrl.proofs_checks.strategies import temperatures

AT = "Section 4.2, l. 73-85"

PRODUCT_PROOF = "mathrl.proofs_checks.own.product_iteration"

TEMPERATURES = temperatures(0.1, 10.0)


@instances
def starts(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game and a first product policy."""
    game = draw(stochastic_games(max_states=2))
    return {"game": game, "policy": draw(policies(game)), "temperature": draw(TEMPERATURES)}


def _updates(game: Any, policy: Sequence[Any], temperature: Any, steps: int) -> list[tuple[Any, Any]]:
    """V of π^k, and V of it with its target π^{k−1}, k = 0, …, `steps`; of π^0 both are V."""
    joint = outer(policy)
    v = divergence_v(game, joint, joint, temperature=0)
    found = [(v, v)]
    for _ in range(steps):
        before, policy = joint, ascent(game, policy, policy, temperature=temperature, rounds=2)
        joint = outer(policy)
        v = divergence_v(game, joint, joint, temperature=0)
        found.append((v, divergence_v(game, joint, before, temperature=temperature)))
    return found


def _paid(found: Sequence[tuple[Any, Any]]) -> Any:
    """The sum of all V of π^k less V of it with its target: of ω times the discounted divergences."""
    return sum((v - regularised for v, regularised in found), 0 * found[0][0])


@claim(
    "dmac.proposition-1",
    variant="regularised return",
    at=AT,
    verdict="holds",
    on=starts,
    proof="sound",
    argument="mathrl.proofs_checks.dmac.target_updates.regularised_return_never_falls",
    breaks={"gains": 3},
)
def regularised_return_never_falls(
    game: Any, policy: Sequence[Any], temperature: Any, *, steps: int = 2, gains: int = 0
) -> Slack:
    """Along the iteration of Eq. 3 the return with divergence never falls: J_{π^t}(π^{t+1}) ≥ J_{π^{t−1}}(π^t).

    Reading: Product policies, as in Section 3; the optimum of Eq. 3 in every state, so that the values of all states
    are compared. Of the optimum the proof uses no more than that it is no worse than its target; so the check takes
    what the agents reach by improving in turn, two rounds long. For one agent, and over joint policies, see Proposition
    5 for the optimum itself.

    Finding: It holds, in each state.

    Proof: V_{π^t}^{π^{t+1}} ≥ V_{π^t}^{π^t} = V^{π^t}, as π^{t+1} is best with the target π^t. And V^{π^t} is
    V_{π^{t−1}}^{π^t} plus ω times a discounted divergence, which is not negative.
    """
    found = _updates(game, policy, temperature, steps)
    pairs = pairwise(found[1:])
    return all_of(*(at_most(old + gains * (v - old), new) for (v, old), (_, new) in pairs))


@claim(
    "dmac.proposition-1",
    variant="original return",
    at=AT,
    verdict="holds",
    on=starts,
    proof="sound",
    argument="mathrl.proofs_checks.dmac.target_updates.original_return_never_falls",
    breaks={"gains": 3},
)
def original_return_never_falls(
    game: Any, policy: Sequence[Any], temperature: Any, *, steps: int = 2, gains: int = 0
) -> Slack:
    """Along the iteration of Eq. 3 the original return never falls: J(π^{t+1}) ≥ J(π^t).

    Reading: As for the return with divergence.

    Finding: It holds, in each state; it even grows by at least ω times the discounted divergence of π^{t+1} from π^t.
    Over joint policies it grows by exactly ω times this and that of π^t from π^{t+1}, discounted along π^t.

    Proof: V^{π^{t+1}} is V_{π^t}^{π^{t+1}} plus ω times that divergence, and V_{π^t}^{π^{t+1}} ≥ V^{π^t}.
    """
    found = _updates(game, policy, temperature, steps)
    pairs = pairwise(found)
    return all_of(*(at_most(old + gains * (new - regularised), new) for (old, _), (new, regularised) in pairs))


@claim(
    "dmac.proposition-1",
    variant="policies",
    at=AT,
    verdict="holds",
    on=starts,
    proof="gap",
    rests_on=("mathrl.theorem-product-iteration",),
    argument=PRODUCT_PROOF,
    breaks={"gains": 3},
)
def moves_are_summable(game: Any, policy: Sequence[Any], temperature: Any, *, steps: int = 3, gains: int = 1) -> Slack:
    """The policies π^k of the iteration of Eq. 3 converge.

    Reading: Product policies, as in Section 3; the optimum of Eq. 3, any one of several, from every first state. π^0
    plays every action: what it never plays no later policy plays, so that else the game without these actions is meant.
    The check says that ω times the sum of the discounted divergences of π^k from π^{k−1} is no more than what the
    original value gains, so that the moves tend to 0. That the policies converge is proved in
    mathrl.theorem-product-iteration, and over joint policies in mathrl.theorem-divergence-limit.

    Finding: It holds. The paper shows that the returns converge, and from this alone it does not follow that the
    policies do: where many policies have one return they might wander on.

    Practice: Over product policies they end at a Nash equilibrium of the original game, which need not be optimal.
    """
    found = _updates(game, policy, temperature, steps)
    return at_most(found[0][0] + gains * _paid(found), found[-1][0])


compound(
    "dmac.proposition-1",
    at=AT,
    parts=("regularised return", "original return", "policies"),
    proof="gap",
    text="""By iterating Eq. 3 with ρ^k = π^k, the policies converge, and improve monotonically both in the return with
    divergence and in the original return.

    Reading: Product policies, as in Section 3, or joint ones. The paper gives no distribution of first states, and
    compares values of all states; so the optimum of Eq. 3 is meant from every first state. With given first states a
    state that is never reached has no weight in J, and any policy there is optimal: see the variant "from given first
    states".

    Finding: It holds; for the convergence of the policies, which is not shown in print, see
    mathrl.theorem-product-iteration and mathrl.theorem-divergence-limit.
    """,
)


@instances
def unreached(draw: st.DrawFn) -> Mapping[str, Any]:
    """One agent in two states that are never left, the first one the start; two policies that play every action."""
    shape = (2, draw(st.integers(2, 3)))
    stays = np.broadcast_to(np.eye(2)[:, None, :], (*shape, 2))
    game = Game.stochastic(draw(numbers(shape)), stays, draw(DISCOUNTS), np.array([1.0, 0.0]))
    policy, other = ((draw(rows(shape)),) for _ in range(2))
    return {"game": game, "policy": policy, "other_policy": other, "temperature": draw(TEMPERATURES)}


@claim(
    "dmac.proposition-1",
    variant="from given first states",
    at=AT,
    verdict="corrected",
    severity="gap",
    on=unreached,
    proof="gap",
    degenerate=True,
    survives={"states": "reached"},
    argument=PRODUCT_PROOF,
)
def unreached_states_converge(
    game: Any,
    policy: Sequence[Any],
    other_policy: Sequence[Any],
    temperature: Any,
    *,
    states: str = "all",
    steps: int = 3,
) -> Slack:
    """The policies of the iteration of Eq. 3 converge, where J is the return from a given distribution of first states.

    Reading: The stricter one. The instances have one agent and two states that are never left, and start in the first.
    So J has no weight on the second, and a sequence of optima of Eq. 3 may play `policy` and `other_policy` there in
    turn. It converges only if these are equal.

    Finding: What is never visited is never learned: in such a state every policy is an optimum of Eq. 3.

    Correction: The policies converge in the states that are reached; and everywhere where the game may start in every
    state.

    Practice: Nothing is known of the final policy in states that training never saw.
    """
    premise(bool((game.start[1:] == 0).all()) and all(bool((game.transitions[s, :, s] == 1).all()) for s in (0, 1)))
    if states == "all":
        return equal(policy[0][1:], other_policy[0][1:])
    found = _updates(game, policy, temperature, steps)
    return at_most((found[0][0] + _paid(found))[:1], found[-1][0][:1])


@claim(
    "dmac.proposition-3",
    at="Section 4.2, l. 93-95",
    verdict="holds",
    on=starts,
    proof="none",
    rests_on=("dmac.proposition-1",),
    argument="mathrl.proofs_checks.dmac.target_updates.regularised_values_tend_to_original_ones",
    breaks={"gains": 3},
)
def regularised_values_tend_to_original_ones(
    game: Any, policy: Sequence[Any], temperature: Any, *, steps: int = 3, gains: int = 1
) -> Slack:
    """Q̃* and Ṽ*, which belong to the limit π̃* of the iteration of Eq. 3, are the value functions of π̃* in the
    original game.

    Reading: Product policies, as in Section 3; the same for joint ones. Q̃* and Ṽ* are the limits of V_{π^{k−1}}^{π^k}
    and of its Q; with their definition by π̃* alone, as its own target, nothing has to be shown. The check: the
    differences V^{π^k} − V_{π^{k−1}}^{π^k} ≥ 0 sum to no more than what the original value gains, which is bounded; so
    they tend to 0.

    Finding: It holds.

    Proof: V^{π^k} − V_{π^{k−1}}^{π^k} is ω times a discounted divergence, so ≥ 0, and at most V^{π^k} − V^{π^{k−1}}, as
    V_{π^{k−1}}^{π^k} ≥ V^{π^{k−1}}. The sum telescopes. V^π is continuous in π, and π^k → π̃* by Proposition 1.
    """
    found = _updates(game, policy, temperature, steps)
    positive = [at_most(regularised, v) for v, regularised in found[1:]]
    return all_of(at_most(gains * _paid(found), found[-1][0] - found[0][0]), *positive)
