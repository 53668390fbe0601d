"""Where heterogeneous-agent soft policy iteration ends   (hasac Theorem 2, Section 4.2.1, Appendix E.4)."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from mathrl.arithmetic import namespace
from mathrl.games import Game
from mathrl.operators import quantal_response_residual, sequential_improvement
from mathrl.proofs_checks.double_differences import double_difference
from mathrl.proofs_checks.families import DISCOUNTS, instances, numbers, policies, rows, stochastic_games
from mathrl.proofs_checks.hasac.returns import return_over
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.policy_value import soft_q, soft_v
from mathrl.proofs_checks.slack import Slack, all_of, at_most, equal, premise
from mathrl.proofs_checks.strategies import temperatures
from mathrl.softmax import kl_divergence

CLOSE = 1e-12
"""How near a policy in doubles is to its quantal response where it is taken for the limit."""

ROUNDS = 10_000
"""After how many rounds a limit is given up."""


def rounds(game: Any, policy: Sequence[Any], order: Sequence[int], temperature: Any, steps: int) -> list[Any]:
    """π_0, …, π_K of the iteration: the agents update in this order, and in every other round the other way about."""
    found: list[Any] = [tuple(policy)]
    for step in range(steps):
        q = soft_q(game, found[-1], temperature=temperature)
        turns = order if step % 2 == 0 else order[::-1]
        found.append(sequential_improvement(q, found[-1], turns, temperature=temperature))
    return found


def limit(game: Any, policy: Sequence[Any], order: Sequence[int], temperature: Any) -> Any:
    """The policy of the iteration that is its own quantal response but for `CLOSE`, in doubles, if there is one."""
    for _ in range(ROUNDS):
        q = soft_q(game, policy, temperature=temperature)
        if quantal_response_residual(q, policy, temperature=temperature) < CLOSE:
            return policy
        policy = sequential_improvement(q, policy, order, temperature=temperature)
    premise(False)
    return None


def gained(game: Any, found: Sequence[Any], temperature: Any, factor: float) -> Slack:
    """α Σ_k Σ_i KL(π_k^i‖π_{k+1}^i) ≤ V_K − V_0 in every state: the value pays for the steps of the iteration."""
    moved: Any = 0
    for before, after in pairwise(found):
        for own, new in zip(before, after, strict=True):
            moved = moved + temperature * kl_divergence(own, new)
    first, last = (soft_v(game, found[k], temperature=temperature) for k in (0, -1))
    return at_most(factor * moved, last - first)


@instances
def runs(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game, a first policy, an order, another policy to turn to, and a horizon for Eq. 2."""
    game = draw(stochastic_games())
    return {
        "game": game,
        "policy": draw(policies(game, zeros=True)),
        "other_policy": draw(policies(game, zeros=True)),
        "order": tuple(draw(st.permutations(range(game.num_agents)))),
        "temperature": draw(temperatures(0.1, 10.0)),
        "horizon": draw(st.integers(1, 4)),
    }


@claim(
    "hasac.theorem-2",
    at="Section 4.2.1, l. 141; E.4, l. 740-762",
    verdict="corrected",
    severity="slip",
    on=runs,
    proof="false step at E.4, l. 762",
    survives={"objective": "discounted"},
    rests_on=("hasac.lemma-4.1", "hasac.lemma-4.2", "hasac.theorem-1"),
    argument="mathrl.proofs_checks.own.haspi_converges.steps_and_residuals",
)
def iteration_ends_at_an_equilibrium(
    game: Any,
    policy: Sequence[Any],
    other_policy: Sequence[Any],
    order: Sequence[int],
    temperature: Any,
    horizon: int,
    *,
    objective: str = "horizon",
) -> Slack:
    """From every joint policy, evaluation and improvement in turn lead to a QRE in the sense of Theorem 1.

    Reading: Exact evaluations and minimisers, orders as they come. The whole sequence of joint policies converges, to
    some QRE: Theorem 1 says "a". There a QRE is a policy at which no agent alone can raise J of Eq. 2: over T steps,
    without discount, for all T. The example's single agent has one limit, which another policy betters for T = 3.

    Finding: The limit is an equilibrium of the discounted return, whatever the paper's Eq. 2 is taken to be; see the
    variant "Eq. 3", which holds. The proof takes Eq. 3 for Theorem 1's definition in its last line, l. 762. Before that
    it has a gap: that the values converge does not show that the policies do.

    Correction: J = E_{s~d}[V_π]. Then no agent alone can raise V in any state at the limit (variant "converse" of
    Theorem 1). What is searched here is the inequality that makes the steps go to 0.

    Practice: HASAC's fixed point trades time by the critic's γ; evaluation without discount has other equilibria.
    """
    if objective == "discounted":
        return gained(game, rounds(game, policy, order, temperature, 4), temperature, 1.0)
    last = limit(game, policy, order, temperature)
    reached = return_over(game, last, temperature=temperature, horizon=horizon)
    turned = [[new if i == j else own for j, own in enumerate(last)] for i, new in enumerate(other_policy)]
    return all_of(*(at_most(return_over(game, p, temperature=temperature, horizon=horizon), reached) for p in turned))


@claim(
    "hasac.theorem-2",
    variant="Eq. 3",
    at="Section 4.2.1, l. 141; E.4, l. 740-762",
    verdict="holds",
    on=runs,
    proof="gap",
    breaks={"factor": 1.5},
    rests_on=("hasac.lemma-4.1", "hasac.lemma-4.2"),
    argument="mathrl.proofs_checks.own.haspi_converges.steps_and_residuals",
)
def iteration_ends_at_boltzmann_policies(
    game: Any,
    policy: Sequence[Any],
    other_policy: Sequence[Any],
    order: Sequence[int],
    temperature: Any,
    horizon: int,
    *,
    factor: float = 1.0,
) -> Slack:
    """From every joint policy, evaluation and improvement in turn lead to one policy, which satisfies Eq. 3 everywhere.

    Reading: A kinder one, with Eq. 3 for the definition of a QRE. The sequence converges, not only a part of it. The
    search is for its finite form: the value rises by at least α times all divergences between one policy and the next,
    so that these have a finite sum.

    Finding: It holds, for any orders. The proof takes the convergence of the policies from that of Q_k, which rises and
    is bounded. But policies might go round among equal values for ever; that they do not is the theorem
    `mathrl.theorem-haspi-converges`. With Assumption 1 in force the limit is Eq. 3's only where that plays every action
    with at least η (Theorem 1, "under Assumption 1").

    Practice: Near a fork of equilibria the last steps may be slow, but they do end.
    """
    return gained(game, rounds(game, policy, order, temperature, 4), temperature, factor)


@instances
def hot_matrix_games(draw: st.DrawFn) -> Mapping[str, Any]:
    """A matrix game of several agents, two policies to start from, and a temperature above its Lipschitz constant."""
    num_actions = [draw(st.integers(2, 3)) for _ in range(draw(st.integers(2, 3)))]
    rewards = draw(numbers((1, *num_actions)))
    game = Game.stochastic(rewards, rewards[..., None] * 0 + 1, draw(DISCOUNTS))
    constant = float(_interaction(rewards)) / 4
    return {
        "game": game,
        "policy": tuple(draw(rows((1, actions))) for actions in num_actions),
        "other_policy": tuple(draw(rows((1, actions))) for actions in num_actions),
        "order": tuple(draw(st.permutations(range(len(num_actions))))),
        "temperature": draw(temperatures(1.05, 5.0)) * max(constant, 0.1),
    }


@claim(
    "hasac.theorem-2",
    variant="from any start",
    at="Section 4.2.1, l. 141; E.4, l. 740-762",
    verdict="refuted",
    severity="false",
    on=hot_matrix_games,
    proof="gap",
    survives={"temperatures": "above the interaction"},
    rests_on=("hasac.lemma-4.1", "hasac.lemma-4.2", "hasac.theorem-1"),
    argument="mathrl.proofs_checks.own.qre_unique.responses_contract",
)
def limits_agree(
    game: Any,
    policy: Sequence[Any],
    other_policy: Sequence[Any],
    order: Sequence[int],
    temperature: Any,
    *,
    temperatures: str = "all",
) -> Slack:
    """From whatever joint policy the iteration starts, it converges to the same QRE.

    Reading: The stricter one, π_QRE being one policy of the game. Theorem 1 speaks of "a" QRE, so that this is not the
    literal one; it is what "the solution" of a MaxEnt problem suggests.

    Finding: There may be several equilibria, and the start decides. Two agents who are paid for doing the same stay
    with what both began with.

    Correction: In a matrix game with Σ_j D_ij < 4 α for all i, where D_ij is the largest double difference of the
    payoffs in the actions of i and j, a round brings any two policies nearer in log ratios, by the factor
    max_i Σ_j D_ij/(4 α) at least; then there is one equilibrium.

    Practice: Report several starts, or check that the temperature is above the bound.
    """
    if temperatures == "all":
        one, other = (limit(game, start, order, temperature) for start in (policy, other_policy))
        return all_of(*(equal(x, y, rounding=1e-9) for x, y in zip(one, other, strict=True)))
    rate = _interaction(game.rewards) / (4 * temperature)
    premise(rate < 1)
    steps = 3
    one, other = (rounds(game, start, order, temperature, steps) for start in (policy, other_policy))
    return at_most(_apart(one[-1], other[-1]), rate**steps * _apart(one[0], other[0]), rounding=1e-11)


def _interaction(rewards: Any) -> Any:
    """max_i Σ_j D_ij of a common payoff (1, A_1, …, A_n), D_ij the largest double difference in the actions of i, j."""
    xp, agents = namespace(rewards), range(rewards.ndim - 1)
    return xp.max(xp.stack([sum(double_difference(rewards, i, j) for j in agents if j != i) for i in agents]))


def _apart(one: Sequence[Any], other: Sequence[Any]) -> Any:
    """The largest spread over an agent's actions of log π − log π', in a game of one state."""
    xp = namespace(one[0])
    spreads = []
    for x, y in zip(one, other, strict=True):
        ratio = xp.log(x[0]) - xp.log(y[0])
        spreads.append(xp.max(ratio) - xp.min(ratio))
    return xp.max(xp.stack(spreads))
