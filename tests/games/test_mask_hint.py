"""A reward that looks like a mask is pointed at once, and no game that is drawn or known looks so."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.games import (
    Game,
    MaskLikeReward,
    load,
    mask_hint,
    names,
    random_matrix,
    random_stochastic,
    save,
    scale_rewards,
)
from mathrl.games.random import STRUCTURES
from mathrl.proofs_checks.strategies import episodic, games, masked, matrix_games


@pytest.fixture(autouse=True)
def nothing_said_yet(monkeypatch):
    monkeypatch.setattr(mask_hint, "_said", [])


@pytest.mark.parametrize("size", [1e6, 9999999.0, 1e10, 1e15, float(np.finfo(np.float32).max)])
def test_the_usual_marks_are_pointed_at_by_entry(size):
    with pytest.warns(MaskLikeReward, match=r"^rewards\[0, 1\] is -.* others are at most 1 .* as available instead"):
        Game.stochastic(np.array([[1.0, -size], [0, 1]]), np.full((2, 2, 2), 0.5), 0.9)


def test_it_is_said_once_and_where_the_game_is_made():
    payoffs = [np.array([[1.0, 2.0]]), np.array([[3.0, -1e8]])]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            scale_rewards(Game.matrix(payoffs), 2.0)
    assert [str(one.message).partition(" is")[0] for one in caught] == ["payoffs[1][0, 1]"]
    assert caught[0].filename == __file__


def test_a_state_with_a_name_is_named_and_the_caller_is_outside_the_package(tmp_path):
    def step(state, joint_action):
        return 1, "hall", -1e8 if state == "hall" and joint_action == ("stay", 1) else 1, False

    with pytest.warns(MaskLikeReward, match=r"^rewards\[1, 0, 1\], in state 'hall', is -1e\+08") as caught:
        game = Game.from_function("door", [["stay", "go"], 2], step, discount=0.5)
    assert caught[0].filename == __file__
    assert game.rewards[1, 0, 1] == -1e8
    save(game, tmp_path / "game.json")
    mask_hint._said.clear()
    with pytest.warns(MaskLikeReward, match=r"^rewards\[1, 0, 1\], in state 'hall'") as caught:
        load(tmp_path / "game.json")
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    "rewards",
    [
        [1.0, -1e5 + 1],  # not so large
        [11.0, -1e5],  # not so much larger
        [-1e6, -2e9],  # large ones alone
        [0.0, -1e9],  # nothing to compare with
        [1e6, -1e9],
        [1e308, -1e308],
    ],
)
def test_other_rewards_are_not(rewards):
    with warnings.catch_warnings(action="error"):
        Game.matrix(np.array(rewards))


def test_what_is_not_available_is_no_mark():
    with warnings.catch_warnings(action="error"):
        Game.matrix(np.array([1.0, -1e9]), available=[[True, False]])


def test_no_game_of_the_catalogue_looks_so():
    with warnings.catch_warnings(action="error"):
        for name in names():
            load(name)


@given(
    st.integers(0, 2**32), st.sampled_from(STRUCTURES), st.sampled_from([1e-3, 1.0, 1e4, 1e5, 1e6, 1e12]), st.booleans()
)
def test_no_random_game_looks_so(seed, structure, scale, large):
    with warnings.catch_warnings(action="error"):
        random_matrix((10, 10) if large else (2, 2), structure=structure, scale=scale, seed=seed)
        random_stochastic(20 if large else 2, (2, 2), structure=structure, scale=scale, seed=seed, ending=0.1)


@given(games() | matrix_games() | episodic(masked(games())))
def test_no_game_that_tests_draw_looks_so(game):
    assert mask_hint._said == []
