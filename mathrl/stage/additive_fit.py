"""Nearest sums of functions of one action each: the least squares of additive mixing, with and without an order.

    min_f Σ_a w(a) (Σ_i f_i(a_i) − Q(a))²                                                                (1)

Over all f this is what VDN can represent (soft-qmix Eq. 10). Over f_i that do not decrease in given Q_i it is the loss
of Soft-QMIX's policies (soft-qmix Eq. 14), a convex program.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mathrl.base.array_types import ArrayLike
from mathrl.base.checks import FloatArray, as_floats, entry, fail, shape
from mathrl.operators import additive_mix

__all__ = ["AdditiveFit", "additive_fit", "order_preserving_fit", "table_and_weights"]

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class AdditiveFit:
    """Functions of one action each, whose sum is nearest to a table.

    `terms`  f_1, …, f_n, (A_i,) each
    `mixed`  their sum Σ_i f_i(a_i), (A_1, …, A_n)
    `error`  Σ_a w(a) (mixed(a) − Q(a))²
    """

    terms: tuple[FloatArray, ...]
    mixed: FloatArray
    error: float


def additive_fit(q: ArrayLike, weights: ArrayLike | None = None) -> AdditiveFit:
    """Find the sum of functions of one action each that is nearest to a table, as VDN would   (soft-qmix Eq. 10).

        min_f Σ_a w(a) (Σ_i f_i(a_i) − Q(a))²

    `q`        the table Q, (A_1, …, A_n)
    `weights`  w ≥ 0, of the same shape; by default 1

    Constants can be moved between the f_i; they are shared out so that all f_i have the same mean. Where weights of 0
    leave the value at an action free, the f_i of least Σ f_i² is taken. Raises `ValueError` where shapes differ, an
    entry is not finite, or a weight is negative.

    >>> additive_fit([[1.0, 2.0], [3.0, 4.0]]).mixed.round(9).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    q_a, w_a = table_and_weights(q, weights)
    return _least_squares(q_a, w_a, [np.arange(size) for size in q_a.shape], ordered=False)


def order_preserving_fit(
    q_tot: ArrayLike, individual_q: Sequence[ArrayLike], weights: ArrayLike | None = None
) -> AdditiveFit:
    """Find the nearest sum of functions of one action each that do not decrease in given values   (soft-qmix Eq. 14).

        min Σ_a w(a) (Σ_i f_i(Q_i(a_i)) − Q_tot(a))²   over non-decreasing f_i

    `q_tot`         the table Q_tot, (A_1, …, A_n)
    `individual_q`  Q_i of each agent, (A_i,)
    `weights`       w ≥ 0, shaped as q_tot; by default 1

    It is a convex program: non-negative least squares in the increments of each f_i along the order of Q_i, solved by
    Lawson and Hanson's active-set method. Actions with equal Q_i get equal f_i. Constants are shared out as in
    `additive_fit`. Raises `ValueError` as it does.

    Where the weights are a product of the agents' probabilities and Q_tot is monotone in the Q_i, the order changes
    nothing: f_i is then the mean of Q_tot over the others (`operators.local_values`).

    >>> order_preserving_fit([[0.0, 1.0], [2.0, 3.0]], [[1.0, 0.0], [0.0, 1.0]]).mixed.round(9).tolist()
    [[1.0, 2.0], [1.0, 2.0]]
    """
    q_a, w_a = table_and_weights(q_tot, weights)
    if len(individual_q) != q_a.ndim:
        fail("individual_q", f"has {len(individual_q)} arrays", f"{q_a.ndim}, one per agent")
    ranks = []
    for i, own in enumerate(individual_q):
        own_a = as_floats(f"individual_q[{i}]", own)
        shape(f"individual_q[{i}]", own_a, (q_a.shape[i],))
        ranks.append(np.unique(own_a, return_inverse=True)[1])
    return _least_squares(q_a, w_a, ranks, ordered=True)


def table_and_weights(q: ArrayLike, weights: ArrayLike | None) -> tuple[FloatArray, FloatArray]:
    """Check a table (A_1, …, A_n) and its weights ≥ 0, by default 1; return both as float64 arrays."""
    q_a = as_floats("q", q)
    if q_a.ndim == 0 or q_a.size == 0:
        fail("q", f"has shape {q_a.shape}", "(A_1, …, A_n), each at least 1")
    w_a = np.ones_like(q_a) if weights is None else as_floats("weights", weights)
    shape("weights", w_a, q_a.shape)
    if (w_a < 0).any():
        index = np.argwhere(w_a < 0)[0]
        fail(entry("weights", index), f"is {w_a[tuple(index)]:g}", "a weight that is not negative")
    return q_a, w_a


def _least_squares(q_a: FloatArray, w_a: FloatArray, ranks: Sequence[Integers], *, ordered: bool) -> AdditiveFit:
    """The fit of (1) by functions of each agent's ranks; if `ordered`, they must not decrease in the ranks."""
    root = np.sqrt(w_a.ravel() / max(float(w_a.max()), np.finfo(np.float64).tiny))
    levels = [int(rank.max()) + 1 for rank in ranks]
    of_entry = [rank[action] for rank, action in zip(ranks, np.indices(q_a.shape).reshape(q_a.ndim, -1), strict=True)]
    total = float(w_a.sum())
    centre = float((w_a * q_a).sum()) / total if total else 0.0
    values = (_by_increments if ordered else _by_values)(of_entry, levels, root, (q_a.ravel() - centre) * root)
    terms = [value[rank] for value, rank in zip(values, ranks, strict=True)]
    terms = [term - float(term.mean()) for term in terms]
    rest = float((w_a * (q_a - _sum(terms))).sum()) / total if total else 0.0
    terms = [term + rest / q_a.ndim for term in terms]
    mixed = _sum(terms)
    return AdditiveFit(tuple(terms), mixed, float((w_a * (mixed - q_a) ** 2).sum()))


def _sum(terms: Sequence[FloatArray]) -> FloatArray:
    """Σ_i f_i(a_i), (A_1, …, A_n)."""
    return np.asarray(additive_mix([term[None] for term in terms])[0])


def _by_values(
    of_entry: Sequence[Integers], levels: Sequence[int], root: FloatArray, target: FloatArray
) -> list[FloatArray]:
    """The least-squares values at each rank of each agent; of several, those of least norm."""
    columns = [own[:, None] == np.arange(level) for own, level in zip(of_entry, levels, strict=True)]
    found = np.linalg.lstsq(np.concatenate(columns, axis=1) * root[:, None], target, rcond=None)[0]
    return list(np.split(found, np.cumsum(levels)[:-1]))


def _by_increments(
    of_entry: Sequence[Integers], levels: Sequence[int], root: FloatArray, target: FloatArray
) -> list[FloatArray]:
    """The least-squares values at each rank that do not fall from rank to rank: their increments are ≥ 0."""
    from scipy.optimize import nnls

    columns = [own[:, None] > np.arange(level - 1) for own, level in zip(of_entry, levels, strict=True)]
    rows = np.concatenate(columns, axis=1) * root[:, None]
    # The constant may have any sign. Non-negative least squares cannot express that, so it is projected out.
    unit = root / np.linalg.norm(root) if root.any() else root
    rows -= np.outer(unit, np.einsum("a,ak->k", unit, rows))
    scale = np.linalg.norm(rows, axis=0)
    used = scale > 64 * np.finfo(np.float64).eps * np.linalg.norm(root)
    found = np.zeros(rows.shape[1])
    if used.any():
        size = max(float(np.abs(target).max()), np.finfo(np.float64).tiny)
        found[used] = nnls(rows[:, used] / scale[used], target / size)[0] * size / scale[used]
    split = np.split(found, np.cumsum([level - 1 for level in levels])[:-1])
    return [np.concatenate([[0.0], np.cumsum(steps)]) for steps in split]
