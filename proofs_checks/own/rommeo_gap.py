"""By how much a pair of ROMMEO falls short of the soft maximum of its values."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from mathrl.arithmetic import namespace
from mathrl.operators import (
    conditional_policy,
    opponent_model,
    opponent_policy_value,
    opponent_value,
    own_and_others,
)
from mathrl.proofs_checks.families import instances, numbers
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.rommeo.pairs import own_last, pairs
from mathrl.proofs_checks.slack import Slack, equal
from mathrl.softmax import kl_divergence


@instances
def judged(draw: st.DrawFn) -> Mapping[str, Any]:
    """A table, an agent, a prior and a pair."""
    instance = dict(draw(pairs))
    game = instance.pop("game")
    return instance | {"q": draw(numbers((game.num_states, *game.num_actions)))}


@claim(
    "mathrl.theorem-rommeo-gap",
    at="of rommeo Theorem 2, l. 537-544, and Eq. 43-44, l. 1828-1860",
    verdict="holds",
    on=judged,
    proof="sound",
    breaks={"averaged_over": "prior"},
    argument="mathrl.proofs_checks.own.rommeo_gap.pairs_fall_short",
)
def pairs_fall_short(
    q: Any,
    agent: int,
    prior: Any,
    conditional_distribution: Any,
    model: Any,
    temperature: Any,
    *,
    averaged_over: str = "model",
) -> Slack:
    """For every table Q and every pair (π, ρ), the soft maximum less what the pair attains is
    V(Q) − V^{π,ρ}(Q) = KL(ρ‖ρ̂) + α E_{b~ρ}[KL(π(·|b)‖π̂(·|b))], with the pair (π̂, ρ̂) of Eq. 10 and 11 at Q.

    Reading: V is Eq. 9 and V^{π,ρ} = E_{ρ,π}[Q] + α E_ρ[H(π)] − KL(ρ‖P), in each state; ρ is positive only where P is.

    Finding: The two divergences are what Eq. 43 and 44 leave when the best policy and model are put in.

    Proof: Let S(b) = α log Σ_a exp(Q(a, b)/α). By Eq. 10, Q(a, b) = S(b) + α log π̂(a|b), so that
    E_π[Q(·, b)] + α H(π(·|b)) = S(b) − α KL(π(·|b)‖π̂(·|b)). By Eq. 11, S(b) = V + log ρ̂(b) − log P(b) where
    P(b) > 0, so that E_ρ[S] − KL(ρ‖P) = V + E_ρ[log ρ̂ − log P − log ρ + log P] = V − KL(ρ‖ρ̂). Adding the first line
    over ρ gives V^{π,ρ} = V − KL(ρ‖ρ̂) − α E_ρ[KL(π‖π̂)].

    Practice: To minimise the right side fits policy and model at once. The divergence of the policy is weighted by the
    model, so that answers to what ρ never plays are not learned. Q^{π,ρ} satisfies Eq. 12 with the soft maximum exactly
    where the sum is 0 in all states that can follow.
    """
    table, given = own_and_others(q, agent), own_last(conditional_distribution)
    best, belief = (
        conditional_policy(table, temperature=temperature),
        opponent_model(table, prior, temperature=temperature),
    )
    reached = opponent_policy_value(table, given, model, prior, temperature=temperature)
    left = opponent_value(table, prior, temperature=temperature) - reached
    weights = model if averaged_over == "model" else prior
    apart = namespace(q).sum(weights * kl_divergence(own_last(given), own_last(best)), axis=-1)
    right = kl_divergence(model, belief) + temperature * apart
    rounding = 0.0 if q.dtype.hasobject else 1e-11 * (1 + float(abs(q).max()) + float(temperature))
    return equal(left, right, rounding=rounding)
