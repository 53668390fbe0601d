import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.games import random_matrix, random_stochastic, to_dense
from mathrl.games.random import STRUCTURES, _distinct

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
