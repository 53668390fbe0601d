"""The optimal conditional policy and opponent model, and the equation of their values   (rommeo Section 3.1)."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from mathrl.arithmetic import namespace
from mathrl.operators import conditional_policy, opponent_model, opponent_policy_value, opponent_value
from mathrl.proofs_checks.families import instances
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.rommeo.pairs import Seen, backed_up, best_pair, own_last, pair_q, pairs, seen_by
from mathrl.proofs_checks.slack import Slack, all_of, at_most, equal

_CLOSE = 1e-10
"""What policy iteration in floats leaves of the best values, relative to them."""


@instances
def spans(draw: st.DrawFn) -> Mapping[str, Any]:
    """A pair in a game, and a number of steps."""
    return dict(draw(pairs)) | {"horizon": draw(st.integers(1, 4))}


@claim(
    "rommeo.theorem-1",
    at="Section 3.1, l. 439-526; Eq. 6, l. 293-313; C.2, l. 2008-2029",
    verdict="corrected",
    severity="gap",
    on=spans,
    proof="gap",
    survives={"objective": "discounted"},
    rests_on=("rommeo.theorem-4", "rommeo.theorem-5"),
)
def pair_is_optimal(
    game: Any,
    agent: int,
    prior: Any,
    conditional_distribution: Any,
    model: Any,
    temperature: Any,
    horizon: int,
    *,
    objective: str = "as printed",
) -> Slack:
    """With Q* of Eq. 8 and V* of Eq. 9, the conditional policy of Eq. 10 and the opponent model of Eq. 11 maximise the
    objective of Eq. 6, with weight α of the entropy.

    Reading: Pairs are functions of the state and, for the policy, of the opponents' joint action. Eq. 6 is a sum over
    the steps 1 to T of Eq. 5, without a discount; α enters it as the beginning of the section says. Q* of Eq. 8 is the
    discounted sum over all steps, so that π* and ρ* do not depend on the step. The other pair is any stationary one.

    Finding: Eq. 6 has no discount and Eq. 8 has one, and nothing chooses γ so that they agree: an agent that weighs a
    reward of the next step by γ need not maximise their plain sum. The derivation of Eq. 6 from the probability of
    being optimal gives no discount.

    Correction: The objective is E Σ_t γ^t (R + α H − KL) over all steps. Then the pair attains V* of Eq. 9 in every
    state, and no pair has more. (Over T steps without discount the same formulas hold with a Q for each step.)

    Practice: The pair is optimal for the discounted objective. It need not be for the evidence bound of the paper's
    derivation, which has no discount. Nor need it be for what the agents really receive: in the objective the agent's
    own model, and not the true opponents, chooses the others' actions.
    """
    seen, given = seen_by(game, agent), own_last(conditional_distribution)
    best, belief, _, best_v = best_pair(seen, prior, temperature=temperature)
    if objective == "discounted":
        _, v = pair_q(seen, given, model, prior, temperature=temperature)
        return at_most(v, best_v, rounding=_CLOSE * _size(best_v))
    left, right = (
        _over(horizon, seen, policy, rho, prior, temperature) for policy, rho in ((given, model), (best, belief))
    )
    return at_most(left, right, rounding=_CLOSE * _size(right))


def _over(horizon: int, seen: Seen, conditional: Any, model: Any, prior: Any, temperature: Any) -> Any:
    """J of Eq. 6 over T steps, from the last step backwards."""
    v: Any = namespace(model).zeros_like(model[:, 0])
    for _ in range(horizon):
        q = backed_up(seen._replace(discount=seen.discount**0), v)
        v = opponent_policy_value(q, conditional, model, prior, temperature=temperature)
    return namespace(v).sum(seen.start * v, axis=-1)


def _size(v: Any) -> float:
    return 0.0 if v.dtype.hasobject else max(1.0, float(abs(v).max()))


@claim(
    "rommeo.theorem-1",
    variant="discounted objective",
    at="Section 3.1, l. 439-526",
    verdict="holds",
    on=pairs,
    proof="gap",
    breaks={"weight_of_divergence": "α"},
    rests_on=("rommeo.theorem-4", "rommeo.theorem-5"),
    argument="mathrl.proofs_checks.own.rommeo_contraction.backups_contract",
)
def pair_attains_the_value(
    game: Any,
    agent: int,
    prior: Any,
    conditional_distribution: Any,
    model: Any,
    temperature: Any,
    *,
    weight_of_divergence: str = "1",
) -> Slack:
    """With the objective discounted as Eq. 8 is, the pair of Eq. 10 and 11 attains V* of Eq. 9 in every state, and no
    pair has more in any state.

    Reading: As for the theorem itself, but for the objective, E Σ_t γ^t (R + α H − KL).

    Finding: It holds for any rewards, priors, α > 0 and γ < 1. The best pair is the only one that is best in all states
    where the prior is positive; where P(b|s) = 0 the policy given b is free. The printed proof shows that pairs can be
    improved, and leaves out that the improvements end at the best pair.

    Practice: The exponent α of the inner sum in Eq. 11 belongs there, as the divergence has weight 1 whatever α is.
    """
    seen, given = seen_by(game, agent), own_last(conditional_distribution)
    _, _, best_q, _ = best_pair(seen, prior, temperature=temperature)
    weight = temperature if weight_of_divergence == "α" else temperature**0
    policy = conditional_policy(best_q, temperature=temperature)
    belief = opponent_model(best_q, prior, temperature=temperature, divergence_weight=weight)
    _, attained = pair_q(seen, policy, belief, prior, temperature=temperature)
    _, v = pair_q(seen, given, model, prior, temperature=temperature)
    printed = opponent_value(best_q, prior, temperature=temperature)
    close = _CLOSE * _size(printed)
    return all_of(at_most(v, attained, rounding=close), equal(attained, printed, rounding=close))


@claim(
    "rommeo.theorem-2",
    at="Section 3.1, l. 537-544; C.3, l. 2072-2125",
    verdict="corrected",
    severity="gap",
    on=pairs,
    proof="gap",
    survives={"pair": "optimal"},
    rests_on=("rommeo.theorem-1",),
)
def values_satisfy_the_equation(
    game: Any,
    agent: int,
    prior: Any,
    conditional_distribution: Any,
    model: Any,
    temperature: Any,
    *,
    pair: str = "any",
) -> Slack:
    """The soft Q of a conditional policy and an opponent model is r + γ E[V_soft] of the next state (Eq. 12).

    Reading: Any pair, as the theorem writes Q^{π,ρ} without asterisks. V_soft is the soft maximum of Q^{π,ρ}: Eq. 9 in
    the body, and Eq. 58 defines V^{π,ρ}_soft by the same formula, but for a bracket that is missing there.

    Finding: The soft maximum is more than the pair attains, by KL(ρ‖ρ̂) + α E_ρ[KL(π‖π̂)] with the pair (π̂, ρ̂) that
    Eq. 10 and 11 give at Q^{π,ρ} (mathrl.theorem-rommeo-gap). So Eq. 12 holds of a pair only where it is this pair, in
    every next state. With V* itself on the right it fails in the same way. The proof in C.3 is for π* and ρ* alone
    (Eq. 59).

    Correction: π = π* and ρ = ρ*.

    Practice: A critic that is trained on the soft maximum learns Q* and not the value of the current policy and model.
    For these the target of Eq. 15 is right, with actions from π and ρ.
    """
    seen = seen_by(game, agent)
    if pair == "optimal":
        _, _, q, _ = best_pair(seen, prior, temperature=temperature)
    else:
        q, _ = pair_q(seen, own_last(conditional_distribution), model, prior, temperature=temperature)
    right = backed_up(seen, opponent_value(q, prior, temperature=temperature))
    return equal(q, right, rounding=_CLOSE * _size(q))


@claim(
    "rommeo.theorem-2",
    variant="value of the pair",
    at="Section 3.1, l. 537-544; C.1, l. 1666-1729",
    verdict="holds",
    on=pairs,
    proof="none",
    breaks={"weight_of_divergence": "α"},
)
def values_satisfy_their_own_equation(
    game: Any,
    agent: int,
    prior: Any,
    conditional_distribution: Any,
    model: Any,
    temperature: Any,
    *,
    weight_of_divergence: str = "1",
) -> Slack:
    """The soft Q of any pair is r + γ E[V] of the next state, where V is what the pair attains.

    Reading: V(s) = E_{ρ,π}[Q] + α E_ρ[H(π)] − KL(ρ‖P), as in Eq. 36.

    Finding: It holds, by the definition of Q^{π,ρ} as a sum over time.
    """
    seen, given = seen_by(game, agent), own_last(conditional_distribution)
    q, _ = pair_q(seen, given, model, prior, temperature=temperature)
    weight = temperature if weight_of_divergence == "α" else temperature**0
    v = opponent_policy_value(q, given, model, prior, temperature=temperature, divergence_weight=weight)
    return equal(q, backed_up(seen, v), rounding=_CLOSE * _size(q))
