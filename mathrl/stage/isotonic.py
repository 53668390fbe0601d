"""Isotonic regression on a partial order, exact to rounding: compiled, on flat arrays.

    min_F Σ_v w(v) (F(v) − y(v))²   over   F(tail) ≤ F(head) on every arc                                     (1)

by the blocks of a recursive partition (Maxwell and Muckstadt 1985): a block is pooled at its mean

    m = Σ_v w(v) y(v) / Σ_v w(v),                                                                             (2)

unless an upper set U of it has Σ_{v ∈ U} w(v) (y(v) − m) > 0; then U and the rest are blocks of their own. The largest
such sum is what a maximal flow along the arcs, from entries above m up to entries below it, leaves behind, and U is
what is still reachable. What is left counts against each entry's own |w (y − m)|, so that entries of little weight are
placed as exactly as the others.

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
    """Part blocks, which wait as ranges on a stack, until each is pooled; return the error."""
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
        # About the heaviest entry, so that its weight does not drown the others in rounding.
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
    """Write w (y − m), and no flow, for a block; return the heaviest entry's, by Σ w (y − m) = 0 from the others'."""
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
    """Whether parting at what was reached gains: sets that rounding alone would part stay together.

    Summed on the side that was reached, which may weigh too little to show in the sum of the other; `own` is the excess
    of the heaviest entry.
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
    """Move a block's upper part behind its lower one, as a block of this label; return where it begins."""
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
    """Raise heads to their tails until no arc is out of order."""
    changed = True
    while changed:
        changed = False
        for k in range(arcs):
            if out_a[tails[k]] > out_a[heads[k]]:
                out_a[heads[k]] = out_a[tails[k]]
                changed = True


@kernel
def extend(y_a: FloatArray, w_a: FloatArray, tails: Integers, heads: Integers, arcs: int, out_a: FloatArray) -> None:
    """Overwrite the entries of `out_a` with weight 0 by their own isotonic fit, held between what the others set."""
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
