"""Orders that rounding does not decide: of numbers, of the entries that the oracle shows, of its diagnoses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.base.ties import first_largest, first_least, largest_first
from mathrl.oracle.entries import worst_entries, worst_of_policy

ULP = 2.0**-52


@given(st.lists(st.integers(-3, 3), min_size=1), st.integers(0, 2**32 - 1))
def test_rounding_does_not_change_the_order(numbers, seed):
    """Whole numbers, each off by some roundings: the order is that of a stable sort of the exact ones."""
    exact = np.array(numbers, dtype=float)
    rounded = exact + np.random.default_rng(seed).integers(-4, 5, len(exact)) * ULP
    order = largest_first(rounded, slack=1e-12)
    assert order.tolist() == np.argsort(-exact, kind="stable").tolist()
    assert first_largest(rounded, slack=1e-12) == exact.argmax()
    assert first_least(rounded, slack=1e-12) == exact.argmin()
    for count in range(len(numbers)):
        assert largest_first(rounded, slack=1e-12, count=count).tolist() == order[:count].tolist()


@given(st.lists(st.floats(allow_nan=False)))
def test_without_slack_it_is_a_stable_sort(numbers):
    assert largest_first(numbers).tolist() == np.argsort(-np.array(numbers, dtype=float), kind="stable").tolist()


def test_ties_do_not_chain():
    """Each is within the slack of its neighbours: those near the largest tie, then those near the largest left."""
    assert largest_first([0.0, 0.6, 1.2, 1.8], slack=1.0).tolist() == [2, 3, 0, 1]


@pytest.mark.parametrize("share", [0.0, 0.1])
def test_what_is_infinite_or_no_number(share):
    values = [np.nan, 1.0, np.inf, -np.inf, np.nan, np.inf]
    assert largest_first(values, share=share).tolist() == [2, 5, 1, 3, 0, 4]


def test_a_share_counts_in_the_largest():
    assert largest_first([0.95, 1.0], share=0.1).tolist() == [0, 1]
    assert largest_first([-1.05, -1.0], share=0.1).tolist() == [0, 1]
    assert largest_first([0.85, 1.0], share=0.1).tolist() == [1, 0]


@pytest.mark.parametrize("nudge", [-ULP, 0.0, ULP])
def test_worst_entries_of_a_row_of_two_go_by_index(nudge):
    """Two probabilities of one row are off by the same amount, whichever of them rounding makes the larger."""
    policy = [np.array([[0.75, 0.25]]), np.array([[0.25, 0.75]])]
    exact = [np.array([[0.5 + nudge, 0.5]]), np.array([[0.5, 0.5 + nudge]])]
    found = worst_of_policy(policy, exact)
    assert [(entry.agent, entry.action) for entry in found] == [(0, (0,)), (0, (1,)), (1, (0,)), (1, (1,))]
    found = worst_entries("policy", policy[0], exact[0], agent_axis=False)
    assert [entry.action for entry in found] == [(0,), (1,)]
