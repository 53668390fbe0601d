"""Improvement of the conditional policy, of the opponent model, and of both   (rommeo Appendix C.2)."""

from typing import Any

from mathrl.arithmetic import namespace
from mathrl.operators import conditional_policy, opponent_model_improvement, opponent_policy_value
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.rommeo.pairs import own_last, pair_q, pairs, seen_by
from mathrl.proofs_checks.slack import Slack, at_most
from mathrl.softmax import log_probabilities, target_log_ratio


@claim(
    "rommeo.theorem-4",
    at="Appendix C.2, l. 1753-1769",
    verdict="holds",
    on=pairs,
    proof="false step at Eq. 48",
    breaks={"counted": "rewards"},
    argument="mathrl.proofs_checks.own.rommeo_improvement.pairs_improve",
)
def policy_improves(
    game: Any,
    agent: int,
    prior: Any,
    conditional_distribution: Any,
    model: Any,
    temperature: Any,
    *,
    counted: str = "rewards, entropy and divergence",
) -> Slack:
    """With the opponent model ρ as it is, the conditional policy π̃ ∝ exp(Q^{π,ρ}/α) has Q^{π̃,ρ} ≥ Q^{π,ρ} everywhere.

    Reading: For every π and ρ, zeros in π allowed, and ρ positive only where the prior is, so that Q is bounded.

    Finding: It holds for every α > 0 and every prior; ρ and its divergence are the same on both sides. The printed
    proof treats both theorems in one chain: Eq. 48 takes a mean over π where Eq. 47 has π̃, and is not needed here.

    Practice: What rises is the sum with the entropy. The rewards alone can fall.
    """
    seen, given = seen_by(game, agent), own_last(conditional_distribution)
    q, _ = pair_q(seen, given, model, prior, temperature=temperature)
    new = conditional_policy(q, temperature=temperature)
    weight = 0 * temperature if counted == "rewards" else temperature
    known = model if counted == "rewards" else prior
    before, after = (pair_q(seen, policy, model, known, temperature=weight)[0] for policy in (given, new))
    return at_most(before, after, rounding=_hidden(q))


@claim(
    "rommeo.theorem-5",
    at="Appendix C.2, l. 1771-1789",
    verdict="corrected",
    severity="slip",
    on=pairs,
    proof="false step at Eq. 48",
    survives={"entropy": "given the opponents' action"},
)
def model_improves(
    game: Any,
    agent: int,
    prior: Any,
    conditional_distribution: Any,
    model: Any,
    temperature: Any,
    *,
    entropy: str = "of the state",
) -> Slack:
    """With the conditional policy π as it is, the opponent model ρ̃(·|s) ∝ P(·|s) exp(E_π[Q^{π,ρ}(s, a, ·)] + α H(π(s)))
    has Q^{π,ρ̃} ≥ Q^{π,ρ} everywhere.

    Reading: For every π and ρ, as in Theorem 4. Eq. 39 writes H(π(s)), which names no action of the opponents where its
    neighbours do; so it is one number for each state, whichever it is, and the sign ∝ swallows it.

    Finding: Then ρ̃ leaves out that the agent has more entropy given one action of the opponents than given another,
    and it can be worse than ρ.

    Correction: H(π(·|s, b)), as in Eq. 57, and as Eq. 44 means it, where it is written π(·|s, a^i). The printed line is
    right where this entropy is the same for all b, as of a policy that does not look at b.

    Practice: An opponent model that is fitted to Q alone, without α H(π(·|s, b)), may lower the objective.
    """
    seen, given = seen_by(game, agent), own_last(conditional_distribution)
    q, _ = pair_q(seen, given, model, prior, temperature=temperature)
    if entropy == "of the state":
        expected = namespace(q).sum(given * q, axis=1)
        log_prior = log_probabilities(prior)
        new = namespace(q).exp(log_prior + target_log_ratio(expected, log_prior, temperature**0))
    else:
        new = opponent_model_improvement(q, given, prior, temperature=temperature)
    return at_most(q, pair_q(seen, given, new, prior, temperature=temperature)[0], rounding=_hidden(q))


@claim(
    "rommeo.theorem-5",
    variant="entropy given the opponents' action",
    at="Appendix C.2, l. 1771-1789; Eq. 44, l. 1847-1860",
    verdict="holds",
    on=pairs,
    proof="false step at Eq. 48",
    breaks={"weight_of_divergence": "α"},
    argument="mathrl.proofs_checks.own.rommeo_improvement.pairs_improve",
)
def model_improves_with_entropy(
    game: Any,
    agent: int,
    prior: Any,
    conditional_distribution: Any,
    model: Any,
    temperature: Any,
    *,
    weight_of_divergence: str = "1",
) -> Slack:
    """With the conditional policy π as it is, the opponent model ρ̃(b|s) ∝ P(b|s) exp(E_π[Q^{π,ρ}(s, a, b)] +
    α H(π(·|s, b))) has Q^{π,ρ̃} ≥ Q^{π,ρ} everywhere.

    Reading: Eq. 39 with the entropy of the policy given b, as in Eq. 57.

    Finding: It holds for every α > 0 and every prior. Nothing is divided by α, as the divergence has weight 1.
    """
    seen, given = seen_by(game, agent), own_last(conditional_distribution)
    q, _ = pair_q(seen, given, model, prior, temperature=temperature)
    weight = temperature if weight_of_divergence == "α" else temperature**0
    new = opponent_model_improvement(q, given, prior, temperature=temperature, divergence_weight=weight)
    return at_most(q, pair_q(seen, given, new, prior, temperature=temperature)[0], rounding=_hidden(q))


@claim(
    "rommeo.equation-49",
    at="Appendix C.2, l. 1919-1947",
    verdict="corrected",
    severity="gap",
    role="step of rommeo.theorem-5",
    on=pairs,
    survives={"model_for": "the new policy"},
)
def model_improves_after_the_policy(
    game: Any,
    agent: int,
    prior: Any,
    conditional_distribution: Any,
    model: Any,
    temperature: Any,
    *,
    model_for: str = "the old policy",
) -> Slack:
    """Once the conditional policy is π̃ of Eq. 38, the opponent model ρ̃ of Eq. 39 attains at least what ρ does, at the
    table Q^{π,ρ}.

    Reading: ρ̃ is made from π, as Eq. 39 has it, with its entropy given b. The means are taken over π̃; that Eq. 48
    and 49 print π there, beside the entropy of π̃, is a slip.

    Finding: Eq. 42 is about one policy on both sides. ρ̃ is the best model for π, and for π̃ the old ρ may be better.

    Correction: ρ̃ is made from π̃, as Eq. 55 does. Or the model is replaced first: this order gives Eq. 53 as printed.

    Practice: It does no harm to update both at once from one critic; it is only this order of the steps that fails.
    """
    seen, given = seen_by(game, agent), own_last(conditional_distribution)
    q, _ = pair_q(seen, given, model, prior, temperature=temperature)
    policy = conditional_policy(q, temperature=temperature)
    made_from = given if model_for == "the old policy" else policy
    new = opponent_model_improvement(q, made_from, prior, temperature=temperature)
    values = (opponent_policy_value(q, policy, rho, prior, temperature=temperature) for rho in (model, new))
    return at_most(*values, rounding=_hidden(q))


@claim(
    "rommeo.equation-53",
    at="Appendix C.2, l. 1866-2006",
    verdict="holds",
    on=pairs,
    proof="false step at Eq. 49",
    breaks={"counted": "rewards"},
    rests_on=("rommeo.theorem-4", "rommeo.theorem-5", "rommeo.equation-49"),
    argument="mathrl.proofs_checks.own.rommeo_improvement.pairs_improve",
)
def both_improve(
    game: Any,
    agent: int,
    prior: Any,
    conditional_distribution: Any,
    model: Any,
    temperature: Any,
    *,
    counted: str = "rewards, entropy and divergence",
) -> Slack:
    """With π̃ of Eq. 38 and ρ̃ of Eq. 39, both made from Q^{π,ρ} and π, Q^{π̃,ρ̃} ≥ Q^{π,ρ} everywhere.

    Reading: ρ̃ with the entropy of π given b.

    Finding: It holds; the chain from Eq. 45 to 52 that is to show it does not, as it replaces the policy first.
    """
    seen, given = seen_by(game, agent), own_last(conditional_distribution)
    q, _ = pair_q(seen, given, model, prior, temperature=temperature)
    policy = conditional_policy(q, temperature=temperature)
    new = opponent_model_improvement(q, given, prior, temperature=temperature)
    if counted == "rewards":
        before, after = (
            pair_q(seen, pi, rho, rho, temperature=0 * temperature)[0] for pi, rho in ((given, model), (policy, new))
        )
        return at_most(before, after, rounding=_hidden(q))
    return at_most(q, pair_q(seen, policy, new, prior, temperature=temperature)[0], rounding=_hidden(q))


def _hidden(q: Any) -> float:
    """What two linear systems in floats may hide."""
    return 0.0 if q.dtype.hasobject else 1e-11 * max(1.0, float(abs(q).max()))
