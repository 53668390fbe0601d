"""Rounds of updates in turn: what improves   (hasac Lemma 4.2, Section 4.2.1, Appendix E.3)."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from mathrl.operators import quantal_response, sequential_improvement
from mathrl.proofs_checks.families import instances, policies, stochastic_games
from mathrl.proofs_checks.hasac.returns import return_over
from mathrl.proofs_checks.ledger import claim, compound
from mathrl.proofs_checks.policy_value import return_of, soft_q, soft_v
from mathrl.proofs_checks.slack import Slack, at_most
from mathrl.proofs_checks.strategies import temperatures


@instances
def rounds(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game, an old policy with zeros or without, an order, and a horizon for Eq. 2."""
    game = draw(stochastic_games(min_agents=2))
    return {
        "game": game,
        "policy": draw(policies(game, zeros=True)),
        "order": tuple(draw(st.permutations(range(game.num_agents)))),
        "temperature": draw(temperatures(0.03, 1.0)),
        "horizon": draw(st.integers(1, 4)),
    }


@claim(
    "hasac.lemma-4.2",
    variant="soft Q",
    at="Section 4.2.1, l. 137; E.3, l. 700-728",
    verdict="holds",
    on=rounds,
    proof="false step at E.3",
    breaks={"turns": False},
    rests_on=("hasac.proposition-1",),
    argument="mathrl.proofs_checks.hasac.improvement.soft_q_rises",
)
def soft_q_rises(
    game: Any,
    policy: Sequence[Any],
    order: Sequence[int],
    temperature: Any,
    horizon: int,
    *,
    turns: bool = True,
) -> Slack:
    """If every agent minimises Eq. 8 in turn, then Q of the new policy is at least Q of the old one, everywhere.

    Reading: Product policies of the state, the old one with zeros or without; any order; α > 0; Q of Eq. 4.

    Finding: It holds. The proof takes from Proposition 1 (refuted) that the new policy minimises Eq. 9, but uses only
    that it is no worse than the old one (Eq. 22).

    Proof: Let f_s(π) = E_π[Q_old(s, ·)] + α Σ_j H(π^j). At agent i's turn the others' policies are held, and f_s is,
    but for terms that do not depend on π^i, the mean of Q^i plus α H(π^i). Its one maximiser is σ = softmax(Q^i/α),
    and f_s(σ) − f_s(π^i) = α KL(π^i‖σ). Summed over the turns, f_s(new) − V_old(s) = α Σ_i KL(π_old^i‖π_new^i) =: g(s)
    ≥ 0. V_new − V_old = g + γ P_new (V_new − V_old), so that V_new − V_old = Σ_k γᵏ P_newᵏ g ≥ g ≥ 0, and Q_new −
    Q_old = γ P (V_new − V_old) ≥ 0. ∎

    Practice: The turns matter. Agents that all answer the old policies at once may lower every value.
    """
    before = soft_q(game, policy, temperature=temperature)
    if turns:
        new = sequential_improvement(before, policy, order, temperature=temperature)
    else:
        new = tuple(quantal_response(before, policy, i, temperature=temperature) for i in range(len(policy)))
    return at_most(before, soft_q(game, new, temperature=temperature))


@claim(
    "hasac.lemma-4.2",
    variant="objective",
    at="Section 4.2.1, l. 74, 137; E.3, l. 700, 730-732",
    verdict="corrected",
    severity="slip",
    on=rounds,
    proof="false step at E.3",
    survives={"objective": "discounted"},
    rests_on=("hasac.proposition-1",),
    argument="mathrl.proofs_checks.hasac.improvement.soft_q_rises",
)
def objective_rises(
    game: Any,
    policy: Sequence[Any],
    order: Sequence[int],
    temperature: Any,
    horizon: int,
    *,
    objective: str = "horizon",
) -> Slack:
    """If every agent minimises Eq. 8 in turn, then the objective J does not fall.

    Reading: J is that of Eq. 2, the only one that the body defines and the one that E.3 names: T steps, no discount,
    for all T. Q of Eq. 4 has a discount and no end.

    Finding: The update weighs what comes later by γ, and for ever; over T steps without discount this may be a loss.
    The proof's last line has J = E_{s~d}[V], which is not Eq. 2.

    Correction: J = E_{s~d}[V_π], the discounted return. It is a mean of V, which rises everywhere.

    Practice: The episode's return, which is what experiments plot, may fall from one update to the next although every
    step is exact.
    """
    q = soft_q(game, policy, temperature=temperature)
    new = sequential_improvement(q, policy, order, temperature=temperature)
    if objective == "horizon":
        return at_most(*(return_over(game, each, temperature=temperature, horizon=horizon) for each in (policy, new)))
    return at_most(*(return_of(game, soft_v(game, each, temperature=temperature)) for each in (policy, new)))


compound(
    "hasac.lemma-4.2",
    at="Section 4.2.1, l. 137; E.3, l. 700-732",
    parts=("soft Q", "objective"),
    proof="false step at E.3",
    rests_on=("hasac.proposition-1",),
    text="""If every agent minimises Eq. 8 in turn, then neither the soft Q nor the objective J falls.""",
)
