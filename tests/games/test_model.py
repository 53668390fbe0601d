import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

import mathrl.games
from mathrl.base.checks import InvalidInput
from mathrl.games import Game, to_dense, to_sparse
from mathrl.proofs_checks.strategies import games, matrix_games

ROOT = Path(mathrl.games.__file__).parents[2]


def arrays_of(game):
    stored = game.transitions
    parts = (stored.data, stored.indices, stored.indptr) if game.sparse else (stored,)
    return (game.rewards, game.start, *parts)


@given(games())
def test_shapes_follow_from_the_numbers_of_states_and_actions(game):
    agents = () if game.common_payoff else (game.num_agents,)
    assert game.rewards.shape == (*agents, game.num_states, *game.num_actions)
    assert game.rewards_isa.shape == (*(agents or (1,)), game.num_states, game.num_joint_actions)
    rows = (game.num_states * game.num_joint_actions, game.num_states)
    assert game.transitions.shape == (rows if game.sparse else (game.num_states, *game.num_actions, game.num_states))
    assert game.start.shape == (game.num_states,)
    assert game.num_agents == len(game.num_actions)


@given(games())
def test_arrays_are_read_only(game):
    for array in arrays_of(game):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        game.discount = 0.5


def test_a_game_does_not_share_memory_with_what_it_was_given():
    rewards, start = np.ones((2, 3)), np.array([0.5, 0.5])
    transitions = np.full((2, 3, 2), 0.5)
    rows = scipy.sparse.csr_array(transitions.reshape(6, 2))
    for given_transitions, data in ((transitions, transitions), (rows, rows.data)):
        game = Game.stochastic(rewards, given_transitions, 0.9, start)
        for array in (rewards, start, data):
            array *= 2
        assert (game.rewards == 1).all()
        assert (game.start == 0.5).all()
        assert (to_dense(game).transitions == 0.5).all()
        for array in (rewards, start, data):
            array /= 2


@given(games(sparse=True), st.sampled_from(["coo", "csc", "lil", "dok", "csr unsorted", "coo shuffled"]), st.data())
def test_every_sparse_format_gives_the_same_game(game, form, data):
    rows = scipy.sparse.csr_array(game.transitions)
    if form == "csr unsorted":
        order = np.concatenate([np.arange(*rows.indptr[k : k + 2])[::-1] for k in range(rows.shape[0])])
        given_rows = scipy.sparse.csr_array((rows.data[order], rows.indices[order], rows.indptr), shape=rows.shape)
    elif form == "coo shuffled":
        coo = rows.tocoo()
        order = data.draw(st.permutations(range(coo.nnz)))
        given_rows = scipy.sparse.coo_array((coo.data[order], [c[order] for c in coo.coords]), shape=rows.shape)
    else:
        given_rows = rows.asformat(form)
    again = Game.stochastic(game.rewards, given_rows, game.discount, game.start)
    for array, other in zip(arrays_of(again), arrays_of(game), strict=True):
        np.testing.assert_array_equal(array, other)


def duplicated(form):
    rows, columns, data = [0, 0, 1, 1], [1, 1, 1, 0], [0.5, 0.5, 0.3, 0.7]
    if form == "csc":
        return scipy.sparse.csc_array((np.array([0.7, 0.5, 0.5, 0.3]), [1, 0, 0, 1], [0, 1, 4]), shape=(2, 2))
    if form == "csr":
        return scipy.sparse.csr_array((data, columns, [0, 2, 4]), shape=(2, 2))
    if form == "csr matrix":
        return scipy.sparse.csr_matrix((data, columns, [0, 2, 4]), shape=(2, 2))
    order = [0, 2, 1, 3] if form == "coo shuffled" else slice(None)
    return scipy.sparse.coo_array(
        (np.array(data)[order], (np.array(rows)[order], np.array(columns)[order])), shape=(2, 2)
    )


@pytest.mark.parametrize("form", ["coo", "coo shuffled", "csr", "csr matrix", "csc"])
def test_duplicate_entries_are_refused_in_every_sparse_format(form):
    with pytest.raises(InvalidInput, match=r"transitions\[0, 0\] names next state 1 twice"):
        Game.stochastic(np.ones((2, 1)), duplicated(form), 0.9)


@pytest.mark.parametrize("off", [2e-9, -2e-9])
@pytest.mark.parametrize("store", [np.asarray, lambda rows: scipy.sparse.csr_array(rows.reshape(2, 2))])
def test_rows_may_be_off_by_rounding_only(store, off):
    rows = np.full((2, 1, 2), 0.5)
    rows[1, 0, 1] += off / 4
    kept = Game.stochastic(np.ones((2, 1)), store(rows), 0.9)
    np.testing.assert_array_equal(to_dense(kept).transitions, rows)
    rows[1, 0, 1] += off
    with pytest.raises(InvalidInput, match=r"transitions\[1, 0\] sums to"):
        Game.stochastic(np.ones((2, 1)), store(rows), 0.9)


@given(matrix_games())
def test_a_matrix_game_has_one_state_that_leads_to_itself(game):
    assert (game.num_states, game.discount) == (1, 0.0)
    assert (game.transitions == 1).all()
    assert not game.sparse
    assert to_sparse(game).sparse


def test_common_payoff_is_one_array_or_equal_ones():
    payoffs = np.arange(4.0).reshape(2, 2)
    assert Game.matrix(payoffs).common_payoff
    assert Game.matrix([payoffs, payoffs]).common_payoff
    assert Game.matrix([payoffs, payoffs]).rewards.shape == (1, 2, 2)
    assert not Game.matrix([payoffs, payoffs.T]).common_payoff
    assert Game.matrix([np.arange(3.0)]).num_agents == 1


def test_n_arrays_with_n_axes_in_one_array_are_taken_as_they_are_said_to_be_meant():
    for shape in ((2, 3, 4), (1, 3), (3, 2, 2, 2)):
        payoffs = np.arange(np.prod(shape)).reshape(shape)
        for stacked in (payoffs, payoffs.astype(np.float32)):
            with pytest.raises(InvalidInput, match=r"list\(payoffs\).*common_payoff=True"):
                Game.matrix(stacked)
        assert Game.matrix(payoffs, common_payoff=True).num_actions == shape
        for game in (Game.matrix(list(payoffs)), Game.matrix(payoffs, common_payoff=False)):
            assert game.num_actions == shape[1:]
            np.testing.assert_array_equal(game.rewards.ravel(), payoffs.ravel())
    nested = [[1.0, 2.0], [3.0, 4.0]]
    assert Game.matrix(nested, common_payoff=True).rewards.tolist() == [nested]


@given(games())
def test_rewards_of_a_stochastic_game_in_one_array_are_told_apart_by_the_transitions(game):
    again = Game.stochastic(game.rewards, game.transitions, game.discount, game.start)
    assert again.common_payoff == game.common_payoff
    for array, other in zip(arrays_of(again), arrays_of(game), strict=True):
        np.testing.assert_array_equal(array, other)


def test_an_array_with_an_axis_of_agents_is_no_state_axis():
    """Two states are as many as agents: the transitions say which axis is which."""
    rewards, transitions = np.arange(8.0).reshape(2, 2, 2), np.full((2, 2, 2, 2), 0.5)
    assert Game.stochastic(rewards, transitions, 0.5).num_agents == 2
    stacked = np.stack([rewards, -rewards])
    rows = scipy.sparse.csr_array(transitions.reshape(8, 2))
    for given_transitions in (transitions, transitions.tolist(), rows):
        game = Game.stochastic(stacked, given_transitions, 0.5)
        assert (game.num_states, game.num_actions, game.common_payoff) == (2, (2, 2), False)
        np.testing.assert_array_equal(game.rewards, stacked)
    three = np.full((2, 2, 2, 2, 2), 0.5)  # of the same rewards, with three agents
    assert Game.stochastic(stacked, three, 0.5).num_agents == 3
    assert Game.stochastic(np.ones((1, 2, 3)), np.full((2, 3, 2), 0.5), 0.5).num_actions == (3,)


def test_importing_games_imports_nothing_heavy():
    heavy = {"numba", "scipy", "jsonschema", "matplotlib", "hypothesis", "games"}
    code = f"import sys, mathrl.games; mathrl.games.load('climbing'); print({heavy} & {{*sys.modules}})"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"


def test_every_public_name_of_games_exists():
    for name in mathrl.games.__all__:
        assert getattr(mathrl.games, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        _ = mathrl.games.nothing


def test_a_discount_that_rows_above_1_make_no_discount_is_refused():
    rows = np.full((2, 1, 2), 0.5) * (1 + 9e-10)
    with pytest.raises(InvalidInput, match=r"^discount is"):
        Game.stochastic(np.ones((2, 1)), rows, 1 - 1e-10)


def test_masks_and_rewards_are_not_replaced_one_without_the_other():
    """Rewards keep −∞ where masks are taken away, and would have a number where masks are added."""
    whole = Game.matrix(np.arange(4.0).reshape(2, 2))
    game = Game.matrix(np.arange(4.0).reshape(2, 2), available=[[True, False], [True, True]])
    mend = "make the game anew, by Game.stochastic or Game.matrix, which take available"
    with pytest.raises(InvalidInput, match=r"^rewards\[0, 1, 0\] is -inf, and masks do not bar .*: " + mend):
        dataclasses.replace(game, masks=None)
    with pytest.raises(InvalidInput, match=r"^rewards\[0, 1, 0\] is 2, and masks bar this action, expected −∞: "):
        dataclasses.replace(whole, masks=game.masks)
    both = dataclasses.replace(game, rewards=whole.rewards, masks=None)
    np.testing.assert_array_equal(both.rewards, whole.rewards)
    assert dataclasses.replace(game, discount=0.0).masks is game.masks
