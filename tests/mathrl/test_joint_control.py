"""One controller: the optimum and the soft optimum, also where the solver's short cuts do not serve."""

import numpy as np
import pytest
from hypothesis import given

from mathrl.games import Game, load, random_stochastic
from mathrl.iteration.outcome import Status
from mathrl.operators import optimality_backup, quantal_response_residual, soft_optimality_backup
from mathrl.proofs_checks.strategies import games, temperatures
from mathrl.solvers import optimal, qre, soft_evaluation
from mathrl.values.joint_control import control
from mathrl.values.softness import SoftMax
from tests.tolerances import EPS


def ring(discount):
    """Staying pays a little; hopping one state on costs 5, so that only rare actions join the states."""
    states = np.arange(20)
    rewards = np.stack([np.linspace(0, 0.05, 20), np.full(20, -5.0)], axis=1)
    transitions = np.zeros((20, 2, 20))
    transitions[states, 0, states] = transitions[states, 1, (states + 1) % 20] = 1
    return Game.stochastic(rewards, transitions, discount)


@pytest.mark.parametrize("discount", [0.9, 0.99, 0.999, 0.9999])
def test_states_that_only_rare_actions_join_are_solved(discount):
    game = ring(discount)
    solution = qre(game, temperature=1.0).require()
    v = solution.v
    error = np.abs(
        soft_optimality_backup(v, game.rewards, game.transitions, discount=discount, temperature=1.0) - v
    ).max()
    # the defect of V: some roundings of V, which is at most (reward + temperature log 2) / (1 - discount)
    assert error <= 128 * EPS * np.abs(v).max()


@given(games(max_agents=1), temperatures(0.01, 100))
def test_the_soft_optimum_satisfies_its_equation(game, temperature):
    solution = qre(game, temperature=temperature).require()
    dense = game.transitions.toarray().reshape(*game.rewards.shape, -1) if game.sparse else game.transitions
    backed = soft_optimality_backup(solution.v, game.rewards, dense, discount=game.discount, temperature=temperature)
    scale = game.reward_scale + temperature * np.log(4) + np.abs(solution.v).max()
    np.testing.assert_allclose(backed, solution.v, rtol=0, atol=256 * EPS * scale)  # tol is 100 roundings of V


@given(games(structure="common-payoff"))
def test_the_optimum_satisfies_its_equation(game):
    solution = optimal(game).require()
    dense = game.transitions.toarray().reshape(*game.rewards.shape, -1) if game.sparse else game.transitions
    backed = optimality_backup(solution.v, game.rewards, dense, discount=game.discount)
    scale = game.reward_scale + np.abs(solution.v).max()
    np.testing.assert_allclose(backed, solution.v, rtol=0, atol=256 * EPS * scale)  # tol is 100 roundings of V


@pytest.mark.parametrize("max_steps", [0, 1, 2])
def test_values_are_those_of_the_policy_that_is_returned_however_early(max_steps):
    game = load("chain")
    for solution, temperature, entropy in (
        (optimal(game, max_steps=max_steps), 1.0, "none"),
        (qre(game, temperature=2.0, max_steps=max_steps), 2.0, "team"),
    ):
        exact = soft_evaluation(game, policy=solution.policy, temperature=temperature, entropy=entropy)
        # both solve the same system; 1 / (1 - discount) = 100 bounds how it magnifies a rounding
        np.testing.assert_allclose(solution.q, exact.q, rtol=0, atol=100 * 64 * exact.rounding_floor)


@pytest.mark.parametrize("tol", [100.0, 1e6, 1e10])
@pytest.mark.parametrize("local", [False, True])
def test_a_loose_residual_is_that_of_the_policy_too(tol, local):
    game = random_stochastic(300, (6,), successors=4, local=local, seed=1)
    solution = qre(game, temperature=0.3, tol=tol).require()
    exact = soft_evaluation(game, policy=solution.policy, temperature=0.3)
    residual = quantal_response_residual(exact.q, solution.policy, temperature=0.3)
    # Q is exact to a quarter of what V lacked, or to rounding
    assert abs(solution.residual - residual) <= 0.5 * residual + 64 * exact.rounding_floor / 0.3


@pytest.mark.parametrize("softness", [None, SoftMax(1.5)])
def test_what_is_left_among_denormal_numbers_is_rounding(softness):
    nothing = Game.stochastic(np.zeros((1, 1)), np.ones((1, 1, 1)), 0.9)
    run, _ = control(nothing, softness, tol=100, max_steps=0, guess=np.array([3e-323]))
    assert run.last.residual > 0
    assert run.status is Status.CONVERGED
