"""What is learned is mixed with the real game, whose actions and ends it keeps."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mathrl.games import Game, random_stochastic, to_dense, to_sparse
from mathrl.games.learned_model import LearnedModel

SHARES = st.sampled_from([0.0, 0.25, 1.0])


@given(SHARES, st.integers(0, 99), st.sampled_from([0.9, 1.0]), st.sampled_from([to_dense, to_sparse]))
def test_a_mixed_game_has_the_actions_and_ends_of_the_real_one(share, seed, discount, stored):
    game = stored(random_stochastic(2, (2, 3), discount=discount, ending=0.5, available=0.6, seed=seed))
    random = random_stochastic(3, (2, 3), discount=0.9, seed=seed + 100)
    rewards = np.where(game.terminal[:, None, None], 0.0, random.rewards)
    learned = stored(Game.stochastic(rewards, random.transitions, 0.9))  # it knows of no masks, and of no ends
    mixed = LearnedModel(learned).mixed_with(game, share)
    assert [own.tolist() for own in mixed.available] == [own.tolist() for own in game.available]
    assert (mixed.terminal.tolist(), mixed.discount) == (game.terminal.tolist(), game.discount)
    there = np.isfinite(game.rewards) & ~game.terminal[:, None, None]
    np.testing.assert_array_equal(mixed.rewards[there], learned.rewards[there])
    real, theirs, found = (to_dense(one).transitions for one in (game, learned, mixed))
    np.testing.assert_allclose(found[there], (share * real + (1 - share) * theirs)[there], rtol=1e-15)
