"""Games in which actions are missing and episodes end: what a Game makes of the masks."""

import copy
import pickle
from itertools import product

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

from mathrl.base.checks import InvalidInput
from mathrl.games import Game, as_opponent_model, as_policy, random_policy, uniform_policy

STEP = np.array([[1.0, 2.0], [0.0, 0.0]]), np.array([[[0.5, 0.5], [0.0, 1.0]], [[1.0, 0.0], [1.0, 0.0]]])
"""Rewards and transitions of one agent: state 0 leads to the end, state 1."""


@st.composite
def graphs(draw):
    """Transitions (S, A, S) with few next states, which actions there are, and the terminal states, at least one."""
    num_states, actions = draw(st.integers(2, 5)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    reached = rng.random((num_states, actions, num_states)) < rng.uniform(0.1, 0.6)
    reached[
        np.arange(num_states)[:, None], np.arange(actions), rng.integers(num_states, size=(num_states, actions))
    ] = True
    if rng.random() < 0.7:  # mostly forward, so that many of them end
        reached &= np.arange(num_states) > np.arange(num_states)[:, None, None]
        reached[..., -1] |= ~reached.any(axis=-1)
    transitions = np.where(reached, rng.uniform(0.1, 1, reached.shape), 0.0)
    available = rng.random((num_states, actions)) < 0.7
    available[np.arange(num_states), rng.integers(actions, size=num_states)] = True
    terminal = rng.random(num_states) < 0.3
    terminal[-1] = True
    return transitions / transitions.sum(axis=-1, keepdims=True), available, terminal


def longest_by_hand(transitions, available, terminal):
    """The largest expected number of steps over all deterministic policies; None where one of them may not end."""
    longest = 0.0
    for actions in product(*(np.flatnonzero(row) for row in available)):
        chain = transitions[np.arange(len(actions)), actions] * ~terminal * ~terminal[:, None]
        if (np.linalg.matrix_power(chain, 4 * len(actions)) @ np.ones(len(actions)) > 0.999).any():
            return None  # some state keeps all of its probability
        steps = np.linalg.solve(np.eye(len(actions)) - chain, np.where(terminal, 0.0, 1.0))
        longest = max(longest, float(steps.max()))
    return longest


@given(graphs(), st.booleans())
def test_discount_1_is_taken_exactly_where_every_policy_ends_and_the_horizon_is_the_longest(graph, sparse):
    transitions, available, terminal = graph
    num_states, rewards = len(terminal), np.zeros(available.shape)
    given_ = scipy.sparse.csr_array(transitions.reshape(-1, num_states)) if sparse else transitions
    longest = longest_by_hand(*graph)
    if longest is None:
        with pytest.raises(InvalidInput, match="play may go on for ever"):
            Game.stochastic(rewards, given_, 1.0, available=[available], terminal=terminal)
    else:
        game = Game.stochastic(rewards, given_, 1.0, available=[available], terminal=terminal)
        # Policy iteration ends at actions that are best to 1e-9 a step.
        assert game.horizon == pytest.approx(max(1.0, longest), rel=1e-7)


def test_the_state_that_is_named_is_one_from_which_play_goes_on():
    rewards, transitions = np.zeros((3, 2)), np.zeros((3, 2, 3))
    transitions[0, :, 2] = transitions[1, 0, 2] = transitions[1, 1, 1] = 1
    with pytest.raises(InvalidInput, match="discount is 1, and from state 1 play may go on for ever"):
        Game.stochastic(rewards, transitions, 1.0, terminal=[False, False, True])
    game = Game.stochastic(rewards, transitions, 1, available=[[[1, 1], [1, 0], [1, 1]]], terminal=[0, 0, 1])
    assert game.discount == 1.0


def test_masks_are_kept_and_what_they_hide_is_ignored():
    rewards, transitions = (array.copy() for array in STEP)
    rewards[0, 1], transitions[0, 1], transitions[1] = np.nan, [-3, 9], 7
    game = Game.stochastic(rewards, transitions, 0.9, available=[[[True, False], [False, False]]], terminal=[0, 1])
    assert game.rewards.tolist() == [[1.0, -np.inf], [0.0, 0.0]]
    assert game.available[0].tolist() == [[True, False], [True, True]]
    assert game.terminal.tolist() == [False, True]
    assert game.transitions.tolist() == [[[0.5, 0.5], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]]
    again = Game.stochastic(
        game.rewards, game.transitions, 0.9, game.start, available=game.available, terminal=game.terminal
    )
    assert np.array_equal(again.rewards, game.rewards)


def test_a_game_in_play_has_one_action_at_an_end_and_leads_nowhere():
    for form in (np.asarray, lambda P: scipy.sparse.csr_array(P.reshape(4, 2))):
        game = Game.stochastic(STEP[0], form(STEP[1]), 0.9, terminal=[False, True]).in_play
        dense = game.transitions.toarray().reshape(2, 2, 2) if game.sparse else game.transitions
        assert dense.tolist() == [[[0.5, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]]
        assert game.rewards.tolist() == [[1.0, 2.0], [0.0, -np.inf]]
        assert game.in_play is game


def test_masks_that_hide_nothing_are_none():
    game = Game.stochastic(*STEP, 0.9, available=[np.ones((2, 2))], terminal=[False, False])
    assert game.masks is None
    assert game.ended is None
    assert game.in_play is game


def test_policies_of_such_games():
    rewards, transitions = np.zeros((3, 2, 3)), np.full((3, 2, 3, 3), 1 / 3)
    available = [np.array([[1, 0], [1, 1], [1, 1]]), np.array([[1, 0, 1], [1, 1, 1], [0, 1, 0]])]
    game = Game.stochastic(rewards, transitions, 0.9, available=available, terminal=[0, 0, 1])
    uniform = uniform_policy(game)
    assert uniform[0].tolist() == [[1, 0], [0.5, 0.5], [0.5, 0.5]]
    assert uniform[1].tolist() == [[0.5, 0, 0.5], [1 / 3] * 3, [1 / 3] * 3]
    drawn = random_policy(game, np.random.default_rng(0))
    assert all(np.array_equal(own, checked) for own, checked in zip(drawn, as_policy(game, drawn), strict=True))
    assert (drawn[1][0] > 0).tolist() == [True, False, True]
    unlike = [own.copy() for own in drawn]
    unlike[0][2], unlike[1][2] = [-7, 3], [0, 0, 0]
    assert [own[2].tolist() for own in as_policy(game, unlike)] == [[0.5, 0.5], [1 / 3] * 3]
    assert [own[2].tolist() for own in as_policy(game.in_play, unlike)] == [[1, 0], [1, 0, 0]]
    unlike[1][0] = [0.5, 0.25, 0.25]
    with pytest.raises(
        InvalidInput, match=r"policy\[1\]\[0, 1\] is 0.25, and action 1 is not available to agent 1 in s"
    ):
        as_policy(game, unlike)
    models = [np.full((3, 3), 1 / 3), np.full((3, 2), 0.5)]
    with pytest.raises(
        InvalidInput, match=r"opponent_model\[0\]\[0, 1\] is 0.333333, and joint action 1 of the others"
    ):
        as_opponent_model(game, models)


BAD = [
    ({"available": [np.ones((2, 2)), np.ones((2, 2))]}, "available has 2 arrays"),
    ({"available": 3}, "available is of type int"),
    ({"available": [np.ones((2, 3))]}, r"available\[0\] has shape \(2, 3\)"),
    ({"available": [[[0, 2], [1, 1]]]}, r"available\[0\] is .* true and false"),
    ({"available": [[["yes", "no"], ["a", "b"]]]}, r"available\[0\] is .* true and false"),
    ({"available": [[[0, 0], [1, 1]]]}, r"available\[0\]\[0\] has no available action"),
    ({"terminal": [0, 1, 0]}, r"terminal has shape \(3,\)"),
    ({"terminal": [True, False]}, r"rewards\[0, 0\] is 1, and the state is terminal"),
]


@pytest.mark.parametrize(("masks", "message"), BAD)
def test_masks_that_do_not_fit_are_refused(masks, message):
    with pytest.raises(InvalidInput, match=message):
        Game.stochastic(*STEP, 0.9, **masks)


def test_discount_1_without_terminal_states_is_refused():
    with pytest.raises(InvalidInput, match="1 is allowed where terminal states end every episode"):
        Game.stochastic(*STEP, 1.0)


def test_copies_and_pickled_games_are_read_only_too():
    game = Game.stochastic(*STEP, 0.9, available=[[[True, False], [True, True]]], terminal=[False, True])
    for again in (pickle.loads(pickle.dumps(game)), copy.deepcopy(game)):
        assert np.array_equal(again.rewards, game.rewards)
        for array in (again.rewards, again.transitions, again.start, *again.available, again.terminal):
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0
