"""The compiled pieces of a trace: linear systems, the equations and their derivative, points of curves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.equilibria import lu as dense
from mathrl.equilibria.matrix import equations as matrix
from mathrl.equilibria.matrix.memory import room
from mathrl.equilibria.matrix.predict import cross, predict
from mathrl.equilibria.matrix.tracer import Tracer, join
from mathrl.equilibria.step_rules import next_length, shortest
from mathrl.games import Game, load, random_matrix
from mathrl.operators import marginal_q, quantal_response_residual
from mathrl.proofs_checks.strategies import matrix_games
from mathrl.softmax import boltzmann
from tests.tolerances import EPS


@given(st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_factors_solve_and_tell_the_sign_of_the_determinant(size, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(size + 2, size + 2)), rng.normal(size=size + 2)
    factored, rows, x = a.copy(), np.zeros(size + 2, np.int64), np.zeros(size + 2)
    sign = dense.factor(factored, rows, size)
    dense.solve(factored, rows, size, b, x)
    leading = a[:size, :size]
    assert sign == np.linalg.slogdet(leading)[0]
    # backward stable: the defect is a few roundings of |A| |x|
    defect = np.abs(leading @ x[:size] - b[:size]).max()
    assert defect <= 64 * size * EPS * (np.abs(leading).sum(axis=1).max() * np.abs(x[:size]).max() + np.abs(b).max())
    assert (x[size:] == 0).all()


@pytest.mark.parametrize("singular", [np.zeros((2, 2)), [[1.0, 2.0], [2.0, 4.0]], [[np.nan, 1.0], [1.0, 1.0]]])
def test_singular_matrices_have_no_sign(singular):
    assert dense.factor(np.array(singular), np.zeros(2, np.int64), 2) == 0


def at(game, x, rationality):
    """The arrays of `matrix` at a point."""
    memory = room(*game.rewards_isa.shape[:1], np.array(game.num_actions))
    memory.r_ma[:] = game.rewards_isa[:, 0]
    if game.num_agents == 2:
        matrix.pairs(memory)
    z = np.append(x, rationality)
    matrix.evaluate(memory, z)
    matrix.derivative(memory, z)
    return memory


def anywhere(game, data):
    unknowns = sum(game.num_actions) - game.num_agents
    return np.array(data.draw(st.lists(st.floats(-3, 3), min_size=unknowns, max_size=unknowns)))


@given(matrix_games(), st.floats(0, 3), st.data())
def test_the_equations_are_those_of_the_operators(game, rationality, data):
    x = anywhere(game, data)
    memory = at(game, x, rationality)
    ends = np.cumsum((0, *game.num_actions))
    parts = np.split(x, np.cumsum(np.array(game.num_actions) - 1)[:-1])
    policy = [boltzmann(np.concatenate([[0.0], part])[None], 1.0) for part in parts]
    g = []
    for agent, pi in enumerate(policy):
        own = marginal_q(game.rewards, policy, agent)[0]
        here = slice(ends[agent], ends[agent + 1])
        scale = 1 + game.reward_scale  # of the sums' rounding
        np.testing.assert_allclose(memory.pi_k[here], pi[0], rtol=0, atol=16 * EPS)
        np.testing.assert_allclose(memory.own_k[here], own, rtol=0, atol=64 * EPS * scale)
        g.append(parts[agent] - rationality * (own[1:] - own[0]))
    np.testing.assert_allclose(memory.g_x[:-1], np.concatenate(g), rtol=0, atol=256 * EPS * scale * (3 + rationality))
    if rationality > 0.01:
        ours = matrix.residual(memory, rationality, np.empty_like(memory.pi_k))
        theirs = quantal_response_residual(game.rewards, policy, temperature=1 / rationality)
        assert abs(ours - theirs) <= 64 * EPS * (1 + rationality * scale)


@given(matrix_games(), st.floats(0, 3), st.data())
def test_the_derivative_is_that_of_central_differences(game, rationality, data):
    x = anywhere(game, data)
    jacobian = at(game, x, rationality).jacobian_xy[:-1]
    z, step = np.append(x, rationality), 1e-5
    for y, unit in enumerate(np.eye(z.size)):
        ahead, behind = z + step * unit, z - step * unit
        slope = (at(game, ahead[:-1], ahead[-1]).g_x - at(game, behind[:-1], behind[-1]).g_x)[:-1] / (2 * step)
        # step² times a third derivative of order λ |r|, and rounding over the step
        np.testing.assert_allclose(
            jacobian[:, y], slope, rtol=0, atol=1e-8 * (1 + game.reward_scale) * (1 + rationality)
        )


def test_predictions_are_exact_on_parabolas():
    """z(s) = (s², s) with tangents (2s, 1), whose change over the step is exact; lengths in s."""
    ahead = np.zeros(2)
    predict(np.array([1.0, 1.0]), np.array([2.0, 1.0]), np.array([1.0, 1.0]), 2.0, 0.5, ahead)
    np.testing.assert_allclose(ahead, [9.0, 3.0])
    predict(np.array([1.0, 1.0]), np.array([2.0, 1.0]), np.zeros(2), 2.0, 0.0, ahead)  # no step before
    np.testing.assert_allclose(ahead, [5.0, 3.0])


def test_crossings_are_found_on_cubics():
    """z(s) = (s³, s + s²) from s = 0 to 1 crosses λ = 0.75 at s = 0.5."""
    ahead = np.array([1.0, 2.0])
    cross(np.zeros(2), np.array([0.0, 1.0]), ahead, np.array([3.0, 3.0]), 1.0, 0.75)
    np.testing.assert_allclose(ahead, [0.125, 0.75], rtol=1e-12)


def test_step_lengths():
    assert next_length(1.0, 0.0, 1.0) == next_length(1.0, 1e-9, 1.0) > 2
    assert next_length(1.0, 10.0, 1.0) < 0.5
    assert next_length(1.0, 0.01, 0.1) < next_length(1.0, 0.01, 1.0)
    assert shortest(1.0) < shortest(1e6) < 0.1


def test_a_curve_is_followed_both_ways():
    game = random_matrix((3, 3), structure="general-sum", seed=18)
    tracer = Tracer(game)
    up = join([tracer.start(), tracer.advance(20.0, at_most=1000)])
    assert up.rationality[-1] == 20.0
    end = up.z_px[-1]
    down = join([tracer.start(end[:-1], 20.0, rising=False), tracer.advance(np.inf, at_most=1000, lowest=0.05)])
    assert down.rationality[-1] < 0.05 < down.rationality[-2]
    # rationality is flat at a fold: an error of 1e-6 in the tangent moves it by the square of that
    np.testing.assert_allclose(down.rationality[down.folds][::-1], up.rationality[up.folds], rtol=1e-9)
    for pi_k in up.pi_pk:
        assert np.abs(down.pi_pk - pi_k).max(axis=1).min() < 0.1  # half the distance of two points, at most


def test_a_start_that_is_on_no_curve_is_refused():
    tracer = Tracer(load("shapley"))
    assert tracer.start(np.full(4, 40.0), 5.0) is None


def test_bunches_make_no_difference():
    game = random_matrix((2, 2, 2), structure="general-sum", seed=33)
    once, thrice = Tracer(game), Tracer(game)
    whole = join([once.start(), once.advance(30.0, at_most=1000)])
    parts = join([thrice.start(), *(thrice.advance(30.0, at_most=k) for k in (1, 5, 1000))])
    assert np.array_equal(whole.z_px, parts.z_px)
    assert np.array_equal(whole.code_p, parts.code_p)


def test_payoffs_are_scaled_without_rounding():
    game = random_matrix((3, 3), structure="general-sum", seed=18)
    ours = Tracer(game)
    first = join([ours.start(), ours.advance(20.0, at_most=1000)])
    theirs = Tracer(Game.matrix(list(1024.0 * game.rewards[:, 0])))
    second = join([theirs.start(), theirs.advance(20.0 / 1024, at_most=1000)])
    assert np.array_equal(first.pi_pk, second.pi_pk)
