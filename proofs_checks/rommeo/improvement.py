"""Improvement of the conditional policy, of the opponent model, and of both   (rommeo Appendix C.2)."""

from typing import Any

from mathrl.arithmetic import namespace
from mathrl.operators import conditional_policy, opponent_model_improvement, opponent_policy_value
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.rommeo.pairs import own_last, pair_q, pairs, seen_by
from mathrl.proofs_checks.slack import Slack, at_most
from mathrl.softmax import entropy as entropy_of
from mathrl.softmax import kl_divergence, log_probabilities, target_log_ratio


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
    neighbours do; so it is one number for each state, whichever it is, and cancels where ρ̃ is normalised.

    Finding: Then ρ̃ leaves out that the agent has more entropy given one action of the opponents than given another,
    and it can be worse than ρ.

    Correction: H(π(·|s, b)), as in Eq. 57, and as Eq. 44 means it, where it is written π(·|s, a^i). The printed line is
    right where this entropy is the same for all b, as of a policy that does not look at b.

    Practice: An opponent model that is fitted to Q alone, without α H(π(·|s, b)), may lower the objective.
    """
    seen, given = seen_by(game, agent), own_last(conditional_distribution)
    q, _ = pair_q(seen, given, model, prior, temperature=temperature)
    if entropy == "of the state":
        new = _printed_model(q, given, prior, temperature)
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
    survives={"policy": "the new one"},
)
def model_improves_after_the_policy(
    game: Any,
    agent: int,
    prior: Any,
    conditional_distribution: Any,
    model: Any,
    temperature: Any,
    *,
    policy: str = "as printed",
) -> Slack:
    """Once the conditional policy is π̃ of Eq. 38, the opponent model ρ̃ of Eq. 39 attains at least what ρ does, at the
    table Q^{π,ρ}.

    Reading: As printed: ρ̃ is that of Eq. 39, made from π, with one entropy for each state, as in Theorem 5; both sides
    take the mean of Q over π, and the entropy of π̃ given b.

    Finding: Eq. 42, from which the step is taken, is about one policy on both sides. ρ̃ is not the best model here, and
    the old ρ may be better. It makes no difference if the means are taken over π̃, as the line before has them, and if
    ρ̃ counts the entropy of π given b: the stored example decides this reading as well.

    Correction: ρ̃ is made from π̃, as Eq. 55 does, with its entropy given b, and the means are taken over π̃. Or the
    model is replaced first: this order gives Eq. 53.

    Practice: It does no harm to update both at once from one critic; it is only this order of the steps that fails.
    """
    xp, seen, given = namespace(model), seen_by(game, agent), own_last(conditional_distribution)
    q, _ = pair_q(seen, given, model, prior, temperature=temperature)
    new = conditional_policy(q, temperature=temperature)
    if policy == "as printed":
        rho = _printed_model(q, given, prior, temperature)
        attained = xp.sum(given * q, axis=1) + temperature * entropy_of(own_last(new))
        values = (xp.sum(each * attained, axis=-1) - kl_divergence(each, prior) for each in (model, rho))
    else:
        rho = opponent_model_improvement(q, new, prior, temperature=temperature)
        values = (opponent_policy_value(q, new, each, prior, temperature=temperature) for each in (model, rho))
    return at_most(*values, rounding=_hidden(q))


@claim(
    "rommeo.equation-53",
    at="Appendix C.2, l. 1866-2006",
    verdict="corrected",
    severity="slip",
    on=pairs,
    proof="false step at Eq. 48",
    survives={"entropy": "given the opponents' action"},
    rests_on=("rommeo.theorem-4", "rommeo.theorem-5", "rommeo.equation-49"),
)
def both_improve(
    game: Any,
    agent: int,
    prior: Any,
    conditional_distribution: Any,
    model: Any,
    temperature: Any,
    *,
    entropy: str = "of the state",
) -> Slack:
    """With π̃ of Eq. 38 and ρ̃ of Eq. 39, both made from Q^{π,ρ} and π, Q^{π̃,ρ̃} ≥ Q^{π,ρ} everywhere.

    Reading: ρ̃ as Eq. 39 prints it, with one entropy for each state, as in Theorem 5. The inequality is the whole chain
    from Eq. 45 to 53.

    Finding: The slip of Eq. 39 matters here as it does in Theorem 5: ρ̃ without the entropy may be worse than ρ, also
    where the policy improves at the same time.

    Correction: H(π(·|s, b)) in ρ̃, as in Eq. 57. With this it holds, although the chain that is to show it does not.

    Practice: As for Theorem 5, an opponent model that is fitted to Q alone may lower the objective.
    """
    seen, given = seen_by(game, agent), own_last(conditional_distribution)
    q, _ = pair_q(seen, given, model, prior, temperature=temperature)
    policy = conditional_policy(q, temperature=temperature)
    if entropy == "of the state":
        new = _printed_model(q, given, prior, temperature)
    else:
        new = opponent_model_improvement(q, given, prior, temperature=temperature)
    return at_most(q, pair_q(seen, policy, new, prior, temperature=temperature)[0], rounding=_hidden(q))


@claim(
    "rommeo.equation-53",
    variant="entropy given the opponents' action",
    at="Appendix C.2, l. 1866-2006",
    verdict="holds",
    on=pairs,
    proof="false step at Eq. 48",
    breaks={"counted": "rewards"},
    rests_on=("rommeo.theorem-4", "rommeo.theorem-5", "rommeo.equation-49"),
    argument="mathrl.proofs_checks.own.rommeo_improvement.pairs_improve",
)
def both_improve_with_entropy(
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

    Finding: It holds. The chain from Eq. 45 to 52 that is to show it does not: Eq. 48 takes the mean over π for that
    over π̃, and Eq. 49 replaces the policy first.
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


def _printed_model(q: Any, given: Any, prior: Any, temperature: Any) -> Any:
    """ρ̃ ∝ P exp(E_π[Q]), as one entropy for each state cancels, (S, B)."""
    log_prior = log_probabilities(prior)
    expected = namespace(q).sum(given * q, axis=1)
    return namespace(q).exp(log_prior + target_log_ratio(expected, log_prior, temperature**0))


def _hidden(q: Any) -> float:
    """What two linear systems in floats may hide."""
    return 0.0 if q.dtype.hasobject else 1e-11 * max(1.0, float(abs(q).max()))
