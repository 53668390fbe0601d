"""The evidence and its bound against an enumeration of every trajectory, and what the theory says of them."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.games import Game, random_stochastic, to_dense
from mathrl.proofs_checks.strategies import games, simplex_rows, temperatures
from mathrl.values.rommeo_objective import (
    as_strategies,
    best_evidence_bound,
    evidence_bound,
    log_evidence,
    opponent_policy_q,
)
from tests.examples import costly
from tests.tolerances import EPS

SMALL = {"max_agents": 2, "max_actions": 2, "max_states": 2}


@st.composite
def situations(draw):
    """A small game, an agent, a positive prior, a conditional policy and an opponent model."""
    game = draw(games(**SMALL))
    agent = draw(st.integers(0, game.num_agents - 1))
    actions = game.num_actions[agent]
    others = game.num_joint_actions // actions
    prior = draw(simplex_rows((game.num_states, others), zeros=False))
    model = draw(simplex_rows((game.num_states, others)))
    conditional = np.moveaxis(draw(simplex_rows((game.num_states, others, actions))), 2, 1)
    return game, agent, prior, {"conditional_policy": conditional, "opponent_model": model, "prior": prior}


def arrays(game, agent):
    """Rewards (S, A_i, B) and transitions (S, A_i, B, S) of one agent."""
    rewards = game.rewards if game.common_payoff else game.rewards[agent]
    transitions = np.asarray(to_dense(game).transitions)
    rewards, transitions = (np.moveaxis(x, agent + 1, 1) for x in (rewards, transitions))
    sizes = (game.num_states, game.num_actions[agent], -1)
    return rewards.reshape(sizes), transitions.reshape(*sizes, game.num_states)


def trajectories(game, agent, horizon):
    """Every (s_1, a_1, b_1, …, s_T, a_T, b_T) with the probability of its states, and its steps' indices."""
    rewards, transitions = arrays(game, agent)
    steps = list(product(*map(range, rewards.shape)))
    for path in product(steps, repeat=horizon):
        weight = game.start[path[0][0]]
        for (s, a, b), (t, _, _) in pairwise(path):
            weight *= transitions[s, a, b, t]
        if weight > 0:
            yield path, weight


@costly
@given(situations(), st.integers(1, 2), temperatures(0.2, 5), temperatures(0.2, 5))
def test_the_bound_is_the_sum_over_all_trajectories(situation, horizon, alpha, kappa):
    game, agent, prior, strategy = situation
    pi, rho, (rewards, _) = strategy["conditional_policy"], strategy["opponent_model"], arrays(game, agent)
    total = 0.0
    for path, weight in trajectories(game, agent, horizon):
        probability = weight * np.prod([rho[s, b] * pi[s, a, b] for s, a, b in path])
        if probability > 0:  # Eq. 31, with weights on its terms
            total += probability * sum(
                rewards[s, a, b] - alpha * np.log(pi[s, a, b]) - kappa * np.log(rho[s, b] / prior[s, b])
                for s, a, b in path
            )
    bound = evidence_bound(game, agent, **strategy, horizon=horizon, temperature=alpha, divergence_weight=kappa)
    # at most 64 trajectories, whose terms are of the size of rewards and of 28 kappa
    assert abs(bound - total) <= 1000 * EPS * (1 + game.reward_scale + alpha + 28 * kappa) * horizon


@given(situations(), st.integers(1, 2))
def test_the_evidence_is_the_sum_over_all_trajectories(situation, horizon):
    game, agent, prior, _ = situation
    rewards, _ = arrays(game, agent)
    logs = [
        np.log(weight) + sum(np.log(prior[s, b]) + rewards[s, a, b] for s, a, b in path)
        for path, weight in trajectories(game, agent, horizon)
    ]
    evidence = log_evidence(game, agent, prior=prior, horizon=horizon)
    assert abs(evidence - np.logaddexp.reduce(logs)) <= 1000 * EPS * (1 + game.reward_scale) * horizon


@given(situations(), st.integers(0, 4))
def test_eq_27_no_strategy_exceeds_the_evidence_nor_the_best(situation, horizon):
    game, agent, prior, strategy = situation
    evidence = log_evidence(game, agent, prior=prior, horizon=horizon)
    best, pis, rhos = best_evidence_bound(game, agent, prior=prior, horizon=horizon)
    slack = 1000 * EPS * (1 + game.reward_scale + 28) * (1 + horizon)
    assert evidence_bound(game, agent, **strategy, horizon=horizon) <= best + slack
    assert best <= evidence + slack
    if horizon:
        attained = evidence_bound(
            game, agent, conditional_policy=pis, opponent_model=rhos, prior=prior, horizon=horizon
        )
        assert abs(attained - best) <= slack


def deterministic(seed):
    """A game whose transitions are deterministic and whose start is one state."""
    game = random_stochastic(3, (2, 2), discount=0.9, seed=seed)
    following = np.random.default_rng(seed).integers(0, 3, (3, 2, 2))
    return Game.stochastic(game.rewards, np.eye(3)[following], 0.9, [1.0, 0.0, 0.0])


def test_the_best_bound_is_tight_for_deterministic_transitions_only():
    prior = np.full((3, 2), 0.5)
    sure = deterministic(0)
    best, _, _ = best_evidence_bound(sure, 0, prior=prior, horizon=5)
    assert abs(best - log_evidence(sure, 0, prior=prior, horizon=5)) <= 1e-13  # values of about 10
    unsure = random_stochastic(3, (2, 2), discount=0.9, seed=0)
    best, _, _ = best_evidence_bound(unsure, 0, prior=prior, horizon=5)
    assert best < log_evidence(unsure, 0, prior=prior, horizon=5) - 1e-3


@given(situations(), temperatures(0.2, 5), temperatures(0.2, 5))
def test_q_of_a_strategy_is_its_discounted_sum(situation, alpha, kappa):
    """Against 400 sweeps of rommeo Eq. 34-36, written out."""
    game, agent, prior, strategy = situation
    game = Game.stochastic(game.rewards, game.transitions, 0.9, game.start)
    q, v = opponent_policy_q(game, agent, **strategy, temperature=alpha, divergence_weight=kappa)
    pi, rho, (rewards, transitions) = strategy["conditional_policy"], strategy["opponent_model"], arrays(game, agent)
    with np.errstate(divide="ignore", invalid="ignore"):
        gains = rewards - alpha * np.where(pi > 0, np.log(pi), 0)
        gains = gains - kappa * np.where(rho > 0, np.log(rho / prior), 0)[:, None, :]
    swept = np.zeros(game.num_states)
    for _ in range(400):  # 0.9^400 < 1e-18
        swept = np.einsum(
            "sab,sab->s", rho[:, None, :] * pi, gains + 0.9 * np.einsum("sabt,t->sab", transitions, swept)
        )
    slack = 1e-12 * (1 + game.reward_scale + alpha + 28 * kappa)  # 100 floors over 1 − γ
    np.testing.assert_allclose(v, swept, atol=slack)
    np.testing.assert_allclose(q, rewards + 0.9 * np.einsum("sabt,t->sab", transitions, swept), atol=slack)


HALF = np.full((1, 2), 0.5)
PENNIES = {"conditional_policy": np.full((1, 2, 2), 0.5), "opponent_model": HALF, "prior": HALF}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"prior": [[1.0, 0.0]]}, "opponent_model plays what the prior never does"),
        ({"prior": [[0.5, 0.6]]}, r"prior\[0\] sums to"),
        ({"opponent_model": [[1.0]]}, "opponent_model has shape"),
        ({"conditional_policy": np.full((1, 2, 2), 0.4)}, "conditional_policy.*own actions"),
        ({"conditional_policy": [np.full((1, 2, 2), 0.5)] * 2}, "conditional_policy has shape.*one per step"),
        ({"horizon": -1}, "horizon is -1"),
        ({"temperature": 0}, "temperature is 0"),
    ],
)
def test_bad_input(changed, message):
    from mathrl.games import load

    with pytest.raises(ValueError, match=message):
        evidence_bound(load("matching-pennies"), 0, **{**PENNIES, "horizon": 3, **changed})


def test_an_agent_that_is_not_there():
    with pytest.raises(ValueError, match="agent is 2, expected an agent 0 … 1"):
        log_evidence(random_stochastic(2, (2, 2), discount=0.5, seed=0), 2, prior=HALF, horizon=1)


def test_evidence_of_states_that_are_worlds_apart():
    """β of the worse state is e^−800 of the other's: it must not vanish where it alone is ahead."""
    stay = np.zeros((2, 1, 2))
    stay[0, 0, 0] = stay[1, 0, 1] = 1
    for start, expected in (([0.0, 1.0], -800.0), ([0.5, 0.5], -np.log(2))):
        game = Game.stochastic(np.array([[0.0], [-8.0]]), stay, 0.5, start)
        found = log_evidence(game, 0, prior=[[1.0], [1.0]], horizon=100)
        assert abs(found - expected) <= 100 * EPS * 800


def test_strategies_of_no_game_or_no_agent_are_refused():
    policy = np.full((1, 2, 2), 0.5), np.full((1, 2), 0.5), np.full((1, 2), 0.5)
    with pytest.raises(ValueError, match="game is of type object"):
        as_strategies(object(), 0, *policy)
    with pytest.raises(ValueError, match="agent is 2, expected an agent 0 … 1"):
        as_strategies(Game.matrix(np.eye(2)), 2, *policy)
