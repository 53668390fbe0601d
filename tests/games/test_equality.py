"""Games are compared by what they are made of."""

import copy
import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.games import Game, load, permute_actions, relabel_agents, save, to_dense, to_sparse
from mathrl.games.model import names_of
from mathrl.games.transform import scale_rewards
from tests.names import named


def rebuilt(game):
    """The same game from copies of its arrays."""
    rewards = np.where(np.isfinite(game.rewards), game.rewards, 0.0)
    return Game.stochastic(
        rewards.copy() if game.common_payoff else [own.copy() for own in rewards],
        game.transitions.copy(),
        game.discount,
        game.start.copy(),
        available=None if game.masks is None else [own.copy() for own in game.masks],
        terminal=None if game.ended is None else game.ended.copy(),
        state_names=game.state_names,
        **names_of(game),
    )


def assert_equal(game, other):
    assert game == other
    assert hash(game) == hash(other)
    assert {game: "found"}[other] == "found"


@given(named(), st.data())
def test_games_of_equal_arrays_and_names_are_equal(game, data):
    order = data.draw(st.permutations(range(game.num_agents)))
    actions = data.draw(st.permutations(range(game.num_actions[0])))
    for other in (
        game,
        rebuilt(game),
        copy.deepcopy(game),
        pickle.loads(pickle.dumps(game)),
        replace(game),
        relabel_agents(relabel_agents(game, order), np.argsort(order)),
        permute_actions(permute_actions(game, 0, actions), 0, np.argsort(actions)),
        to_sparse(game) if game.sparse else to_dense(game),
    ):
        assert_equal(game, other)
    assert_equal(game.in_play, rebuilt(game).in_play)
    assert (game.in_play == game) == (game.ended is None)


@given(named(), st.sampled_from([".json", ".npz"]))
def test_a_game_equals_what_is_read_of_its_file(tmp_path_factory, game, suffix):
    path = tmp_path_factory.getbasetemp() / f"equal{suffix}"
    save(game, path)
    assert_equal(game, load(path))


@given(named(), st.data())
def test_whatever_is_changed_makes_another_game(game, data):
    place = data.draw(st.sampled_from(np.argwhere(np.isfinite(game.rewards)).tolist()).map(tuple))
    rewards = game.rewards.copy()
    rewards[place] = np.nextafter(rewards[place], np.inf)
    changed = [
        replace(game, rewards=rewards),
        replace(game, discount=game.discount / 2 + 0.25 if game.discount != 0.5 else 0.0),
        replace(game, start=np.roll(np.eye(game.num_states)[0], 1)) if game.num_states > 1 else None,
        replace(game, agent_names=None if game.agent_names else [f"agent {i}" for i in range(game.num_agents)]),
        replace(game, action_names=None if game.action_names else [map(str, range(a)) for a in game.num_actions]),
        replace(game, title=None if game.title else "a title"),
        replace(game, state_names=range(game.num_states)),
        to_dense(game) if game.sparse else to_sparse(game),
    ]
    for other in changed:
        if other is not None and not (other.start is not game.start and (other.start == game.start).all()):
            assert game != other
            assert game not in {other}
    assert game != "a game"
    assert to_dense(game) == to_dense(to_sparse(game))


def test_zero_and_minus_zero_are_equal():
    assert_equal(Game.matrix(np.zeros((2, 2))), scale_rewards(Game.matrix(np.zeros((2, 2))), -1))


def test_masks_and_ends_count():
    game = Game.stochastic(np.zeros((2, 2)), np.full((2, 2, 2), 0.5), 0.5)
    masked = Game.stochastic(np.zeros((2, 2)), np.full((2, 2, 2), 0.5), 0.5, available=[[[1, 0], [1, 1]]])
    ending = Game.stochastic(np.zeros((2, 2)), np.full((2, 2, 2), 0.5), 0.5, terminal=[False, True])
    assert len({game, masked, ending, rebuilt(game), rebuilt(masked), rebuilt(ending)}) == 3


@pytest.mark.parametrize("name", [["a"], {"a": 1}, np.arange(3)], ids=str)
def test_names_of_states_need_no_hash(name):
    game = Game.stochastic(np.zeros((1, 1)), np.ones((1, 1, 1)), 0.5, state_names=[name])
    assert_equal(game, replace(game))
    assert game != replace(game, state_names=["b"])
    assert (game == copy.deepcopy(game)) == (not isinstance(name, np.ndarray))


def test_names_of_states_that_cannot_be_compared_are_not_equal():
    class Refusing:
        def __eq__(self, other):
            raise RuntimeError

        __hash__ = None

    circles = [[0], [0]]
    for circle in circles:
        circle[0] = circle
    for name, other in (circles, (Refusing(), Refusing())):
        game = Game.stochastic(np.zeros((1, 1)), np.ones((1, 1, 1)), 0.5, state_names=[name])
        assert_equal(game, replace(game))
        assert game != replace(game, state_names=(other,))


def test_the_hash_is_the_same_in_every_process():
    program = "from mathrl import load; print(hash(load('chicken')))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert int(found) == hash(load("chicken"))
