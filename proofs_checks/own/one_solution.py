"""Where there is one solution of Eq. 9: enough temperature for how much the agents' actions matter to each other."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from mathrl.arithmetic import namespace
from mathrl.operators import quantal_response
from mathrl.proofs_checks.double_differences import double_difference
from mathrl.proofs_checks.families import instances, numbers, policies, stochastic_games
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.slack import Slack, all_of, at_most
from mathrl.proofs_checks.strategies import temperatures


@instances
def responses(draw: st.DrawFn) -> Mapping[str, Any]:
    """A table, and two product policies."""
    game = draw(stochastic_games(min_agents=2, max_states=2))
    return {
        "q": draw(numbers((game.num_states, *game.num_actions))),
        "policy": draw(policies(game, zeros=True)),
        "other_policy": draw(policies(game, zeros=True)),
        "temperature": draw(temperatures(0.1, 10.0)),
    }


@claim(
    "mathrl.theorem-one-solution",
    at="of soft-qmix Eq. 9 and Theorem 4.4, l. 151 and 184",
    verdict="holds",
    on=responses,
    proof="sound",
    breaks={"constant": 6},
    argument="mathrl.proofs_checks.own.one_solution.responses_contract",
)
def responses_contract(
    q: Any, policy: Sequence[Any], other_policy: Sequence[Any], temperature: Any, *, constant: int = 4
) -> Slack:
    """For a table Q in a state let D_ij be the largest Q(a_i, a_j, ·) − Q(a_i', a_j, ·) − Q(a_i, a_j', ·) +
    Q(a_i', a_j', ·) over all actions. Then the responses R_i(π) ∝ exp(E_{π_-i}[Q]/α) have
    ‖R_i(π) − R_i(π')‖₁ ≤ Σ_{j≠i} D_ij ‖π_j − π'_j‖₁/(4α). So if Σ_{j≠i} D_ij < 4α for each agent i, Eq. 9 has one
    solution there, and 4 is the largest constant for which that is so.

    Reading: Any number of agents and actions; norms are sums of absolute values.

    Finding: If the condition holds at the largest values Q* of product policies in every state, then the policies of
    Theorem 4.4 converge, as printed. It always holds where Q* is a sum over the agents, where D = 0. And where it
    holds, responses of all agents at once, over and over at one table Q, lead to the solution of Eq. 9.

    Proof: Let x and y be two rows of values and d = x − y. Along the segment from y to x the derivative of
    softmax(·/α) is π(a) (d(a) − E_π[d])/α, and Σ π(a) |d(a) − E_π[d]| is at most half of max d − min d: the mean
    absolute deviation of a variable within an interval is at most half its length. Hence ‖softmax(x/α) −
    softmax(y/α)‖₁ ≤ (max d − min d)/(2α). Now let π_j change to π'_j for one agent j. With e = π_j − π'_j, which sums
    to 0, d(a_i) = Σ e(a_j) E[Q(a_i, a_j, ·)], and d(a_i) − d(a_i') = Σ e(a_j) c(a_j), where c(a_j) = E[Q(a_i, a_j, ·)
    − Q(a_i', a_j, ·)] varies by at most D_ij over a_j. As e sums to 0 this is at most ‖e‖₁ D_ij/2. Changing the
    agents j one after the other gives the inequality.

    Proof: A solution of Eq. 9 maximises E_π[Q] + α Σ H(π_i) over the other agents' policies held, so that it is its own
    response. If all sums are below 4α, then R is a contraction in max_i ‖π_i − π'_i‖₁ and has one fixed point; a
    solution exists, so there is one. For two agents that are paid 1 for the same action D = 2. At every α < 1/2, that
    is, D > 4α, uniform play (½ + α 2 log 2) is no local maximum: for π_1 = π_2 = (½ + h, ½ − h) the value is
    ½ + 2h² + 2α (log 2 − 2h² − …), and grows with h. So there is a solution that is not uniform, and its mirror image.

    Practice: With a temperature above D/4 per pair of agents the optimum is unique and simple schemes find it; below,
    the order of updates and the start decide between optima.
    """
    xp, agents = namespace(q), range(len(policy))
    slacks = []
    for agent in agents:
        one, two = (quantal_response(q, each, agent, temperature=temperature) for each in (policy, other_policy))
        left = xp.sum(xp.abs(one - two), axis=-1)
        right: Any = 0 * left
        for other in agents:
            if other != agent:
                moved = xp.sum(xp.abs(policy[other] - other_policy[other]), axis=-1)
                right = right + double_difference(q, agent, other) * moved / (constant * temperature)
        slacks.append(at_most(left, right))
    return all_of(*slacks)
