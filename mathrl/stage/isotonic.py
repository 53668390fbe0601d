"""Isotonic regression on a partial order, exact to rounding: compiled, on flat arrays.

    min_F Σ_v w(v) (F(v) − y(v))²   over   F(tail) ≤ F(head) on every arc                                     (1)

It is solved by a recursive partition into blocks (Maxwell and Muckstadt 1985). A block gets its mean

    m = Σ_v w(v) y(v) / Σ_v w(v)                                                                              (2)

as the value of all its entries, unless an upper set U of it has Σ_{v ∈ U} w(v) (y(v) − m) > 0. Then U and the rest
become blocks of their own. A maximal flow along the arcs, from the entries above m to those below it, finds U: what
cannot flow is the largest such sum, and U is what can still be reached. An entry's rest counts as rounding relative to
its own |w (y − m)|, so that entries of little weight are placed as exactly as others.

A kernel checks nothing. Weights are not negative.
"""

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.compile import inner, kernel
from mathrl.stage.upper_set import Graph, Integers, Work, graph_in, reach_set, work_in

__all__ = ["extend", "isotonic"]

EPS = float(np.finfo(np.float64).eps)


@kernel
def isotonic(y_a: FloatArray, w_a: FloatArray, tails: Integers, heads: Integers, arcs: int, out_a: FloatArray) -> float:
    """Overwrite `out_a` with the isotonic regression (1) of `y_a` on the first `arcs` arcs; return its error."""
    n = len(y_a)
    rooms, listed = np.empty((9, n + 1), np.int64), np.empty((2, arcs), np.int64)
    return _partition(y_a, w_a, tails, heads, arcs, rooms, listed, np.empty((2, n)), np.empty(arcs), out_a)


@inner
def _partition(
    y_a: FloatArray, w_a: FloatArray, tails: Integers, heads: Integers, arcs: int, rooms: Integers, listed: Integers,
    amounts: FloatArray, flow: FloatArray, out_a: FloatArray,
) -> float:  # fmt: skip
    """Split blocks, which wait as ranges on a stack, until each can take its mean; return the error."""
    graph, work = graph_in(tails, heads, arcs, rooms[:2], listed), work_in(rooms[2:7], amounts, flow)
    begins, ends = rooms[7], rooms[8]
    begins[0], ends[0] = 0, len(y_a)
    depth, blocks = 1, 1
    while depth > 0:
        depth -= 1
        lo, hi = begins[depth], ends[depth]
        mean, heaviest = _pooled_mean(y_a, w_a, work.members, lo, hi)
        own = _set_excess(y_a, w_a, lo, hi, mean, heaviest, graph, work)
        upper = reach_set(lo, hi, graph, arcs, work)
        if _gains(y_a, w_a, work.members, work.came, lo, hi, mean, heaviest, own, upper):
            first = _part(lo, hi, upper, blocks, work)
            blocks += 1
            begins[depth], ends[depth] = lo, first
            begins[depth + 1], ends[depth + 1] = first, hi
            depth += 2
        else:
            for k in range(lo, hi):
                out_a[work.members[k]] = mean
    # Means of neighbouring blocks may be out of order by a rounding.
    _raise(tails, heads, arcs, out_a)
    error = 0.0
    for v in range(len(y_a)):
        error += w_a[v] * (out_a[v] - y_a[v]) ** 2  # (1)
    return error


@inner
def _pooled_mean(y_a: FloatArray, w_a: FloatArray, members: Integers, lo: int, hi: int) -> tuple[float, int]:
    """The mean (2) of a block, the plain mean where no entry has a weight; and its heaviest entry."""
    total, heaviest = 0.0, members[lo]
    for k in range(lo, hi):
        v = members[k]
        total += w_a[v]
        if w_a[v] > w_a[heaviest]:
            heaviest = v
    mean = 0.0
    if total > 0:
        # Relative to the heaviest entry: its large weight would otherwise round the others away.
        for k in range(lo, hi):
            mean += w_a[members[k]] * (y_a[members[k]] - y_a[heaviest])
        mean = y_a[heaviest] + mean / total
    else:
        for k in range(lo, hi):
            mean += y_a[members[k]] / (hi - lo)
    return mean, heaviest


@inner
def _set_excess(
    y_a: FloatArray, w_a: FloatArray, lo: int, hi: int, mean: float, heaviest: int, graph: Graph, work: Work
) -> float:
    """Write w (y − m) for a block, and no flow; return that of the heaviest entry: −1 times the sum of all others'."""
    others = 0.0
    for k in range(lo, hi):
        v = work.members[k]
        work.excess[v] = w_a[v] * (y_a[v] - mean)
        if v != heaviest:
            others += work.excess[v]
        for j in range(graph.leaving_start[v], graph.leaving_start[v + 1]):
            work.flow[graph.leaving[j]] = 0.0
    work.excess[heaviest] = -others
    for k in range(lo, hi):
        work.least[work.members[k]] = 64 * EPS * abs(work.excess[work.members[k]])
    return -others


@inner
def _gains(
    y_a: FloatArray, w_a: FloatArray, members: Integers, came: Integers, lo: int, hi: int, mean: float, heaviest: int,
    own: float, upper: bool,
) -> bool:  # fmt: skip
    """Whether splitting at the reached set lowers the error by more than rounding; if not, the block stays whole.

    The sum is taken over the side that was reached, as it may weigh too little to show in the sum of the other side.
    `own` is the excess of the heaviest entry.
    """
    gain, weight, rest = 0.0, 0.0, 0.0
    for k in range(lo, hi):
        v = members[k]
        if came[v] >= 0:
            gain += own if v == heaviest else w_a[v] * (y_a[v] - mean)
            weight += w_a[v]
        else:
            rest += w_a[v]
    return (gain > 0 if upper else gain < 0) and weight > 0 and rest > 0


@inner
def _part(lo: int, hi: int, upper: bool, label: int, work: Work) -> int:
    """Move a block's upper part behind its lower one, as a block with this label; return where it begins."""
    first, last = lo, 0
    for k in range(lo, hi):
        v = work.members[k]
        if (work.came[v] >= 0) == upper:
            work.block[v] = label
            work.spare[last] = v
            last += 1
        else:
            work.members[first] = v
            first += 1
    for k in range(last):
        work.members[first + k] = work.spare[k]
    return first


@inner
def _raise(tails: Integers, heads: Integers, arcs: int, out_a: FloatArray) -> None:
    """Raise the values at heads to those at their tails until all arcs are in order."""
    changed = True
    while changed:
        changed = False
        for k in range(arcs):
            if out_a[tails[k]] > out_a[heads[k]]:
                out_a[heads[k]] = out_a[tails[k]]
                changed = True


@kernel
def extend(y_a: FloatArray, w_a: FloatArray, tails: Integers, heads: Integers, arcs: int, out_a: FloatArray) -> None:
    """Overwrite entries of weight 0 in `out_a` by their own isotonic fit, within the bounds that the others set."""
    n = len(y_a)
    alone, own = np.empty(n), np.empty(n)
    low, minus_high = np.empty(n), np.empty(n)
    free = 0
    for v in range(n):
        alone[v] = 1.0 if w_a[v] == 0 else 0.0
        low[v] = -np.inf if w_a[v] == 0 else out_a[v]
        minus_high[v] = -np.inf if w_a[v] == 0 else -out_a[v]
        free += w_a[v] == 0
    if free == 0:
        return
    isotonic(y_a, alone, tails, heads, arcs, own)
    _raise(tails, heads, arcs, low)
    _raise(heads, tails, arcs, minus_high)
    for v in range(n):
        if w_a[v] == 0:
            out_a[v] = min(max(own[v], low[v]), -minus_high[v])
