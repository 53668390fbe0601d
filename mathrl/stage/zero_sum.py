"""The value of one zero-sum stage game: the minimax theorem, by the simplex method.

    v = max_x min_b Σ_a x_a A_ab = min_y max_a Σ_b A_ab y_b                                     (1)
    min_b Σ_a x_a A_ab ≤ v ≤ max_a Σ_b A_ab y_b        for every x and y                        (2)

    x_a = 0 where max_b A_ab < max_a min_b A_ab,       y_b = 0 where min_a A_ab > min_b max_a A_ab      (3)

(1) is von Neumann's minimax theorem, and aorpo's saddle point where the payoffs are zero-sum. (3) holds in all optimal
strategies, as does the same of what it leaves of A, and so on: such rows and columns are left out, which are often
those of the largest payoffs. If there is no pure saddle point, the simplex method solves the rest. However x and y
were found, (2) holds, and so bounds the value; the distance of its two ends is the `gap`.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mathrl.base.array_types import ArrayLike
from mathrl.base.checks import FloatArray, as_floats, fail
from mathrl.base.compile import kernel

__all__ = ["ZeroSum", "ZeroSums", "zero_sum_value", "zero_sum_values"]

_EPS = float(np.finfo(np.float64).eps)

_EXACT = 8.0
"""A gap below this, times eps · max |A| · √(1 + (A_1 + A_2)/16), is rounding: no better strategies are looked for. A is
what (3) leaves.
"""

_ENTERING = 16 * _EPS
"""A reduced cost of smaller size counts as 0; payoffs are scaled to lie between 1 and 2."""

_PIVOTS = 50
"""The simplex method gives up after this many pivots per row and column."""

_SMALLEST_PIVOTS = (1e-11, 1e-13, 1e-15)
"""The smallest pivots that the attempts by the simplex method allow, two calls per attempt. Small pivots add noise in
easy games, and hard games need them.
"""

Integers = npt.NDArray[np.int64]


class ZeroSum(NamedTuple):
    """The value of a zero-sum matrix game, and optimal strategies.

    `value`   v, the middle of the bounds below
    `row`     a maximin strategy x of the row agent, (A_1,)
    `column`  a minimax strategy y of the column agent, (A_2,)
    `gap`     the distance of the bounds: `value` is wrong by at most half of it

    The bounds are min_b Σ_a x_a A_ab ≤ v ≤ max_a Σ_b A_ab y_b, at the strategies x and y that were found.
    """

    value: float
    row: FloatArray
    column: FloatArray
    gap: float


class ZeroSums(NamedTuple):
    """`ZeroSum` of S games.

    `v_s`    values, (S,)
    `x_sa`   strategies of the row agents, (S, A_1)
    `y_sb`   strategies of the column agents, (S, A_2)
    `gap_s`  gaps, (S,)
    `size_s`  max |A| over the rows and columns that are left by (3), (S,)
    """

    v_s: FloatArray
    x_sa: FloatArray
    y_sb: FloatArray
    gap_s: FloatArray
    size_s: FloatArray


def zero_sum_value(payoffs: ArrayLike) -> ZeroSum:
    """Compute the value and optimal strategies of a zero-sum matrix game   (von Neumann's minimax theorem).

        v = max_x min_b Σ_a x_a A_ab = min_y max_a Σ_b A_ab y_b                                     (1)
        min_b Σ_a x_a A_ab ≤ v ≤ max_a Σ_b A_ab y_b        for every x and y                        (2)

    `payoffs`  A, (A_1, A_2): what the row agent gets and the column agent pays

    Returns a `ZeroSum`. Its value is the middle of the bounds (2) for the strategies found, so it is wrong by at most
    half their distance, the `gap`. Where several strategies are optimal, a pure saddle point of lowest index is taken
    if there is one, else any.

    Raises `ValueError` where the payoffs are no matrix of finite numbers.

    >>> value, row, column, gap = zero_sum_value([[3.0, 0.0], [1.0, 2.0]])
    >>> round(value, 9), row.round(9).tolist(), column.round(9).tolist(), gap < 1e-14
    (1.5, [0.25, 0.75], [0.5, 0.5], True)
    """
    q_ab = as_floats("payoffs", payoffs)
    if q_ab.ndim != 2 or q_ab.size == 0:
        fail("payoffs", f"has shape {q_ab.shape}", "a matrix (A_1, A_2) that is not empty")
    found = zero_sum_values(q_ab[None])
    return ZeroSum(float(found.v_s[0]), found.x_sa[0], found.y_sb[0], float(found.gap_s[0]))


def zero_sum_values(q_sab: FloatArray) -> ZeroSums:
    """Compute `zero_sum_value` of S games at once; `q_sab` is (S, A_1, A_2)."""
    num_games, rows, columns = q_sab.shape
    found = ZeroSums(
        np.empty(num_games),
        np.zeros((num_games, rows)),
        np.zeros((num_games, columns)),
        np.empty(num_games),
        np.empty(num_games),
    )
    _zero_sum_values(np.ascontiguousarray(q_sab), *found)
    return found


@kernel
def _bracket(q_ab: FloatArray, x_a: FloatArray, y_b: FloatArray) -> tuple[float, float]:
    """The two ends of (2)."""
    rows, columns = q_ab.shape
    low, high = np.inf, -np.inf
    for a in range(rows):
        payoff = 0.0
        for b in range(columns):
            payoff += q_ab[a, b] * y_b[b]
        high = max(high, payoff)
    for b in range(columns):
        payoff = 0.0
        for a in range(rows):
            payoff += x_a[a] * q_ab[a, b]
        low = min(low, payoff)
    return low, high


@kernel
def _pure(q_ab: FloatArray, x_a: FloatArray, y_b: FloatArray) -> None:
    """Write the first pure maximin row and the first pure minimax column."""
    rows, columns = q_ab.shape
    best_row, best_column, low, high = 0, 0, -np.inf, np.inf
    for a in range(rows):
        if q_ab[a].min() > low:
            best_row, low = a, q_ab[a].min()
    for b in range(columns):
        if q_ab[:, b].max() < high:
            best_column, high = b, q_ab[:, b].max()
    x_a[:] = 0.0
    y_b[:] = 0.0
    x_a[best_row] = 1.0
    y_b[best_column] = 1.0


@kernel
def _exchange(T: FloatArray, r: int, c: int, basic: Integers, nonbasic: Integers) -> None:
    """Exchange the basic variable of row r for the nonbasic one of column c in the condensed tableau."""
    pivot = T[r, c]
    for j in range(T.shape[1]):
        if j != c:
            T[r, j] /= pivot
    for i in range(T.shape[0]):
        factor = T[i, c]
        if i != r and factor != 0.0:
            for j in range(T.shape[1]):
                if j != c:
                    T[i, j] -= factor * T[r, j]
            T[i, c] = -factor / pivot
    T[r, c] = 1.0 / pivot
    basic[r], nonbasic[c] = nonbasic[c], basic[r]


@kernel
def _begin(
    T: FloatArray, smallest: float, x_a: FloatArray, y_b: FloatArray, basic: Integers, nonbasic: Integers
) -> None:
    """Bring the supports of x and y into the basis, largest pivots first."""
    rows, columns = len(x_a), len(y_b)
    for _ in range((y_b > 0.0).sum()):
        r, c, largest = -1, -1, smallest
        for i in range(rows):
            if x_a[i] > 0.0 and basic[i] >= columns:
                for j in range(columns):
                    if y_b[j] > 0.0 and nonbasic[j] < columns and abs(T[i, j]) > largest:
                        r, c, largest = i, j, abs(T[i, j])
        if r < 0:
            break
        _exchange(T, r, c, basic, nonbasic)


@kernel
def _simplex(B_ab: FloatArray, smallest: float, x_a: FloatArray, y_b: FloatArray) -> bool:
    """Maximise Σ z under B z ≤ 1, z ≥ 0, for B > 0, by the simplex method: overwrites the dual x, and y = v z.

    It begins with the supports of the given x and y. So a second call starts where the first ended, exact to rounding.
    The largest reduced cost enters, by Bland's rule while the objective stands still, so that nothing cycles. Returns
    False where it found no strategies.
    """
    rows, columns = B_ab.shape
    T = np.empty((rows + 1, columns + 1))
    T[:rows, :columns] = B_ab
    T[:rows, columns] = 1.0
    T[rows, :columns] = -1.0
    T[rows, columns] = 0.0
    basic, nonbasic = np.arange(columns, columns + rows), np.arange(columns)
    _begin(T, smallest, x_a, y_b, basic, nonbasic)
    stuck = False
    for _ in range(_PIVOTS * (rows + columns)):
        c = -1
        for j in range(columns):
            if T[rows, j] < -_ENTERING and (c < 0 or (nonbasic[j] < nonbasic[c] if stuck else T[rows, j] < T[rows, c])):
                c = j
        if c < 0:
            break
        r = -1
        for i in range(rows):
            if T[i, c] > smallest:
                less = np.inf if r < 0 else T[r, columns] * T[i, c] - T[i, columns] * T[r, c]
                if less > 0.0 or (less == 0.0 and basic[i] < basic[r]):
                    r = i
        if r < 0:
            break
        objective = T[rows, columns]
        _exchange(T, r, c, basic, nonbasic)
        stuck = bool(T[rows, columns] <= objective)
    x_a[:] = 0.0
    y_b[:] = 0.0
    for i in range(rows):
        if basic[i] < columns:
            y_b[basic[i]] = max(T[i, columns], 0.0)
    for j in range(columns):
        if nonbasic[j] >= columns:
            x_a[nonbasic[j] - columns] = max(T[rows, j], 0.0)
    if not (0.0 < x_a.sum() < np.inf and 0.0 < y_b.sum() < np.inf):
        return False
    x_a /= x_a.sum()
    y_b /= y_b.sum()
    return True


@kernel
def _undominated(
    q_ab: FloatArray, kept_a: Integers, kept_b: Integers, most_a: FloatArray, least_b: FloatArray
) -> tuple[int, int]:
    """Write the rows and columns that (3) leaves to the front of `kept_a` and `kept_b`; return how many they are.

    `most_a` and `least_b` are work memory.
    """
    rows, columns = q_ab.shape
    for a in range(rows):
        kept_a[a] = a
    for b in range(columns):
        kept_b[b] = b
    while True:
        low, high = -np.inf, np.inf
        for i in range(rows):
            least, most_a[i] = np.inf, -np.inf
            for j in range(columns):
                payoff = q_ab[kept_a[i], kept_b[j]]
                least, most_a[i] = min(least, payoff), max(most_a[i], payoff)
            low = max(low, least)
        for j in range(columns):
            most, least_b[j] = -np.inf, np.inf
            for i in range(rows):
                payoff = q_ab[kept_a[i], kept_b[j]]
                most, least_b[j] = max(most, payoff), min(least_b[j], payoff)
            high = min(high, most)
        left_a, left_b = 0, 0
        for i in range(rows):
            if most_a[i] >= low:
                kept_a[left_a] = kept_a[i]
                left_a += 1
        for j in range(columns):
            if least_b[j] <= high:
                kept_b[left_b] = kept_b[j]
                left_b += 1
        if left_a == rows and left_b == columns:
            return rows, columns
        rows, columns = left_a, left_b


@kernel
def _zero_sum_values(
    q_sab: FloatArray,
    out_v_s: FloatArray,
    out_x_sa: FloatArray,
    out_y_sb: FloatArray,
    out_gap_s: FloatArray,
    out_size_s: FloatArray,
) -> None:
    """Try pure strategies, then the simplex method, until the bounds meet to rounding; keep the best bounds found.

    Strategies are 0 before.
    """
    num_games, all_rows, all_columns = q_sab.shape
    kept_a, kept_b = np.empty(all_rows, np.int64), np.empty(all_columns, np.int64)
    room_a, room_b, room_ab = np.empty(all_rows), np.empty(all_columns), np.empty((2, all_rows * all_columns))
    for s in range(num_games):
        rows, columns = _undominated(q_sab[s], kept_a, kept_b, room_a, room_b)
        x_a, y_b = room_a[:rows], room_b[:columns]
        q_ab = room_ab[0, : rows * columns].reshape(rows, columns)
        B_ab = room_ab[1, : rows * columns].reshape(rows, columns)
        for a in range(rows):
            for b in range(columns):
                q_ab[a, b] = q_sab[s, kept_a[a], kept_b[b]]
        floors = _EXACT * np.sqrt(1 + (rows + columns) / 16)
        least, most = q_ab.min(), q_ab.max()
        low, high = -np.inf, np.inf
        for attempt in range(1 + 2 * len(_SMALLEST_PIVOTS)):
            found = True
            if attempt == 0:
                _pure(q_ab, x_a, y_b)
            else:
                for a in range(rows):
                    for b in range(columns):
                        B_ab[a, b] = 1.0 + (q_ab[a, b] - least) / (most - least)
                if attempt % 2 == 1:
                    x_a[:], y_b[:] = 0.0, 0.0
                found = _simplex(B_ab, _SMALLEST_PIVOTS[(attempt - 1) // 2], x_a, y_b)
            if found:
                lower, upper = _bracket(q_ab, x_a, y_b)  # (2)
                # Each end is a bound in its own right: the strategies need not come from one attempt.
                if lower > low:
                    low = lower
                    for a in range(rows):
                        out_x_sa[s, kept_a[a]] = x_a[a]
                if upper < high:
                    high = upper
                    for b in range(columns):
                        out_y_sb[s, kept_b[b]] = y_b[b]
            if high - low <= floors * _EPS * max(-least, most):
                break
        out_v_s[s] = low + (high - low) / 2
        out_gap_s[s] = max(high - low, 0.0)
        out_size_s[s] = max(-least, most)
