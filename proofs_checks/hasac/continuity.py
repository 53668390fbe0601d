"""Values are continuous in the policy: with their moduli, which no slope bounds   (hasac Appendix A.4)."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from mathrl.arithmetic import namespace
from mathrl.operators.axes import flat
from mathrl.proofs_checks.families import policies, stochastic_games
from mathrl.proofs_checks.joint_control import outer
from mathrl.proofs_checks.ledger import claim, compound
from mathrl.proofs_checks.policy_value import return_of, soft_q, soft_v
from mathrl.proofs_checks.slack import Slack, all_of, at_most, equal
from mathrl.proofs_checks.strategies import temperatures
from mathrl.softmax import entropy, total_variation

ARGUMENT = "mathrl.proofs_checks.hasac.continuity.soft_q_is_continuous"


@st.composite
def _two_policies(draw: st.DrawFn, min_agents: int, max_agents: int) -> Mapping[str, Any]:
    """A game and two policies, zeros allowed, often near one another."""
    game = draw(stochastic_games(min_agents=min_agents, max_agents=max_agents))
    policy, other = (draw(policies(game, zeros=True)) for _ in range(2))
    share = draw(st.sampled_from([1.0, 1e-2, 1e-5]))
    near = tuple((1 - share) * own + share * new for own, new in zip(policy, other, strict=True))
    temperature = draw(temperatures(0.1, 10.0))
    return {"game": game, "policy": policy, "other_policy": near, "temperature": temperature}


one_agent, several_agents = _two_policies(1, 1), _two_policies(2, 3)


def modulus(
    game: Any, policy: Sequence[Any], other_policy: Sequence[Any], temperature: Any, *, slope: str = "infinite"
) -> Any:
    """max_s Σ_i (T_i spread Q(s, ·) + α (T_i log(|A^i| − 1) + h(T_i))), T_i = TV(π^i, π'^i), h the binary entropy.

    It tends to 0 as the policies come near. With `slope="finite"` the binary entropy is left out.
    """
    q = flat(soft_q(game, policy, temperature=temperature))
    xp = namespace(q)
    spread, total = xp.max(q, axis=-1) - xp.min(q, axis=-1), 0
    for own, new in zip(policy, other_policy, strict=True):
        apart = total_variation(own, new)
        changed = apart * xp.log(0 * apart + (own.shape[1] - 1))
        if slope == "infinite":
            changed = changed + entropy(xp.stack([apart, 1 - apart], axis=-1))
        total = total + apart * spread + temperature * changed
    return xp.max(total)


@claim(
    "hasac.lemma-a.2",
    at="Appendix A.4, l. 442-475",
    verdict="holds",
    on=one_agent,
    proof="sound",
    breaks={"slope": "finite"},
    rests_on=("hasac.assumption-1",),
    argument=ARGUMENT,
)
def soft_q_is_continuous(
    game: Any, policy: Sequence[Any], other_policy: Sequence[Any], temperature: Any, *, slope: str = "infinite"
) -> Slack:
    """The soft Q of one agent is continuous in its policy, in every state and action.

    Reading: All policies, zeros allowed, which is more than Assumption 1 asks; distance of Definition 7. It is shown
    with a modulus: ‖Q_π − Q_π'‖ ≤ γ/(1 − γ) max_s (T spread Q_π + α (T log(|A| − 1) + h(T))) with T the total variation
    in s and h the binary entropy.

    Finding: It holds. The proof uses that log π is continuous, for which it has Assumption 1; without it the entropy is
    continuous, but no constant bounds its slope near probabilities of 0, and with η-soft policies the constant grows
    like log(1/η).

    Proof: Q_π − Q_π' = γ P (V_π − V_π'), and V_π − V_π' = Σ_a (π − π') Q_π + α (H(π) − H(π')) + Σ_a π' (Q_π − Q_π').
    The first term is at most T spread Q_π, as π − π' sums to 0. For the second draw X ~ π and Y ~ π' with P(X ≠ Y) =
    T; by Fano's inequality H(X) ≤ H(Y) + H(X|Y) ≤ H(Y) + h(T) + T log(|A| − 1), and the same the other way about. The
    third is at most ‖Q_π − Q_π'‖; so ‖Q_π − Q_π'‖ ≤ γ m + γ ‖Q_π − Q_π'‖ with m the largest sum of the first two. All
    of it tends to 0 with T, that is with Definition 7's distance, since T ≤ |A| ‖π − π'‖/2. For product policies the
    entropies add up, and the total variation of the joint policies is at most the sum of the agents'. ∎

    Practice: A small change of a nearly deterministic policy may change the soft values by much more, by T log(1/T).
    """
    q, other = (soft_q(game, each, temperature=temperature) for each in (policy, other_policy))
    bound = modulus(game, policy, other_policy, temperature, slope=slope)
    return at_most(namespace(q).abs(q - other), game.discount / (1 - game.discount) * bound)


@claim(
    "hasac.corollary-1",
    variant="part (1)",
    at="Appendix A.4, l. 477-479",
    verdict="corrected",
    severity="slip",
    on=one_agent,
    proof="none",
    survives={"weight": "temperature"},
    rests_on=("hasac.lemma-a.2",),
    argument=ARGUMENT,
)
def value_has_this_form(
    game: Any, policy: Sequence[Any], other_policy: Sequence[Any], temperature: Any, *, weight: str = "one"
) -> Slack:
    """V_π(s) = Σ_a (π Q_π − π log π), and it is continuous in π.

    Reading: V of Eq. 6, of one agent.

    Finding: It is continuous; the formula lacks α before π log π, and is V for α = 1 alone.

    Correction: V_π(s) = Σ_a (π Q_π − α π log π), with |V_π − V_π'| at most the modulus of Lemma A.2 over γ.
    """
    v = soft_v(game, policy, temperature=temperature)
    q = soft_q(game, policy, temperature=temperature)
    own = entropy(policy[0])
    formula = namespace(q).sum(policy[0] * q, axis=-1) + (own if weight == "one" else temperature * own)
    if weight == "one":
        return equal(v, formula)
    return all_of(equal(v, formula), _v_is_near(game, policy, other_policy, temperature))


def _v_is_near(
    game: Any, policy: Sequence[Any], other_policy: Sequence[Any], temperature: Any, slope: str = "infinite"
) -> Slack:
    """|V_π − V_π'| ≤ the modulus over 1 − γ, in every state."""
    v, other = (soft_v(game, each, temperature=temperature) for each in (policy, other_policy))
    bound = modulus(game, policy, other_policy, temperature, slope=slope)
    return at_most(namespace(v).abs(v - other), bound / (1 - game.discount))


@claim(
    "hasac.corollary-1",
    variant="part (2)",
    at="Appendix A.4, l. 477, 480",
    verdict="holds",
    on=one_agent,
    proof="none",
    breaks={"slope": "finite"},
    rests_on=("hasac.lemma-a.2",),
    argument=ARGUMENT,
)
def advantage_is_continuous(
    game: Any, policy: Sequence[Any], other_policy: Sequence[Any], temperature: Any, *, slope: str = "infinite"
) -> Slack:
    """The advantage A_π(s, a) = Q_π(s, a) − V_π(s) is continuous in π.

    Reading: As Lemma A.2, whose proof gives |A_π − A_π'| ≤ (1 + γ)/(1 − γ) m. Here m is the largest sum over a state in
    that proof: max_s (T spread Q_π + α (T log(|A| − 1) + h(T))).

    Finding: It holds: Q moves by at most γ/(1 − γ) m, and V by at most m/(1 − γ).
    """
    found = []
    for each in (policy, other_policy):
        q, v = soft_q(game, each, temperature=temperature), soft_v(game, each, temperature=temperature)
        found.append(q - v[:, None])
    bound = modulus(game, policy, other_policy, temperature, slope=slope)
    return at_most(namespace(found[0]).abs(found[0] - found[1]), (1 + game.discount) / (1 - game.discount) * bound)


@claim(
    "hasac.corollary-1",
    variant="part (3)",
    at="Appendix A.4, l. 477, 481",
    verdict="holds",
    on=one_agent,
    proof="none",
    breaks={"slope": "finite"},
    rests_on=("hasac.lemma-a.2",),
    argument=ARGUMENT,
)
def return_is_continuous(
    game: Any, policy: Sequence[Any], other_policy: Sequence[Any], temperature: Any, *, slope: str = "infinite"
) -> Slack:
    """The return J(π) = E_s[V_π(s)] over the start is continuous in π.

    Reading: J as this line has it, which is not that of Eq. 2, whose sum over T steps is continuous too. As Lemma A.2:
    |J(π) − J(π')| ≤ m/(1 − γ), with m as in part (2).

    Finding: It holds, as J is a mean of V.
    """
    one, other = (return_of(game, soft_v(game, each, temperature=temperature)) for each in (policy, other_policy))
    bound = modulus(game, policy, other_policy, temperature, slope=slope)
    return at_most(abs(one - other), bound / (1 - game.discount))


compound(
    "hasac.corollary-1",
    at="Appendix A.4, l. 477-481",
    parts=("part (1)", "part (2)", "part (3)"),
    proof="none",
    rests_on=("hasac.lemma-a.2",),
    text="V, with the formula printed for it, the advantage, and the return of one agent are continuous in its policy.",
)


@claim(
    "hasac.corollary-2",
    at="Appendix A.4, l. 483",
    verdict="holds",
    on=several_agents,
    proof="sound",
    breaks={"slope": "finite"},
    rests_on=("hasac.lemma-a.2", "hasac.corollary-1"),
    argument=ARGUMENT,
)
def joint_values_are_continuous(
    game: Any, policy: Sequence[Any], other_policy: Sequence[Any], temperature: Any, *, slope: str = "infinite"
) -> Slack:
    """Q, V, the advantage and J are continuous in the joint policy, and in each agent's, in which the joint policy is
    Lipschitz-continuous.

    Reading: Product policies of several agents; the distance of joint policies is the sum of the absolute differences,
    for which the constant is 1. The moduli are those of one agent, added up.

    Finding: It holds.
    """
    q, other = (soft_q(game, each, temperature=temperature) for each in (policy, other_policy))
    xp = namespace(q)
    bound = modulus(game, policy, other_policy, temperature, slope=slope)
    parts = [
        at_most(xp.abs(q - other), game.discount / (1 - game.discount) * bound),
        _v_is_near(game, policy, other_policy, temperature, slope),
    ]
    for agent, new in enumerate(other_policy):
        changed = [new if i == agent else own for i, own in enumerate(policy)]
        moved = xp.sum(xp.abs(outer(changed) - outer(policy)), axis=-1)
        parts.append(at_most(moved, 2 * total_variation(policy[agent], new)))
    return all_of(*parts)
