"""The array API for NumPy arrays of objects, such as balls, fractions and symbols: a namespace like `numpy`.

An entry brings its own sums, products and comparisons and, where formulas ask for them, the methods `exp`, `log`,
`log1p` and `expm1`. An entry that is known only within bounds also brings `larger(other)`, which encloses the larger
of two numbers, `hull(other)`, which holds both, and `midpoint()`, `lower()` and `upper()`. The entries of an array
are of one kind: `Fraction(0)` stands among fractions, not 0, as Python's 1 / 3 is a float. ±∞ may stand among all of
them as floats.
"""

import math
from collections.abc import Callable
from functools import partial, reduce
from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy import (
    abs,
    arange,
    asarray,
    broadcast_to,
    expand_dims,
    eye,
    inf,
    mean,
    permute_dims,
    reshape,
    roll,
    stack,
    sum,
)

from mathrl.arithmetic.undecided import every, first_yes

__all__ = [
    "abs",
    "arange",
    "argmax",
    "asarray",
    "at_ends",
    "broadcast_to",
    "exp",
    "expand_dims",
    "expm1",
    "eye",
    "inf",
    "linalg",
    "log",
    "log1p",
    "log_part",
    "log_total",
    "max",
    "maximisers",
    "maximum",
    "mean",
    "midpoint",
    "min",
    "ones_like",
    "permute_dims",
    "refuse_bare_balls",
    "reshape",
    "roll",
    "stack",
    "sum",
    "where",
    "zeros_like",
]

_EXACT: dict[str, dict[Any, Any]] = {
    "exp": {0: 1, -math.inf: 0},
    "expm1": {0: 0, -math.inf: -1},
    "log": {0: -math.inf, 1: 0},
    "log1p": {-1: -math.inf, 0: 0},
}


def _own(name: str, x: Any) -> Any:
    """The entry's own method of this name; numbers that have none are taken only where the answer is exact."""
    if hasattr(x, name):
        return getattr(x, name)()
    for argument, value in _EXACT[name].items():
        if x == argument:
            return value
    raise TypeError(f"{name}({x}) is not exact for entries of type {type(x).__name__}: use an array of balls")


exp, expm1, log, log1p = (np.frompyfunc(partial(_own, name), 1, 1) for name in ("exp", "expm1", "log", "log1p"))


def _larger(x: Any, y: Any) -> Any:
    if hasattr(x, "larger"):
        return x.larger(y)
    if hasattr(y, "larger"):
        return y.larger(x)
    for one, other in ((x, y), (y, x)):
        if isinstance(one, float) and math.isinf(one):  # which flint's fractions do not compare with themselves
            return one if one > 0 else other
    return y if y > x else x


maximum = np.frompyfunc(_larger, 2, 1)
_negative = np.frompyfunc(lambda x: -x, 1, 1)
midpoint, _lower, _upper = (
    np.frompyfunc(lambda x, end=end: getattr(x, end)() if hasattr(x, end) else x, 1, 1)
    for end in ("midpoint", "lower", "upper")
)
_hull = np.frompyfunc(lambda x, y: x.hull(y) if hasattr(x, "hull") else x, 2, 1)


def max(x: Any, *, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Any:
    """The largest entry along the axes, or what encloses it."""
    axes = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    for one in sorted((one % x.ndim for one in axes), reverse=True):
        x = maximum.reduce(x, axis=one, keepdims=keepdims)
    return x


def min(x: Any, *, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Any:
    """The least entry along the axes, or what encloses it."""
    return _negative(max(_negative(x), axis=axis, keepdims=keepdims))


def at_ends(function: Callable[..., Any], *arguments: Any) -> Any:
    """The hull of what all ends of the arguments give: it holds all values of a function monotone in each of them."""
    return reduce(_hull, [function(*ends) for ends in product(*map(_ends, arguments))])


def _ends(x: Any) -> tuple[Any, ...]:
    """The lower and the upper end of all entries; a number that is exact, or may be 0 or less, stays as it is."""
    if not isinstance(x, np.ndarray) and (not hasattr(x, "hull") or x.radius() == 0 or not x.lower() > 0):
        return (x,)
    return _lower(x), _upper(x)


def _times(weight: Any, q: Any) -> Any:
    return 0 * _one(weight) if _is_minus_infinity(q) and weight == 0 else weight * q


def _less(x: Any, y: Any) -> Any:
    return 0.0 if _is_minus_infinity(x) and _is_minus_infinity(y) else x - y


def _is_minus_infinity(x: Any) -> bool:
    return bool(x == -math.inf)


weighted, difference = np.frompyfunc(_times, 2, 1), np.frompyfunc(_less, 2, 1)


def there(q: Any) -> Any:
    """Say of each entry whether it is not −∞."""
    return ~np.asarray(np.frompyfunc(_is_minus_infinity, 1, 1)(q), dtype=bool)


def mean_there(q: Any, axis: int | tuple[int, ...]) -> Any:
    """The mean along the axes of the entries above −∞; −∞ where there are none."""
    known = there(q)
    number = asarray(sum(known.astype(object), axis=axis), dtype=object)
    total = sum(np.where(known, q, 0), axis=axis)
    return np.frompyfunc(lambda x, k: x / k if k else -math.inf, 2, 1)(total, number)


def log_total(x: Any) -> Any:
    """log Σ exp x over the last axis, kept with length 1."""
    return at_ends(lambda end: log(sum(exp(end), axis=-1, keepdims=True)), x)


def log_part(x: Any, temperature: Any, log_weight: Any) -> Any:
    """−log Σ_b w(b) exp((x(b) − x(a))/α), w over their sum or 1: the logarithm of a part of a soft total.

    The sum falls with x(a) and grows with each other x(b), as 0 stands at b = a. So it is least where x(a) is at its
    upper end and all others are at their lower ends, and largest at the opposite corner. A ball α enters each term
    once, and is enclosed term by term.
    """

    def at(own: Any, others: Any) -> Any:
        there = others[..., None, :] > -inf
        differences = where(there, where(there, others[..., None, :], 0.0) - own[..., :, None], -inf)
        exponents = where(np.eye(x.shape[-1], dtype=bool), 0.0, differences) / temperature
        if log_weight is None:
            return -log_total(exponents)[..., 0]
        return log_total(log_weight) - log_total(log_weight[..., None, :] + exponents)[..., 0]

    lower, upper = _ends(x)
    return _hull(at(lower, upper), at(upper, lower))


def argmax(x: Any, *, axis: int = -1) -> Any:
    """The index of the first largest entry along an axis; raises `Undecided` where the entries leave it open."""
    rows = np.moveaxis(x, axis, -1)
    first = np.empty(rows.shape[:-1], dtype=np.intp)
    for index in np.ndindex(first.shape):
        first[index] = first_yes(partial(_is_first, rows[index], a) for a in range(rows.shape[-1]))
    return first


def _is_first(row: Any, a: int) -> bool:
    earlier = (partial(_greater, row[a], x) for x in row[:a])
    return every((*earlier, *(partial(_not_less, row[a], x) for x in row[a + 1 :])))


def maximisers(x: Any) -> Any:
    """Say of each entry whether it is the largest of its row; raises `Undecided` where the entries leave it open."""
    mask = np.empty(x.shape, dtype=bool)
    for index in np.ndindex(x.shape):
        row, entry = x[index[:-1]], x[index]
        others = (partial(_not_less, entry, other) for a, other in enumerate(row) if a != index[-1])
        mask[index] = every(others)
    return mask


def _not_less(x: Any, y: Any) -> bool:
    return bool(x >= y)


def _greater(x: Any, y: Any) -> bool:
    return bool(x > y)


def where(condition: Any, chosen: Any, other: Any) -> Any:
    """`numpy.where`; a finite float is taken into the arithmetic of the entries."""
    return np.where(condition, _taken(chosen, other), _taken(other, chosen))


def _taken(x: Any, entries: Any) -> Any:
    """A float x = k in the arithmetic of the entries, k · 1; other x as they are."""
    if isinstance(x, float) and x.is_integer():
        for entry in np.ravel(entries)[:1]:
            return int(x) * _one(entry)
    return x


def _one(x: Any) -> Any:
    return x**0


ones_like = np.frompyfunc(_one, 1, 1)
zeros_like = np.frompyfunc(lambda x: 0 * _one(x), 1, 1)


def _solve(matrix: Any, right: Any) -> Any:
    """The x with `matrix` x = `right` (N, K), by elimination in the order of the rows.

    It asks no question of the entries, which needs a diagonal that dominates its rows, as that of 1 − γ P does.
    """
    rows = np.concatenate([matrix, right], axis=1, dtype=object)
    size = rows.shape[0]
    for k in range(size):
        rows[k] = rows[k] / rows[k, k]
        for i in range(size):
            if i != k:
                rows[i] = rows[i] - rows[i, k] * rows[k]
    return rows[:, size:]


linalg = SimpleNamespace(solve=_solve)


def refuse_bare_balls(x: Any) -> None:
    """Raise `TypeError` for entries whose comparisons say False where nothing is decided."""
    if x.size and type(x.flat[0]).__name__ in {"arb", "acb"}:
        raise TypeError("an array of flint.arb answers False to undecided comparisons: make it with mathrl.balls.balls")
