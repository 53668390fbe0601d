"""Isotonic regression on a partial order, exact to rounding: compiled, on flat arrays.

    min_F Σ_v w(v) (F(v) − y(v))²   over   F(tail) ≤ F(head) on every arc                                     (1)

A kernel checks nothing. Joint actions are in C order, weights are not negative.
"""

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.base.compile import kernel

__all__ = ["cover", "extend", "isotonic", "most_covers"]

Booleans = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]


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
def _adjacency(nodes: int, ends: Integers, arcs: int, start: Integers, listed: Integers) -> None:
    """Write, in CSR form, which arcs have each node at this end."""
    start[:] = 0
    for k in range(arcs):
        start[ends[k] + 1] += 1
    for v in range(nodes):
        start[v + 1] += start[v]
    for k in range(arcs - 1, -1, -1):
        v = ends[k]
        start[v + 1] -= 1
        listed[start[v + 1]] = k
    # Each start[v + 1] now holds the beginning of v's list: shift them by one.
    for v in range(nodes):
        start[v] = start[v + 1]
    start[nodes] = arcs


@kernel
def _reach(
    seeds: Integers,
    seeded: int,
    wanted: float,
    label: int,
    block: Integers,
    excess: FloatArray,
    least: FloatArray,
    flow: FloatArray,
    ends: Integers,
    start: Integers,
    listed: Integers,
    back_ends: Integers,
    back_start: Integers,
    back_listed: Integers,
    came: Integers,
) -> tuple[int, int]:
    """Breadth first from `seeds` within a block, forth freely, back where there is flow; `seeds` becomes the queue.

    Stop at the first entry whose excess has the sign of `wanted` and counts (none where that is 0); return it, or −1,
    and how many were reached. `came` says by which arc: 2 k forth, 2 k + 1 back.
    """
    position, reached = 0, seeded
    while position < reached:
        v = seeds[position]
        position += 1
        for j in range(start[v], start[v + 1]):
            u = ends[listed[j]]
            if block[u] == label and came[u] < 0:
                came[u] = 2 * listed[j]
                seeds[reached] = u
                reached += 1
                if excess[u] * wanted > least[u]:
                    return u, reached
        for j in range(back_start[v], back_start[v + 1]):
            u = back_ends[back_listed[j]]
            if block[u] == label and came[u] < 0 and flow[back_listed[j]] > 0:
                came[u] = 2 * back_listed[j] + 1
                seeds[reached] = u
                reached += 1
                if excess[u] * wanted > least[u]:
                    return u, reached
    return -1, reached


@kernel
def isotonic(y_a: FloatArray, w_a: FloatArray, tails: Integers, heads: Integers, arcs: int, out_a: FloatArray) -> float:
    """Overwrite `out_a` with the isotonic regression of `y_a`, out[tail] ≤ out[head] on every arc; return its error.

    The blocks of a recursive partition (Maxwell and Muckstadt 1985): a block is pooled at its mean m, unless an upper
    set of it has Σ w (y − m) > 0. The largest such sum is what a maximal flow from entries above m up to entries below
    it leaves behind, and the set is what is still reachable. What is left counts against each entry's own
    |w (y − m)|, so that entries of little weight are placed as exactly as the others.
    """
    n = len(y_a)
    up_start, up = np.empty(n + 1, np.int64), np.empty(arcs, np.int64)
    down_start, down = np.empty(n + 1, np.int64), np.empty(arcs, np.int64)
    _adjacency(n, tails, arcs, up_start, up)
    _adjacency(n, heads, arcs, down_start, down)
    members, spare = np.arange(n), np.empty(n, np.int64)
    block = np.zeros(n, np.int64)
    flow = np.zeros(arcs)
    excess, least = np.empty(n), np.empty(n)
    came = np.empty(n, np.int64)
    queue = np.empty(n, np.int64)
    stack = np.empty((n + 1, 2), np.int64)
    stack[0, 0], stack[0, 1] = 0, n
    depth, blocks = 1, 1
    while depth > 0:
        depth -= 1
        lo, hi = stack[depth, 0], stack[depth, 1]
        label = block[members[lo]]
        total, heaviest = 0.0, members[lo]
        for k in range(lo, hi):
            v = members[k]
            total += w_a[v]
            if w_a[v] > w_a[heaviest]:
                heaviest = v
        mean = 0.0
        if total > 0:
            # About the heaviest entry, so that its weight does not drown the others in rounding.
            for k in range(lo, hi):
                mean += w_a[members[k]] * (y_a[members[k]] - y_a[heaviest])
            mean = y_a[heaviest] + mean / total
        else:
            for k in range(lo, hi):
                mean += y_a[members[k]] / (hi - lo)
        others = 0.0
        for k in range(lo, hi):
            v = members[k]
            excess[v] = w_a[v] * (y_a[v] - mean)
            if v != heaviest:
                others += excess[v]
            for j in range(up_start[v], up_start[v + 1]):
                flow[up[j]] = 0.0
        excess[heaviest] = -others
        for k in range(lo, hi):
            least[members[k]] = 64 * np.finfo(np.float64).eps * abs(excess[members[k]])
        upper, reached = True, 0
        while True:
            seeded = 0
            for k in range(lo, hi):
                v = members[k]
                came[v] = -1
                if excess[v] > least[v]:
                    came[v] = 2 * arcs
                    queue[seeded] = v
                    seeded += 1
            sink, reached = _reach(
                queue, seeded, -1.0, label, block, excess, least, flow,
                heads, up_start, up, tails, down_start, down, came,
            )  # fmt: skip
            if sink < 0:
                break
            amount, v = -excess[sink], sink
            while came[v] != 2 * arcs:
                arc = came[v] // 2
                if came[v] % 2 == 1:
                    amount = min(amount, flow[arc])
                    v = heads[arc]
                else:
                    v = tails[arc]
            amount = min(amount, excess[v])
            excess[v] -= amount
            excess[sink] += amount
            v = sink
            while came[v] != 2 * arcs:
                arc = came[v] // 2
                if came[v] % 2 == 1:
                    flow[arc] -= amount
                    v = heads[arc]
                else:
                    flow[arc] += amount
                    v = tails[arc]
        if reached == 0:
            # Nothing is left above the mean, to rounding; what is left below it may be of less weight than that.
            upper = False
            seeded = 0
            for k in range(lo, hi):
                v = members[k]
                if -excess[v] > least[v]:
                    came[v] = 2 * arcs
                    queue[seeded] = v
                    seeded += 1
            _, reached = _reach(
                queue, seeded, 0.0, label, block, excess, least, flow,
                tails, down_start, down, heads, up_start, up, came,
            )  # fmt: skip
        # Summed on the side that was reached, which may weigh too little to show in the sum of the other.
        gain, weight, rest = 0.0, 0.0, 0.0
        for k in range(lo, hi):
            v = members[k]
            if came[v] >= 0:
                gain += -others if v == heaviest else w_a[v] * (y_a[v] - mean)
                weight += w_a[v]
            else:
                rest += w_a[v]
        # Sets that rounding alone would part, without a gain or without a weight, stay together.
        if not ((gain > 0 if upper else gain < 0) and weight > 0 and rest > 0):
            for k in range(lo, hi):
                out_a[members[k]] = mean
            continue
        first, last = lo, 0
        for k in range(lo, hi):
            v = members[k]
            if (came[v] >= 0) == upper:
                block[v] = blocks
                spare[last] = v
                last += 1
            else:
                members[first] = v
                first += 1
        for k in range(last):
            members[first + k] = spare[k]
        blocks += 1
        stack[depth, 0], stack[depth, 1] = lo, first
        stack[depth + 1, 0], stack[depth + 1, 1] = first, hi
        depth += 2
    # Means of neighbouring blocks may be out of order by a rounding.
    changed = True
    while changed:
        changed = False
        for k in range(arcs):
            if out_a[tails[k]] > out_a[heads[k]]:
                out_a[heads[k]] = out_a[tails[k]]
                changed = True
    error = 0.0
    for v in range(n):
        error += w_a[v] * (out_a[v] - y_a[v]) ** 2
    return error


@kernel
def extend(y_a: FloatArray, w_a: FloatArray, tails: Integers, heads: Integers, arcs: int, out_a: FloatArray) -> None:
    """Overwrite the entries of `out_a` with weight 0 by their own isotonic fit, held between what the others set."""
    n = len(y_a)
    alone, own = np.empty(n), np.empty(n)
    low, high = np.empty(n), np.empty(n)
    free = 0
    for v in range(n):
        alone[v] = 1.0 if w_a[v] == 0 else 0.0
        low[v] = -np.inf if w_a[v] == 0 else out_a[v]
        high[v] = np.inf if w_a[v] == 0 else out_a[v]
        free += w_a[v] == 0
    if free == 0:
        return
    isotonic(y_a, alone, tails, heads, arcs, own)
    changed = True
    while changed:
        changed = False
        for k in range(arcs):
            if low[tails[k]] > low[heads[k]]:
                low[heads[k]] = low[tails[k]]
                changed = True
            if high[heads[k]] < high[tails[k]]:
                high[tails[k]] = high[heads[k]]
                changed = True
    for v in range(n):
        if w_a[v] == 0:
            out_a[v] = min(max(own[v], low[v]), high[v])


@kernel
def most_covers(num_actions: Integers, size: int) -> int:
    """No partial order of A actions has more than A²/4 covering pairs."""
    arcs = 0
    for actions in num_actions:
        arcs += max(actions * actions // 4, actions - 1) * (size // actions)
    return arcs
