"""A game as an environment: its frequencies, its ends, and what is refused."""

import jax
import numpy as np
import pytest
from scipy import stats
from scipy.sparse import csr_array

from mathrl.games import Game, load, random_stochastic, to_dense, to_sparse
from mathrl.games.availability import joint
from mathrl.neural.tabular import tabular
from tests.neural.enumeration import compiled, joint_actions

LEVEL = 1e-4
"""The probability with which right frequencies fail. Seeds are fixed, so that they pass always or never."""

ENDS = np.array([0.0, np.finfo(np.float32).tiny, 1e-7, 0.5, 1 - 2**-24, 1 - 2**-23], np.float32)
"""Numbers at which a wrong comparison shows; `noise.block` draws none that is 0 or above the last."""

GAMES = {
    "dense": random_stochastic(4, (2, 3), discount=0.9, seed=1),
    "sparse": random_stochastic(7, (3, 2), discount=0.9, successors=2, seed=2),
    "ends": random_stochastic(3, (2, 2), discount=0.9, ending=0.2, available=0.6, seed=3),
    "sparse with ends": random_stochastic(5, (2, 2), discount=0.9, ending=0.2, successors=3, seed=4),
    "three agents": random_stochastic(3, (2, 1, 3), discount=0.9, seed=5),
}


def every_step(game, u):
    """The steps of all (s, a) with all u (U,): what follows, rewards and ends, (S·A, U)."""
    environment, actions = tabular(game), joint_actions(game)
    states = np.repeat(np.arange(game.num_states), len(actions))
    chosen = np.tile(actions, (game.num_states, 1))
    step = jax.vmap(jax.vmap(environment.step, (0, None, None)), (None, 0, 0))
    return jax.tree.map(np.asarray, compiled(step)(u[:, None], states, chosen))


def rows_of(game):
    """P as (S·A, S), and which rows are played."""
    counts = joint(game.available) & ~game.terminal.reshape(-1, *[1] * game.num_agents)
    return to_dense(game).dense_xt, counts.ravel()


@pytest.mark.parametrize("name", GAMES)
def test_steps_have_the_frequencies_of_the_game(name):
    game = GAMES[name]
    P, counts = rows_of(game)
    number = 4000
    # stratified numbers: their counts may be off by one for each successor
    step = every_step(game, ((np.arange(number) + 0.5) / number).astype(np.float32))
    u = np.random.default_rng(6).random(number).astype(np.float32)
    drawn = every_step(game, u)
    values = []
    for row in np.flatnonzero(counts):
        found = np.bincount(step.state[row], minlength=game.num_states)
        assert np.abs(found - number * P[row]).max() <= 1.01
        possible = P[row] > 0
        found = np.bincount(drawn.state[row], minlength=game.num_states)
        assert not found[~possible].any()
        if possible.sum() > 1:
            values.append(stats.chisquare(found[possible], number * P[row][possible]).pvalue)
    assert min(values) > LEVEL / len(values)


@pytest.mark.parametrize("name", GAMES)
def test_what_cannot_follow_never_does(name):
    game = GAMES[name]
    P, counts = rows_of(game)
    following = every_step(game, ENDS).state
    assert (P[np.arange(len(P))[:, None], following] > 0)[counts].all()


@pytest.mark.parametrize("name", GAMES)
def test_rewards_ends_and_masks_are_those_of_the_game(name):
    game = GAMES[name]
    environment, (_, counts) = tabular(game), rows_of(game)
    step = every_step(game, ENDS)
    assert np.array_equal(step.reward[counts, 0], game.rewards.ravel()[counts].astype(np.float32))
    assert np.isfinite(step.reward).all()
    assert np.array_equal(step.ended, game.terminal[step.state])
    for agent, own in enumerate(game.available):
        assert np.array_equal(environment.masks[:, agent, : own.shape[1]], own)
        assert not environment.masks[:, agent, own.shape[1] :].any()
    largest = np.abs(game.rewards[np.isfinite(game.rewards)]).max()
    assert environment.largest_reward == largest
    assert environment.discount == game.discount


def test_sparse_and_dense_games_are_one_environment():
    game = GAMES["sparse with ends"]
    u = np.random.default_rng(7).random(50).astype(np.float32)
    sparse, dense = every_step(to_sparse(game), u), every_step(to_dense(game), u)
    for one, other in zip(sparse, dense, strict=True):
        assert np.array_equal(one, other)


def test_explicit_zeros_are_no_successors():
    """In what is given, which stays as it is."""
    P = csr_array((np.array([0.0, 1.0, 0.0, 0.0, 0.5, 0.5]), [0, 1, 2, 0, 1, 2], [0, 3, 6, 6]), shape=(3, 3))
    game = Game.stochastic(np.zeros((3, 1)), P, 0.9, terminal=[False, False, True])
    stored = game.transitions.nnz
    following = every_step(game, ENDS).state
    assert (following[0] == 1).all()
    assert set(following[1].tolist()) == {1, 2}
    assert game.transitions.nnz == stored


@pytest.mark.parametrize("start", [[0.0, 0.25, 0.0, 0.75, 0.0], [1.0, 0, 0, 0, 0], [0, 0, 0, 0, 1.0]])
def test_episodes_start_where_the_game_says(start):
    game = Game.stochastic(np.zeros((5, 1)), np.eye(5)[:, None], 0.9, start=start)
    reset = compiled(jax.vmap(tabular(game).reset))
    assert (np.asarray(start)[np.asarray(reset(ENDS[:, None]))] > 0).all()
    grid = ((np.arange(100) + 0.5) / 100).astype(np.float32)
    assert np.array_equal(np.bincount(reset(grid[:, None]), minlength=5), 100 * np.asarray(start))


def test_episodes_do_not_start_where_they_have_ended():
    """What is left of the start is drawn as it was, and a game that begins only at its ends is refused."""
    P = np.zeros((4, 1, 4))
    P[:3, 0, 3] = 1.0
    terminal, start = [False, False, False, True], [0.1, 0.0, 0.3, 0.6]
    game = Game.stochastic(np.zeros((4, 1)), P, 0.9, start=start, terminal=terminal)
    reset = compiled(jax.vmap(tabular(game).reset))
    grid = ((np.arange(100) + 0.5) / 100).astype(np.float32)
    assert np.bincount(reset(grid[:, None]), minlength=4).tolist() == [25, 0, 75, 0]
    assert set(np.asarray(reset(ENDS[:, None])).tolist()) == {0, 2}
    over = Game.stochastic(np.zeros((4, 1)), P, 0.9, start=np.eye(4)[3], terminal=terminal)
    with pytest.raises(ValueError, match="game has ended wherever it may start, expected a start at which"):
        tabular(over)


def test_features_and_observations_are_the_state():
    environment = tabular(GAMES["dense"])
    for state in range(4):
        assert np.array_equal(environment.features(state), np.eye(4)[state])
        assert np.array_equal(environment.observations(state), [np.eye(4)[state]] * 2)


@pytest.mark.parametrize(
    ("game", "message"),
    [
        (load("matching-pennies"), "rewards that differ between agents, expected a common payoff"),
        ("matching-pennies", "game is of type str, expected a mathrl.Game"),
        (Game.matrix(np.diag([1e39, 1.0])), r"game has rewards of up to 1e\+39, expected a size from 1.2e-38 to 3.4e"),
        (Game.matrix(np.diag([1e-39, 0.0])), r"game has rewards of up to 1e-39, expected a size from 1.2e-38"),
    ],
)
def test_other_games_are_refused(game, message):
    with pytest.raises(ValueError, match=message):
        tabular(game)


@pytest.mark.parametrize("double", [False, True])
def test_states_are_of_one_type_in_each_precision(double):
    """A buffer holds them, whether they were drawn at a reset or in a step."""
    with jax.enable_x64(double):
        environment = tabular(GAMES["sparse with ends"])
        first = environment.reset(np.array([0.5]))
        following = environment.step(np.array([0.5]), first, np.array([0, 0])).state
    assert first.dtype == following.dtype


def test_environments_of_equal_games_are_equal():
    first, again, other = (tabular(load(name)) for name in ("climbing", "climbing", "hasac"))
    assert first is not again
    assert (first == again, hash(first) == hash(again)) == (True, True)
    assert first != other
    assert len({first, again, other}) == 2
