"""Soft Q-learning with models of the opponents: Theorems 6 and 7, Lemmas D.3, D.4 and D.6.

Q of one agent is a table over joint actions. Its value is α log Σ_a w(a) exp(Q(s, a)/α): w is 1 in soft Q-learning, and
φ(b) in Theorem 6, which weighs the others' actions b by a model of their policy.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from math import log
from typing import Any

import numpy as np
from hypothesis import strategies as st

from mathrl.operators import backup, opponent_value, own_and_others
from mathrl.operators.axes import flat
from mathrl.proofs_checks.aorpo import cases, chains
from mathrl.proofs_checks.families import instances, numbers, rows
from mathrl.proofs_checks.ledger import claim
from mathrl.proofs_checks.policy_value import rewards_of
from mathrl.proofs_checks.slack import Slack, all_of, at_most, equal, premise
from mathrl.proofs_checks.strategies import temperatures
from mathrl.softmax import boltzmann, soft_max

TEMPERATURES = temperatures(0.1, 10.0)
SWEEPS = 6
"""How many updates are followed."""

SOLVED = 1e-9
"""What is left of fixed points that Newton's method finds, in units of their size."""


def joint_value(q: Any, temperature: Any) -> Any:
    """V = α log Σ_a exp(Q(s, a)/α) over joint actions."""
    return soft_max(flat(q), temperature)


def weighted_value(q: Any, agent: int, model: Any, temperature: Any) -> Any:
    """V = α log Σ_b φ(b|s) Σ_a exp(Q(s, a, b)/α) with φ (S, B)."""
    return opponent_value(own_and_others(q, agent), model, temperature=temperature, divergence_weight=temperature)


def fixed_point(game: Any, agent: int, temperature: float, model: Any = None) -> Any:
    """The fixed point of Q = r + γ P V(Q) in doubles, by Newton's method; V is weighted where a model φ is given."""
    rewards = rewards_of(game, agent)
    paid = flat(rewards)
    transitions = np.asarray(game.transitions).reshape(*paid.shape, -1)
    logs = np.zeros(rewards.shape)
    if model is not None:
        with np.errstate(divide="ignore"):
            weights = np.log(model).reshape([n for axis, n in enumerate(rewards.shape) if axis != agent + 1])
        logs = logs + np.expand_dims(weights, agent + 1)
    v = np.zeros(len(paid))
    for _ in range(60):
        weighed = paid + game.discount * transitions @ v + temperature * flat(logs)
        residual = soft_max(weighed, temperature) - v
        step = (boltzmann(weighed, temperature)[:, :, None] * transitions).sum(axis=1)
        v = v + np.linalg.solve(np.eye(len(v)) - game.discount * step, residual)
        if np.abs(residual).max() <= 1e-13 * (1 + np.abs(v).max()):
            break
    return (paid + game.discount * transitions @ v).reshape(rewards.shape)


@instances
def learning(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game, the others' policies, first models of all, a first table, and how much of the real dynamics is used."""
    game = draw(cases.games(max_agents=3, max_states=2))
    agent = draw(st.integers(0, game.num_agents - 1))
    others = tuple(draw(rows((game.num_states, n), zeros=True)) for i, n in enumerate(game.num_actions) if i != agent)
    return {
        "game": game,
        "agent": agent,
        "opponent_policies": others,
        "first_transitions": draw(cases.near(game.transitions)),
        "first_rewards": rewards_of(game, agent) + draw(st.sampled_from([0.0, 1.0, -3.0])),
        "first_policies": draw(cases.near_policy(others)),
        "q": draw(numbers((game.num_states, *game.num_actions))),
        "share": draw(st.sampled_from([0.5, 0.0, 1.0])),
        "temperature": draw(TEMPERATURES),
    }


def modelled_update(
    table: Any,
    wrong: float,
    *,
    game: Any,
    agent: int,
    opponent_policies: Sequence[Any],
    first_transitions: Any,
    first_rewards: Any,
    first_policies: Sequence[Any],
    share: Any,
    temperature: Any,
) -> Any:
    """P_t of Theorem 6, with models that are wrong by this share of the first error."""
    model = (1 - wrong) * chains.joint(opponent_policies) + wrong * chains.joint(first_policies)
    value = weighted_value(table, agent, model, temperature)
    transitions = game.transitions + (1 - share) * wrong * (first_transitions - game.transitions)
    rewards = (1 - wrong) * rewards_of(game, agent) + wrong * first_rewards
    return backup(value, rewards, transitions, discount=game.discount)


@claim(
    "aorpo.theorem-6",
    at="Appendix D, l. 2303-2723; Section 5.2, l. 770-777",
    verdict="refuted",
    severity="false",
    on=learning,
    proof="false step at l. 2469",
    survives={"limit": "weighted by the others' policy"},
    rests_on=("aorpo.lemma-d.5", "aorpo.lemma-d.6"),
    argument="mathrl.proofs_checks.own.weighted_limit.weighted_limit",
)
def models_become_perfect(*, limit: str = "soft Q-learning's", **instance: Any) -> Slack:
    """Let the learned rewards and dynamics and the models of the others tend to the real ones, and let every state and
    joint action be visited infinitely often. Then the tables of soft Q-learning with models tend to Q^soft, the optimal
    table of multi-agent soft Q-learning.

    Reading: Finite sets; Q^soft is the fixed point of r + γ E[α log Σ_a exp(Q/α)] over joint actions, as the proof and
    Eq. 7 have it; the update is the one displayed, with a share β of real dynamics, here in full sweeps; condition 1 is
    that the learned dynamics tend to the real ones, as the proof uses it. The slack has two parts: the sequence tends
    to the fixed point with the others' real policy φ as weight, with a rate; and this is the limit that is claimed.

    Finding: The sum over the others' actions is weighted by φ_t and stays so. The limit is the fixed point of r + γ E[α
    log Σ_b φ(b) Σ_a exp(Q/α)], which lies below Q^soft in every game with γ > 0 in which the others have more than one
    joint action, for uniform φ by γ α log B/(1 − γ). The proof lets predicted actions tend to the real ones as φ_t
    tends to φ (l. 2469), which they do not where φ is random, and estimates D_2 by replacing φ by 1 inside the absolute
    value of a logarithm (l. 2572): where φ_t = φ is uniform D_2 is α log B, and its bound is 0.

    Correction: The limit is that weighted fixed point.

    Practice: The learned values count the others' actions as often as the others play them, and not as if the learner
    chose them. Learning with a model of the opponents solves another problem than soft Q-learning over joint actions,
    not the same one with less data.
    """
    return _tends_to(**instance, limit=limit)


@claim(
    "aorpo.theorem-6",
    variant="limit weighted by the others' policy",
    at="Appendix D, l. 2303-2723",
    verdict="holds",
    on=learning,
    proof="false step at l. 2469",
    breaks={"limit": "soft Q-learning's"},
    rests_on=("aorpo.lemma-d.5", "aorpo.lemma-d.6"),
    argument="mathrl.proofs_checks.own.weighted_limit.weighted_limit",
)
def models_become_perfect_weighted(*, limit: str = "weighted by the others' policy", **instance: Any) -> Slack:
    """Theorem 6 where Q^soft is the fixed point of the displayed operator with the real models.

    Reading: P of the statement is the displayed operator, β = 1, with φ for φ_t, and Q^soft its fixed point.

    Finding: It holds, whatever β is; D_2 then is no part of the proof. See `mathrl.theorem-weighted-limit`.
    """
    return _tends_to(**instance, limit=limit)


def _tends_to(
    game: Any,
    agent: int,
    opponent_policies: Sequence[Any],
    first_transitions: Any,
    first_rewards: Any,
    first_policies: Sequence[Any],
    q: Any,
    share: Any,
    temperature: Any,
    *,
    limit: str,
) -> Slack:
    real, gamma = chains.joint(opponent_policies), game.discount
    update = partial(
        modelled_update,
        game=game,
        agent=agent,
        opponent_policies=opponent_policies,
        first_transitions=first_transitions,
        first_rewards=first_rewards,
        first_policies=first_policies,
        share=share,
        temperature=temperature,
    )
    weighted = fixed_point(game, agent, temperature, real)
    table, left = q, np.abs(q - weighted).max()
    for t in range(SWEEPS):
        left = gamma * left + np.abs(update(weighted, 0.5**t) - weighted).max()
        table = update(table, 0.5**t)
    rounding = SOLVED * (1 + np.abs(q).max() + np.abs(weighted).max())
    claimed = weighted if limit.startswith("weighted") else fixed_point(game, agent, temperature)
    return all_of(
        at_most(np.abs(table - weighted).max(), left, rounding=rounding),
        equal(weighted, claimed, rounding=rounding),
    )


@instances
def common_learning(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game with a common payoff, a first table, a temperature, and the power of the step sizes."""
    game = draw(cases.games(max_agents=2, max_states=2).filter(lambda drawn: drawn.common_payoff))
    return {
        "game": game,
        "q": draw(numbers((game.num_states, *game.num_actions))),
        "temperature": draw(TEMPERATURES),
        "power": draw(st.sampled_from([0.75, 1.0])),
    }


@claim(
    "aorpo.theorem-7",
    at="Appendix D, l. 2725-2868; Section 5.2, l. 770-777",
    verdict="refuted",
    severity="false",
    on=common_learning,
    proof="false step at l. 2826",
    survives={"limit": "soft"},
    rests_on=("aorpo.lemma-d.1", "aorpo.lemma-d.2", "aorpo.lemma-d.3", "aorpo.lemma-d.4"),
    argument="mathrl.proofs_checks.own.soft_limit.soft_limit",
)
def soft_q_learning_ends_at_nash(game: Any, q: Any, temperature: Any, power: Any, *, limit: str = "Nash") -> Slack:
    """In a finite game let soft Q-learning of Eq. 7 have step sizes α_t with Σ α_t = ∞ and Σ α_t² < ∞, and visit every
    state and joint action infinitely often; in each stage game let the equilibrium be a global optimum or a saddle
    point, all of one value. Then the tables tend to the Nash Q-values.

    Reading: The temperature α > 0 is fixed; V^soft = α log Σ_a exp(Q/α) over joint actions, as the proof defines it;
    common payoffs, where every stage game has a global optimum and the Nash Q-values of these are the optimal ones;
    expected rewards and full sweeps with α_t = (t + 1)^(−p). The slack has two parts: the sequence tends to the fixed
    point Q^soft with a rate, and this is the table of Nash values.

    Finding: The update is a step towards the image under a γ-contraction whose fixed point is Q^soft. V^soft exceeds
    the largest entry wherever there are two joint actions, so that the limit lies above the Nash values. The proof says
    that V^soft tends to the Nash value as the policy improves; nothing lowers the entropy that it contains. The step
    before (l. 2817) takes Lemma D.2, which needs all stage games to be of one kind.

    Correction: The limit is Q^soft. With a common payoff it exceeds the Nash Q-values by at most γ α log|A|/(1 − γ).

    Practice: A learned soft table at a fixed temperature is not the table of an equilibrium; its greedy policy may even
    prefer other actions, where one state's entropy pays more.
    """
    gamma, transitions = game.discount, game.transitions
    soft = fixed_point(game, 0, temperature)
    table, left = q, np.abs(q - soft).max()
    for t in range(SWEEPS):
        step = (t + 1.0) ** -power
        target = backup(joint_value(table, temperature), game.rewards, transitions, discount=gamma)
        table, left = (1 - step) * table + step * target, (1 - step * (1 - gamma)) * left
    rounding = SOLVED * (1 + np.abs(q).max() + np.abs(soft).max())
    return all_of(
        at_most(np.abs(table - soft).max(), left, rounding=rounding),
        equal(soft, soft if limit == "soft" else optimal_table(game), rounding=rounding),
    )


def optimal_table(game: Any) -> Any:
    """The optimal table of a common payoff, by policy iteration."""
    rewards = flat(game.rewards)
    transitions = np.asarray(game.transitions).reshape(*rewards.shape, -1)
    states, v, before = np.arange(len(rewards)), np.zeros(len(rewards)), np.full(len(rewards), -1)
    for _ in range(100):
        q = rewards + game.discount * transitions @ v
        chosen = q.argmax(axis=1)
        if (chosen == before).all():
            break
        before = chosen
        matrix = np.eye(len(v)) - game.discount * transitions[states, chosen]
        v = np.linalg.solve(matrix, rewards[states, chosen])
    return (rewards + game.discount * transitions @ v).reshape(game.rewards.shape)


@instances
def stage_games(draw: st.DrawFn) -> Mapping[str, Any]:
    """Payoffs of two agents in one state, common or of zero sum, a discount, and a temperature."""
    payoffs = draw(numbers((2, 2)))
    return {
        "payoffs": np.stack([payoffs, payoffs if draw(st.booleans()) else -payoffs]),
        "discount": draw(st.sampled_from([0.5, 0.9])),
        "temperature": draw(TEMPERATURES),
    }


@claim(
    "aorpo.theorem-7",
    variant="temperature tends to 0",
    at="Appendix D, l. 2725-2868",
    verdict="refuted",
    severity="false",
    on=stage_games,
    proof="false step at l. 2826",
    survives={"limit": "largest"},
    rests_on=("aorpo.lemma-d.2", "aorpo.lemma-d.3", "aorpo.lemma-d.4"),
    argument="mathrl.proofs_checks.own.soft_limit.soft_limit",
)
def soft_q_learning_cools_to_nash(payoffs: Any, discount: Any, temperature: Any, *, limit: str = "Nash") -> Slack:
    """Theorem 7 for the limit of its limits as the temperature tends to 0.

    Reading: One state, two agents with two actions, who have a common payoff or payoffs that sum to 0 with a saddle
    point in pure actions. Q^soft is within γ α log|A|/(1 − γ) of the table whose value is each agent's largest joint
    entry; the slack is that of the claim that the Nash Q-values lie as near.

    Finding: At a saddle point they do not: each agent's value is a maximum over what the other one does as well.

    Correction: The limit is each agent's largest joint entry, which is a Nash value where payoffs are common.

    Practice: In competitive games the soft values of joint actions are too high at any temperature: each agent's value
    assumes that its opponents act in its favour.
    """
    if limit == "largest" or bool((payoffs[0] == payoffs[1]).all()):
        nash = [payoffs[0].max(), payoffs[1].max()]
    else:
        low, high = payoffs[0].min(axis=1).max(), payoffs[0].max(axis=0).min()
        premise(low == high and bool((payoffs[0] == -payoffs[1]).all()))
        nash = [low, -low]
    soft = [soft_max(payoff.reshape(-1), temperature) for payoff in payoffs]
    apart = np.array([abs(one - other) for one, other in zip(soft, nash, strict=True)])
    far = discount / (1 - discount)
    return at_most(far * apart, far * temperature * log(4))
