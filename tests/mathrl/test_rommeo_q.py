"""ROMMEO-Q: its equation, Theorems 1, 4 and 5, invariances, limits, a slow independent iteration."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl import operators
from mathrl.games import (
    Game,
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
from mathrl.proofs_checks.strategies import games, policies, simplex_rows, temperatures
from mathrl.solvers import optimal, qre, rommeo_q, soft_q_iteration
from mathrl.values.rommeo_objective import opponent_policy_q
from tests.examples import costly
from tests.tolerances import EPS, opponent_slack

WEIGHTS = temperatures(0.05, 20)
DISCOUNTS = st.sampled_from([0.0, 0.5, 0.9])


@st.composite
def problems(draw, **kwargs):
    """A game, a prior for each agent, a temperature, a divergence weight."""
    game = draw(games(discounts=DISCOUNTS, **kwargs))
    sizes = [game.num_joint_actions // actions for actions in game.num_actions]
    prior = tuple(draw(simplex_rows((game.num_states, size))) for size in sizes)
    return game, prior, draw(WEIGHTS), draw(WEIGHTS)


def own_rewards(game, agent):
    return game.rewards if game.common_payoff else game.rewards[agent]


@given(problems())
def test_its_q_satisfies_the_soft_bellman_equation(problem):
    game, prior, alpha, kappa = problem
    solution = rommeo_q(game, temperature=alpha, prior=prior, divergence_weight=kappa).require()
    worst = 0.0
    for i in range(game.num_agents):
        backed = operators.opponent_backup(
            solution.q[i], prior[i], i, own_rewards(game, i), to_dense(game).transitions,
            discount=game.discount, temperature=alpha, divergence_weight=kappa,
        )  # fmt: skip
        worst = max(worst, float(np.abs(backed - solution.q[i]).max()))
        own = operators.own_and_others(solution.q[i], i)
        v = operators.opponent_value(own, prior[i], temperature=alpha, divergence_weight=kappa)
        np.testing.assert_allclose(solution.v[i], v, atol=opponent_slack(game, alpha, kappa))
        marginal = operators.marginal_policy(solution.conditional_policy[i], solution.opponent_model[i])
        np.testing.assert_allclose(solution.policy[i], marginal, atol=32 * EPS)
    assert worst <= solution.residual + opponent_slack(game, alpha, kappa) / 100


@given(problems())
def test_theorem_1_no_policy_and_model_are_worth_more(problem):
    game, prior, alpha, kappa = problem
    solution = rommeo_q(game, temperature=alpha, prior=prior, divergence_weight=kappa).require()
    for i in range(game.num_agents):
        strategy = {"prior": prior[i], "temperature": alpha, "divergence_weight": kappa}
        pi, rho = solution.conditional_policy[i], solution.opponent_model[i]
        q, v = opponent_policy_q(game, i, conditional_policy=pi, opponent_model=rho, **strategy)
        np.testing.assert_allclose(
            q, operators.own_and_others(solution.q[i], i), atol=opponent_slack(game, alpha, kappa)
        )
        np.testing.assert_allclose(v, solution.v[i], atol=opponent_slack(game, alpha, kappa))
        pi = np.full_like(solution.conditional_policy[i], 1 / game.num_actions[i])
        other, _ = opponent_policy_q(game, i, conditional_policy=pi, opponent_model=prior[i], **strategy)
        assert (other <= q + opponent_slack(game, alpha, kappa)).all()


@given(problems(), st.data())
def test_theorems_4_and_5_each_improvement_raises_q_everywhere(problem, data):
    game, prior, alpha, kappa = problem
    agent = data.draw(st.integers(0, game.num_agents - 1))
    actions, others = game.num_actions[agent], prior[agent].shape[1]
    pi = np.moveaxis(data.draw(simplex_rows((game.num_states, others, actions))), 2, 1)
    strategy = {"prior": prior[agent], "temperature": alpha, "divergence_weight": kappa}
    rho = prior[agent]
    q, _ = opponent_policy_q(game, agent, conditional_policy=pi, opponent_model=rho, **strategy)
    slack = opponent_slack(game, alpha, kappa)
    better_pi = operators.conditional_policy(q, temperature=alpha)
    q_4, _ = opponent_policy_q(game, agent, conditional_policy=better_pi, opponent_model=rho, **strategy)
    assert (q_4 >= q - slack).all()
    better_rho = operators.opponent_model_improvement(q, pi, prior[agent], temperature=alpha, divergence_weight=kappa)
    q_5, _ = opponent_policy_q(game, agent, conditional_policy=pi, opponent_model=better_rho, **strategy)
    assert (q_5 >= q - slack).all()


@given(problems(max_agents=2, max_actions=3, max_states=3))
def test_plain_iteration_of_eq_13_ends_at_the_same_q(problem):
    """Loops over states and actions, with NumPy's logaddexp as the only tool."""
    game, prior, alpha, kappa = problem
    solution = rommeo_q(game, temperature=alpha, prior=prior, divergence_weight=kappa).require()
    transitions = np.asarray(to_dense(game).transitions).reshape(game.num_states, -1, game.num_states)
    for i in range(game.num_agents):
        rewards = own_rewards(game, i).reshape(game.num_states, -1)
        index = np.moveaxis(np.arange(game.num_joint_actions).reshape(game.num_actions), i, -1)
        index = index.reshape(-1, game.num_actions[i])  # rows: the others' joint action, columns: the own action
        v = np.zeros(game.num_states)
        for _ in range(350):  # 0.9^350 < 1e-16
            q = rewards + game.discount * (transitions @ v)
            for s in range(game.num_states):
                total = -np.inf
                for b, row in enumerate(index):
                    if prior[i][s, b] > 0:
                        own = np.logaddexp.reduce([q[s, a] / alpha for a in row])
                        total = np.logaddexp(total, np.log(prior[i][s, b]) + alpha / kappa * own)
                v[s] = kappa * total
        np.testing.assert_allclose(solution.v[i], v, atol=opponent_slack(game, alpha, kappa))


@costly
@given(problems(), st.data())
def test_relabelled_agents_and_permuted_actions(problem, data):
    game, _, alpha, kappa = problem
    weights = {"temperature": alpha, "divergence_weight": kappa}
    solution = rommeo_q(game, **weights).require()
    slack = opponent_slack(game, alpha, kappa) / min(alpha, kappa)
    order = data.draw(st.permutations(range(game.num_agents)))
    relabelled = rommeo_q(relabel_agents(game, order), **weights).require()
    for i, old in enumerate(order):
        np.testing.assert_allclose(relabelled.policy[i], solution.policy[old], atol=slack)
        np.testing.assert_allclose(relabelled.v[i], solution.v[old], atol=slack * min(alpha, kappa))
    agent = data.draw(st.integers(0, game.num_agents - 1))
    actions = data.draw(st.permutations(range(game.num_actions[agent])))
    permuted = rommeo_q(permute_actions(game, agent, actions), **weights).require()
    np.testing.assert_allclose(permuted.policy[agent], solution.policy[agent][:, actions], atol=slack)


@costly
@given(problems(), st.floats(-10, 10), st.floats(0.1, 10))
def test_shifted_and_scaled_rewards(problem, shift, factor):
    game, prior, alpha, kappa = problem
    solution = rommeo_q(game, temperature=alpha, prior=prior, divergence_weight=kappa).require()
    slack = opponent_slack(game, alpha, kappa) + opponent_slack(game, 10)
    shifted = rommeo_q(shift_rewards(game, shift), temperature=alpha, prior=prior, divergence_weight=kappa).require()
    np.testing.assert_allclose(shifted.v, solution.v + shift / (1 - game.discount), atol=slack)
    scaled = rommeo_q(
        scale_rewards(game, factor), temperature=factor * alpha, prior=prior, divergence_weight=factor * kappa
    ).require()
    np.testing.assert_allclose(scaled.v, factor * solution.v, atol=10 * slack)


@costly
@given(problems())
def test_with_equal_weights_it_is_soft_q_iteration_with_the_prior_as_model(problem):
    game, prior, alpha, _ = problem
    ours = rommeo_q(game, temperature=alpha, prior=prior, divergence_weight=alpha).require()
    theirs = soft_q_iteration(game, temperature=alpha, opponent_model=prior).require()
    np.testing.assert_allclose(ours.v, theirs.v, atol=opponent_slack(game, alpha))
    for ours_i, theirs_i in zip(ours.policy, theirs.policy, strict=True):
        np.testing.assert_allclose(ours_i, theirs_i, atol=opponent_slack(game, alpha) / alpha)


@given(games(max_agents=1, discounts=DISCOUNTS), WEIGHTS, WEIGHTS)
def test_one_agent_has_no_opponents_and_finds_its_soft_optimum(game, alpha, kappa):
    ours = rommeo_q(game, temperature=alpha, divergence_weight=kappa).require()
    theirs = qre(game, temperature=alpha).require()
    np.testing.assert_allclose(ours.v[0], theirs.v, atol=opponent_slack(game, alpha, kappa))
    np.testing.assert_allclose(ours.policy[0], theirs.policy[0], atol=opponent_slack(game, alpha, kappa) / alpha)


@costly
@given(games(structure="common-payoff", discounts=DISCOUNTS))
def test_as_both_weights_vanish_each_agent_hopes_for_the_optimum(game):
    scale = max(game.reward_scale, 1.0)
    solution = rommeo_q(game, temperature=1e-4 * scale, divergence_weight=1e-4 * scale).require()
    gap = np.abs(solution.v - optimal(game).v).max()
    # both logarithms together are at most log 24 a step
    assert gap <= 1e-4 * scale * np.log(24) / (1 - game.discount) + opponent_slack(game)


@given(problems(max_agents=3), st.data())
def test_a_heavy_divergence_makes_the_prior_the_model(problem, data):
    game, _, alpha, _ = problem
    prior = opponents_policy(data.draw(policies(game, zeros=False)))
    solution = rommeo_q(game, temperature=alpha, prior=prior, divergence_weight=1e12).require()
    for model, rows in zip(solution.opponent_model, prior, strict=True):
        np.testing.assert_allclose(model, rows, atol=1e-7)  # the tilt is |Q|/κ < 1e-9


@pytest.mark.parametrize("temperature", [1e-4, 1e4])
@pytest.mark.parametrize("weight", [1e-4, 1.0, 1e4])
def test_extreme_weights_converge_to_finite_values(temperature, weight):
    game = random_stochastic(6, (2, 3), discount=0.95, structure="general-sum", seed=0)
    solution = rommeo_q(game, temperature=temperature, divergence_weight=weight).require()
    assert np.isfinite(solution.q).all()
    for rows in (*solution.policy, *solution.opponent_model):
        np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-12)  # at temperature 1e-4 exponents reach 1e5


def test_sparse_and_dense_transitions_agree():
    game = random_stochastic(200, (3, 2, 2), discount=0.9, successors=5, structure="general-sum", seed=1)
    ours, theirs = (rommeo_q(g, temperature=0.3).require() for g in (game, to_dense(game)))
    np.testing.assert_allclose(ours.q, theirs.q, atol=1e-11)  # 100 floors of Q ~ 30 over 1 − γ


def test_the_opponent_model_thinks_ahead_in_the_climbing_game():
    """rommeo §5.1: from a uniform prior the model already expects the action of the optimum."""
    solution = rommeo_q(load("climbing-rommeo"), temperature=1.0)
    assert all(model[0].argmax() == 0 and model[0, 0] > 0.9 for model in solution.opponent_model)
    assert solution.parameters["prior"][0].tolist() == opponents_policy(uniform_policy(load("hasac")))[0].tolist()


def test_an_interrupt_keeps_what_was_reached():
    from mathrl.iteration.iterate import watching

    game = random_stochastic(20, (2, 2), discount=0.99, seed=0)

    def interrupt(step, residual):
        if step == 2:
            raise KeyboardInterrupt

    with watching(interrupt):
        solution = rommeo_q(game, temperature=0.1)
    assert (solution.status.name, solution.steps) == ("INTERRUPTED", 2)
    assert solution.q.shape == (2, 20, 2, 2)


@pytest.mark.parametrize("discount", [0.0, 0.9])
def test_a_prior_near_the_smallest_double_counts_where_its_action_is_worth_it(discount):
    rare, reward = 1e-307, 702.0  # κ log(1 + 1e-307 (e^702 − 1)), in logarithms
    rewards = [np.array([[[reward, 0.0]]]), np.zeros((1, 1, 2))]
    game = Game.stochastic(rewards, np.ones((1, 1, 2, 1)), discount)
    solution = rommeo_q(game, temperature=1.0, prior=[[[rare, 1 - rare]], [[1.0]]]).require()
    expected = np.logaddexp(0.0, np.log(rare) + reward) / (1 - discount)
    # the exponent is off by a rounding of 702
    np.testing.assert_allclose(solution.v[0], expected, rtol=1e-12)
