"""Evaluation of a policy, decomposition of advantages, updates in turn   (hasac Section 4.2, Appendices A and E)."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from mathrl.arithmetic import namespace
from mathrl.operators import policy_backup, sequential_improvement, soft_advantage, soft_value, subset_q
from mathrl.proofs_checks.families import instances, numbers, policies, stochastic_games
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.policy_value import soft_q
from mathrl.proofs_checks.slack import Slack, at_most, equal
from mathrl.proofs_checks.strategies import temperatures
from mathrl.proofs_checks.symbols import expands_to_zero, symbols

TEMPERATURES = temperatures(0.1, 10.0)


@instances
def evaluations(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game, a policy of it, and a first table q."""
    game = draw(stochastic_games())
    return {
        "game": game,
        "policy": draw(policies(game, zeros=True)),
        "q": draw(numbers((game.num_states, *game.num_actions))),
        "temperature": draw(TEMPERATURES),
    }


@claim(
    "hasac.lemma-4.1",
    at="Section 4.2.1, l. 115; E.1, l. 646-656",
    verdict="holds",
    on=evaluations,
    proof="false step at E.1",
    breaks={"rate": 2},
)
def evaluation_converges(
    game: Any, policy: Sequence[Any], q: Any, temperature: Any, *, steps: int = 3, rate: int = 1
) -> Slack:
    """From any table Q_0, the tables Q_{k+1} = Γ_π Q_k tend to the soft Q of the policy.

    Reading: product policies of the state, zeros allowed; the discounted return of Eq. 4. Convergence is shown with its
    rate, ‖Q_k − Q_π‖ ≤ γᵏ ‖Q_0 − Q_π‖, here for k = 3.

    Finding: it holds, for any α ≥ 0. The proof defines the reward with entropy as r + E[Σ H], where r + γ α E[Σ H] is
    meant; with this it is the standard one.
    """
    xp, exact = namespace(q), soft_q(game, policy, temperature=temperature)
    iterate = q
    for _ in range(steps):
        iterate = policy_backup(
            iterate, policy, game.rewards, game.transitions, discount=game.discount, temperature=temperature
        )
    first, last = (xp.max(xp.abs(table - exact)) for table in (q, iterate))
    return at_most(last, game.discount ** (rate * steps) * first)


@instances
def advantages(draw: st.DrawFn) -> Mapping[str, Any]:
    """A table, a policy, and an order of some of the agents."""
    game = draw(stochastic_games(max_states=1))
    subset = draw(st.permutations(range(game.num_agents)))
    return {
        "q": draw(numbers((1, *game.num_actions))),
        "policy": draw(policies(game, zeros=True)),
        "order": tuple(subset[: draw(st.integers(1, len(subset)))]),
        "temperature": draw(TEMPERATURES),
    }


def _for_three_agents() -> str:
    """Three agents with 2, 3 and 2 actions, all orders of all subsets, probabilities and their logarithms free."""
    q, policy = (
        symbols("q", (1, 2, 3, 2)),
        tuple(symbols(f"p{i}", (1, k), with_logs=True) for i, k in enumerate((2, 3, 2))),
    )
    orders = ((0,), (1,), (2,), (0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1), (0, 1, 2), (2, 1, 0), (1, 2, 0))
    temperature = symbols("α", (1,))[0]
    proved = sum(expands_to_zero(advantages_add(q, policy, order, temperature)) for order in orders)
    return f"{proved} identities expand to 0: three agents with 2, 3 and 2 actions, {len(orders)} orders of subsets"


@claim(
    "hasac.lemma-a.1",
    at="Appendix A.4, l. 430-436",
    verdict="holds",
    on=advantages,
    proof="sound",
    breaks={"own_entropy": True},
    symbolic=_for_three_agents,
)
def advantages_add(
    q: Any, policy: Sequence[Any], order: Sequence[int], temperature: Any, *, own_entropy: bool = False
) -> Slack:
    """The soft advantage of a subset of agents is the sum of the agents' own, each given those before it.

    Reading: soft Q of Eq. 7 and advantages of Eq. 11, for every table Q, not only that of a policy.

    Finding: it is a telescoping sum of the Q^{i_1:j}, whatever these are.
    """
    together = subset_q(q, policy, order, temperature=temperature)
    value = subset_q(q, policy, (), temperature=temperature)
    total = together - value.reshape(-1, *[1] * len(order))
    parts: Any = 0
    for place, agent in enumerate(order):
        part = soft_advantage(q, policy, agent, order[:place], temperature=temperature)
        parts = parts + part.reshape(*part.shape, *[1] * (len(order) - place - 1))
    return equal(total, 2 * parts if own_entropy else parts)


@instances
def updates(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game, an old policy, an order of updates, and another policy to compare with."""
    game = draw(stochastic_games(min_agents=2, max_states=2))
    return {
        "game": game,
        "policy": draw(policies(game)),
        "other_policy": draw(policies(game, zeros=True)),
        "order": tuple(draw(st.permutations(range(game.num_agents)))),
        "temperature": draw(TEMPERATURES),
    }


@claim(
    "hasac.proposition-1",
    at="Section 4.2.1, l. 127-133; E.2, l. 658-697",
    verdict="refuted",
    severity="false",
    on=updates,
    proof="false step at Eq. 21",
    survives={"others": "of their turn"},
    rests_on=("hasac.lemma-a.1",),
)
def updates_in_turn_minimise(
    game: Any,
    policy: Sequence[Any],
    other_policy: Sequence[Any],
    order: Sequence[int],
    temperature: Any,
    *,
    others: str = "free",
) -> Slack:
    """If each agent in turn minimises Eq. 8, given the new policies of those before it, then the joint policy minimises
    the divergence from exp(Q/α)/Z (Eq. 9) over all product policies.

    Reading: Q is the soft Q of the old policy; Π are product policies, functions of the state. By Eq. 19 the divergence
    is log Z less E[Q]/α + Σ H, so that the claim compares E[Q] + α Σ H of the new policy with that of any other.

    Finding: each agent's step is the best in its own policy alone, and coordinate steps may end far from the optimum.
    The last line before Eq. 21 takes the mean over π̄^m beside the new policies of the agents before it for the mean
    over π̄.

    Correction: every step is the best answer to the policies that hold at that moment; so no step lowers the objective,
    which is all that Lemma 4.2 and Theorem 2 use.

    Practice: after one round of HASAC from a poor start the team may sit at the worst equilibrium: nothing makes the
    sequence of updates a joint optimisation.
    """
    q = soft_q(game, policy, temperature=temperature)
    if others == "free":
        new = sequential_improvement(q, policy, order, temperature=temperature)
        return at_most(*(soft_value(q, each, temperature=temperature) for each in (other_policy, new)))
    return _each_turn_is_best(q, policy, other_policy, order, temperature)


def _each_turn_is_best(
    q: Any, policy: Sequence[Any], other_policy: Sequence[Any], order: Sequence[int], temperature: Any
) -> Slack:
    """No agent had a better policy at its turn than the one that it took."""
    xp, held = namespace(q), list(policy)
    compared, taken = [], []
    for agent in order:
        compared.append([other_policy[i] if i == agent else own for i, own in enumerate(held)])
        held = list(sequential_improvement(q, held, (agent,), temperature=temperature))
        taken.append(list(held))
    left, right = (
        xp.stack([soft_value(q, each, temperature=temperature) for each in turns]) for turns in (compared, taken)
    )
    return at_most(left, right)
