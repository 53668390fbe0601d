"""Uniform numbers, and what is made of them."""

from itertools import permutations

import jax
import numpy as np
import pytest
from scipy import stats

from mathrl.neural.noise import block, categorical, gumbel, indices, normal
from tests.neural.enumeration import compiled

LEVEL = 1e-4
"""The probability with which a right draw fails. Seeds are fixed, so that it passes always or never."""

DRAWN = 12_000


def test_parts_do_not_depend_on_what_follows():
    """They do on what comes before: a part begins where the last one ends."""
    key = jax.random.key(3)
    short = block(key, {"a": (2, 3), "b": (4,)})
    long = block(key, {"a": (2, 3), "b": (4,), "c": (100,)})
    assert all(np.array_equal(short[name], long[name]) for name in short)
    assert np.array_equal(long["b"], block(key, {"other": (6,), "b": (4,)})["b"])
    whole = np.concatenate([np.ravel(part) for part in long.values()])
    assert len(np.unique(whole)) == 110  # independent parts share nothing


def test_runs_side_by_side_draw_what_they_draw_alone():
    keys = jax.random.split(jax.random.key(0), 3)
    beside = jax.vmap(lambda key: block(key, {"a": (5,)})["a"])(keys)
    for key, drawn in zip(keys, beside, strict=True):
        assert np.array_equal(drawn, block(key, {"a": (5,)})["a"])


def test_numbers_are_uniform_within_0_and_1():
    u = np.asarray(block(jax.random.key(1), {"a": (DRAWN,)})["a"], np.float64)
    assert (u > 0).all()
    assert (u < 1).all()
    assert stats.kstest(u, "uniform").pvalue > LEVEL
    assert stats.kstest(np.asarray(normal(u.astype(np.float32)), np.float64), "norm").pvalue > LEVEL
    assert stats.kstest(np.asarray(gumbel(u.astype(np.float32)), np.float64), "gumbel_r").pvalue > LEVEL


@pytest.mark.parametrize("double", [False, True])
def test_the_smallest_and_largest_numbers_give_finite_ones(double):
    """`block` draws the smallest one once in 2^23 single numbers: every few thousand updates."""
    with jax.enable_x64(double):
        dtype = np.float64 if double else np.float32
        ends = np.array([np.finfo(dtype).tiny, 1 - np.finfo(dtype).eps], dtype)
        for made in (normal(ends), gumbel(ends)):
            assert made.dtype == dtype
            assert np.isfinite(made).all()
            assert made[0] < -1 < 5 < made[1]


_INDICES = compiled(indices)


@pytest.mark.parametrize("sizes", [(1, 3), (3, 1), (7, 2), (4096, 3)])
def test_indices_reach_all_and_no_more(sizes):
    grids = [((np.arange(8 * size) + 0.5) / (8 * size)).astype(np.float32) for size in sizes]
    u = np.stack([x.ravel() for x in np.meshgrid(*grids, indexing="ij")])
    counts = np.zeros(sizes, int)
    np.add.at(counts, tuple(map(np.asarray, _INDICES(u, sizes))), 1)
    assert (counts == 64).all()
    ends = np.array([np.finfo(np.float32).tiny, 1 - 2**-24], np.float32)
    assert [found.tolist() for found in _INDICES(np.stack([ends, ends]), sizes)] == [[0, size - 1] for size in sizes]


MOST = [(2**30, 8), (2**30 - 1, 3), (2**24 + 1, 1), (5, 2**30), (12_345_678, 1000)]


@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize("sizes", MOST)
def test_indices_are_the_digits_of_one_number(sizes, double):
    """In whole numbers of any length: u_1 · size_2 is an index and a rest, which continues u_0."""
    bits, rng = 32 if double else 23, np.random.default_rng(0)
    drawn = rng.integers(0, 2**bits, size=(2, 200))
    drawn[:, :4] = [[0, 0, 2**bits - 1, 2**bits - 1], [0, 2**bits - 1, 0, 2**bits - 1]]
    with jax.enable_x64(double):
        u = (drawn / 2**bits).astype(np.float64 if double else np.float32)
        found = [of.tolist() for of in _INDICES(u, sizes)]
    for k_0, k_1, first, second in zip(*drawn.tolist(), *found, strict=True):
        assert second == k_1 * sizes[1] >> bits
        rest = k_1 * sizes[1] % 2**bits
        assert first == ((k_0 << bits) + rest) * sizes[0] >> 2 * bits


def test_the_last_digits_of_large_indices_are_alike():
    """Single numbers times 2^30 are multiples of 128; and as for 3·2^22, two of three are twice as likely."""
    u = block(jax.random.key(4), {"a": (2, DRAWN)})["a"]
    for size, last in ((2**30, 16), (3 * 2**22, 6)):
        first, second = (np.asarray(found) for found in _INDICES(u, (size, 4)))
        assert stats.chisquare(np.bincount(first % last, minlength=last)).pvalue > LEVEL
        assert stats.chisquare(np.bincount(4 * (first // (size // 4)) + second, minlength=16)).pvalue > LEVEL


def test_all_orders_are_alike():
    u = block(jax.random.key(2), {"order": (DRAWN, 3)})["order"]
    orders = [tuple(order) for order in np.argsort(u, axis=1).tolist()]
    counts = [orders.count(order) for order in permutations(range(3))]
    assert sum(counts) == DRAWN
    assert stats.chisquare(counts).pvalue > LEVEL


WEIGHTS = np.array([[0.2, 0.3, 0.5], [0.0, 3.0, 1.0], [1.0, 0.0, 1.0], [1.0, 3.0, 0.0], [0.0, 0.1, 0.0]], np.float32)


def test_weights_are_the_lengths_of_intervals():
    grid = ((np.arange(1000) + 0.5) / 1000).astype(np.float32)
    drawn = np.asarray(compiled(jax.vmap(categorical, (0, None)))(grid[:, None].repeat(5, axis=1), WEIGHTS))
    for row, weights in enumerate(WEIGHTS):
        counts = np.bincount(drawn[:, row], minlength=3)
        np.testing.assert_allclose(counts, 1000 * weights / weights.sum(), atol=1.001)  # one for the ends of intervals


def test_what_weighs_nothing_is_never_drawn_at_the_ends():
    """Also where sums are a rounding less than 1: the smallest u times such a sum is 0."""
    weights = np.random.default_rng(0).random((2000, 9)).astype(np.float32)
    weights[:, [0, 4, 7, 8]] = 0
    weights /= weights.sum(axis=1, keepdims=True)
    assert (weights.sum(axis=1) < 1).any()
    for u in (np.finfo(np.float32).tiny, 1e-7, 0.5, 1 - 2**-23, 1 - 2**-24):
        drawn = compiled(categorical)(np.full(2000, u, np.float32), weights)
        assert (weights[np.arange(2000), drawn] > 0).all()
