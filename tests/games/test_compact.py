"""Games without the actions that there are not: what is left is the same game."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mathrl.games import Game, load, random_policy, random_stochastic, to_sparse
from mathrl.games.compact import compact

SIZES = (3, (2, 4, 3))


def masked_game(seed, *, common_payoff, sparse=False):
    """Three states, three agents, masks and transitions at random."""
    rng = np.random.default_rng(seed)
    num_states, num_actions = SIZES
    structure = "common-payoff" if common_payoff else "general-sum"
    game = random_stochastic(num_states, num_actions, structure=structure, discount=0.8, seed=seed)
    game = to_sparse(game) if sparse else game
    masks = [rng.random((num_states, actions)) < rng.uniform(0.2, 1) for actions in num_actions]
    for own in masks:
        own[np.arange(num_states), rng.integers(own.shape[1], size=num_states)] = True
    rewards = game.rewards if common_payoff else list(game.rewards)
    return Game.stochastic(rewards, game.transitions, 0.8, available=masks)


@given(st.integers(0, 2**32 - 1), st.booleans(), st.booleans())
def test_what_is_left_is_the_same_game(seed, common_payoff, sparse):
    game = masked_game(seed, common_payoff=common_payoff, sparse=sparse)
    small = compact(game)
    left = small.game
    assert left.num_actions == tuple(int(own.sum(axis=1).max()) for own in game.available)
    assert [own.sum(axis=1).tolist() for own in left.available] == [own.sum(axis=1).tolist() for own in game.available]
    assert all(own[:, 0].all() for own in left.available)
    whole, rest = (one.transitions.toarray() if sparse else one.dense_xt for one in (game, left))
    whole = whole.reshape(game.num_states, *game.num_actions, -1)
    rest = rest.reshape(left.num_states, *left.num_actions, -1)
    for index in np.ndindex(left.num_states, *left.num_actions):
        s, *actions = index
        given = (s, *(place[s, a] for place, a in zip(small.places, actions, strict=True)))
        assert np.array_equal(left.rewards[(..., *index)], game.rewards[(..., *given)])
        assert np.array_equal(rest[index], whole[given])


@given(st.integers(0, 2**32 - 1))
def test_policies_go_there_and_come_back(seed):
    game = masked_game(seed, common_payoff=True)
    small, policy = compact(game), random_policy(game, np.random.default_rng(seed))
    there = small.restrict(policy)
    for own, back in zip(policy, small.lift(there), strict=True):
        assert np.array_equal(own, back)
    twice = small.lift(tuple(np.stack([own, own]) for own in there))
    assert all(np.array_equal(own[None].repeat(2, 0), back) for own, back in zip(policy, twice, strict=True))


def test_a_matrix_game_has_no_masks_left_and_a_game_without_masks_is_itself():
    payoffs = np.arange(12.0).reshape(3, 4)
    small = compact(Game.matrix(payoffs, available=[[0, 1, 1], [1, 0, 0, 1]]))
    assert small.game.masks is None
    assert small.game.rewards.tolist() == [[[4, 7], [8, 11]]]
    game = load("climbing")
    assert compact(game).game is game
