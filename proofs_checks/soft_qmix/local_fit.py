"""The fit of local values in place of the projection of the policy   (soft-qmix Eq. 10)."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from mathrl.operators import additive_mix, local_policy, local_values, soft_value
from mathrl.proofs_checks.families import instances, numbers, policies, stochastic_games
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.slack import Slack, at_most
from mathrl.proofs_checks.strategies import temperatures


@instances
def fits(draw: st.DrawFn) -> Mapping[str, Any]:
    """A table, functions of each agent's own action, the current policy, and another."""
    game = draw(stochastic_games(min_agents=2, max_states=2))
    return {
        "q": draw(numbers((game.num_states, *game.num_actions))),
        "own_values": tuple(draw(numbers((game.num_states, actions))) for actions in game.num_actions),
        "policy": draw(policies(game)),
        "other_policy": draw(policies(game, zeros=True)),
        "temperature": draw(temperatures(0.1, 10.0)),
    }


@claim(
    "soft-qmix.equation-10",
    at="Section 4.2, l. 153-159",
    verdict="refuted",
    severity="false",
    on=fits,
    proof="gap",
    survives={"values": "a sum over the agents"},
    rests_on=("soft-qmix.theorem-4.2",),
)
def fit_replaces_the_projection(
    q: Any,
    own_values: Sequence[Any],
    policy: Sequence[Any],
    other_policy: Sequence[Any],
    temperature: Any,
    *,
    values: str = "any",
) -> Slack:
    """To minimise Eq. 10 is equivalent to minimising the divergence of Eq. 9 and the error of V at once, so that Eq. 10
    can be used in place of Eq. 9.

    Reading: The exact form. The f_i minimise the mean of (Σ f_i(a_i) − Q_tot(a))² where the current policy draws a; the
    new policy is softmax(f_i/α), as in Eq. 15. If it can stand for Eq. 9 then it is a solution of Eq. 9: no product
    policy has a larger E[Q] + α Σ H(π_i). Q_tot is exact here, so that what the mixer cannot express plays no part.

    Finding: Each f_i is the mean of Q_tot over the others' old actions, but for a constant, so that all agents respond
    to the others' old policies at once. Two agents that are paid for differing and both lean to action 0 then both take
    action 1: the objective falls. Theorem 4.2 compares gradients at one policy, where the sampling is held fixed; it
    says nothing about minimisers. The assumption of footnote 2 holds in games of one step, and does not exclude this.

    Correction: It holds where Q_tot is a sum of functions of the agents' own actions; then responses do not depend on
    the others, and Eq. 9 has one solution. If the agents' interaction is small against α, repeated fits at one table
    lead to the solution (mathrl.theorem-one-solution).

    Practice: Improvement by Eq. 14 is not monotone, and may cycle between two poor policies. Agents that update in turn
    do not have this problem.
    """
    table = q if values == "any" else additive_mix(own_values)
    new = local_policy(local_values(table, policy), temperature=temperature)
    return at_most(*(soft_value(table, each, temperature=temperature) for each in (other_policy, new)))
