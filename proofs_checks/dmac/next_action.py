"""Whether the critic's target may be taken at any next action   (dmac Section 4.4, Appendix A.8)."""

from collections.abc import Sequence
from typing import Any

from mathrl.arithmetic import namespace
from mathrl.operators import divergence_improvement, marginal_q
from mathrl.operators.axes import flat
from mathrl.proofs_checks.dmac.optimality import joint_optima
from mathrl.proofs_checks.dmac.product_optima import (
    hidden,
    log_ratios,
    others_pay,
    product_optima,
    values_at_optimum,
)
from mathrl.proofs_checks.joint_control import controlled, joint_q, with_optimum
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.slack import Slack, all_of, equal


@claim(
    "dmac.proposition-4",
    at="Section 4.4, l. 151-157; A.8, l. 594-607",
    verdict="refuted",
    severity="gap",
    on=product_optima,
    proof="false step at Eq. 22",
    rests_on=("dmac.proposition-5",),
    survives={"others": "averaged"},
)
def any_next_action_will_do(
    game: Any, policy: Sequence[Any], target_policy: Sequence[Any], temperature: Any, *, others: str = "free"
) -> Slack:
    """Q_ρ*(s, a) = r + γ E[Q_ρ*(s', a') − ω log(π_ρ*(a'|s')/ρ(a'|s'))] whatever the next joint action a' is.

    Reading: The optimum over product policies, as Section 3 takes joint policies; ρ plays every action. The instances
    are games whose only such optimum is known.

    Finding: It rests on Eq. 19. At the optimum over product policies the term in brackets differs between joint
    actions, unless Q_ρ* is additive over agents.

    Correction: For each agent any own next action will do, if the others' actions are averaged over their optimal
    policies. Over joint policies it holds as printed.

    Practice: With agents that act each on its own the critic's target must be a sample of the current policy; a target
    at an arbitrary action from a replay buffer is biased even at the optimum.
    """
    q, _ = values_at_optimum(game, policy, target_policy, temperature)
    if others == "free":
        rest = flat(q) - temperature * flat(log_ratios(policy, target_policy))
        return _next_values_agree(game, q, rest)
    xp = namespace(policy[0])
    paid, found = others_pay(policy, target_policy, temperature), []
    for i, (own, target) in enumerate(zip(policy, target_policy, strict=True)):
        rest = marginal_q(q, policy, i) - temperature * (xp.log(own) - xp.log(target)) - paid[i][:, None]
        found.append(_next_values_agree(game, q, rest))
    return all_of(*found)


@claim(
    "dmac.proposition-4",
    variant="joint policies",
    at="Section 4.4, l. 151-157; A.8, l. 594-607",
    verdict="holds",
    on=joint_optima,
    proof="sound",
    rests_on=("dmac.proposition-5@joint-policies",),
    argument="mathrl.proofs_checks.dmac.next_action.any_next_joint_action_will_do",
    breaks={"policy": "old"},
)
def any_next_joint_action_will_do(
    game: Any,
    v: Any,
    joint_target_policy: Any,
    joint_other_policy: Any,
    temperature: Any,
    *,
    policy: str = "optimal",
) -> Slack:
    """Over joint policies, which may be correlated, the equation holds for every next joint action.

    Reading: The optimum over all distributions of joint actions; ρ plays every joint action.

    Finding: Q_ρ* − ω log(π_ρ*/ρ) is V_ρ* for every action, by Eq. 19 and 20. It is not so for a policy and a critic
    that have not arrived there.

    Proof: By Eq. 19 and 20, which hold over joint policies, ω log(π_ρ*/ρ) = Q_ρ* − V_ρ* for every joint action. So the
    bracket is V_ρ*(s') for every a', and Q_ρ* = r + γ E[V_ρ*] by the definition of Q_ρ.
    """
    known = with_optimum(game, v, joint_target_policy, temperature=temperature)
    q = joint_q(known, v)
    xp = namespace(q)
    optimal = divergence_improvement(q, joint_target_policy, temperature=temperature)
    played = optimal if policy == "optimal" else joint_target_policy
    rest = q - temperature * (xp.log(played) - xp.log(joint_target_policy))
    return _next_values_agree(known, q, rest)


def _next_values_agree(game: Any, q: Any, rest: Any) -> Slack:
    """Q(s, a) = r(s, a) + γ Σ_t P(t|s, a) x(t, b) for every next action b of x, (S, B)."""
    alone = controlled(game)
    after = alone.rewards[:, :, None] + alone.discount * (alone.transitions @ rest)
    return equal(flat(q)[:, :, None], after, rounding=hidden(q))
