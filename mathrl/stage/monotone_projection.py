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

Isotonic regression is exact to rounding of the error: a set of entries is pooled to its weighted mean unless the
maximal upper set, a minimum cut found by shortest augmenting paths, gains by parting from the rest. Orders are found
by branch and bound. A node holds a partial order per agent; the isotonic fit under these alone is its lower bound;
it branches on the two actions of one agent whose slices of that fit cross at the highest price. Actions with equal
values and weights are ordered beforehand. The node with the least bound goes first.
"""

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray, count, fail, permutation_of
from mathrl.base.compile import kernel
from mathrl.stage.additive_fit import table_and_weights
from mathrl.stage.isotonic import cover, extend, isotonic, most_covers

__all__ = [
    "NODE_LIMIT",
    "MonotoneProjection",
    "isotonic_fit",
    "monotone_projection",
    "monotone_projections",
]

NODE_LIMIT = 20_000
"""How many partial orders a search looks at, by default, before it settles for a bound on what is left to gain."""

_CHUNK = 16
"""Tables per compiled call."""

Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class MonotoneProjection:
    """A nearest monotone table of (1), or the best one found.

    `table`        (A_1, …, A_n), isotonic in the orders
    `orders`       per agent its actions from the lowest to the highest
    `error`        Σ w (table − Q)²
    `lower_bound`  no monotone table has less, but for rounding; equal to `error` where `proven`
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
    q: npt.ArrayLike, weights: npt.ArrayLike | None = None, *, node_limit: int = NODE_LIMIT
) -> MonotoneProjection:
    """The nearest monotone table to `q` (A_1, …, A_n) in the sense of (1)   (soft-qmix Eq. 6 and 13).

    `weights` are not negative, by default 1. Entries of weight 0 do not count in (1); there the table is the isotonic
    fit of those entries alone with equal weights, held between the bounds that the others set.

    Where `node_limit` ends the search, the best orders found are improved by exchanging two actions of one agent as
    long as that helps, from there and from the order of the weighted means; `lower_bound` is the least open bound.

    Raises `ValueError` where a weight is negative, or an entry not finite, or shapes differ.

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
    """The projections of many tables (S, A), joint actions in C order; unchecked, for use in loops.

    Returns tables (S, A), orders (S, n, max A_i) padded by −1, errors, lower bounds and nodes (S,).
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
    q: npt.ArrayLike, orders: Sequence[Sequence[int]], weights: npt.ArrayLike | None = None
) -> tuple[FloatArray, float]:
    """The nearest table of (2) in given orders, and its error Σ w (F − Q)²   (soft-qmix Eq. 13 with the order known).

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
    error = _fit_in_orders(q_a.ravel(), w_a.ravel(), np.array(q_a.shape, dtype=np.int64), padded, out)
    return out.reshape(q_a.shape), float(error)


@kernel
def _total(num_actions: Integers, orders: Integers, below: Booleans) -> None:
    """Write the total orders as relations: below[i, p, q] where agent i has p before q."""
    below[:] = False
    for i in range(len(num_actions)):
        for x in range(num_actions[i]):
            for y in range(x + 1, num_actions[i]):
                below[i, orders[i, x], orders[i, y]] = True


@kernel
def _fit_in_orders(
    y_a: FloatArray, w_a: FloatArray, num_actions: Integers, orders: Integers, out_a: FloatArray
) -> float:
    """Overwrite `out_a` with the isotonic fit in total orders, entries of weight 0 included; return its error."""
    below = np.empty((len(num_actions), orders.shape[1], orders.shape[1]), np.bool_)
    _total(num_actions, orders, below)
    room = most_covers(num_actions, len(y_a))
    tails, heads = np.empty(room, np.int64), np.empty(room, np.int64)
    arcs = cover(num_actions, below, tails, heads)
    error = isotonic(y_a, w_a, tails, heads, arcs, out_a)
    extend(y_a, w_a, tails, heads, arcs, out_a)
    return error


@kernel
def _sorted_orders(
    f_a: FloatArray, w_a: FloatArray, num_actions: Integers, below: Booleans, own: bool, orders: Integers
) -> None:
    """Write total orders by the mean slice of `f_a`: they extend the partial orders that `f_a` is isotonic in.

    With `own`, each action's mean is under its own weights, which need not extend anything.
    """
    size, stride = len(f_a), len(f_a)
    for i in range(len(num_actions)):
        actions = num_actions[i]
        stride //= actions
        mean, ahead = np.zeros(actions), np.zeros(actions, np.int64)
        weight = np.zeros(actions)
        for outer in range(size // (actions * stride)):
            for inner in range(stride):
                base = outer * actions * stride + inner
                together = 0.0
                for p in range(actions):
                    together += w_a[base + p * stride]
                for p in range(actions):
                    v = base + p * stride
                    share = w_a[v] if own else together
                    mean[p] += share * f_a[v]
                    weight[p] += share
        for p in range(actions):
            if own and weight[p] > 0:
                mean[p] /= weight[p]
            for q in range(actions):
                ahead[p] += below[i, q, p]
        for x in range(actions):
            orders[i, x] = x
        for x in range(1, actions):
            p, y = orders[i, x], x - 1
            while y >= 0:
                q = orders[i, y]
                if mean[q] < mean[p] or (mean[q] == mean[p] and (ahead[q], q) < (ahead[p], p)):
                    break
                orders[i, y + 1] = q
                y -= 1
            orders[i, y + 1] = p


@kernel
def _crossing(f_a: FloatArray, w_a: FloatArray, num_actions: Integers, below: Booleans, out_pair: Integers) -> float:
    """Find the two unordered actions of one agent that cost most to order; return about how much.

    p over q costs at least about the merging of the entries where `f_a` has q above p. 0 where nothing crosses, with
    `out_pair` the first unordered pair; −1 where every pair is ordered.
    """
    size, stride = len(f_a), len(f_a)
    most = -1.0
    for i in range(len(num_actions)):
        actions = num_actions[i]
        stride //= actions
        for p in range(actions):
            for q in range(p + 1, actions):
                if below[i, p, q] or below[i, q, p]:
                    continue
                over, under = 0.0, 0.0
                for outer in range(size // (actions * stride)):
                    for inner in range(stride):
                        base = outer * actions * stride + inner
                        v, u = base + p * stride, base + q * stride
                        both = w_a[v] + w_a[u]
                        if both == 0:
                            continue
                        price = w_a[v] * (w_a[u] / both) * (f_a[v] - f_a[u]) ** 2
                        if f_a[v] > f_a[u]:
                            over += price
                        else:
                            under += price
                if min(over, under) > most:
                    most = min(over, under)
                    out_pair[0], out_pair[1], out_pair[2] = i, p, q
    return most


@kernel
def _order_duplicates(y_a: FloatArray, w_a: FloatArray, num_actions: Integers, below: Booleans) -> None:
    """Order actions with equal values and weights by their index: exchanging two of them changes no error."""
    size, stride = len(y_a), len(y_a)
    for i in range(len(num_actions)):
        actions = num_actions[i]
        stride //= actions
        for p in range(actions):
            for q in range(p + 1, actions):
                equal = True
                for outer in range(size // (actions * stride)):
                    for inner in range(stride):
                        v = outer * actions * stride + inner + p * stride
                        u = v + (q - p) * stride
                        if w_a[v] != w_a[u] or (w_a[v] > 0 and y_a[v] != y_a[u]):
                            equal = False
                            break
                    if not equal:
                        break
                below[i, p, q] = equal


@kernel
def _improve(
    y_a: FloatArray, w_a: FloatArray, num_actions: Integers, orders: Integers, error: float, floor: float
) -> float:
    """Exchange two actions of one agent as long as that lowers the error: overwrites `orders`, returns the error."""
    out = np.empty_like(y_a)
    improved = True
    while improved:
        improved = False
        for i in range(len(num_actions)):
            for x in range(num_actions[i]):
                for y in range(x + 1, num_actions[i]):
                    orders[i, x], orders[i, y] = orders[i, y], orders[i, x]
                    found = _fit_in_orders(y_a, w_a, num_actions, orders, out)
                    if found < error - floor:
                        error, improved = found, True
                    else:
                        orders[i, x], orders[i, y] = orders[i, y], orders[i, x]
    return error


@kernel
def _search(
    y_a: FloatArray, w_a: FloatArray, num_actions: Integers, node_limit: int, out_orders: Integers
) -> tuple[float, float, int]:
    """Write the best orders found; return their error, a lower bound of all errors, and the number of nodes."""
    agents, widest, size = len(num_actions), out_orders.shape[1], len(y_a)
    room = most_covers(num_actions, size)
    tails, heads = np.empty(room, np.int64), np.empty(room, np.int64)
    f_a, g_a = np.empty(size), np.empty(size)
    orders = np.full((agents, widest), -1, np.int64)
    pair = np.zeros(3, np.int64)
    centre, total, floor = 0.0, 0.0, 0.0
    for v in range(size):
        total += w_a[v]
        centre += w_a[v] * y_a[v]
    for v in range(size):
        floor += w_a[v] * (y_a[v] - centre / max(total, 1.0)) ** 2
    floor *= 64 * np.finfo(np.float64).eps  # that much of the error of a constant table is rounding
    below = np.zeros((agents, widest, widest), np.bool_)
    _order_duplicates(y_a, w_a, num_actions, below)
    kept = np.zeros((64, agents, widest, widest), np.bool_)
    fits = np.zeros((64, size))
    _sorted_orders(y_a, w_a, num_actions, below, True, out_orders)
    best = _fit_in_orders(y_a, w_a, num_actions, out_orders, g_a)
    arcs = cover(num_actions, below, tails, heads)
    bound = isotonic(y_a, w_a, tails, heads, arcs, f_a)
    kept[0], fits[0] = below, f_a
    heap = [(bound, 0)]
    used, nodes = 1, 1
    while len(heap) > 0:
        bound, number = heap[0]
        if bound >= best - floor:
            return best, best, nodes
        if nodes >= node_limit:
            break
        heapq.heappop(heap)
        # Total orders that extend this node's: as good as its bound where nothing crosses.
        _sorted_orders(fits[number], w_a, num_actions, kept[number], False, orders)
        found = _fit_in_orders(y_a, w_a, num_actions, orders, g_a)
        if found < best - floor:
            best = found
            out_orders[:] = orders
        if best <= bound + floor:
            continue
        if _crossing(fits[number], w_a, num_actions, kept[number], pair) < 0:
            continue
        i, below = pair[0], kept[number].copy()
        for way in range(2):
            p, q = (pair[1], pair[2]) if way == 0 else (pair[2], pair[1])
            if used == len(kept):
                more_kept, more_fits = (
                    np.zeros((2 * used, agents, widest, widest), np.bool_),
                    np.zeros((2 * used, size)),
                )
                more_kept[:used], more_fits[:used] = kept, fits
                kept, fits = more_kept, more_fits
            kept[used] = below
            for x in range(num_actions[i]):
                if x != p and not below[i, x, p]:
                    continue
                for y in range(num_actions[i]):
                    if y == q or below[i, q, y]:
                        kept[used, i, x, y] = True
            arcs = cover(num_actions, kept[used], tails, heads)
            child = max(bound, isotonic(y_a, w_a, tails, heads, arcs, fits[used]))
            nodes += 1
            if child < best - floor:
                heapq.heappush(heap, (child, used))
                used += 1
    if len(heap) == 0:
        return best, best, nodes
    bound = heap[0][0]
    best = _improve(y_a, w_a, num_actions, out_orders, best, floor)
    _sorted_orders(y_a, w_a, num_actions, below, True, orders)
    other = _fit_in_orders(y_a, w_a, num_actions, orders, g_a)
    other = _improve(y_a, w_a, num_actions, orders, other, floor)
    if other < best:
        best = other
        out_orders[:] = orders
    return (best, best, nodes) if bound >= best - floor else (best, bound, nodes)


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
        # Scaled, values by a power of two, so that no square overflows and monotone tables come back bit by bit.
        heaviest, largest = 0.0, 0.0
        for v in range(size):
            heaviest, largest = max(heaviest, w_sa[s, v]), max(largest, abs(q_sa[s, v]))
        exponent = math.frexp(largest)[1]
        for v in range(size):
            w_a[v] = w_sa[s, v] / heaviest if heaviest > 0 else 0.0
            y_a[v] = math.ldexp(q_sa[s, v], -exponent)
        error, bound, nodes = _search(y_a, w_a, num_actions, node_limit, out_orders[s])
        _fit_in_orders(y_a, w_a, num_actions, out_orders[s], out_sa[s])
        for v in range(size):
            out_sa[s, v] = math.ldexp(out_sa[s, v], exponent)
        out_error[s] = math.ldexp(error, 2 * exponent) * heaviest
        out_bound[s] = out_error[s] if bound == error else math.ldexp(bound, 2 * exponent) * heaviest
        out_nodes[s] = nodes
