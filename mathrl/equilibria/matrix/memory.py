"""The memory of a compiled trace: the game, the point where it stands, and room for what is computed there.

Compiled functions take it whole. It is a tuple of arrays, which costs nothing where arrays are not counted
(`mathrl.base.compile.inner`), and of one record of numbers, which they change in place.
"""

from typing import NamedTuple, Protocol, cast

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray

__all__ = ["Numbers", "Trace", "room"]

Integers = npt.NDArray[np.int64]


class Numbers(Protocol):
    """How a trace goes on.

    `target`         λ at its end
    `step_length`    times the usual step
    `accuracy`       the last correction of a point, over the step, up to which the point is good enough
    `unit`           of λ, in that in which the game was loaded (`mathrl.equilibria.matrix.units`)
    `rising`         1 where λ rises, −1 where it falls
    `length`         of the next step
    `before`, `earlier`    lengths of the last two steps; 0 at the start
    `orientation`    the sign of det [G'; tangent]
    `size`, `size_before`, `size_earlier`    log √|det [G'; tangent]| here and at the last two points
    `narrowest`      the least distance, along the curve, to a place where √|det| may vanish, so far
    `symmetric`      1 where some actions are alike (`mathrl.equilibria.matrix.symmetry`), else 0
    """

    target: float
    step_length: float
    accuracy: float
    unit: float
    rising: float
    length: float
    before: float
    earlier: float
    orientation: float
    size: float
    size_before: float
    size_earlier: float
    narrowest: float
    symmetric: float


class Trace(NamedTuple):
    """A game, a point of a curve of its equilibria, and room; K = Σ A_i, N = K − n (`equilibria.matrix.equations`).

    `r_ma`             payoffs (m, A), scaled; joint actions in C order, m = 1 for a common one, else n
    `ends`             (n + 1,), where the agents' actions begin and end among the K
    `pi_k`, `own_k`    π and u (K,)
    `pair_kk`          M (K, K)
    `places`           (K,), for joint actions and for permutations
    `orbit_k`, `orbit_size_k`    (K,), the first action that each action is like, and how many are like that one
    `names_rk`         (6, K), for `mathrl.equilibria.matrix.symmetry`
    `g_x`              G (N + 1,), its last entry 0
    `jacobian_xy`      its derivative (N + 1, N + 1), the last row to spare
    `delta_x`, `normal_x`    Newton's correction, and the normal of the plane in which it is looked for
    `ahead_x`, `tangent_ahead_x`    the next point (x, λ) and its unit tangent (N + 1,)
    `z_x`, `tangent_x`, `tangent_before_x`    where the trace stands, the tangents there and at the point before
    `landed_x`         where an earlier trace of the same curve ended (N + 1,)
    `spare_rk`         (K + 4, K), for `mathrl.equilibria.matrix.refine`
    `numbers`          how the trace goes on
    """

    r_ma: FloatArray
    ends: Integers
    pi_k: FloatArray
    own_k: FloatArray
    pair_kk: FloatArray
    places: Integers
    orbit_k: Integers
    orbit_size_k: Integers
    names_rk: Integers
    g_x: FloatArray
    jacobian_xy: FloatArray
    delta_x: FloatArray
    normal_x: FloatArray
    ahead_x: FloatArray
    tangent_ahead_x: FloatArray
    z_x: FloatArray
    tangent_x: FloatArray
    tangent_before_x: FloatArray
    landed_x: FloatArray
    spare_rk: FloatArray
    numbers: Numbers


_RECORD = np.dtype((np.record, [(name, np.float64) for name in Numbers.__annotations__]))


def room(num_payoffs: int, num_actions: Integers) -> Trace:
    """Memory for traces of games of this shape."""
    ends = np.zeros(len(num_actions) + 1, np.int64)
    ends[1:] = np.cumsum(num_actions)
    K = int(ends[-1])
    size = K - len(num_actions) + 1
    return Trace(
        r_ma=np.empty((num_payoffs, int(np.prod(num_actions)))),
        ends=ends,
        pi_k=np.zeros(K),
        own_k=np.zeros(K),
        pair_kk=np.zeros((K, K)),
        places=np.zeros(K, np.int64),
        orbit_k=np.arange(K),
        orbit_size_k=np.ones(K, np.int64),
        names_rk=np.zeros((6, K), np.int64),
        g_x=np.zeros(size),
        jacobian_xy=np.zeros((size, size)),
        delta_x=np.zeros(size),
        normal_x=np.zeros(size),
        ahead_x=np.zeros(size),
        tangent_ahead_x=np.zeros(size),
        z_x=np.zeros(size),
        tangent_x=np.zeros(size),
        tangent_before_x=np.zeros(size),
        landed_x=np.zeros(size),
        spare_rk=np.zeros((K + 4, K)),
        numbers=cast(Numbers, np.zeros(1, _RECORD)[0]),
    )
