"""Who cannot raise the objective plays Boltzmann policies, and where   (hasac Theorem 1, Section 4.1, Appendix D)."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from mathrl.arithmetic import namespace
from mathrl.games import Game
from mathrl.operators import entropy_bonus, marginal_q, quantal_response
from mathrl.proofs_checks.families import instances, policies, rows, stochastic_games
from mathrl.proofs_checks.hasac.returns import best_over, return_over
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.policy_value import return_of, soft_q, soft_v
from mathrl.proofs_checks.slack import Slack, all_of, at_most, equal, premise
from mathrl.proofs_checks.strategies import temperatures
from mathrl.softmax import kl_divergence, soft_max

TEMPERATURES = temperatures(0.1, 10.0)

TIE = 1e-9
"""By how much an agent may gain, in doubles, that is taken to gain nothing."""


@instances
def situations(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game with any start, a policy, what an agent may turn to, and a horizon."""
    game = draw(stochastic_games())
    start = draw(rows((game.num_states,), zeros=True))
    game = Game.stochastic(game.rewards, game.transitions, game.discount, start)
    return {
        "game": game,
        "policy": draw(policies(game, zeros=True)),
        "other_policy": draw(policies(game, zeros=True)),
        "temperature": draw(TEMPERATURES),
        "horizon": draw(st.integers(1, 4)),
    }


@claim(
    "hasac.theorem-1",
    at="Section 4.1, l. 74, 80-90; D, l. 586-630",
    verdict="corrected",
    severity="gap",
    on=situations,
    proof="false step at D, l. 626",
    survives={"objective": "discounted", "states": "where it starts"},
    argument="mathrl.proofs_checks.own.unilateral_gain.gains_are_near_the_divergence",
)
def equilibria_are_boltzmann(
    game: Any,
    policy: Sequence[Any],
    other_policy: Sequence[Any],
    temperature: Any,
    horizon: int,
    *,
    objective: str = "horizon",
    states: str = "all",
) -> Slack:
    """If no agent alone can raise J of Eq. 2, then every agent plays softmax(E[Q]/α) in every state (Eq. 3).

    Reading: Product policies of the state; α > 0; J over T steps without discount, for all T and starts d; Q of Eq. 4
    with discount γ and no end.

    Finding: Eq. 3 is the best answer for the discounted return without end, not for J of Eq. 2: where γ < 1 or T is
    finite they trade what is paid now and later differently. Nor does J say anything of states that are never visited
    (the variant "discounted"). The proof maximises E[Q] + α Σ H of each state with Q held fixed, although Q depends on
    the policy, and never compares this with J; its last "Hence" (l. 626) is where it fails.

    Correction: J = E_{s~d}[V_π], and the states that count in J: those with d(s) > 0 and, if γ > 0, those that the game
    reaches from them. There a policy that is not of this form can be bettered: agent i gains at least
    α Σ_s d(s) KL(π^i‖σ^i) by playing σ^i, the softmax.

    Practice: With few states visited, or evaluation without discount, what nobody can improve need not look like a
    Boltzmann policy of the critic.
    """
    q = soft_q(game, policy, temperature=temperature)
    responses = [quantal_response(q, policy, agent, temperature=temperature) for agent in range(len(policy))]
    if states == "where it starts":
        return all_of(*_gains(game, policy, responses, temperature))
    for agent in range(len(policy)):
        if objective == "horizon":
            now = return_over(game, policy, temperature=temperature, horizon=horizon)
            best = best_over(game, policy, agent, temperature=temperature, horizon=horizon)
        else:
            now = return_of(game, soft_v(game, policy, temperature=temperature))
            best = return_of(game, _best_discounted(game, policy, agent, temperature))
        premise(best <= now + TIE)
    return all_of(*(equal(own, response) for own, response in zip(policy, responses, strict=True)))


def _gains(game: Any, policy: Sequence[Any], responses: Sequence[Any], temperature: Any) -> list[Slack]:
    """α Σ_s d(s) KL(π^i‖σ^i) ≤ J(σ^i, π^-i) − J(π) of every agent."""
    before = return_of(game, soft_v(game, policy, temperature=temperature))
    parts = []
    for agent, response in enumerate(responses):
        changed = [response if i == agent else own for i, own in enumerate(policy)]
        after = return_of(game, soft_v(game, changed, temperature=temperature))
        lost = temperature * kl_divergence(policy[agent], response)
        parts.append(at_most(return_of(game, lost), after - before))
    return parts


def _best_discounted(game: Any, policy: Sequence[Any], agent: int, temperature: Any) -> Any:
    """The largest V that one agent can reach, by value iteration in doubles."""
    others = entropy_bonus(policy, temperature=temperature) - entropy_bonus([policy[agent]], temperature=temperature)
    v, change = others * 0, 1.0
    while change > TIE * 1e-3:
        q = marginal_q(game.rewards + game.discount * (game.transitions @ v), policy, agent)
        following = soft_max(q, temperature) + others
        change, v = abs(following - v).max(), following
    return v


@claim(
    "hasac.theorem-1",
    variant="discounted",
    at="Section 4.1, l. 80-90; D, l. 586-630",
    verdict="corrected",
    severity="gap",
    on=situations,
    proof="false step at D, l. 626",
    survives={"states": "where it starts"},
    degenerate=True,
    argument="mathrl.proofs_checks.own.unilateral_gain.gains_are_near_the_divergence",
)
def equilibria_of_the_discounted_return_are_boltzmann(
    game: Any,
    policy: Sequence[Any],
    other_policy: Sequence[Any],
    temperature: Any,
    horizon: int,
    *,
    states: str = "all",
) -> Slack:
    """If no agent alone can raise E_{s~d}[V_π], then every agent plays softmax(E[Q]/α) in every state (Eq. 3).

    Reading: The kinder one, with J as the proofs of Appendices E and G have it.

    Finding: A state that is not visited does not enter J; there any policy will do.

    Correction: Eq. 3 holds in the states that the game visits under π, if γ > 0. It holds in all states if d is
    positive everywhere, or if V in every state takes the place of J. The paper's own example has one state, and so
    meets this.

    Practice: Boltzmann form may be looked for in states of the replay buffer, not beyond.
    """
    return equilibria_are_boltzmann(
        game, policy, other_policy, temperature, horizon, objective="discounted", states=states
    )


@claim(
    "hasac.theorem-1",
    variant="converse",
    at="Section 4.1, l. 80-90; D, l. 626",
    verdict="holds",
    on=situations,
    proof="none",
    breaks={"ahead": False},
    argument="mathrl.proofs_checks.own.unilateral_gain.gains_are_near_the_divergence",
)
def boltzmann_policies_are_equilibria(
    game: Any,
    policy: Sequence[Any],
    other_policy: Sequence[Any],
    temperature: Any,
    horizon: int,
    *,
    ahead: bool = True,
) -> Slack:
    """If every agent plays softmax(E[Q]/α) in every state, then no agent alone can raise V in any state.

    Reading: The converse, which Theorem 2 needs when it calls the limit an equilibrium; discounted returns. It is shown
    with its error: no agent gains more than max_s α KL(π^i‖σ^i)/(1 − γ), which is 0 where Eq. 3 holds.

    Finding: It holds. Appendix D does not show it: it holds Q fixed while the policy changes.
    """
    q, v = soft_q(game, policy, temperature=temperature), soft_v(game, policy, temperature=temperature)
    xp, parts = namespace(v), []
    for agent, own in enumerate(policy):
        response = quantal_response(q, policy, agent, temperature=temperature)
        bound = temperature * xp.max(kl_divergence(own, response))
        for turned in (other_policy[agent], response):
            changed = [turned if i == agent else each for i, each in enumerate(policy)]
            gain = soft_v(game, changed, temperature=temperature) - v
            parts.append(at_most(gain, bound / (1 - game.discount) if ahead else bound))
    return all_of(*parts)


@instances
def floored(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game, policies that play every action with at least a floor, and a temperature at which softmax may do so."""
    game, floor = draw(stochastic_games()), 1 / draw(st.integers(50, 100))
    above = [(1 - own.shape[1] * floor) * own + floor for own in draw(policies(game, zeros=True))]
    temperature = draw(temperatures(1.0, 100.0))
    return {"game": game, "policy": tuple(above), "temperature": temperature, "floor": floor}


@claim(
    "hasac.theorem-1",
    variant="under Assumption 1",
    at="Section 4.1, l. 80-90; A.3, l. 403-405; D, l. 586-630",
    verdict="corrected",
    severity="gap",
    on=floored,
    proof="false step at D, l. 610",
    survives={"floor_is": "below the softmax"},
    rests_on=("hasac.assumption-1",),
    argument="mathrl.proofs_checks.own.unilateral_gain.gains_are_near_the_divergence",
)
def soft_equilibria_are_boltzmann(
    game: Any, policy: Sequence[Any], temperature: Any, floor: Any, *, floor_is: str = "any"
) -> Slack:
    """Among policies that play every action with at least η, those that no agent can better are of the form of Eq. 3.

    Reading: Π as Assumption 1 has it, "throughout the proofs"; E[Q] + α H in each state for J, which is the kindest.

    Finding: Where softmax(Q/α) plays an action with less than η it is no member of Π, and the best member plays the
    action with η. Appendix D's Lagrangian has the constraint Σ π = 1 alone, so that its solution at l. 610 may lie
    outside of Π.

    Correction: η at most the least probability of Eq. 3, such as exp(−2 max|Q|/α)/|A^i|; Assumption 1 leaves η free.

    Practice: A floor on exploration moves the equilibrium, unless it is below what the temperature gives.
    """
    q = soft_q(game, policy, temperature=temperature)
    responses = [quantal_response(q, policy, agent, temperature=temperature) for agent in range(len(policy))]
    premise(all((own >= floor).all() for own in policy))
    if floor_is == "below the softmax":
        premise(all((response >= floor).all() for response in responses))
        return all_of(*_gains(game, policy, responses, temperature))
    for own, response in zip(policy, responses, strict=True):
        premise(own.shape[1] == 2)
        premise((abs(own - response.clip(floor, 1 - floor)) <= TIE).all())
    return all_of(*(equal(own, response) for own, response in zip(policy, responses, strict=True)))
