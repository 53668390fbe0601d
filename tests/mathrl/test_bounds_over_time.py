"""The maximum over time: against the laws of many steps, and over cycles and slow drifts by hand."""

from math import lcm

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.bounds import Process, over_time
from mathrl.bounds.over_time import largest_over_time
from mathrl.games import Game, random_policy, random_stochastic, to_sparse
from mathrl.proofs_checks.strategies import games, policies, simplex_rows
from tests.examples import costly
from tests.tolerances import EPS

MANY = 2**14


def all_laws(process, steps):
    """The laws of s_0 … s_{steps-1}, (steps, S), by doubling: those of the second half are P^half later."""
    P = process.chain if isinstance(process.chain, np.ndarray) else process.chain.toarray()
    laws = process.game.start[None]
    while len(laws) < steps:
        laws, P = np.concatenate([laws, laws @ P]), P @ P
    return laws[:steps]


def alone(P, discount=0.9, start=0):
    """One agent with one action in the chain P (S, S)."""
    P = np.asarray(P, dtype=float)
    game = Game.stochastic(np.zeros((len(P), 1)), P[:, None], discount, np.eye(len(P))[start])
    return Process(game, (np.ones((len(P), 1)),))


def cycles(*lengths):
    """Deterministic cycles side by side."""
    size, first, P = sum(lengths), 0, np.zeros((sum(lengths),) * 2)
    for length in lengths:
        for s in range(length):
            P[first + s, first + (s + 1) % length] = 1
        first += length
    assert (P.sum(axis=1) == np.ones(size)).all()
    return P


@costly
@given(games(max_states=5, max_actions=2), st.data())
def test_it_is_the_maximum_over_the_laws_of_many_steps(game, data):
    process = Process(game, data.draw(policies(game)))
    f_hs = data.draw(simplex_rows((data.draw(st.integers(0, 3)), game.num_states)))
    found = largest_over_time(process, f_hs)
    # What has not settled was followed for 1,000 steps, or till γ^t < 2^-53 (γ <= 0.99): 3,656 at most.
    horizon = int(np.ceil(53 * np.log(2) / -np.log(game.discount))) if game.discount > 0 else 1
    steps = MANY if found.settled else max(1_000, horizon)
    expected = (all_laws(process, steps)[:, None] * f_hs).sum(axis=2).max(axis=0)
    # laws that differ by 8 eps a step are taken to be the same; those of all_laws are off by an eps a step
    np.testing.assert_allclose(found.largest, expected, rtol=0, atol=8 * EPS * MANY)


@pytest.mark.parametrize("lengths", [(1,), (2,), (7,), (3, 4), (4, 6), (5, 7, 9)])
@pytest.mark.parametrize("sparse", [False, True])
def test_all_phases_of_a_cycle_are_seen(lengths, sparse):
    """From a start in all cycles at once laws repeat after lcm steps: some f is 1 in one phase alone, for each."""
    size, firsts = sum(lengths), np.cumsum([0, *lengths[:-1]])
    chain = alone(cycles(*lengths)).game
    start = np.zeros(size)
    start[firsts] = 1 / len(lengths)
    game = Game.stochastic(chain.rewards, chain.transitions, 0.5, start)
    process = Process(to_sparse(game) if sparse else game, (np.ones((size, 1)),))
    phases = [[first + t % length for first, length in zip(firsts, lengths, strict=True)] for t in range(lcm(*lengths))]
    f_hs = np.array([np.isin(np.arange(size), phase) for phase in phases], dtype=float)
    found = largest_over_time(process, f_hs)
    assert found.settled
    np.testing.assert_allclose(found.largest, 1, rtol=0, atol=4 * EPS)


def test_a_peak_before_the_cycle_is_seen():
    """0 → 1 → 2 ⟲: state 1 is visited once."""
    found = largest_over_time(alone([[0, 1, 0], [0, 0, 1], [0, 0, 1]]), np.eye(3))
    assert found.settled
    assert found.largest.tolist() == [1, 1, 1]


def test_a_limit_that_is_never_reached_is_the_maximum():
    """P(s_t = 1) = 1 - 2^-t."""
    found = largest_over_time(alone([[0.5, 0.5], [0, 1]]), np.eye(2)[1:])
    assert found.settled
    assert found.largest[0] == pytest.approx(1, abs=8 * EPS)


def test_what_drifts_slowly_is_followed_while_it_counts():
    leak = 1e-6
    for discount, steps in ((0.0, 1_000), (0.5, 1_000), (0.99, 3_656)):  # 0.99^3655 > 2^-53 > 0.99^3656
        found = largest_over_time(alone([[1 - leak, leak], [0, 1]], discount), np.eye(2)[1:])
        assert not found.settled
        assert found.largest[0] == pytest.approx(1 - (1 - leak) ** (steps - 1), rel=1e-9)  # steps roundings of P's row


def test_where_what_counts_cannot_be_followed_no_later_time_exceeds_the_answer(monkeypatch):
    monkeypatch.setattr(over_time, "_WORK", 2 * 10**7)  # 2,000 steps of the 4e10 that count
    found = largest_over_time(alone([[1 - 1e-9, 1e-9], [0, 1]], 1 - 1e-9), np.array([[0.0, 1.0], [0.25, 0.0]]))
    assert not found.settled
    assert found.largest.tolist() == [1, 0.25]


def test_many_expectations_are_each_of_them():
    game = random_stochastic(5, (2, 2), discount=0.9, seed=0)
    process = Process(game, random_policy(game, np.random.default_rng(0)))
    f_hs = np.random.default_rng(1).random((6, 5))
    each = [largest_over_time(process, f_s[None]).largest[0] for f_s in f_hs]
    assert largest_over_time(process, f_hs).largest.tolist() == each
    assert largest_over_time(process, f_hs[:0]).largest.shape == (0,)
