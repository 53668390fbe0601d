"""The optimum against all deterministic policies."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.games import Game, load, random_stochastic, to_dense, to_sparse
from mathrl.iteration.outcome import Status
from mathrl.operators import optimality_backup
from mathrl.proofs_checks.strategies import games
from mathrl.solvers import optimal, soft_evaluation
from tests.examples import costly
from tests.tolerances import EPS, magnitude


def deterministic_policies(game):
    rows = [list(itertools.product(range(actions), repeat=game.num_states)) for actions in game.num_actions]
    for choice in itertools.product(*rows):
        yield tuple(np.eye(actions)[list(own)] for actions, own in zip(game.num_actions, choice, strict=True))


@costly
@given(games(structure="common-payoff", max_agents=2, max_actions=2, max_states=3))
def test_against_all_deterministic_joint_policies(game):
    solution = optimal(game).require()
    values = [
        soft_evaluation(game, policy=policy, temperature=1.0, entropy="none").v
        for policy in deterministic_policies(game)
    ]
    # evaluation is exact up to 32 floors 6 eps |V|, over 1 - discount, and so is the optimum
    tolerance = 512 * EPS * magnitude(game) / (1 - game.discount)
    np.testing.assert_allclose(solution.v, np.max(values, axis=0), rtol=0, atol=tolerance)
    own = soft_evaluation(game, policy=solution.policy, temperature=1.0, entropy="none")
    np.testing.assert_allclose(own.v, solution.v, rtol=0, atol=tolerance)
    np.testing.assert_allclose(own.q, solution.q, rtol=0, atol=tolerance)


@given(games(structure="common-payoff"))
def test_the_answer_solves_the_optimality_equation(game):
    solution = optimal(game)
    assert solution.converged
    assert solution.residual <= 100 * solution.rounding_floor
    dense = to_dense(game)
    again = optimality_backup(solution.v, dense.rewards, dense.transitions, discount=game.discount)
    # the residual is of γ |T V − V|, and the operators' sums add their rounding; at discount 0 V comes from one sweep
    if game.discount > 0:
        allowed = solution.residual / game.discount + 64 * EPS * magnitude(game)
        assert np.abs(again - solution.v).max() <= allowed
    for pi in solution.policy:
        assert np.isin(pi, [0, 1]).all()
        assert (pi.sum(axis=1) == 1).all()


@given(games(structure="common-payoff", sparse=False))
def test_sparse_and_dense_agree(game):
    dense, sparse = optimal(game), optimal(to_sparse(game))
    tolerance = 512 * EPS * magnitude(game) / (1 - game.discount)  # as above
    np.testing.assert_allclose(dense.q, sparse.q, rtol=0, atol=tolerance)


def test_ties_go_to_the_lowest_joint_action():
    payoffs = np.array([[0.0, 3.0, 1.0], [3.0, 3.0, 3.0]])
    assert [pi.argmax() for pi in optimal(Game.matrix(payoffs)).policy] == [0, 1]
    same = Game.stochastic(np.zeros((3, 2, 2)), np.full((3, 2, 2, 3), 1 / 3), 0.9)
    assert [pi.argmax(axis=1).tolist() for pi in optimal(same).policy] == [[0, 0, 0], [0, 0, 0]]


def test_ties_up_to_rounding_are_ties():
    """Sums that differ by their rounding alone; what differs by more does not tie."""
    assert 0.1 + 0.2 > 0.3
    assert optimal(Game.matrix(np.array([0.3, 0.1 + 0.2]))).policy[0].tolist() == [[1, 0]]
    rewards, transitions = np.zeros((4, 2)), np.zeros((4, 2, 4))
    rewards[:] = 0.1
    transitions[:, 0] = [0.1, 0.2, 0.3, 0.4]
    transitions[:, 1] = np.roll(np.eye(4), 1, axis=1)
    solution = optimal(Game.stochastic(rewards, transitions, 0.97))
    assert solution.policy[0].argmax(axis=1).tolist() == [0, 0, 0, 0]
    nudged = rewards + np.array([0, 1e-9])
    assert optimal(Game.stochastic(nudged, transitions, 0.97)).policy[0].argmax(axis=1).tolist() == [1, 1, 1, 1]


def test_history_holds_the_residuals_of_the_steps():
    game = random_stochastic(50, (3, 3), discount=0.99, seed=1)
    full = optimal(game).require()
    assert len(full.history) == full.steps > 1
    assert full.history[-1] == full.residual
    short = optimal(game, max_steps=full.steps - 1)
    assert short.status is Status.MAX_STEPS
    assert np.array_equal(short.history, full.history[:-1])
    none = optimal(game, max_steps=0)
    assert (none.steps, none.status) == (0, Status.MAX_STEPS)


def test_by_hand():
    chain = optimal(load("chain")).require()
    assert chain.policy[0].argmax(axis=1).tolist() == [0] * 5  # Dearden et al.: advancing is optimal
    opt_in = optimal(load("opt-in")).require()
    # opting in pays 10 in every third step: 10 γ² / (1 − γ³) at γ = 0.9
    assert opt_in.objective == pytest.approx(10 * 0.9**2 / (1 - 0.9**3), rel=1e-14, abs=0)  # a few roundings


@given(games(structure="common-payoff", discounts=st.just(0.0)))
def test_without_a_future_it_takes_the_largest_reward(game):
    solution = optimal(game)
    assert np.array_equal(solution.q, game.rewards)
    chosen = [pi.argmax(axis=1) for pi in solution.policy]
    best = game.rewards.reshape(game.num_states, -1).max(axis=1)
    slack = 64 * EPS * game.reward_scale  # what counts as a tie
    assert (game.rewards[(np.arange(game.num_states), *chosen)] >= best - slack).all()
    assert solution.objective == pytest.approx(float(best @ game.start), rel=8 * EPS, abs=slack)


@given(games(structure="common-payoff"))
def test_the_game_is_left_as_it_was(game):
    dense = to_dense(game)
    before = dense.rewards.tobytes(), dense.transitions.tobytes(), dense.start.tobytes()
    optimal(dense)
    soft_evaluation(dense, policy=optimal(dense).policy, temperature=1.0)
    assert (dense.rewards.tobytes(), dense.transitions.tobytes(), dense.start.tobytes()) == before
