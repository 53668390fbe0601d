"""Games that end after a number of steps: what is kept, and undiscounted sums over time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl import Game
from mathrl.games import random_stochastic, uniform_policy, with_time_limit
from mathrl.proofs_checks.strategies import episodic, games, masked
from mathrl.solvers import soft_evaluation
from tests.tolerances import EPS


@given(st.one_of(games(), masked(games()), episodic(games())), st.integers(1, 4), st.booleans())
def test_each_moment_is_the_old_game(game, steps, undiscounted):
    timed = with_time_limit(game, steps, discount=1 if undiscounted else None)
    S = game.num_states
    assert timed.discount == (1 if undiscounted else game.discount)
    assert timed.terminal.tolist() == game.terminal.tolist() * steps + [True]
    moves = timed.csr_xt.toarray().reshape(timed.num_states, -1, timed.num_states)
    old = (game.csr_xt.toarray() if game.sparse else game.dense_xt).reshape(S, -1, S)
    counts = ~game.terminal[:, None] & (np.ones((S, 1), dtype=bool) if game.barred_sa is None else ~game.barred_sa)
    counts = np.broadcast_to(counts, old.shape[:2])
    for time in range(steps):
        here, following = slice(time * S, (time + 1) * S), slice((time + 1) * S, (time + 2) * S)
        assert np.array_equal(timed.rewards_isa[:, here], game.rewards_isa)
        for own, as_before in zip(timed.available, game.available, strict=True):
            assert np.array_equal(own[here], as_before)
        if time < steps - 1:
            assert np.array_equal(moves[here][counts][:, following], old[counts])
        else:
            assert (moves[here][counts][:, -1] == 1).all()


def test_the_return_of_a_limit_is_a_sum_over_its_steps():
    """Occupancies step by step, in a game whose own discount is 0.9."""
    game = random_stochastic(4, (2, 2), discount=0.9, seed=0)
    here, total = game.start, 0.0
    reward = game.rewards.mean(axis=(1, 2))
    for _ in range(6):
        total += here @ reward
        here = here @ game.transitions.mean(axis=(1, 2))
    timed = with_time_limit(game, 6, discount=1)
    found = soft_evaluation(timed, policy=uniform_policy(timed), temperature=1.0, entropy="none").objective
    assert found == pytest.approx(total, abs=64 * EPS)
    assert timed.horizon == pytest.approx(6, abs=64 * EPS)


def test_states_keep_their_names_with_the_time():
    game = Game.stochastic(np.zeros((2, 1)), np.full((2, 1, 2), 0.5), 0.9, state_names=["a", "b"])
    assert with_time_limit(game, 2).state_names == ((0, "a"), (0, "b"), (1, "a"), (1, "b"), (2, None))
