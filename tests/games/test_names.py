"""What agents, actions and a game are called: checked, kept, and carried along by maps from games to games."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl import Game
from mathrl.base.checks import InvalidInput
from mathrl.exploitability import opponent_game
from mathrl.games import (
    as_policy,
    permute_actions,
    relabel_agents,
    scale_rewards,
    shift_rewards,
    stack,
    to_dense,
    to_sparse,
    with_time_limit,
)
from mathrl.games.compact import compact
from mathrl.games.model import names_of
from tests.names import named


@given(named())
def test_names_are_kept_by_every_map_that_leaves_agents_and_actions_as_they_are(game):
    maps = (
        lambda game: scale_rewards(game, 2),
        lambda game: shift_rewards(game, 1),
        to_dense,
        to_sparse,
        copy.deepcopy,
        lambda game: pickle.loads(pickle.dumps(game)),
        lambda game: replace(game, start=game.start),
        lambda game: game.in_play,
        lambda game: with_time_limit(game, 2),
    )
    for function in maps:
        assert names_of(function(game)) == names_of(game)


@given(named(), st.data())
def test_names_go_with_their_agents(game, data):
    order = data.draw(st.permutations(range(game.num_agents)))
    found = relabel_agents(game, order)
    for kind in ("agent_names", "action_names"):
        old, new = getattr(game, kind), getattr(found, kind)
        assert new == (None if old is None else tuple(old[agent] for agent in order))
    assert found.title == game.title
    assert names_of(relabel_agents(found, np.argsort(order))) == names_of(game)


@given(named(), st.data())
def test_names_go_with_their_actions(game, data):
    agent = data.draw(st.integers(0, game.num_agents - 1))
    permutation = data.draw(st.permutations(range(game.num_actions[agent])))
    found = permute_actions(game, agent, permutation)
    assert (found.agent_names, found.title) == (game.agent_names, game.title)
    if game.action_names is None:
        assert found.action_names is None
        return
    for i, (old, new) in enumerate(zip(game.action_names, found.action_names, strict=True)):
        expected = old if old is None or i != agent else tuple(old[action] for action in permutation)
        assert new == expected


@given(named())
def test_a_compact_game_has_the_names_of_the_actions_that_are_left(game):
    """Where another action is left in one state than in another, a name would be wrong in one of them."""
    small = compact(game)
    found = small.game
    assert found.agent_names == game.agent_names
    for i, own in enumerate(found.action_names or ()):
        if own is not None:
            places = np.arange(len(own))[None] if small.places is None else small.places[i]
            for row in places:
                assert own == tuple(game.action_names[i][action] for action in row)
    if small.places is None:
        assert found.action_names == game.action_names


def test_a_stack_has_the_names_that_its_games_share():
    called = {"agent_names": ["row", "column"], "action_names": [["a", "b"], None]}
    first, second = Game.matrix(np.eye(2), **called), Game.matrix(-np.eye(2), **called)
    assert stack([first, second]).agent_names == ("row", "column")
    assert stack([first, second]).action_names == (("a", "b"), None)
    other = Game.matrix(np.eye(2))
    assert stack([first, other]).agent_names is stack([first, other]).action_names is None


def test_a_game_of_one_agent_in_place_of_many_has_none_of_their_names():
    game = Game.matrix(np.eye(2), agent_names=["row", "column"], action_names=[["a", "b"], ["c", "d"]])
    alone = Game.unchecked(np.eye(2).ravel()[None], np.ones((1, 4, 1)), 0.0, np.ones(1), like=game)
    assert alone.agent_names is alone.action_names is None
    alike = Game.unchecked(np.eye(2)[None], np.ones((1, 2, 2, 1)), 0.0, np.ones(1), like=game)
    assert names_of(alike) == names_of(game)
    faced = opponent_game(game, [[[0.5, 0.5]], [[0.5, 0.5]]], agent=1, temperature=1.0)
    assert (faced.agent_names, faced.action_names) == (("column",), (("c", "d"),))


def test_actions_that_are_listed_as_texts_are_called_so():
    def step(state, action):
        return 1, state, 0.0, True

    def made(actions, **names):
        return Game.from_function("only", actions, step, discount=0.5, **names)

    assert made([["left", "right"], 2]).action_names == (("left", "right"), None)
    assert made([[1, 2], [("a",), "b"]]).action_names is None
    assert made([["left", "right"]], action_names=[["west", "east"]]).action_names == (("west", "east"),)
    assert made([2], agent_names=["walker"], title="walk").agent_names == ("walker",)
    assert made([2], title="walk").title == "walk"


def test_a_message_names_the_action_and_the_agent():
    game = Game.matrix(np.eye(2), available=[[1, 0], [1, 1]])
    calls = {
        "action 1 is not available to agent 0": {},
        "action 'dare' is not available to agent 0": {"action_names": [["yield", "dare"], None]},
        "action 1 is not available to driver": {"agent_names": ["driver", "walker"]},
    }
    for message, names in calls.items():
        with pytest.raises(InvalidInput, match=rf"^policy\[0\]\[0, 1\] is 1, and {message} in state 0, expected 0"):
            as_policy(replace(game, **names), [[[0.0, 1.0]], [[0.5, 0.5]]])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"agent_names": ["a"]}, r"^agent_names has 1 name, expected 2, one for each agent$"),
        ({"agent_names": "ab"}, r"^agent_names is 'ab', expected a list of names"),
        ({"agent_names": ["a", 1]}, r"^agent_names\[1\] is 1, expected a text that is not empty: str\(name\)"),
        ({"agent_names": ["a", "a"]}, r"^agent_names\[1\] is 'a', as is agent_names\[0\], expected another name"),
        ({"action_names": [["a", "b"]]}, r"^action_names has 1 list of names, expected 2 lists of names"),
        ({"action_names": [["a", "b"], ["a"]]}, r"^action_names\[1\] has 1 name, expected 3, one for each action$"),
        ({"action_names": [["a", ""], None]}, r"^action_names\[0\]\[1\] is '', expected a text that is not empty"),
        ({"action_names": [["a", "a"], None]}, r"^action_names\[0\]\[1\] is 'a', as is action_names\[0\]\[0\]"),
        ({"action_names": 3}, r"^action_names is 3, expected 2 lists of names, one for each agent: an agent whose"),
        ({"title": ""}, r"^title is '', expected a text that is not empty: leave it out"),
        ({"title": 3}, r"^title is 3, expected a text"),
    ],
)
def test_names_that_do_not_fit_are_refused(names, message):
    game = Game.matrix(np.zeros((2, 3)))
    for make in (
        lambda: Game.matrix(np.zeros((2, 3)), **names),
        lambda: Game.stochastic(np.zeros((1, 2, 3)), np.ones((1, 2, 3, 1)), 0.0, **names),
        lambda: Game.from_function(0, [2, 3], lambda state, action: (1, 0, 0.0, False), discount=0.5, **names),
        lambda: replace(game, **names),
    ):
        with pytest.raises(InvalidInput, match=message):
            make()
