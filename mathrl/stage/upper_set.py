"""The upper set of a block whose sum of excess is largest, by a maximal flow: shortest augmenting paths, compiled.

Entries above the mean have an excess, which flows along the arcs, from tail to head, to entries below the mean, which
take it in. When no more can flow, the upper set is what can still be reached; see `mathrl.stage.isotonic`.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.base.compile import inner

__all__ = ["Graph", "Integers", "Work", "graph_in", "reach_set", "work_in"]

Integers = npt.NDArray[np.int64]


class Graph(NamedTuple):
    """The arcs, and which of them leave and enter each node.

    `tails`, `heads`             the nodes that each arc leads from and to
    `leaving_start`, `leaving`   the arcs that leave each node, in CSR form
    `entering_start`, `entering` the arcs that enter each node, in CSR form
    """

    tails: Integers
    heads: Integers
    leaving_start: Integers
    leaving: Integers
    entering_start: Integers
    entering: Integers


class Work(NamedTuple):
    """The work memory of the partition. A block is a range of `members`.

    `members`  the nodes, block by block
    `spare`    room for one part of a block
    `queue`    the nodes that a search has reached
    `flow`     the flow on each arc
    `block`    the label of each node's block
    `excess`   w (y − m) of each node, less what has flowed on
    `least`    how much of the excess is rounding
    `came`     by which arc k a search came to each node: 2 k along the arc, 2 k + 1 against it; −1 where it did not
               come
    """

    members: Integers
    spare: Integers
    queue: Integers
    flow: FloatArray
    block: Integers
    excess: FloatArray
    least: FloatArray
    came: Integers


@inner
def graph_in(tails: Integers, heads: Integers, arcs: int, rooms: Integers, listed: Integers) -> Graph:
    """The graph of the first `arcs` arcs, written into `rooms` (2, nodes + 1) and `listed` (2, arcs)."""
    nodes = rooms.shape[1] - 1
    _adjacency(nodes, tails, arcs, rooms[0], listed[0])
    _adjacency(nodes, heads, arcs, rooms[1], listed[1])
    return Graph(tails, heads, rooms[0], listed[0], rooms[1], listed[1])


@inner
def work_in(rooms: Integers, amounts: FloatArray, flow: FloatArray) -> Work:
    """All nodes in one block, written into `rooms` (5, nodes or more), `amounts` (2, nodes) and `flow` (arcs,)."""
    for v in range(amounts.shape[1]):
        rooms[0, v], rooms[3, v] = v, 0
    return Work(rooms[0], rooms[1], rooms[2], flow, rooms[3], amounts[0], amounts[1], rooms[4])


@inner
def reach_set(lo: int, hi: int, graph: Graph, arcs: int, work: Work) -> bool:
    """Mark by `came` an upper set of largest excess, and return True; or mark a lower set, and return False."""
    label, root = work.block[work.members[lo]], 2 * arcs
    while True:
        seeded = _seed(lo, hi, 1.0, root, work)
        sink, reached = _search(graph, work, seeded, -1.0, label)
        if sink < 0:
            break
        _augment(sink, root, graph, work)
    if reached > 0:
        return True
    # Nothing is left above the mean, to rounding. What is left below it may weigh less than that rounding.
    seeded = _seed(lo, hi, -1.0, root, work)
    backwards = Graph(
        graph.heads, graph.tails, graph.entering_start, graph.entering, graph.leaving_start, graph.leaving
    )
    _search(backwards, work, seeded, 0.0, label)
    return False


@inner
def _seed(lo: int, hi: int, sign: float, root: int, work: Work) -> int:
    """Queue a block's entries whose excess has this sign and counts, and mark them by `root`; return how many."""
    seeded = 0
    for k in range(lo, hi):
        v = work.members[k]
        work.came[v] = -1
        if work.excess[v] * sign > work.least[v]:
            work.came[v] = root
            work.queue[seeded] = v
            seeded += 1
    return seeded


@inner
def _search(graph: Graph, work: Work, seeded: int, wanted: float, label: int) -> tuple[int, int]:
    """Search from the queue within a block, breadth first: along arcs freely, against them where there is flow.

    It stops at the first entry whose excess has the sign of `wanted` and is more than rounding (never where `wanted` is
    0). Returns that entry, or −1, and how many were reached.
    """
    position, reached = 0, seeded
    while position < reached:
        v = work.queue[position]
        position += 1
        for j in range(graph.leaving_start[v], graph.leaving_start[v + 1]):
            u = graph.heads[graph.leaving[j]]
            if work.block[u] == label and work.came[u] < 0:
                work.came[u] = 2 * graph.leaving[j]
                work.queue[reached] = u
                reached += 1
                if work.excess[u] * wanted > work.least[u]:
                    return u, reached
        for j in range(graph.entering_start[v], graph.entering_start[v + 1]):
            u = graph.tails[graph.entering[j]]
            if work.block[u] == label and work.came[u] < 0 and work.flow[graph.entering[j]] > 0:
                work.came[u] = 2 * graph.entering[j] + 1
                work.queue[reached] = u
                reached += 1
                if work.excess[u] * wanted > work.least[u]:
                    return u, reached
    return -1, reached


@inner
def _augment(sink: int, root: int, graph: Graph, work: Work) -> None:
    """Send as much as fits along the path by which the search came to `sink`."""
    amount, v = -work.excess[sink], sink
    while work.came[v] != root:
        arc = work.came[v] // 2
        if work.came[v] % 2 == 1:
            amount = min(amount, work.flow[arc])
            v = graph.heads[arc]
        else:
            v = graph.tails[arc]
    amount = min(amount, work.excess[v])
    work.excess[v] -= amount
    work.excess[sink] += amount
    v = sink
    while work.came[v] != root:
        arc = work.came[v] // 2
        if work.came[v] % 2 == 1:
            work.flow[arc] -= amount
            v = graph.heads[arc]
        else:
            work.flow[arc] += amount
            v = graph.tails[arc]


@inner
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
