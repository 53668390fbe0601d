"""Where one rounding of Q is many temperatures, policies are found among values of the size of advantages."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.games import Game, random_stochastic, uniform_policy
from mathrl.games.profile import Profile
from mathrl.games.transform import to_sparse
from mathrl.iteration.outcome import Status
from mathrl.solvers import (
    divergence_iteration,
    divergence_policy_iteration,
    haspi,
    mehaml,
    qre,
    rommeo_q,
    rommeo_self_play,
    soft_q_iteration,
)
from mathrl.values.doubt import NO_DOUBT, SMALL, doubt_of_responses
from mathrl.values.exact_sums import _PARTS, _add, _nearest
from mathrl.values.policy_values import evaluate
from mathrl.values.potentials import shaped
from tests.examples import costly

EPS = float(np.finfo(np.float64).eps)
STAY = np.broadcast_to(np.eye(2)[:, None], (2, 2, 2))


def towards_uniform(game, **settings):
    return divergence_policy_iteration(game, target_policy=uniform_policy(game), **settings)


ONE_ANSWER = (haspi, qre, mehaml, soft_q_iteration, rommeo_q, towards_uniform)
"""Solvers whose policy is the softmax of Q/α where there is one agent."""


@pytest.mark.parametrize("make", [Game.stochastic, lambda *game: to_sparse(Game.stochastic(*game))])
@pytest.mark.parametrize("solver", [*ONE_ANSWER, rommeo_self_play])
def test_a_near_tie_is_no_tie(solver, make):
    """Q is 1e15 in state 0, where neighbouring doubles are 0.125 apart, and the actions differ by 0.0625."""
    found = solver(make(np.array([[1e14, 1e14 + 1 / 16], [1.0, 0.0]]), STAY, 0.9), temperature=0.05).require()
    right = 1 / (1 + np.exp(-np.array([[1 / 16], [-1.0]]) / 0.05))
    np.testing.assert_allclose(found.policy[0][:, 1:], right, rtol=0, atol=1e-12)  # some hundred roundings
    assert found.v.ravel()[0] == pytest.approx(1e15, rel=1e-15, abs=0)
    assert len(found.history) == found.steps


def test_a_near_tie_is_no_tie_where_the_better_action_takes_all():
    game = Game.stochastic(np.array([[1e14, 1e14 + 1 / 16], [1.0, 0.0]]), STAY, 0.9)
    found = divergence_iteration(game, temperature=0.05).require()
    np.testing.assert_allclose(found.policy[0], [[0, 1], [1, 0]], rtol=0, atol=1e-10)  # the residual, over the gap


@pytest.mark.parametrize("solver", [*ONE_ANSWER, rommeo_self_play, divergence_iteration])
@pytest.mark.parametrize("temperature", [1.0, 1e-20, 1e-200])
def test_an_exact_tie_stays_one(solver, temperature):
    game = Game.stochastic(np.array([[1e14, 1e14], [1.0, 0.0]]), STAY, 0.9)
    found = solver(game, temperature=temperature).require()
    np.testing.assert_array_equal(found.policy[0][0], [0.5, 0.5])


@pytest.mark.parametrize("discount", [1 - 1e-8, 1 - 1e-12, 1 - 1e-14])
@pytest.mark.parametrize("solver", ONE_ANSWER)
def test_long_horizons_hide_no_difference(solver, discount):
    """V is up to 1e17, but what is added to all V alike decides nothing."""
    rewards = np.array([[1e3, 1e3 + 2.0**-10], [-1e3, 0.0]])
    game = Game.stochastic(rewards, np.full((2, 2, 2), 0.5), discount)
    found = solver(game, temperature=2.0**-10).require()
    np.testing.assert_allclose(found.policy[0], [[1 / (1 + np.e), 1 / (1 + 1 / np.e)], [0, 1]], rtol=0, atol=SMALL)


@pytest.mark.parametrize(("size", "status"), [(1e12, Status.CONVERGED), (3e13, Status.STALLED)])
def test_what_sums_of_large_payoffs_hide_is_not_converged(size, status):
    """Agent 1 gets 1/16 more for its second action, and large numbers that nearly cancel as agent 0 mixes.

    No potential of states takes these off. A rounding of 3e13 is 0.08 of the temperature, and of 1e12 0.002.
    """
    mixes = np.array([[0.0, 0.0], [0.05 * np.log(7 / 3)] * 2])
    sees = np.array([[size], [-size / 3]]) + np.array([[0.0, 1 / 16]])
    found = qre(Game.matrix([mixes, sees]), temperature=0.05)
    assert found.status is status
    off = abs(found.policy[1][0, 0] - 1 / (1 + np.exp(1.25)))
    assert off <= 4 * EPS * size / 0.05  # two roundings each of what two actions are worth
    assert (found.residual > 0.01) == (status is Status.STALLED)


numbers = st.integers(-32, 32).map(lambda quarters: quarters / 4)


@st.composite
def dyadic_games(draw):
    """One agent; rewards in quarters, probabilities in eighths, discount 1/2, and potentials that round nothing."""
    num_states, actions = draw(st.integers(1, 3)), draw(st.integers(2, 3))
    rewards = draw(st.lists(numbers, min_size=num_states * actions, max_size=num_states * actions))
    row = st.lists(st.integers(0, num_states - 1), min_size=8, max_size=8)
    rows = [np.bincount(draw(row), minlength=num_states) / 8 for _ in range(num_states * actions)]
    potential = np.array(draw(st.lists(st.integers(-(2**29), 2**29), min_size=num_states, max_size=num_states)))
    transitions = np.array(rows).reshape(num_states, actions, num_states)
    game = Game.stochastic(np.reshape(rewards, (num_states, actions)), transitions, 0.5)
    return game, potential * 2.0**20


@pytest.mark.parametrize("solver", ONE_ANSWER)
@costly
@given(dyadic_games(), st.sampled_from([0.01, 0.25, 4.0]))
def test_a_potential_changes_values_only(solver, drawn, temperature):
    """Rewards are up to 1e15 then. All sums in the new rewards are exact: they have at most 53 digits."""
    game, phi_s = drawn
    rewards = game.rewards + 0.5 * (game.transitions @ phi_s) - phi_s[:, None]
    hidden = Game.stochastic(rewards, game.transitions, 0.5)
    expected, found = (solver(one, temperature=temperature).require() for one in (game, hidden))
    # Runs end at 100 floors, of which one moves no probability by more than 2⁻²⁰.
    np.testing.assert_allclose(found.policy[0], expected.policy[0], rtol=0, atol=100 * SMALL)
    size = max(1.0, np.abs(phi_s).max(), np.abs(expected.v).max())
    # 100 floors over 1 − γ, of both
    np.testing.assert_allclose(found.v.ravel(), expected.v.ravel() - phi_s, rtol=0, atol=400 * EPS * size)


scaled = st.tuples(st.floats(-1, 1), st.integers(-60, 60)).map(lambda pair: pair[0] * 2.0 ** pair[1])


@given(
    st.lists(scaled, min_size=2, max_size=2),
    st.lists(st.lists(scaled, min_size=2, max_size=2), min_size=1, max_size=3),
    st.floats(0, 1).filter(lambda share: share == 0 or share > 1e-100),
    st.floats(0.1, 0.999),
)
def test_rewards_are_rounded_once(rewards, potentials, share, discount):
    row = np.array([share, 1 - share])
    game = Game.stochastic(np.array(rewards)[:, None], np.stack([row, row])[:, None], discount)
    found = shaped(game, np.array(potentials)[:, None])
    for s in range(2):
        exact = Fraction(rewards[s])
        for phi_s in potentials:
            expected = sum(Fraction(float(p)) * Fraction(phi) for p, phi in zip(row, phi_s, strict=True))
            exact += Fraction(discount) * expected - Fraction(phi_s[s])
        assert abs(Fraction(float(found.rewards[s, 0])) - exact) <= abs(exact) * Fraction(EPS) + Fraction(1e-300)


@pytest.mark.parametrize("order", [1, -1])
def test_probabilities_of_all_sizes_are_summed_exactly(order):
    """A Poisson law's 250 probabilities, from 1e-175 on: their sum, from the smallest on, has some 150 parts."""
    mean, k = 20.0, np.arange(250)
    row = np.sort(np.exp(k * np.log(mean) - np.cumsum(np.log(np.maximum(k, 1)))))[::order]
    game = Game.stochastic(np.zeros((250, 1)), np.tile(row / row.sum(), (250, 1, 1)), 0.9)
    phi_ks = np.array([1e6, 1.0])[:, None] * np.random.default_rng(0).normal(size=(2, 250))
    sums = [sum(map(Fraction, phi_k)) for phi_k in phi_ks.T.tolist()]
    expected = sum(Fraction(p) * phi for p, phi in zip(game.transitions[0, 0].tolist(), sums, strict=True))
    exact = [float(Fraction(0.9) * expected - phi) for phi in sums]
    assert shaped(game, phi_ks[:, None]).rewards[:, 0].tolist() == exact


def test_parts_of_a_sum_keep_to_their_room():
    parts, used = np.zeros(2 * _PARTS), 1
    terms = np.ldexp(np.random.default_rng(0).uniform(0.5, 1, 1_900), np.arange(-950, 950))
    for term in terms:
        used = _add(parts[:_PARTS], used, term)
        assert used <= _PARTS
    assert not parts[_PARTS:].any()
    assert _nearest(parts, used) == math.fsum(terms)


def test_infinity_takes_all_of_a_sum():
    parts, used = np.zeros(_PARTS), 1
    for term in (-math.inf, 1.0, 1e-20, -3.0):
        used = _add(parts, used, term)
    assert (used, _nearest(parts, used)) == (1, -math.inf)


@pytest.mark.parametrize("rest", [2.0**-200, -(2.0**-200)])
def test_what_is_left_decides_between_two_doubles(rest):
    parts = np.array([rest, EPS / 2, 1.0])
    assert _nearest(parts, 3) == (1 + EPS if rest > 0 else 1)


def test_ordinary_games_are_solved_once():
    game = random_stochastic(5, (2, 3), seed=1)
    policy = Profile.of(uniform_policy(game))
    values = evaluate(game, policy, temperature=0.01)
    assert doubt_of_responses(values, policy, 0.01, game.horizon) == NO_DOUBT
