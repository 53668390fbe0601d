"""The nearest joint table that a monotone mixer can represent: orders by search, values by isotonic regression.

    min_F Σ_a w(a) (F(a) − Q(a))²   over   F(a) = Mixer(Q_1(a_1), …, Q_n(a_n)),  ∂Mixer/∂Q_i ≥ 0          (1)

is Soft-QMIX's critic loss (soft-qmix Eq. 13) over its class of critics (soft-qmix Eq. 6), in one state. The class is
the union, over one total order ⪯_i of each agent's actions, of the tables that are isotonic in the product order:

    F(a) ≤ F(b)   wherever   a_i ⪯_i b_i for all i.                                                        (2)

Proof. Given Q_i, order agent i's actions by Q_i, ties in any way: a_i ⪯_i b_i for all i implies Q_i(a_i) ≤ Q_i(b_i)
for all i, so F(a) ≤ F(b), as Mixer does not decrease. Conversely, let F satisfy (2); let Q_i(a_i) be the rank of a_i
and Mixer(x) = max {F(b) : rank_i(b_i) ≤ x_i for all i}, below all ranks min F. That is non-decreasing, and at the
ranks of a the maximum is F(a), by (2). Actions with equal slices of F may share one Q_i, so ties are included. ∎

A union of cones is not convex and (1) may have many minimisers: compare their errors, not their tables.

Isotonic regression is exact to rounding of the error (`mathrl.stage.isotonic`). Orders are found by branch and bound
(`mathrl.stage.order_search`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mathrl.base.array_types import ArrayLike
from mathrl.base.checks import FloatArray, count, fail, permutation_of
from mathrl.base.compile import kernel
from mathrl.stage.additive_fit import table_and_weights
from mathrl.stage.order_search import search
from mathrl.stage.product_order import fit_in_orders
from mathrl.stage.upper_set import Integers

__all__ = [
    "NODE_LIMIT",
    "MonotoneProjection",
    "isotonic_fit",
    "monotone_projection",
    "monotone_projections",
]

NODE_LIMIT = 20_000
"""How many partial orders a search looks at, by default, before it stops with a lower bound of the error."""

_CHUNK = 16
"""How many tables one compiled call projects; an interrupt is noticed between two calls."""


@dataclass(frozen=True)
class MonotoneProjection:
    """The nearest table that a monotone mixer can represent, or the best one found.

    `table`        (A_1, …, A_n), isotonic in the orders
    `orders`       per agent its actions, from the lowest to the highest
    `error`        Σ_a w(a) (table(a) − Q(a))²
    `lower_bound`  no monotone table has a smaller error, up to rounding; equal to `error` where `proven`
    `proven`       True where the search was completed within its node limit
    `nodes`        how many partial orders were looked at
    """

    table: FloatArray
    orders: tuple[tuple[int, ...], ...]
    error: float
    lower_bound: float
    proven: bool
    nodes: int


def monotone_projection(
    q: ArrayLike, weights: ArrayLike | None = None, *, node_limit: int = NODE_LIMIT
) -> MonotoneProjection:
    """Find the nearest table that a monotone mixer can represent, for one state   (soft-qmix Eq. 6 and 13).

        min_F Σ_a w(a) (F(a) − Q(a))²   over   F(a) = Mixer(Q_1(a_1), …, Q_n(a_n)),  ∂Mixer/∂Q_i ≥ 0          (1)

    `q`           the table Q, (A_1, …, A_n)
    `weights`     w ≥ 0, of the same shape; by default 1
    `node_limit`  how many partial orders of actions are looked at, at most

    Several tables may attain the minimum. Entries of weight 0 do not count in (1); there the table is the isotonic fit
    of those entries alone with equal weights, held between the bounds that the others set.

    Where `node_limit` ends the search, the best orders found and the order of the weighted means are improved by
    exchanging two actions of one agent, as long as that helps. `lower_bound` is then the least bound of the orders that
    were left.

    Raises `ValueError` where a weight is negative, an entry is not finite, or shapes differ.

    >>> found = monotone_projection([[8.0, -12.0, -12.0], [-12.0, 0.0, 0.0], [-12.0, 0.0, 0.0]])
    >>> found.table.tolist(), found.error, found.proven
    ([[8.0, -6.0, -6.0], [-6.0, -6.0, -6.0], [-6.0, -6.0, -6.0]], 288.0, True)
    """
    q_a, w_a = table_and_weights(q, weights)
    actions = np.array(q_a.shape, dtype=np.int64)
    tables, orders, errors, bounds, nodes = monotone_projections(
        q_a.reshape(1, -1), w_a.reshape(1, -1), actions, count("node_limit", node_limit)
    )
    return MonotoneProjection(
        table=tables[0].reshape(q_a.shape),
        orders=tuple(tuple(order[:size].tolist()) for order, size in zip(orders[0], actions, strict=True)),
        error=float(errors[0]),
        lower_bound=float(bounds[0]),
        proven=bool(bounds[0] == errors[0]),
        nodes=int(nodes[0]),
    )


def monotone_projections(
    q_sa: FloatArray, w_sa: FloatArray, num_actions: Integers, node_limit: int = NODE_LIMIT
) -> tuple[FloatArray, Integers, FloatArray, FloatArray, Integers]:
    """Project many tables (S, A), joint actions in C order, without checks: for use in loops.

    Returns tables (S, A), orders (S, n, max A_i) padded by −1, errors, lower bounds and nodes, (S,) each.
    """
    states, agents = len(q_sa), len(num_actions)
    tables = np.empty_like(q_sa)
    orders = np.full((states, agents, int(num_actions.max())), -1, dtype=np.int64)
    errors, bounds, nodes = np.empty(states), np.empty(states), np.empty(states, dtype=np.int64)
    for first in range(0, states, _CHUNK):  # an interrupt is heard between two chunks
        chunk = slice(first, first + _CHUNK)
        written = tables[chunk], orders[chunk], errors[chunk], bounds[chunk], nodes[chunk]
        _project(q_sa[chunk], w_sa[chunk], num_actions, node_limit, *written)
    return tables, orders, errors, bounds, nodes


def isotonic_fit(
    q: ArrayLike, orders: Sequence[Sequence[int]], weights: ArrayLike | None = None
) -> tuple[FloatArray, float]:
    """Find the nearest table that is monotone in given orders of the agents' actions   (soft-qmix Eq. 13, order known).

        min_F Σ_a w(a) (F(a) − Q(a))²   over   F(a) ≤ F(b) wherever a_i ⪯_i b_i for all i

    `q`        the table Q, (A_1, …, A_n)
    `orders`   per agent its actions, from the lowest to the highest
    `weights`  w ≥ 0, shaped as q; by default 1

    Returns the table and its error. Raises `ValueError` where an order is no permutation, or as `monotone_projection`
    does.

    >>> isotonic_fit([[0.0, 3.0], [1.0, 1.0]], [(0, 1), (0, 1)])
    (array([[0., 2.],
           [1., 2.]]), 2.0)
    """
    q_a, w_a = table_and_weights(q, weights)
    if len(orders) != q_a.ndim:
        fail("orders", f"has {len(orders)} orders", f"{q_a.ndim}, one per agent")
    padded = np.full((q_a.ndim, max(q_a.shape)), -1, dtype=np.int64)
    for i, (order, size) in enumerate(zip(orders, q_a.shape, strict=True)):
        padded[i, :size] = permutation_of(f"orders[{i}]", order, size)
    out = np.empty(q_a.size)
    error = fit_in_orders(q_a.ravel(), w_a.ravel(), np.array(q_a.shape, dtype=np.int64), padded, out)
    return out.reshape(q_a.shape), float(error)


@kernel
def _project(
    q_sa: FloatArray,
    w_sa: FloatArray,
    num_actions: Integers,
    node_limit: int,
    out_sa: FloatArray,
    out_orders: Integers,
    out_error: FloatArray,
    out_bound: FloatArray,
    out_nodes: Integers,
) -> None:
    """Overwrite the five `out_` arrays with the projection of each state's table."""
    size = q_sa.shape[1]
    y_a, w_a = np.empty(size), np.empty(size)
    for s in range(q_sa.shape[0]):
        # Scaled, so that no square overflows; values by a power of two, so that monotone tables come back unchanged.
        heaviest, largest = 0.0, 0.0
        for v in range(size):
            heaviest, largest = max(heaviest, w_sa[s, v]), max(largest, abs(q_sa[s, v]))
        exponent = math.frexp(largest)[1]
        for v in range(size):
            w_a[v] = w_sa[s, v] / heaviest if heaviest > 0 else 0.0
            y_a[v] = math.ldexp(q_sa[s, v], -exponent)
        error, bound, nodes = search(y_a, w_a, num_actions, node_limit, out_orders[s])
        fit_in_orders(y_a, w_a, num_actions, out_orders[s], out_sa[s])
        for v in range(size):
            out_sa[s, v] = math.ldexp(out_sa[s, v], exponent)
        out_error[s] = math.ldexp(error, 2 * exponent) * heaviest
        out_bound[s] = out_error[s] if bound == error else math.ldexp(bound, 2 * exponent) * heaviest
        out_nodes[s] = nodes
