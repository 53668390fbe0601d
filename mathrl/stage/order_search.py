"""The search for the agents' orders in which a table has the best isotonic fit: branch and bound, compiled.

A node is a partial order for each agent. The error of the isotonic fit under these partial orders is a lower bound for
all total orders that extend them. A node is split by the order of two actions of one agent: the pair whose slices of
that fit cross at the highest price. Actions with equal values and weights are ordered beforehand. The node with the
least bound is split first.
"""

import heapq

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.compile import kernel
from mathrl.stage.isotonic import isotonic
from mathrl.stage.product_order import Booleans, cover, fit_in_orders, most_covers, sorted_orders
from mathrl.stage.upper_set import Integers

__all__ = ["search"]


@kernel
def search(
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
    floor *= 64 * np.finfo(np.float64).eps  # errors that differ by less differ by rounding
    below = np.zeros((agents, widest, widest), np.bool_)
    _order_duplicates(y_a, w_a, num_actions, below)
    kept = np.zeros((64, agents, widest, widest), np.bool_)
    fits = np.zeros((64, size))
    sorted_orders(y_a, w_a, num_actions, below, True, out_orders)
    best = fit_in_orders(y_a, w_a, num_actions, out_orders, g_a)
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
        # Total orders that extend those of this node. Where nothing crosses, their error equals its bound.
        sorted_orders(fits[number], w_a, num_actions, kept[number], False, orders)
        found = fit_in_orders(y_a, w_a, num_actions, orders, g_a)
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
    sorted_orders(y_a, w_a, num_actions, below, True, orders)
    other = fit_in_orders(y_a, w_a, num_actions, orders, g_a)
    other = _improve(y_a, w_a, num_actions, orders, other, floor)
    if other < best:
        best = other
        out_orders[:] = orders
    return (best, best, nodes) if bound >= best - floor else (best, bound, nodes)


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
def _crossing(f_a: FloatArray, w_a: FloatArray, num_actions: Integers, below: Booleans, out_pair: Integers) -> float:
    """Find the two unordered actions of one agent that cost most to order; return about how much that is.

    To put p above q costs at least about what it costs to merge the entries where `f_a` has q above p. Returns 0 where
    nothing crosses, with the first unordered pair in `out_pair`, and −1 where every pair is ordered.
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
                    found = fit_in_orders(y_a, w_a, num_actions, orders, out)
                    if found < error - floor:
                        error, improved = found, True
                    else:
                        orders[i, x], orders[i, y] = orders[i, y], orders[i, x]
    return error
