"""Nearest sums of functions of one action each: the least squares of additive mixing, with and without an order.

    min_f Σ_a w(a) (Σ_i f_i(a_i) − Q(a))²                                                                (1)

For all f this is what VDN can represent (soft-qmix Eq. 10); for f_i that do not decrease in given Q_i it is the loss of
Soft-QMIX's policies (soft-qmix Eq. 14), a convex program.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray, as_floats, entry, fail, shape
from mathrl.operators import additive_mix

__all__ = ["AdditiveFit", "additive_fit", "order_preserving_fit", "table_and_weights"]

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class AdditiveFit:
    """f_1, …, f_n whose sum is nearest to a table; `mixed` is that sum (A_1, …, A_n), `error` Σ w (mixed − Q)²."""

    terms: tuple[FloatArray, ...]
    mixed: FloatArray
    error: float


def additive_fit(q: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> AdditiveFit:
    """min Σ_a w(a) (Σ_i f_i(a_i) − Q(a))² over all f: what VDN can represent   (soft-qmix Eq. 10 without an order).

    Constants can be moved between the f_i: all have the same mean over their actions. Where weights of 0 leave an
    action free, its f_i is the one that makes Σ f_i² least.

    >>> additive_fit([[1.0, 2.0], [3.0, 4.0]]).mixed.round(9).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    q_a, w_a = table_and_weights(q, weights)
    return _least_squares(q_a, w_a, [np.arange(size) for size in q_a.shape], ordered=False)


def order_preserving_fit(
    q_tot: npt.ArrayLike, individual_q: Sequence[npt.ArrayLike], weights: npt.ArrayLike | None = None
) -> AdditiveFit:
    """min Σ_a w(a) (Σ_i f_i(Q_i(a_i)) − Q_tot(a))² over non-decreasing f_i   (soft-qmix Eq. 14).

    A convex program: non-negative least squares in the increments of each f_i along the order of Q_i, solved by
    Lawson and Hanson's active set. Equal Q_i(a_i) share one value. Constants are shared out as in `additive_fit`.

    Under weights that are a product of the agents' probabilities, and for a Q_tot that is monotone in the Q_i, the
    order never binds: f_i is then the mean of Q_tot over the others (`operators.local_values`).

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


def table_and_weights(q: npt.ArrayLike, weights: npt.ArrayLike | None) -> tuple[FloatArray, FloatArray]:
    """Check a table (A_1, …, A_n) and weights of its shape, by default 1, that are not negative."""
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
    """The fit of (1) by functions of each agent's ranks, which must not decrease in them if `ordered`."""
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
    return np.asarray(additive_mix([term[None] for term in terms])[0])


def _by_values(
    of_entry: Sequence[Integers], levels: Sequence[int], root: FloatArray, target: FloatArray
) -> list[FloatArray]:
    """Least squares in the values by rank, of least norm."""
    columns = [own[:, None] == np.arange(level) for own, level in zip(of_entry, levels, strict=True)]
    found = np.linalg.lstsq(np.concatenate(columns, axis=1) * root[:, None], target, rcond=None)[0]
    return list(np.split(found, np.cumsum(levels)[:-1]))


def _by_increments(
    of_entry: Sequence[Integers], levels: Sequence[int], root: FloatArray, target: FloatArray
) -> list[FloatArray]:
    """Non-negative least squares in the increments from rank to rank."""
    from scipy.optimize import nnls

    columns = [own[:, None] > np.arange(level - 1) for own, level in zip(of_entry, levels, strict=True)]
    rows = np.concatenate(columns, axis=1) * root[:, None]
    # The constant is free: it is projected out, since non-negative least squares knows no free columns.
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
