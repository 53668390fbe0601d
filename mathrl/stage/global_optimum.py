"""The global optimum of one stage game: a joint action that is best for everyone at once.

    Q^i(a*) = max_a Q^i(a) for every agent i                                                    (1)

(aorpo Theorem 7, condition 3; Hu and Wellman, JMLR 4 (2003), Definition 12).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mathrl.base.array_types import ArrayLike
from mathrl.base.checks import FloatArray, as_floats, fail, real
from mathrl.base.compile import kernel

__all__ = ["Optima", "global_optima", "global_optimum"]

_TINY = float(np.finfo(np.float64).tiny)
"""The least unit."""


class Optima(NamedTuple):
    """For each of S games the joint action that comes nearest to being best for everyone.

    `actions_s`    the number of that joint action in C order, (S,)
    `v_ms`         max_a Q^i of each agent, (m, S)
    `shortfall_s`  by how much an agent misses its maximum at most, in units, (S,)
    """

    actions_s: npt.NDArray[np.int64]
    v_ms: FloatArray
    shortfall_s: FloatArray


def global_optimum(payoffs: ArrayLike, slack: float = 0.0) -> tuple[int, ...] | None:
    """Find a joint action that gives every agent its largest payoff   (aorpo Theorem 7, condition 3).

        Q^i(a*) = max_a Q^i(a) for every agent i                                                    (1)

    `payoffs`  Q, (n, A_1, …, A_n), one array per agent
    `slack`    how much an agent's payoff may be below its largest one, ≥ 0

    Returns the first such joint action in C order, or None where there is none. Raises `ValueError` where `payoffs` has
    another shape, or `slack` is negative.

    >>> global_optimum([[[4, 1], [3, 2]], [[4, 3], [1, 2]]])
    (0, 0)
    >>> global_optimum([[[2, 0], [0, 1]], [[1, 0], [0, 2]]]) is None
    True
    """
    q_ia = as_floats("payoffs", payoffs)
    if q_ia.ndim < 2 or q_ia.size == 0 or q_ia.shape[0] != q_ia.ndim - 1:
        fail("payoffs", f"has shape {q_ia.shape}", "(n, A_1, …, A_n) that is not empty, one array per agent")
    if real("slack", slack) < 0:
        fail("slack", f"is {slack:g}", "a number >= 0")
    flat = q_ia.reshape(len(q_ia), -1)
    best = (flat >= flat.max(axis=1, keepdims=True) - slack).all(axis=0)
    return tuple(map(int, np.unravel_index(best.argmax(), q_ia.shape[1:]))) if best.any() else None


def global_optima(q_msa: FloatArray, unit_msa: FloatArray, ties: float) -> Optima:
    """For each of S games find the first joint action that comes nearest to (1), to `ties` units.

    `q_msa`     payoffs (n, S, A), joint actions in C order
    `unit_msa`  a unit for each payoff, (n, S, A): a shortfall is measured in the larger of that of the payoff and that
                of the agent's largest one
    """
    num_agents, num_games, _ = q_msa.shape
    found = Optima(np.empty(num_games, np.int64), np.empty((num_agents, num_games)), np.empty(num_games))
    _global_optima(q_msa, unit_msa, ties, *found)
    return found


@kernel
def _global_optima(
    q_msa: FloatArray,
    unit_msa: FloatArray,
    ties: float,
    out_actions_s: npt.NDArray[np.int64],
    out_v_ms: FloatArray,
    out_shortfall_s: FloatArray,
) -> None:
    """Write the `Optima` of each game."""
    num_agents, num_games, num_actions = q_msa.shape
    worst_a = np.empty(num_actions)
    for s in range(num_games):
        worst_a[:] = 0.0
        for i in range(num_agents):
            q_a, unit_a = q_msa[i, s], unit_msa[i, s]
            first = q_a.argmax()
            best = q_a[first]
            out_v_ms[i, s] = best
            for a in range(num_actions):
                if q_a[a] < best:
                    unit = max(unit_a[a], unit_a[first], _TINY)
                    worst_a[a] = max(worst_a[a], (best - q_a[a]) / unit)
        allowed = max(ties, worst_a.min())  # (1)
        for a in range(num_actions):
            if worst_a[a] <= allowed:
                out_actions_s[s], out_shortfall_s[s] = a, worst_a[a]
                break
