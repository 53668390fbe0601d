import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.games import random_matrix, random_stochastic, to_dense, uniform_policy
from mathrl.games.availability import joint
from mathrl.games.random import STRUCTURES, _distinct
from mathrl.solvers import soft_evaluation

SEEDS = st.integers(0, 2**32)


@given(SEEDS, st.sampled_from(STRUCTURES), st.integers(1, 6), st.sampled_from([None, 1, 2, 5]), st.booleans())
def test_the_same_seed_gives_the_same_game(seed, structure, num_states, successors, local):
    if successors is not None:
        successors = min(successors, num_states)
    options = {"structure": structure, "successors": successors, "local": local and successors is not None}
    one, other, third = (
        random_stochastic(num_states, (2, 3), seed=s, **options) for s in (seed, np.random.default_rng(seed), seed + 1)
    )
    assert one.rewards.tobytes() == other.rewards.tobytes()
    assert to_dense(one).transitions.tobytes() == to_dense(other).transitions.tobytes()
    assert one.rewards.tobytes() != third.rewards.tobytes()
    assert one.sparse == (successors is not None)


@given(SEEDS)
def test_structures(seed):
    common, zero_sum, general = (random_matrix((2, 3), structure=structure, seed=seed) for structure in STRUCTURES)
    assert common.common_payoff
    assert not zero_sum.common_payoff
    np.testing.assert_array_equal(zero_sum.rewards.sum(axis=0), 0)
    assert not general.common_payoff
    assert (general.rewards.sum(axis=0) != 0).all()


@given(SEEDS, st.integers(1, 8), st.data())
def test_each_row_has_the_successors_asked_for_within_the_window(seed, num_states, data):
    successors, local = data.draw(st.integers(1, num_states)), data.draw(st.booleans())
    game = random_stochastic(num_states, (3,), successors=successors, local=local, seed=seed)
    np.testing.assert_array_equal(np.diff(game.transitions.indptr), successors)
    distance = abs(game.transitions.indices - np.repeat(np.arange(num_states), 3 * successors))
    if local:
        assert np.minimum(distance, num_states - distance).max() <= successors


def test_local_successors_reach_the_whole_window_and_no_others():
    game = random_stochastic(11, (40,), successors=2, local=True)
    reached = to_dense(game).transitions.any(axis=1)
    distance = abs(np.subtract.outer(np.arange(11), np.arange(11)))
    np.testing.assert_array_equal(reached, np.minimum(distance, 11 - distance) <= 2)


@pytest.mark.parametrize(("size", "population"), [(1, 3), (2, 4), (3, 5), (4, 4)])
def test_subsets_are_uniform(size, population):
    rows = 60_000
    chosen = np.sort(_distinct(np.random.default_rng(0), rows, size, population), axis=1)
    subsets, counts = np.unique(chosen, axis=0, return_counts=True)
    assert (np.diff(subsets, axis=1) > 0).all()
    probability = 1 / len(subsets)
    # six standard deviations: of all seeds, fewer than one in 1e7 fails this by chance
    assert (abs(counts - rows * probability) <= 6 * np.sqrt(rows * probability)).all()
    assert len(subsets) == {(1, 3): 3, (2, 4): 6, (3, 5): 10, (4, 4): 1}[size, population]


def test_rows_are_uniform_on_the_simplex():
    game = random_stochastic(4, (5000,), seed=1)
    p = game.transitions.reshape(-1, 4)
    # Dirichlet(1, 1, 1, 1): mean 1/4, variance (1/4)(3/4)/5; standard errors of 20000 rows, times six
    assert abs(p.mean(axis=0) - 1 / 4).max() < 6 * np.sqrt(0.0375 / 20000)
    assert abs(p.var(axis=0) - 0.0375).max() < 6 * 0.06 / np.sqrt(20000)


def test_scale_multiplies_the_rewards():
    one, ten = (random_matrix((4, 4), scale=scale) for scale in (1.0, 10.0))
    np.testing.assert_array_equal(ten.rewards, 10 * one.rewards)
    assert abs(random_matrix((300, 300)).rewards.std() - 1) < 6 / np.sqrt(2 * 90_000)


def test_storage_is_free_of_the_draw():
    sparse, dense = (random_stochastic(6, (2, 2), successors=2, sparse=sparse) for sparse in (True, False))
    assert (sparse.sparse, dense.sparse) == (True, False)
    np.testing.assert_array_equal(to_dense(sparse).transitions, dense.transitions)
    sparse, dense = (random_stochastic(6, (2, 2), sparse=sparse) for sparse in (True, False))
    np.testing.assert_array_equal(to_dense(sparse).transitions, dense.transitions)
    assert sparse.sparse


def test_large_games_are_built_without_a_loop_over_rows():
    begun = time.perf_counter()
    game = random_stochastic(10_000, (25,), successors=10)
    assert game.transitions.nnz == 2_500_000
    assert time.perf_counter() - begun < 5  # it takes 0.3 s; one generator call per row takes more than 5


@given(SEEDS, st.sampled_from(STRUCTURES), st.sampled_from([0.0, 0.3, 0.9]), st.sampled_from([None, 2]))
def test_actions_are_taken_from_the_game_of_the_same_seed(seed, structure, share, successors):
    options = {"structure": structure, "successors": successors, "seed": seed}
    whole, game = random_stochastic(4, (2, 3), **options), random_stochastic(4, (2, 3), available=share, **options)
    there = joint(game.available)
    np.testing.assert_array_equal(np.where(there, whole.rewards, -np.inf), game.rewards)
    np.testing.assert_array_equal(to_dense(whole).transitions[there], to_dense(game).transitions[there])
    counts = [own.sum(axis=1) for own in game.available]
    assert all((count == 1).all() if share == 0 else (count >= 1).all() for count in counts)


def test_the_share_of_actions_is_the_one_asked_for():
    own, other = random_matrix((40_000, 2), available=0.25).available
    assert abs(own.mean() - 0.25) < 6 * np.sqrt(0.25 * 0.75 / 40_000)  # six standard errors
    assert other.any()


@given(SEEDS, st.sampled_from([0.1, 0.5, 1.0]), st.sampled_from([None, 2]), st.sampled_from([0.5, 0.9, 1.0]))
def test_to_end_with_some_probability_is_to_discount_by_it(seed, ending, successors, discount):
    """V of the game that ends is V of the game without end whose discount is γ (1 − ending), and 0 at the end."""
    options = {"successors": successors, "seed": seed}
    game = random_stochastic(3, (2, 2), discount=discount, ending=ending, available=0.7, **options)
    other = random_stochastic(3, (2, 2), discount=discount * (1 - ending), available=0.7, **options)
    assert (game.num_states, game.terminal.tolist()) == (4, [False] * 3 + [True])
    assert (game.sparse, game.start.tolist()) == (other.sparse, [*other.start, 0.0])
    found, expected = (soft_evaluation(one, policy=uniform_policy(one), temperature=0.5) for one in (game, other))
    # Both solve one linear system, in which 1 − ending is rounded.
    np.testing.assert_allclose(found.v, [*expected.v, 0.0], rtol=1e-12, atol=1e-12)
