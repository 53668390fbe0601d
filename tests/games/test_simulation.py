import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mathrl.games
from mathrl.games import (
    discounted_returns,
    joint_policy,
    load,
    random_policy,
    random_stochastic,
    shift_rewards,
    simulate,
    to_dense,
    to_sparse,
    uniform_policy,
)
from mathrl.games.simulation import CHUNK, Episodes, _draw
from mathrl.proofs_checks.strategies import episodic, games, masked, policies
from mathrl.solvers import soft_evaluation

ROOT = Path(mathrl.games.__file__).parents[2]
SEEDS = st.integers(0, 2**32)


def assert_equal(episodes, other):
    for name in ("states", "actions", "rewards"):
        np.testing.assert_array_equal(getattr(episodes, name), getattr(other, name))


@given(games(), st.data(), SEEDS)
def test_only_what_has_positive_probability_is_drawn(game, data, seed):
    policy = data.draw(policies(game))
    episodes = simulate(game, policy, num_episodes=50, num_steps=4, seed=seed)
    states, following = episodes.states[:, :-1], episodes.states[:, 1:]
    actions = np.moveaxis(episodes.actions, -1, 0)
    assert (game.start[episodes.states[:, 0]] > 0).all()
    assert all((pi[states, own] > 0).all() for pi, own in zip(policy, actions, strict=True))
    assert (to_dense(game).transitions[(states, *actions, following)] > 0).all()


@given(games(), st.data(), SEEDS)
def test_rewards_are_those_of_the_states_and_actions(game, data, seed):
    episodes = simulate(game, data.draw(policies(game)), num_episodes=20, num_steps=3, seed=seed)
    where = (episodes.states[:, :-1], *np.moveaxis(episodes.actions, -1, 0))
    expected = game.rewards[where] if game.common_payoff else np.moveaxis(game.rewards[:, *where], 0, -1)
    np.testing.assert_array_equal(episodes.rewards, expected)
    assert not any(array.flags.writeable for array in vars(episodes).values())


@given(games(), st.data(), SEEDS)
def test_storage_does_not_change_the_episodes(game, data, seed):
    policy = data.draw(policies(game))
    dense, sparse = (
        simulate(stored, policy, num_episodes=30, num_steps=4, seed=seed)
        for stored in (to_dense(game), to_sparse(game))
    )
    assert_equal(dense, sparse)


@given(games(), SEEDS)
def test_the_seed_decides_and_fewer_episodes_are_the_first_of_more(game, seed):
    policy = uniform_policy(game)
    one, other, fewer = (
        simulate(game, policy, num_episodes=episodes, num_steps=3, seed=given_seed)
        for episodes, given_seed in ((20, seed), (20, np.random.default_rng(seed)), (7, seed))
    )
    assert_equal(one, other)
    assert_equal(fewer, Episodes(one.states[:7], one.actions[:7], one.rewards[:7]))


@given(episodic(masked(games())), st.data(), SEEDS)
def test_episodes_that_end_stay_there_and_earn_nothing(game, data, seed):
    policy = data.draw(policies(game))
    episodes = simulate(game, policy, num_episodes=20, num_steps=5, seed=seed)
    played = ~game.terminal[episodes.states[:, :-1]]
    np.testing.assert_array_equal(episodes.lengths, played.sum(axis=1))
    assert (played[:, :-1] >= played[:, 1:]).all()
    assert ((episodes.actions >= 0) == played[..., None]).all()
    assert (episodes.actions[~played] == -1).all()
    assert not episodes.rewards[~played].any()
    assert (episodes.states[:, 1:] == episodes.states[:, :-1])[~played].all()
    for pi, own in zip(policy, np.moveaxis(episodes.actions, -1, 0), strict=True):
        assert (pi[episodes.states[:, :-1][played], own[played]] > 0).all()
    assert not episodes.lengths.flags.writeable


@pytest.mark.parametrize("discount", [0.9, 1.0])
def test_mean_return_of_episodes_is_the_value_of_the_policy(discount):
    options = {"structure": "general-sum", "available": 0.7, "seed": 1}
    game = random_stochastic(4, (2, 3), discount=discount, ending=0.2, **options)
    policy = uniform_policy(game)
    exact = soft_evaluation(game, policy=policy, temperature=1.0, entropy="none").objective
    episodes = simulate(game, policy, num_episodes=20_000, num_steps=200)
    assert game.terminal[episodes.states[:, -1]].all()  # to last longer has probability 0.8²⁰⁰ < 1e-19
    returns = discounted_returns(episodes, discount)
    assert (abs(returns.mean(axis=0) - exact) < 6 * returns.std(axis=0) / np.sqrt(20_000)).all()  # six standard errors


def test_episodes_are_shown_in_a_line():
    game = load("dmac")
    episodes = simulate(game, uniform_policy(game), num_episodes=2, num_steps=9)
    assert repr(episodes) == "<Episodes: 2 of 9 steps, played for 9 on average, 3 agents>"


def test_another_seed_gives_other_episodes():
    game = load("dmac")
    one, other = (simulate(game, uniform_policy(game), num_episodes=2, num_steps=9, seed=seed) for seed in (0, 1))
    assert (one.states != other.states).any()


@pytest.mark.parametrize("chunk", [1, 100, CHUNK])
def test_chunks_do_not_show(chunk, monkeypatch):
    game = load("opt-in")
    whole = simulate(game, uniform_policy(game), num_episodes=50, num_steps=5, seed=3)
    monkeypatch.setattr("mathrl.games.simulation.CHUNK", chunk)
    assert_equal(simulate(game, uniform_policy(game), num_episodes=50, num_steps=5, seed=3), whole)


def deviation(counts, probabilities):
    """max |count − n p| in units of its standard deviation, plus 1 so that rare cells keep a Gaussian tail."""
    n = counts.sum(axis=-1, keepdims=True)
    return (abs(counts - n * probabilities) / (1 + np.sqrt(n * probabilities * (1 - probabilities)))).max()


def frequencies(game, policy, seed):
    """Counts of first states (S,), of joint actions (S, A), of next states (S·A, S)."""
    episodes = simulate(game, policy, num_episodes=4000, num_steps=25, seed=seed)
    row = np.ravel_multi_index(
        (episodes.states[:, :-1], *np.moveaxis(episodes.actions, -1, 0)), (game.num_states, *game.num_actions)
    )
    rows = game.num_states * game.num_joint_actions
    taken = np.bincount(row.ravel(), minlength=rows).reshape(game.num_states, -1)
    pairs = row.ravel() * game.num_states + episodes.states[:, 1:].ravel()
    moved = np.bincount(pairs, minlength=rows * game.num_states).reshape(rows, game.num_states)
    return np.bincount(episodes.states[:, 0], minlength=game.num_states), taken, moved


@pytest.mark.parametrize("successors", [None, 3])
@pytest.mark.parametrize("seed", range(3))
def test_frequencies_are_the_probabilities(seed, successors):
    game = random_stochastic(4, (2, 3), seed=seed, successors=successors)
    policy = random_policy(game, np.random.default_rng(seed))
    first, taken, moved = frequencies(game, policy, seed)
    joint = joint_policy(policy).reshape(game.num_states, -1)
    following = to_dense(game).transitions.reshape(-1, game.num_states)
    # Each count is a sum of martingale differences; beyond 6 standard deviations in one of 124 cells: about 1e-7.
    assert deviation(first, game.start) < 6
    assert deviation(taken, joint) < 6
    assert deviation(moved, following) < 6
    # and the bound is sharp enough to see a probability that is off by 0.03
    wrong = uniform_policy(game)
    assert deviation(taken, 0.9 * joint + 0.1 * joint_policy(wrong).reshape(joint.shape)) > 6
    assert deviation(moved, 0.9 * following + 0.1 / game.num_states) > 6


def test_mean_return_is_the_value_of_the_policy():
    game = load("chain(discount=0.9)")
    policy = uniform_policy(game)
    transitions, rewards = game.transitions.mean(axis=1), game.rewards.mean(axis=1)
    value = game.start @ np.linalg.solve(np.eye(5) - 0.9 * transitions, rewards)
    returns = discounted_returns(simulate(game, policy, num_episodes=20_000, num_steps=300), 0.9)
    assert abs(returns.mean() - value) < 6 * returns.std() / np.sqrt(20_000)  # six standard errors
    assert returns.std() / np.sqrt(20_000) < 0.01 * value


@given(games(), st.floats(0, 1), SEEDS)
def test_discounted_returns_obey_their_recursion(game, discount, seed):
    episodes = simulate(game, uniform_policy(game), num_episodes=5, num_steps=6, seed=seed)
    later = Episodes(episodes.states[:, 1:], episodes.actions[:, 1:], episodes.rewards[:, 1:])
    expected = episodes.rewards[:, 0] + discount * discounted_returns(later, discount)
    np.testing.assert_allclose(discounted_returns(episodes, discount), expected, rtol=1e-12, atol=1e-12)
    assert expected.shape == ((5,) if game.common_payoff else (5, game.num_agents))


def test_a_game_is_not_changed_by_simulation():
    game = shift_rewards(load("dmac"), 1)
    before = game.rewards.tobytes(), game.transitions.tobytes(), game.start.tobytes()
    simulate(game, uniform_policy(game), num_episodes=3, num_steps=3)
    assert (game.rewards.tobytes(), game.transitions.tobytes(), game.start.tobytes()) == before


@pytest.mark.parametrize(
    ("weights", "u", "drawn"),
    [
        ([0.0, 0.5, 0.5], 0.0, 1),
        ([0.5, 0.5, 0.0], np.nextafter(1, 0), 1),
        ([*[0.1] * 10, 0.0], np.nextafter(1, 0), 9),  # the sum is 1 − 2⁻⁵³, which is u: no outcome exceeds it
        ([0.5, 0.0, 0.5], 0.5, 2),
        ([0.5, 0.0, 0.5], np.nextafter(0.5, 0), 0),
        ([1 - 1e-10, 0.0], np.nextafter(1, 0), 0),
    ],
)
def test_a_draw_never_lands_on_probability_zero(weights, u, drawn):
    assert _draw(np.array(weights), 0, len(weights), u) == drawn
    shifted = np.array([1.0, *weights, 1.0])
    assert _draw(shifted, 1, len(weights) + 1, u) == drawn + 1


def test_kernels_run_as_plain_python():
    code = (
        "import hashlib, numpy as np, mathrl.games as g; game = g.load('dmac');"
        "e = g.simulate(game, g.uniform_policy(game), num_episodes=20, num_steps=10, seed=5);"
        "print(hashlib.sha256(e.states.tobytes() + e.actions.tobytes() + e.rewards.tobytes()).hexdigest())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=os.environ | {"NUMBA_DISABLE_JIT": disable},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for disable in "01"
    }
    assert len(found) == 1
    assert len(found.pop().strip()) == 64
