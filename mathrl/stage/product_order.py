"""Isotonic fits in the product of the agents' orders: the arcs of that order, and the fit of a joint table on them.

    F(a) ≤ F(b)   wherever   a_i ⪯_i b_i for all i                                                            (1)

This holds everywhere if it holds on the covering pairs: those that differ in one agent's action, with no other action
of that agent in between. Orders are relations `below` (n, A, A): below[i, p, q] where agent i has p before q. Total
orders are also kept as `orders` (n, A): each agent's actions from the lowest to the highest, padded by −1. Joint
actions are in C order.
"""

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.base.compile import kernel
from mathrl.stage.isotonic import extend, isotonic
from mathrl.stage.upper_set import Integers

__all__ = ["Booleans", "cover", "fit_in_orders", "most_covers", "sorted_orders"]

Booleans = npt.NDArray[np.bool_]


@kernel
def fit_in_orders(
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
def _total(num_actions: Integers, orders: Integers, below: Booleans) -> None:
    """Write the total orders as relations: below[i, p, q] where agent i has p before q."""
    below[:] = False
    for i in range(len(num_actions)):
        for x in range(num_actions[i]):
            for y in range(x + 1, num_actions[i]):
                below[i, orders[i, x], orders[i, y]] = True


@kernel
def cover(num_actions: Integers, below: Booleans, tails: Integers, heads: Integers) -> int:
    """Write the covering pairs (tail below head) of the product of the agents' partial orders; return how many."""
    agents, size = len(num_actions), 1
    for i in range(agents):
        size *= num_actions[i]
    used, stride = 0, size
    for i in range(agents):
        actions = num_actions[i]
        stride //= actions
        for p in range(actions):
            for q in range(actions):
                if not below[i, p, q]:
                    continue
                covered = True
                for r in range(actions):
                    if below[i, p, r] and below[i, r, q]:
                        covered = False
                        break
                if not covered:
                    continue
                for outer in range(size // (actions * stride)):
                    for inner in range(stride):
                        base = outer * actions * stride + inner
                        tails[used] = base + p * stride
                        heads[used] = base + q * stride
                        used += 1
    return used


@kernel
def most_covers(num_actions: Integers, size: int) -> int:
    """How many covering pairs there are at most: no partial order of A actions has more than A²/4 of them."""
    arcs = 0
    for actions in num_actions:
        arcs += max(actions * actions // 4, actions - 1) * (size // actions)
    return arcs


@kernel
def sorted_orders(
    f_a: FloatArray, w_a: FloatArray, num_actions: Integers, below: Booleans, own: bool, orders: Integers
) -> None:
    """Write total orders by the mean slice of `f_a`: they extend the partial orders in which `f_a` is isotonic.

    With `own`, each action's mean is taken under its own weights; the orders then need not extend the partial ones.
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
