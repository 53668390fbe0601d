"""The nearest monotone table: against every order and another way to regress; what it may not depend on."""

import itertools
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mathrl.games import load
from mathrl.operators import monotonicity_gap
from mathrl.proofs_checks.strategies import PAYOFFS
from mathrl.stage.isotonic import isotonic
from mathrl.stage.monotone_projection import isotonic_fit, monotone_projection, monotone_projections
from mathrl.stage.product_order import cover
from tests.tolerances import EPS, pooled_slack

SMALL = [(2,), (4,), (2, 2), (2, 3), (3, 3), (2, 2, 2), (1, 3)]
LARGER = [*SMALL, (4, 4), (2, 3, 3), (2, 2, 2, 2)]
WEIGHTS = st.sampled_from([1.0, 2.0, 0.5, 1e-3, 1e-6, 1e-12, 0.0])
POSITIVE = st.floats(0.1, 10, allow_subnormal=False)


@st.composite
def tables(draw, shapes=tuple(SMALL), weights=WEIGHTS):
    shape = draw(st.sampled_from(shapes))
    return draw(arrays(np.float64, shape, elements=PAYOFFS)), draw(arrays(np.float64, shape, elements=weights))


def neighbours(shape):
    """Pairs of flat indices (lower, upper) that differ by one rank of one agent."""
    index = np.arange(np.prod(shape)).reshape(shape)
    for axis, size in enumerate(shape):
        lower, upper = (np.take(index, ranks, axis).ravel() for ranks in (range(size - 1), range(1, size)))
        yield from zip(lower, upper, strict=True)


@cache
def upper_sets(shape):
    """Indicators (sets, entries) of the upper sets of a product of chains, the empty one left out."""
    pairs, members = list(neighbours(shape)), itertools.product((False, True), repeat=int(np.prod(shape)))
    return np.array([h for h in members if any(h) and all(h[upper] or not h[lower] for lower, upper in pairs)])


def minimax_error(q, w, orders):
    """The error of F(v) = max over upper sets U ∋ v of min over lower sets L ∋ v of the weighted mean on U ∩ L.

    This is the isotonic regression for positive weights (Robertson, Wright and Dykstra 1988, Theorem 1.4.4).
    """
    y, w = (table[np.ix_(*orders)].ravel() for table in (q, w))
    upper = upper_sets(q.shape)
    lower = upper[:, ::-1]  # reversing every chain turns one kind into the other
    both = upper[:, None, :] & lower[None, :, :]
    weight = (both * w).sum(axis=-1)
    means = (both * w * y).sum(axis=-1) / np.where(weight > 0, weight, 1.0)
    least = np.where(both, means[..., None], np.inf).min(axis=1)
    f = np.where(upper, least, -np.inf).max(axis=0)
    return float((w * (f - y) ** 2).sum())


def every_order(shape):
    return itertools.product(*(itertools.permutations(range(size)) for size in shape))


@given(tables(weights=POSITIVE))
def test_the_isotonic_fit_has_the_error_of_the_minimax_formula(table):
    q, w = table
    orders = [tuple(range(size)) for size in q.shape]
    fit, error = isotonic_fit(q, orders, w)
    assert abs(error - minimax_error(q, w, orders)) <= pooled_slack(q, w)
    assert abs(error - float((w * (fit - q) ** 2).sum())) <= pooled_slack(q, w)


@given(tables(), st.data())
def test_the_isotonic_fit_is_isotonic_and_satisfies_the_optimality_conditions(table, data):
    """F is optimal exactly if Σ w (Q − F) F = 0 and Σ w (Q − F) h ≤ 0 for each indicator h of an upper set."""
    q, w = table
    orders = [data.draw(st.permutations(range(size))) for size in q.shape]
    fit, _ = isotonic_fit(q, orders, w)
    y, f, w = (values[np.ix_(*orders)].ravel() for values in (q, fit, w))
    pairs = list(neighbours(q.shape))
    assert all(f[lower] <= f[upper] for lower, upper in pairs)
    g = w * (y - f)
    size = float((w * np.abs(y)).sum())
    assert abs(float(g @ f)) <= 1e3 * EPS * size * (1 + np.abs(y).max())  # rounding of means of at most 9 entries
    for h in upper_sets(q.shape):
        assert float(g[h].sum()) <= 1e3 * EPS * size


@given(tables(weights=POSITIVE))
def test_the_projection_is_the_best_over_all_orders(table):
    q, w = table
    found = monotone_projection(q, w)
    best = min(isotonic_fit(q, orders, w)[1] for orders in every_order(q.shape))
    assert found.proven
    assert found.lower_bound == found.error
    assert abs(found.error - best) <= pooled_slack(q, w)


@pytest.mark.parametrize("shape", [(2, 2), (2, 3), (3, 3), (2, 2, 2)])
@pytest.mark.parametrize("seed", range(3))
def test_the_projection_equals_brute_force_that_shares_no_code(shape, seed):
    rng = np.random.default_rng(seed)
    q = rng.integers(-5, 6, shape).astype(float) if seed else rng.normal(size=shape)
    w = rng.uniform(0.1, 1, shape)
    best = min(minimax_error(q, w, orders) for orders in every_order(shape))
    assert abs(monotone_projection(q, w).error - best) <= pooled_slack(q, w)


@given(tables(shapes=LARGER))
def test_the_table_is_a_monotone_mixture_of_its_orders_at_the_error_it_says(table):
    q, w = table
    found = monotone_projection(q, w)
    ranks = [np.argsort(order)[None].astype(float) for order in found.orders]
    assert monotonicity_gap(found.table[None], ranks)[0] == 0
    assert found.proven
    assert abs(found.error - float((w * (found.table - q) ** 2).sum())) <= pooled_slack(q, w)
    # It keeps the weighted mean, and is its own projection.
    assert abs(float((w * (found.table - q)).sum())) <= 1e3 * EPS * float((w * np.abs(q)).sum())
    assert monotone_projection(found.table, w).error <= pooled_slack(q, w)


@given(tables(shapes=LARGER), st.data())
def test_the_error_knows_no_names(table, data):
    """Agents and actions relabelled, values shifted and scaled, weights scaled."""
    q, w = table
    error = monotone_projection(q, w).error
    agents = data.draw(st.permutations(range(q.ndim)))
    actions = np.ix_(*[data.draw(st.permutations(range(size))) for size in q.shape])
    renamed = [np.transpose(values[actions], agents) for values in (q, w)]
    shift, scale, heavier = data.draw(PAYOFFS), data.draw(POSITIVE), data.draw(POSITIVE)
    tolerance = 4 * pooled_slack(np.abs(q) + abs(shift), w)
    assert abs(monotone_projection(*renamed).error - error) <= tolerance
    assert abs(monotone_projection(q + shift, w).error - error) <= tolerance
    assert abs(monotone_projection(scale * q, heavier * w).error / scale**2 / heavier - error) <= tolerance


@given(st.sampled_from(LARGER), st.integers(0, 2**32))
def test_what_is_monotone_already_comes_back_bit_by_bit(shape, seed):
    rng = np.random.default_rng(seed)
    parts = np.ix_(*[rng.normal(size=size) for size in shape])
    q = np.exp(sum(parts)) + 10
    found = monotone_projection(q, rng.uniform(1e-9, 1, shape))
    np.testing.assert_array_equal(found.table, q)
    assert found.error == 0


@given(tables(shapes=LARGER), st.integers(0, 3))
def test_a_search_that_is_cut_short_brackets_the_least_error(table, node_limit):
    q, w = table
    exact, cut = monotone_projection(q, w), monotone_projection(q, w, node_limit=node_limit)
    assert cut.lower_bound <= exact.error + pooled_slack(q, w)
    assert cut.error >= exact.error - pooled_slack(q, w)
    assert cut.proven == (cut.error == cut.lower_bound)
    assert cut.nodes <= max(node_limit, 1) + 2


@pytest.mark.parametrize("seed", range(4))
def test_the_bound_rises_to_the_least_error_and_not_beyond(seed):
    """At every node limit; just before the end it is close, so that a bound too large by little would show."""
    q = np.random.default_rng(seed).normal(size=(4, 4))
    exact = monotone_projection(q)
    cuts = [monotone_projection(q, node_limit=limit) for limit in range(1, exact.nodes + 1)]
    bounds = [cut.lower_bound for cut in cuts]
    assert bounds == sorted(bounds)
    assert bounds[-1] <= exact.error
    assert not any(cut.proven for cut in cuts[: exact.nodes - 3])


def test_a_search_that_is_cut_short_says_so_and_is_improved():
    """A local search over exchanges ends where no exchange helps."""
    q = np.random.default_rng(0).normal(size=(5, 5))
    cut = monotone_projection(q, node_limit=2)
    assert not cut.proven
    assert cut.lower_bound < cut.error
    for agent, (x, y) in itertools.product(range(2), itertools.combinations(range(5), 2)):
        order = list(cut.orders[agent])
        order[x], order[y] = order[y], order[x]
        orders = [order if i == agent else cut.orders[i] for i in range(2)]
        assert isotonic_fit(q, orders)[1] >= cut.error - pooled_slack(q, np.ones_like(q))


@given(tables(shapes=[(3,), (2, 3), (3, 3)]), st.data())
def test_entries_of_no_weight_cost_nothing(table, data):
    """Their values do not matter to the error, and it is the limit of small weights."""
    q, w = table
    w = np.where(data.draw(arrays(np.bool_, q.shape)), w, 0.0)
    other = np.where(w == 0, data.draw(arrays(np.float64, q.shape, elements=PAYOFFS)), q)
    error = monotone_projection(q, w).error
    assert abs(monotone_projection(other, w).error - error) <= pooled_slack(q, w)
    tiny = np.where(w == 0, 1e-14, w)
    moved = 9 * 1e-14 * 40**2  # 9 entries, |Q| ≤ 20
    assert abs(monotone_projection(q, tiny).error - error) <= pooled_slack(q, w) + moved


@pytest.mark.parametrize("rarest", [1e-12, 1e-40, 1e-120])
def test_entries_of_little_weight_are_placed_as_exactly_as_others(rarest):
    """A nearly pure policy: what is seldom played is pooled by its own weights, not lost beside 1."""
    q = load("soft-qmix").rewards[0]
    pi = np.array([1 - 2 * rarest, rarest, rarest])
    found = monotone_projection(q, np.outer(pi, pi))
    pooled = (-12 * 4 * rarest * pi[0] + 0 * 4 * rarest**2) / (4 * rarest * pi[0] + 4 * rarest**2)
    expected = np.full((3, 3), pooled)
    expected[0, 0] = 8
    np.testing.assert_allclose(found.table, expected, rtol=8 * EPS)  # one weighted mean of 8
    assert found.orders == ((1, 2, 0), (1, 2, 0))


@pytest.mark.parametrize("rarest", [1e-12, 1e-20, 1e-100])
def test_entries_of_little_weight_part_from_heavy_ones_that_are_pooled(rarest):
    """Below, above, and on both sides of a pair whose own gains, 0.5, are rounded by more than `rarest`."""
    fits = [
        isotonic_fit([0.2, 1.0, 0.0], [(0, 1, 2)], [rarest, 1, 1])[0],
        isotonic_fit([1.0, 0.0, 0.8], [(0, 1, 2)], [1, 1, rarest])[0],
        isotonic_fit([0.2, 1.0, 0.0, 0.8], [(0, 1, 2, 3)], [rarest, 1, 1, rarest])[0],
    ]
    expected = [[0.2, 0.5, 0.5], [0.5, 0.5, 0.8], [0.2, 0.5, 0.5, 0.8]]
    for fit, values in zip(fits, expected, strict=True):
        np.testing.assert_allclose(fit, values, rtol=0, atol=4 * EPS + 2 * rarest)  # what the rare add to means


def test_actions_of_equal_values_are_twins_only_under_equal_weights():
    """The first two may be exchanged in the values, not in the weights: 1 before 0 costs less than 0 before 1."""
    q, w = np.array([[1.0, 1], [1, 1], [2, 0]]), np.array([[0.1, 1], [10, 1], [10, 10]])
    errors = {orders: isotonic_fit(q, orders, w)[1] for orders in every_order(q.shape)}
    forced = min(error for orders, error in errors.items() if orders[0].index(0) < orders[0].index(1))
    assert forced > 1.5 * min(errors.values())
    assert abs(monotone_projection(q, w).error - min(errors.values())) <= pooled_slack(q, w)


def test_the_game_of_table_1():
    """soft-qmix Table 1: the least error ranks A highest; the orders that QMIX found (Table 2c) cost 320."""
    q = load("soft-qmix").rewards[0]
    found = monotone_projection(q)
    assert found.table.tolist() == [[8, -6, -6], [-6, -6, -6], [-6, -6, -6]]
    assert found.error == 8 * 6**2
    worse, error = isotonic_fit(q, [(0, 1, 2)] * 2)
    assert worse.tolist() == [[-8, -8, -8], [-8, 0, 0], [-8, 0, 0]]
    assert error == 16**2 + 4 * 4**2


@pytest.mark.parametrize(("shape", "nodes"), [((3, 3, 3), 40), ((4, 4, 4), 300), ((3, 3, 3, 3), 250)])
def test_small_tables_are_proven_with_few_nodes(shape, nodes):
    """13,824 orders of three agents with four actions: far fewer fits, as many as were seen and few more."""
    for seed in range(3):
        found = monotone_projection(np.random.default_rng(seed).normal(size=shape))
        assert found.proven
        assert found.nodes <= nodes


def test_many_tables_at_once_are_the_tables_one_by_one():
    rng = np.random.default_rng(1)
    q, w = rng.normal(size=(5, 2, 3, 2)), rng.uniform(size=(5, 2, 3, 2))
    shape = np.array([2, 3, 2])
    tables, orders, errors, _, nodes = monotone_projections(q.reshape(5, -1), w.reshape(5, -1), shape)
    for s in range(5):
        one = monotone_projection(q[s], w[s])
        np.testing.assert_array_equal(tables[s].reshape(2, 3, 2), one.table)
        assert (errors[s], nodes[s]) == (one.error, one.nodes)
        assert tuple(tuple(order[order >= 0].tolist()) for order in orders[s]) == one.orders


@pytest.mark.parametrize("scale", [1e-150, 1e150])
def test_values_of_any_size(scale):
    q = np.array([[8.0, -12, -12], [-12, 0, 0], [-12, 0, 0]])
    found = monotone_projection(q * scale, np.full((3, 3), 1e-300))
    np.testing.assert_allclose(found.table, monotone_projection(q).table * scale, rtol=8 * EPS)  # one rounding a value


def test_covers_of_a_product_of_partial_orders():
    """Two agents: 0 below 1 below 2 with 0 below 2 implied, and two actions that are not ordered."""
    below = np.zeros((2, 3, 3), dtype=bool)
    below[0, 0, 1] = below[0, 1, 2] = below[0, 0, 2] = True
    tails, heads = np.full(16, -1), np.full(16, -1)
    used = cover(np.array([3, 2]), below, tails, heads)
    assert sorted(zip(tails[:used].tolist(), heads[:used].tolist(), strict=True)) == [(0, 2), (1, 3), (2, 4), (3, 5)]
    y, out = np.array([3.0, 0, 2, 1, 1, 2]), np.empty(6)
    assert isotonic(y, np.ones(6), tails, heads, used, out) == 2
    assert out.tolist() == [2, 0, 2, 1, 2, 2]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: monotone_projection(1.0), "q has shape"),
        (lambda: monotone_projection([[1.0, np.nan]]), "q\\[0, 1\\]"),
        (lambda: monotone_projection([1.0, 2.0], [1.0, -1.0]), "weights\\[1\\] is -1"),
        (lambda: monotone_projection([1.0, 2.0], [1.0]), "weights has shape"),
        (lambda: monotone_projection([1.0, 2.0], node_limit=-1), "node_limit"),
        (lambda: isotonic_fit([1.0, 2.0], [(0, 1), (0, 1)]), "orders has 2"),
        (lambda: isotonic_fit([1.0, 2.0], [(0, 0)]), "orders\\[0\\]"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
