"""`mathrl.values.attained` of the quantal responses in one matrix game, compiled.

rounding floor of all payoffs    ε max(1, ‖r‖∞/α)                                                                (1)
rounding floor of what is played    ε max(1, max_i Σ_a ρ^i(a) (1 − ρ^i(a)) E_{π^{-i}}[|r^i|](a)/α),  ρ = softmax(u/α)
                                                                                                                 (2)
doubt                            max |π − softmax((u + ε E_{π^{-i}}[|r^i|])/α)|                                   (3)

Where (1) is more than 1,024 times (2), the latter is the floor, and (3) counts in the residual.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.base.compile import inner
from mathrl.kernels.response import Room, apart, own_qs, responses
from mathrl.values.attained import DIFFERENT

__all__ = ["Sizes", "came_back", "floor", "judged"]

Integers = npt.NDArray[np.int64]

_EPS = float(np.finfo(np.float64).eps)


class Sizes(NamedTuple):
    """Memory for `judged` and `came_back`.

    `delta_msa`  ε |r| of one game, (m, 1, A)
    `delta_k`    what rounding leaves of all agents' own values, side by side, (K,)
    `more_k`     the own values and as much more, (K,)
    `kept_k`     an earlier policy, (K,)
    """

    delta_msa: FloatArray
    delta_k: FloatArray
    more_k: FloatArray
    kept_k: FloatArray


@inner
def floor(r_ma: FloatArray, temperature: float) -> float:
    """(1) of one game."""
    largest = 0.0
    for m in range(r_ma.shape[0]):
        for a in range(r_ma.shape[1]):
            largest = max(largest, abs(r_ma[m, a]))
    return _EPS * max(1.0, largest / temperature)


@inner
def judged(
    q_msa: FloatArray,
    pi_k: FloatArray,
    num_actions: Integers,
    temperature: float,
    residual: float,
    goal: float,
    largest: float,
    room: Room,
    sizes: Sizes,
) -> tuple[float, float]:
    """The residual of a game, its only state, and its rounding floor, from max |π − softmax(u/α)| and (1), `largest`.

    As that takes time, (2) and (3) are asked only where the residual is within `goal` of the largest floor.
    """
    if residual > goal * largest or largest <= DIFFERENT * _EPS:
        return residual, largest
    rho_k, delta_k, more_k = room.own_k, sizes.delta_k, sizes.more_k
    for m in range(q_msa.shape[0]):
        for a in range(q_msa.shape[2]):
            sizes.delta_msa[m, 0, a] = _EPS * abs(q_msa[m, 0, a])
    own_qs(q_msa, 0, pi_k, num_actions, room, rho_k)
    own_qs(sizes.delta_msa, 0, pi_k, num_actions, room, delta_k)
    for k in range(len(rho_k)):
        more_k[k] = rho_k[k] + delta_k[k]
    responses(rho_k, num_actions, temperature)
    responses(more_k, num_actions, temperature)
    played, first = _EPS, 0
    for actions in num_actions:
        moved = 0.0
        for k in range(first, first + actions):
            moved += rho_k[k] * (1.0 - rho_k[k]) * delta_k[k]
        played = max(played, moved / temperature)
        first += actions
    if largest <= DIFFERENT * played:
        return residual, largest
    doubt = apart(pi_k, more_k)
    return doubt if doubt > residual else residual, played


@inner
def came_back(pi_k: FloatArray, kept_k: FloatArray, steps: int) -> bool:
    """Whether π is the policy that was kept, to the last bit; π is kept after 0, 1, 3, 7, … steps (Brent 1980)."""
    if apart(pi_k, kept_k) == 0.0:
        return True
    if steps & (steps + 1) == 0:
        for k in range(len(pi_k)):
            kept_k[k] = pi_k[k]
    return False
