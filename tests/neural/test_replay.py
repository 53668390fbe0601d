"""The replay buffer against a list of all steps that were ever stored."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.neural.critics import windowed
from mathrl.neural.replay import Transition, empty, store, windows
from tests.neural.enumeration import compiled

CAPACITY, COPIES, LENGTH = 5, 2, 3

GRID = 60
"""u = (k + ½)/60 is each of 1 to 5 rows equally often."""

_STORE = compiled(store)
_WINDOWS = compiled(lambda buffer, u: windows(buffer, u, LENGTH))


def step_number(t, ended, cut):
    """Step t of both copies: all of its numbers say which one it is."""
    number = 10 * t + np.arange(COPIES)
    return Transition(
        {"place": number.astype(np.int32)},
        np.stack([number, -number], axis=1).astype(np.int32),
        number.astype(np.float32),
        {"place": (number + 1000).astype(np.int32)},
        np.asarray(ended),
        np.asarray(cut),
    )


STOPS = st.lists(st.tuples(*[st.sampled_from(["", "", "ended", "cut"])] * COPIES), min_size=1, max_size=13)
"""What happens in each step of each copy."""


@given(STOPS)
def test_windows_are_consecutive_steps_of_one_episode(stops):
    """They begin at each row that is held equally often, and stop after an end, a cut, or the newest step."""
    steps = [step_number(t, [s == "ended" for s in row], [s == "cut" for s in row]) for t, row in enumerate(stops)]
    buffer = empty(steps[0], CAPACITY)
    for step in steps:
        buffer = _STORE(buffer, step)
    assert buffer.stored == len(steps)
    begin, copy = np.meshgrid((np.arange(GRID) + 0.5) / GRID, (np.arange(COPIES) + 0.5) / COPIES, indexing="ij")
    drawn, counted = _WINDOWS(buffer, np.stack([begin.ravel(), copy.ravel()]).astype(np.float32))
    drawn = jax.tree.map(np.asarray, drawn)
    held = range(max(0, len(steps) - CAPACITY), len(steps))
    starts = dict.fromkeys(((t, k) for t in held for k in range(COPIES)), 0)
    for row, m in enumerate(np.asarray(counted).tolist()):
        t, k = divmod(int(drawn.reward[row, 0]), 10)
        starts[t, k] += 1
        expected = 1
        while expected < LENGTH and not stops[t + expected - 1][k] and t + expected < len(steps):
            expected += 1
        assert m == expected
        for j in range(m):
            assert all(
                np.array_equal(found[row, j], kept[k])
                for found, kept in zip(jax.tree.leaves(drawn), jax.tree.leaves(steps[t + j]), strict=True)
            )
    assert set(starts.values()) == {GRID // len(held)}


def test_the_ends_of_u_are_the_oldest_and_the_newest_row():
    buffer = empty(step_number(0, [False] * 2, [False] * 2), CAPACITY)
    for t in range(7):
        buffer = _STORE(buffer, step_number(t, [False] * 2, [False] * 2))
    u = np.array([np.finfo(np.float32).tiny, 1 - 2**-24], np.float32)
    drawn, counted = _WINDOWS(buffer, np.tile(u, (2, GRID)))
    assert drawn.reward[0].tolist() == [20, 30, 40]
    assert drawn.reward[1, 0] == 61
    assert counted[:2].tolist() == [3, 1]


N = 4

_WINDOWED = compiled(lambda drawn, counted, discount: windowed(drawn, counted, discount))


@given(
    st.lists(
        st.tuples(st.integers(1, N), st.booleans(), st.lists(st.floats(-10, 10, width=32), min_size=N, max_size=N)),
        min_size=3,
        max_size=3,
    ),
    st.sampled_from([0.0, 0.5, 0.9, 1.0]),
)
def test_windows_are_summed_as_a_loop_does(rows, discount):
    """Σ_{l<m} γ^l r_l, then γ^m, or 0 after an end; and what is seen of s_1 … s_{n−1} with γ^l for 0 < l < m.

    Windows that do not end are cut off after m steps: that is no end, and their discount is γ^m.
    """
    counted = np.array([m for m, _, _ in rows])
    rewards = np.array([r for _, _, r in rows], np.float32)
    ended = np.array([[(over and k == m - 1) or k >= m for k in range(N)] for m, over, _ in rows])
    following = 10 * np.arange(3)[:, None] + np.arange(1, N + 1)
    cut = np.array([[not over and k == m - 1 for k in range(N)] for m, over, _ in rows])
    drawn = Transition(following - 1, following, rewards, following, ended, cut)
    window = jax.tree.map(np.asarray, _WINDOWED(drawn, counted, discount))
    for row, (m, over, paid) in enumerate(rows):
        total, power, between = 0.0, 1.0, []
        for k in range(N):
            if k > 0:
                between.append(power if k < m else 0.0)
            if k < m:
                total += power * paid[k]
                power *= discount
        # four roundings of the largest sum, in single precision
        assert window.rewards[row] == pytest.approx(total, abs=40 * N * 6e-8)
        assert window.discount[row] == pytest.approx(0.0 if over else power, rel=1e-6)
        assert window.last[row] == 10 * row + m
        assert window.between[row].tolist() == [10 * row + k for k in range(1, N)]
        assert window.weights[row].tolist() == pytest.approx(between, rel=1e-6)
