"""Evaluation of a policy, and the advantages of several agents as a sum   (hasac Section 4.2, Appendices A and E)."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from mathrl.arithmetic import namespace
from mathrl.operators import policy_backup, soft_advantage, subset_q
from mathrl.proofs_checks.families import instances, numbers, policies, stochastic_games
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.policy_value import soft_q
from mathrl.proofs_checks.slack import Slack, at_most, equal
from mathrl.proofs_checks.strategies import temperatures
from mathrl.proofs_checks.symbols import expands_to_zero, symbols
from mathrl.softmax import entropy

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
    argument="mathrl.proofs_checks.hasac.soft_policies.evaluation_converges",
)
def evaluation_converges(
    game: Any, policy: Sequence[Any], q: Any, temperature: Any, *, steps: int = 3, rate: int = 1
) -> Slack:
    """From any table Q_0, the tables Q_{k+1} = Γ_π Q_k tend to the soft Q of the policy.

    Reading: Product policies of the state, zeros allowed; the discounted return of Eq. 4. Convergence is shown with its
    rate, ‖Q_k − Q_π‖ ≤ γᵏ ‖Q_0 − Q_π‖, here for k = 3.

    Finding: It holds, for any α ≥ 0 and any policy, also one with zeros. The proof defines the reward with entropy as
    r + E[Σ H], where r + γ α E[Σ H] is meant; as printed the iteration would end at another table.

    Proof: Γ_π Q − Γ_π Q' = γ P_π (Q − Q'), where P_π takes means, since the entropies cancel; so Γ_π is a γ-contraction
    in the maximum norm. Eq. 4 is V = E_π[r] + α Σ H + γ P_π V written out, so that Q_π is its fixed point. Hence
    ‖Q_k − Q_π‖ ≤ γᵏ ‖Q_0 − Q_π‖, which tends to 0 as γ < 1. ∎

    Practice: A critic that is trained on these targets alone tends to Q_π; the entropy belongs to every later step.
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
    q = symbols("q", (1, 2, 3, 2))
    policy = tuple(symbols(f"p{i}", (1, k), with_logs=True) for i, k in enumerate((2, 3, 2)))
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

    Reading: Soft Q of Eq. 7 and advantages of Eq. 11, for every table Q, not only that of a policy.

    Finding: It is a telescoping sum of the Q^{i_1:j}, whatever these are. An advantage whose mean under the agent's
    policy is 0 would differ from that of Eq. 11 by α H(π^i), and with it the sum would be wrong.
    """
    together = subset_q(q, policy, order, temperature=temperature)
    value = subset_q(q, policy, (), temperature=temperature)
    total = together - value.reshape(-1, *[1] * len(order))
    parts: Any = 0
    for place, agent in enumerate(order):
        part = soft_advantage(q, policy, agent, order[:place], temperature=temperature)
        if own_entropy:
            part = part + temperature * entropy(policy[agent]).reshape(-1, *[1] * (place + 1))
        parts = parts + part.reshape(*part.shape, *[1] * (len(order) - place - 1))
    return equal(total, parts)
