"""ROMMEO's operators: the printed formulas, optimality of Eq. 10 and 11, limits."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mathrl import operators
from mathrl.games import opponents_policy, uniform_policy
from mathrl.proofs_checks.strategies import PAYOFFS, TEMPERATURES, games, policies, simplex_rows
from mathrl.softmax import kl_divergence
from tests.tolerances import EPS, prior_slack


@st.composite
def cases(draw, zeros=True):
    """Q (S, A_i, B), a prior, another conditional policy and model within it, both weights."""
    sizes = draw(st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 5)))
    q = draw(arrays(np.float64, sizes, elements=PAYOFFS))
    prior = draw(simplex_rows((sizes[0], sizes[2]), zeros=zeros))
    conditional = np.moveaxis(draw(simplex_rows((sizes[0], sizes[2], sizes[1]))), 2, 1)
    other = draw(simplex_rows((sizes[0], sizes[2]))) * (prior > 0)
    spare = prior * (other.sum(axis=1, keepdims=True) == 0)
    model = (other + spare) / (other + spare).sum(axis=1, keepdims=True)
    return q, prior, conditional, model, draw(TEMPERATURES), draw(TEMPERATURES)


@given(cases())
def test_the_printed_forms(case):
    q, prior, _, _, alpha, kappa = case
    assume(alpha <= 100 * kappa)  # as printed, a power of α/κ
    q = q / 20 * min(alpha, kappa)  # so that exp and the power neither overflow nor underflow
    v = operators.opponent_value(q, prior, temperature=alpha, divergence_weight=kappa)
    inner = np.exp(q / alpha).sum(axis=1) ** (alpha / kappa)
    np.testing.assert_allclose(v, kappa * np.log((prior * inner).sum(axis=1)), atol=1e-10 * kappa)  # Eq. 9
    model = operators.opponent_model(q, prior, temperature=alpha, divergence_weight=kappa)
    np.testing.assert_allclose(model, prior * inner / np.exp(v / kappa)[:, None], atol=1e-10)  # Eq. 11
    conditional = operators.conditional_policy(q, temperature=alpha)
    np.testing.assert_allclose(conditional, np.exp(q / alpha) / np.exp(q / alpha).sum(axis=1)[:, None], atol=1e-12)


@given(cases())
def test_eq_10_and_11_attain_eq_9_and_nothing_else_gets_more(case):
    q, prior, conditional, model, alpha, kappa = case
    weights = {"temperature": alpha, "divergence_weight": kappa}
    best = operators.opponent_value(q, prior, **weights)
    pi, rho = operators.conditional_policy(q, temperature=alpha), operators.opponent_model(q, prior, **weights)
    attained = operators.opponent_policy_value(q, pi, rho, prior, **weights)
    slack = prior_slack(q, alpha, kappa)
    np.testing.assert_allclose(attained, best, rtol=0, atol=slack)
    assert (operators.opponent_policy_value(q, conditional, model, prior, **weights) <= best + slack).all()


@given(cases())
def test_theorem_5_each_improvement_is_the_best_of_its_kind(case):
    q, prior, conditional, model, alpha, kappa = case
    weights = {"temperature": alpha, "divergence_weight": kappa}
    before = operators.opponent_policy_value(q, conditional, model, prior, **weights)
    better = operators.opponent_model_improvement(q, conditional, prior, **weights)
    after = operators.opponent_policy_value(q, conditional, better, prior, **weights)
    # the gain is exactly κ KL(ρ ‖ ρ̃), rommeo Eq. 44; ρ̃ may underflow where ρ does not
    gain, seen = kappa * kl_divergence(model, better), (better > 0).all(axis=1)
    np.testing.assert_allclose((after - before)[seen], gain[seen], atol=prior_slack(q, alpha, kappa), rtol=1e-9)
    assert (after >= before - prior_slack(q, alpha, kappa)).all()
    best_reply = operators.conditional_policy(q, temperature=alpha)
    assert (
        operators.opponent_policy_value(q, best_reply, model, prior, **weights) >= before - prior_slack(q, alpha, kappa)
    ).all()


@given(cases())
def test_at_the_optimal_policy_the_improved_model_is_eq_11(case):
    q, prior, _, _, alpha, kappa = case
    weights = {"temperature": alpha, "divergence_weight": kappa}
    pi = operators.conditional_policy(q, temperature=alpha)
    improved = operators.opponent_model_improvement(q, pi, prior, **weights)
    slack = prior_slack(q, alpha, kappa) / kappa  # an error in the exponent
    np.testing.assert_allclose(improved, operators.opponent_model(q, prior, **weights), atol=slack)


@given(cases(zeros=False))
def test_limits_of_the_divergence_weight(case):
    q, prior, _, _, alpha, _ = case
    heavy = operators.opponent_model(q, prior, temperature=alpha, divergence_weight=1e12)
    np.testing.assert_allclose(heavy, prior, atol=1e-9)  # the tilt is |V|/κ ≤ 1e-10
    light = operators.opponent_value(q, prior, temperature=1e-9, divergence_weight=1e-9)
    np.testing.assert_allclose(light, q.max(axis=(1, 2)), atol=1e-7)  # κ log of probabilities ≥ 1e-12, α log 4


@given(st.data(), games())
def test_the_others_as_one_axis(data, game):
    agent = data.draw(st.integers(0, game.num_agents - 1))
    policy = data.draw(policies(game))
    rewards = game.rewards if game.common_payoff else game.rewards[agent]
    own = operators.own_and_others(rewards, agent)
    prior = opponents_policy(policy)[agent]
    expected = operators.marginal_q(rewards, policy, agent)
    # 128 roundings of sums of at most 24 terms
    np.testing.assert_allclose(np.einsum("sab,sb->sa", own, prior), expected, atol=128 * EPS * (1 + game.reward_scale))


@given(cases())
def test_a_marginal_policy_is_a_distribution(case):
    _, _, conditional, model, _, _ = case
    np.testing.assert_allclose(operators.marginal_policy(conditional, model).sum(axis=1), 1, atol=32 * EPS)


def test_an_action_that_the_prior_rules_out_stays_out():
    q = np.array([[[0.0, 100.0]]])
    model = operators.opponent_model(q, np.array([[1.0, 0.0]]), temperature=1.0)
    assert model.tolist() == [[1.0, 0.0]]
    assert operators.opponent_value(q, np.array([[1.0, 0.0]]), temperature=1.0).tolist() == [0.0]


@pytest.mark.parametrize("agents", [1, 2, 3])
def test_opponents_policy_of_the_uniform_policy_is_uniform(agents):
    from mathrl.games import random_matrix

    game = random_matrix((2, 3, 4)[:agents], seed=0)
    for i, rows in enumerate(opponents_policy(uniform_policy(game))):
        size = game.num_joint_actions // game.num_actions[i]
        np.testing.assert_allclose(rows, np.full((1, size), 1 / size), rtol=4 * EPS)
