"""Targets of sampled steps: along one path they are those of the game, and flags of ends and cuts do what they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl import Game
from mathrl.games import random_policy, random_stochastic
from mathrl.oracle import n_step_target, sampled_target, td_lambda_target
from tests.tolerances import EPS, near

LENGTHS = st.sampled_from([{"steps": 1}, {"steps": 2}, {"steps": 5}, {"trace_decay": 0.0}, {"trace_decay": 0.6},
                           {"trace_decay": 1.0}])  # fmt: skip


@given(st.integers(0, 999), LENGTHS, st.sampled_from([0.0, 0.7, 1.0]))
def test_on_a_path_they_are_the_targets_of_the_game(seed, length, discount):
    """A game that is one path of states, and cuts that belong to states: the mean is the sample."""
    rng = np.random.default_rng(seed)
    length_of_path = int(rng.integers(2, 9))
    P = np.zeros((length_of_path, 1, length_of_path))
    P[np.arange(length_of_path - 1), 0, np.arange(1, length_of_path)] = P[-1, 0, -1] = 1
    terminal = np.arange(length_of_path) == length_of_path - 1
    rewards = np.where(terminal, 0, rng.normal(size=length_of_path))[:, None]
    game = Game.stochastic(rewards, P, discount, terminal=terminal)
    cut, v = rng.random(length_of_path) < 0.3, rng.normal(size=length_of_path)
    kind = {"policy": [np.ones((length_of_path, 1))], "temperature": 1.0, "v": v, "truncated": cut}
    expected = (td_lambda_target if "trace_decay" in length else n_step_target)(game, **length, **kind)
    ended = terminal[1:]
    following = np.where(ended, np.nan if seed % 2 else 7.0, v[1:])
    stored = {"following": following, "terminated": ended, "truncated": cut[:-1], "discount": discount}
    near(sampled_target(rewards[:-1, 0], **stored, **length), expected[:-1, 0], 64 * EPS)


def test_their_mean_is_the_expected_target():
    """4,000 rollouts from each state and action, ended or cut at random; a mean is off by 5 of its errors at most."""
    rng, steps, size = np.random.default_rng(0), 3, 4000
    base = random_stochastic(3, (2,), discount=0.9, seed=0)
    rewards = base.rewards.copy()
    rewards[2] = 0
    game = Game.stochastic(rewards, base.transitions, 0.9, terminal=[False, False, True])
    policy, cuts = random_policy(game, rng), np.array([[0.1, 0.5], [0.9, 0.0], [0.0, 0.0]])
    v, alpha = np.array([1.0, -2.0, 50.0]), 0.4
    kind = {"policy": policy, "temperature": alpha, "v": v, "steps": steps, "truncated": cuts}
    exact = n_step_target(game, **kind)
    for first in [(s, a) for s in range(2) for a in range(2)]:
        s, a = (np.full(size, index) for index in first)
        columns = {name: [] for name in ("rewards", "following", "terminated", "truncated", "bonus")}
        for _ in range(steps):
            reached = (rng.random(size)[:, None] > np.cumsum(game.transitions[s, a], axis=1)).sum(axis=1)
            chosen = (rng.random(size) < policy[0][reached, 1]).astype(int)
            row = (rewards[s, a], v[reached], reached == 2, rng.random(size) < cuts[s, a])
            row += (-alpha * np.log(policy[0][reached, chosen]),)
            for column, entries in zip(columns.values(), row, strict=True):
                column.append(entries)
            s, a = reached, chosen
        y = sampled_target(discount=0.9, steps=steps, **columns)[0]
        assert abs(y.mean() - exact[first]) <= 5 * y.std() / np.sqrt(size)


BAD = [
    ({"rewards": []}, r"rewards has shape \(0,\), expected \(T,\)"),
    ({"following": [1.0]}, r"following has shape \(1,\)"),
    ({"terminated": [0.5, 0]}, "terminated holds other numbers than 0 and 1"),
    ({"truncated": [2, 0]}, "truncated holds other numbers than 0 and 1"),
    ({"discount": 1.5}, "discount is 1.5"),
    ({"following": [np.nan, 1.0]}, r"following\[0\] is nan"),
    ({"bonus": [0.0]}, r"bonus has shape \(1,\)"),
    ({"steps": 0}, "steps is 0"),
    ({"trace_decay": 2.0}, "trace_decay is 2"),
    ({"trace_decay": 0.5, "steps": 2}, "trace_decay is given together with steps"),
]


@pytest.mark.parametrize(("changed", "message"), BAD)
def test_bad_input(changed, message):
    stored = {"rewards": [1.0, 2.0], "following": [1.0, 1.0], "terminated": [0, 1], "truncated": [0, 0]}
    with pytest.raises(ValueError, match=message):
        sampled_target(**({"discount": 0.9, **stored} | changed))
