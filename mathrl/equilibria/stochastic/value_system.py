"""What is left of a bordered system once the policies are eliminated: the values and t.

    [ M    column ] [dW]   [b]
    [ row  corner ] [dt] = [g],   M of (2) in `bordered`                                                     (1)

Up to `FACTORED` unknowns (1) is formed and factored by LAPACK, which gives the sign of its determinant too; large ones
in single precision, which is twice as fast, and precise enough for corrections that are repeated until they vanish.
Beyond, GMRES works with M as an operator, one pass over the transitions a product, and the sign is not known.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.equilibria.stochastic.blocks import value_system, value_system_apply, value_system_csr
from mathrl.games.model import Game

__all__ = ["FACTORED", "Border", "Reduced", "factored", "iterated", "room"]

FACTORED = 4_000
"""The most unknowns for which (1) is factored: at most 64 MB, and less than a second."""

_DOUBLE = 500
"""The most unknowns for which it is factored in double precision, in a millisecond or two."""

_ACCURACY = 1e-4
"""The defect that GMRES leaves, relative to the right-hand side: solutions are corrected later until they are exact."""

_RESTART = 60
_MOST_RESTARTS = 20


@dataclass(frozen=True, eq=False)
class Border:
    """Of (1) the column (m, S), the corner, and the row: Σ_a weights(a) γ P(·|s, a), weights (m, A), of one state s."""

    column_ms: FloatArray
    corner: float
    state: int
    weights_ma: FloatArray


@dataclass(frozen=True)
class Reduced:
    """`solve(b, g)` is the solution of (1), W and t in one array; `sign` that of the determinant, 0 where not known."""

    solve: Callable[[FloatArray, float], FloatArray]
    sign: float


def room(unknowns: int) -> FloatArray | None:
    """Memory for the factors of (1), None where there are too many unknowns for that."""
    if unknowns > FACTORED:
        return None
    precision: Any = np.float64 if unknowns <= _DOUBLE else np.float32
    return np.empty((unknowns, unknowns), precision)


def factored(game: Game, w_smma: FloatArray, border: Border, room: FloatArray) -> Reduced:
    """(1) for the joint weights w (S, m, m, A), formed and factored in `room`, which is in use as long as the answer.

    Raises `numpy.linalg.LinAlgError` where it is singular.
    """
    size = border.column_ms.size
    if game.discount > 0:
        state, num_joint_actions = border.state, game.num_joint_actions
        rows = slice(state * num_joint_actions, (state + 1) * num_joint_actions)
        if game.sparse:
            P = game.csr_xt
            value_system_csr(P.data, P.indices, P.indptr, w_smma, game.discount, room)
        else:
            value_system(game.dense_xt, w_smma, game.discount, room)
        row_tm = (game.csr_xt if game.sparse else game.dense_xt)[rows].T @ border.weights_ma.T
        room[size, :size] = game.discount * np.asarray(row_tm).T.ravel()
    room[:size, size], room[size, size] = border.column_ms.ravel(), border.corner
    # LAPACK reads by columns: it gets the transpose, and is asked to solve with its transpose.
    getrf, getrs = _lapack(room)
    factor, places, singular = getrf(room.T, overwrite_a=1)
    diagonal = factor.diagonal()
    if singular or not np.isfinite(diagonal).all():
        raise np.linalg.LinAlgError("the values do not follow from the equations")
    odd = np.count_nonzero(places != np.arange(size + 1)) + np.count_nonzero(diagonal < 0)

    def solve(b_ms: FloatArray, g: float) -> FloatArray:
        solution, _ = getrs(factor, places, np.append(b_ms, g), trans=1)
        return np.asarray(solution, dtype=np.float64)

    return Reduced(solve, -1.0 if odd % 2 else 1.0)


def _lapack(room: FloatArray) -> Any:
    """LU factors and their use, in the precision of `room`."""
    from scipy.linalg.lapack import get_lapack_funcs

    return get_lapack_funcs(("getrf", "getrs"), (room,))


def iterated(w_smma: FloatArray, border: Border, ahead: Callable[[FloatArray], FloatArray]) -> Reduced:
    """(1) as an operator; `ahead(v)` is γ P v (m, S, A)."""
    from scipy.sparse.linalg import LinearOperator, gmres

    shape, size = border.column_ms.shape, border.column_ms.size
    column, product_ms = border.column_ms.ravel(), np.empty(shape)

    def apply(y: FloatArray) -> FloatArray:
        y = np.ascontiguousarray(y).ravel()
        v_ms = y[:size].reshape(shape)
        ahead_msa = ahead(v_ms)
        value_system_apply(w_smma, v_ms, ahead_msa, product_ms)
        last = np.vdot(border.weights_ma, ahead_msa[:, border.state]) + border.corner * y[-1]
        return np.append(product_ms.ravel() + y[-1] * column, last)

    operator = LinearOperator((size + 1, size + 1), matvec=apply, dtype=np.float64)

    def solve(b_ms: FloatArray, g: float) -> FloatArray:
        b = np.append(b_ms, g)
        solution, _ = gmres(operator, b, rtol=_ACCURACY, restart=_RESTART, maxiter=_MOST_RESTARTS)
        return np.asarray(solution, dtype=np.float64)

    return Reduced(solve, 0.0)
