"""Multi-agent soft Q iteration: its equation, one controller of all agents, learned models sweep by sweep."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl import Game, operators
from mathrl.games import (
    load,
    opponents_policy,
    permute_actions,
    random_stochastic,
    relabel_agents,
    scale_rewards,
    shift_rewards,
    to_dense,
    uniform_policy,
)
from mathrl.proofs_checks.strategies import games, policies, temperatures
from mathrl.solvers import optimal, qre, soft_q_iteration
from mathrl.values.modelled_opponents import LearnedModel
from tests.examples import costly
from tests.tolerances import EPS, fixed_point_slack

DISCOUNTS = st.sampled_from([0.0, 0.5, 0.9])
SOFTNESS = temperatures(0.05, 20)


def per_agent(game, array):
    """An array with an agent axis, whether it has one or not."""
    return array if array.ndim == game.num_agents + 2 else np.stack([array] * game.num_agents)


def merged(game, agent):
    """One agent that chooses all actions and is paid as `agent`."""
    rewards = game.rewards_isa[0 if game.common_payoff else agent]
    transitions = np.asarray(to_dense(game).transitions).reshape(*rewards.shape, game.num_states)
    return Game.stochastic(rewards, transitions, game.discount, game.start)


@costly
@given(games(discounts=DISCOUNTS), SOFTNESS)
def test_each_agent_solves_the_game_in_which_it_chooses_for_all(game, temperature):
    solution = soft_q_iteration(game, temperature=temperature).require()
    q = per_agent(game, solution.q)
    for i in range(game.num_agents):
        alone = qre(merged(game, i), temperature=temperature).require()
        np.testing.assert_allclose(q[i].reshape(alone.q.shape), alone.q, atol=fixed_point_slack(game, temperature))
        joint = per_agent(game, solution.joint_policy)[i]
        slack = fixed_point_slack(game, temperature) / temperature
        np.testing.assert_allclose(joint.reshape(alone.policy[0].shape), alone.policy[0], atol=slack)
        own = joint.sum(axis=tuple(axis for axis in range(1, joint.ndim) if axis != i + 1))
        np.testing.assert_allclose(solution.policy[i], own, atol=32 * EPS)


@costly
@given(games(discounts=DISCOUNTS), SOFTNESS, st.data())
def test_plain_iteration_of_theorem_6_ends_at_the_same_values(game, temperature, data):
    model = opponents_policy(data.draw(policies(game)))
    solution = soft_q_iteration(game, temperature=temperature, opponent_model=model).require()
    transitions = np.asarray(to_dense(game).transitions)
    for i in range(game.num_agents):
        rewards = game.rewards if game.common_payoff else game.rewards[i]
        v = np.zeros(game.num_states)
        with np.errstate(divide="ignore"):
            log_model = np.log(model[i])
        for _ in range(350):  # 0.9^350 < 1e-16
            own = operators.own_and_others(rewards + game.discount * (transitions @ v), i) / temperature
            exponents = own + log_model[:, None, :]
            v = temperature * np.logaddexp.reduce(exponents.reshape(game.num_states, -1), axis=1)
        np.testing.assert_allclose(solution.v[i], v, atol=fixed_point_slack(game, temperature))


@given(games(discounts=DISCOUNTS), SOFTNESS)
def test_the_joint_policy_is_the_printed_exponential(game, temperature):
    """aorpo §5.2: π = exp((Q − V)/α)."""
    solution = soft_q_iteration(game, temperature=temperature).require()
    v = solution.v.reshape(*solution.v.shape, *[1] * game.num_agents)
    slack = fixed_point_slack(game, temperature) / temperature
    np.testing.assert_allclose(solution.joint_policy, np.exp((solution.q - v) / temperature), atol=slack)


@given(games(structure="common-payoff", discounts=DISCOUNTS))
def test_as_the_temperature_vanishes_it_is_the_optimum(game):
    temperature = 1e-4 * max(game.reward_scale, 1.0)
    solution = soft_q_iteration(game, temperature=temperature).require()
    gap = solution.v - optimal(game).v
    slack = fixed_point_slack(game, temperature)
    assert (gap >= -slack).all()
    assert (gap <= temperature * np.log(24) / (1 - game.discount) + slack).all()  # aorpo Theorem 7 leaves this out


@given(games(discounts=DISCOUNTS), SOFTNESS)
def test_a_uniform_model_lowers_the_values_by_its_logarithm(game, temperature):
    """Theorem 6 as printed lets the weighted sum tend to the plain one: they differ by α log B a step."""
    plain = soft_q_iteration(game, temperature=temperature).require()
    model = opponents_policy(uniform_policy(game))
    weighted = soft_q_iteration(game, temperature=temperature, opponent_model=model).require()
    v = plain.v if plain.v.ndim == 2 else np.stack([plain.v] * game.num_agents)
    for i, rows in enumerate(model):
        fall = temperature * np.log(rows.shape[1]) / (1 - game.discount)
        np.testing.assert_allclose(weighted.v[i], v[i] - fall, atol=2 * fixed_point_slack(game, temperature))


@costly
@given(games(discounts=DISCOUNTS), SOFTNESS, st.data(), st.floats(-10, 10), st.floats(0.1, 10))
def test_invariances(game, temperature, data, shift, factor):
    solution = soft_q_iteration(game, temperature=temperature).require()
    slack = fixed_point_slack(game, temperature) + fixed_point_slack(game, 10)
    order = data.draw(st.permutations(range(game.num_agents)))
    relabelled = soft_q_iteration(relabel_agents(game, order), temperature=temperature).require()
    for i, old in enumerate(order):
        np.testing.assert_allclose(relabelled.policy[i], solution.policy[old], atol=slack / temperature)
    agent = data.draw(st.integers(0, game.num_agents - 1))
    actions = data.draw(st.permutations(range(game.num_actions[agent])))
    permuted = soft_q_iteration(permute_actions(game, agent, actions), temperature=temperature).require()
    np.testing.assert_allclose(permuted.policy[agent], solution.policy[agent][:, actions], atol=slack / temperature)
    shifted = soft_q_iteration(shift_rewards(game, shift), temperature=temperature).require()
    moved = np.broadcast_to(shifted.v, solution.v.shape)  # a shift may swallow what rewards differ by
    np.testing.assert_allclose(moved, solution.v + shift / (1 - game.discount), atol=slack)
    scaled = soft_q_iteration(scale_rewards(game, factor), temperature=factor * temperature).require()
    np.testing.assert_allclose(np.broadcast_to(scaled.v, solution.v.shape), factor * solution.v, atol=10 * slack)


def learned(game, seed):
    """A game of the same shape, and a model of the opponents."""
    shape = {"num_states": game.num_states, "num_actions": game.num_actions, "discount": game.discount}
    other = random_stochastic(**shape, structure="general-sum", seed=seed)
    rng = np.random.default_rng(seed)
    sizes = [game.num_joint_actions // actions for actions in game.num_actions]
    return LearnedModel(other, [rng.dirichlet(np.ones(size), game.num_states) for size in sizes])


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_models_are_taken_one_a_sweep_and_the_last_is_held(share):
    """Theorem 6's operator, written out with the operators, is swept to its end."""
    game = random_stochastic(4, (2, 3), discount=0.6, structure="general-sum", seed=0)
    models, temperature = [learned(game, seed) for seed in (1, 2, 3)], 0.7
    solution = soft_q_iteration(game, temperature=temperature, models=models, real_share=share).require()
    v, changes = np.zeros((2, 4)), []
    for sweep in range(90):  # 0.6^90 < 1e-16
        model = models[min(sweep, 2)]
        mixed = share * game.transitions + (1 - share) * model.game.transitions
        q = operators.backup(v, model.game.rewards, mixed, discount=game.discount)
        following = np.stack([
            operators.opponent_value(
                operators.own_and_others(q[i], i), model.opponent_model[i],
                temperature=temperature, divergence_weight=temperature,
            )
            for i in range(2)
        ])  # fmt: skip
        changes.append(game.discount * np.abs(following - v).max())
        v = following
    np.testing.assert_allclose(solution.v, v, atol=fixed_point_slack(game, temperature))
    np.testing.assert_allclose(solution.history[:2], changes[:2], rtol=1e-12)


def test_models_without_opponent_models_share_one_q():
    game = random_stochastic(4, (2, 3), discount=0.6, seed=0)
    other = random_stochastic(4, (2, 3), discount=0.6, seed=1)
    solution = soft_q_iteration(game, temperature=1.0, models=[LearnedModel(game), LearnedModel(other)]).require()
    np.testing.assert_allclose(solution.v, soft_q_iteration(other, temperature=1.0).v, atol=1e-12)  # Q is about 5
    assert solution.joint_policy.shape == (4, 2, 3)


def test_a_zero_sum_game_keeps_an_agent_axis():
    solution = soft_q_iteration(load("matching-pennies"), temperature=0.1).require()
    assert solution.q.shape == (2, 1, 2, 2)
    assert solution.joint_policy.shape == (2, 1, 2, 2)
    assert solution.objective.shape == (2,)


def test_a_model_that_sums_to_1_but_for_rounding_leaves_no_residual():
    """An agent with one action and nothing to earn: V is 0, not the temperature times a rounded logarithm."""
    nothing = np.zeros((1, 3, 1))
    game = Game.stochastic([nothing, nothing.copy()], np.ones((1, 3, 1, 1)), 0.99)
    model = [[[1.0]], [[0.1, 0.2, 0.7]]]
    assert soft_q_iteration(game, temperature=1.0, opponent_model=model).converged


def test_a_solution_records_the_models_it_was_given():
    game = random_stochastic(4, (2, 3), discount=0.6, structure="general-sum", seed=0)
    models = [learned(game, seed) for seed in (1, 2)]
    recorded = soft_q_iteration(game, temperature=1.0, models=models).parameters["models"]
    for entry, model in zip(recorded, models, strict=True):
        assert all(map(np.array_equal, entry.opponent_model, model.opponent_model))


def test_values_that_decay_into_denormals_have_converged():
    """After a model with rewards one without: V falls by the discount a sweep, and its rounding floor with it."""
    transitions, rng = np.ones((1, 1, 3, 1)), np.random.default_rng(0)
    nothing = Game.stochastic(np.zeros((1, 1, 3)), transitions, 0.9)
    something = Game.stochastic(np.array([[[1.0, 2.0, 3.0]]]), transitions, 0.9)
    for _ in range(60):
        model = [rng.dirichlet(np.ones(3))[None], np.ones((1, 1))]
        models = [LearnedModel(something, model), LearnedModel(nothing, model)]
        assert soft_q_iteration(nothing, temperature=1.5, models=models).converged


def test_differences_of_large_numbers_keep_their_digits():
    found = soft_q_iteration(Game.matrix(np.array([1e17, 1e17 + 16])), temperature=10.0)
    right = 1 / (1 + np.exp(-1.6))  # 16 is the distance of two doubles there
    assert found.policy[0][0, 1] == pytest.approx(right, rel=1e-12, abs=0)
