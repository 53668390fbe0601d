"""Agents that are alike: what is found compiled, by arrays, and by the definition."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.equilibria.matrix.symmetry import agents_like, find


@st.composite
def payoffs(draw):
    """Few different numbers, so that agents are often alike; one payoff for all or one each."""
    num_actions = tuple(draw(st.lists(st.integers(1, 3), min_size=1, max_size=3)))
    rows = draw(st.sampled_from([1, len(num_actions)]))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    return rng.integers(0, 2, (rows, *num_actions)).astype(float)


def by_definition(r):
    n = r.ndim - 1
    like = list(range(n))
    for i, j in combinations(range(n), 2):
        names = list(range(n))
        names[i], names[j] = j, i
        if like[i] != i or like[j] != j or r.shape[1 + i] != r.shape[1 + j]:
            continue
        same = all(
            r[m if len(r) > 1 else 0][a] == r[names[m] if len(r) > 1 else 0][tuple(a[k] for k in names)]
            for m in range(n)
            for a in np.ndindex(*r.shape[1:])
        )
        if same:
            like[j] = i
    return like


@given(payoffs())
def test_what_is_compiled_is_what_arrays_say_and_the_definition(r):
    flat, num_actions = r.reshape(len(r), -1), np.array(r.shape[1:])
    like = np.empty(len(num_actions), np.int64)
    found = find(flat, num_actions, like)
    assert like.tolist() == agents_like(flat, r.shape[1:]).tolist() == by_definition(r)
    assert bool(found) == (like.tolist() != list(range(len(like))))


@pytest.mark.parametrize("swapped", [(0, 1), (0, 2), (1, 2)])
def test_two_of_three_agents(swapped):
    """Three agents with payoffs of their own, made the same under one exchange."""
    i, j = swapped
    r = np.random.default_rng(0).standard_normal((3, 2, 2, 2))
    names = [0, 1, 2]
    names[i], names[j] = j, i
    r = r + r[names].swapaxes(1 + i, 1 + j)
    like = [0, 1, 2]
    like[j] = i
    assert agents_like(r.reshape(3, -1), (2, 2, 2)).tolist() == like
