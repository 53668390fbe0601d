"""Kernels of `mathrl.operators.response` on flat arrays.

q_msa (m, S, A) holds the joint Q in C order, m = 1 where all agents share it, else m = n. pi_sk (S, K) holds the
agents' policies side by side, K = A_1 + … + A_n, and `num_actions` is (A_1, …, A_n).
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.base.compile import inner, kernel

__all__ = [
    "Room",
    "apart",
    "apart_from_responses",
    "boltzmann",
    "improve",
    "marginal_q",
    "own_qs",
    "quantal_response_residual",
    "response_gap",
    "responses",
    "sequential_improvement",
]

Integers = npt.NDArray[np.int64]


class Room(NamedTuple):
    """Memory for what one state's responses are computed from.

    `left`, `right`  the probabilities of the joint actions of the agents before and after one agent, (A,)
    `own_k`          every agent's own Q, side by side, (K,)
    """

    left: FloatArray
    right: FloatArray
    own_k: FloatArray


@inner
def _own_q(q_a: FloatArray, pi_k: FloatArray, num_actions: Integers, agent: int, room: Room, out_k: FloatArray) -> None:
    """Write Q^i(a^i) = Σ_{l, r} π(l) π(r) Q(l, a^i, r) of one state into the places of agent i in `out_k`."""
    left, right = room.left, room.right
    lefts, rights = _others(pi_k, num_actions, agent, room)
    actions, first = num_actions[agent], 0
    for j in range(agent):
        first += num_actions[j]
    for a in range(actions):
        out_k[first + a] = 0.0
    for x in range(lefts):
        for a in range(actions):
            start = (x * actions + a) * rights
            expected = 0.0
            for y in range(rights):
                expected += right[y] * q_a[start + y]
            out_k[first + a] += left[x] * expected


@inner
def _others(pi_k: FloatArray, num_actions: Integers, agent: int, room: Room) -> tuple[int, int]:
    """Write Π_j π^j(a_j) over the agents before this one, and over those after it, in C order; return how many."""
    left, right = room.left, room.right
    left[0] = 1.0
    right[0] = 1.0
    lefts, rights, offset = 1, 1, 0
    for j in range(len(num_actions)):
        actions = num_actions[j]
        if j < agent:
            lefts = _times(left, lefts, pi_k, offset, actions)
        elif j > agent:
            rights = _times(right, rights, pi_k, offset, actions)
        offset += actions
    return lefts, rights


@inner
def _times(out: FloatArray, size: int, pi_k: FloatArray, offset: int, actions: int) -> int:
    """Multiply the first `size` weights by the probabilities of one more agent, in place; return how many there are."""
    for x in range(size - 1, -1, -1):
        weight = out[x]
        for a in range(actions):
            out[x * actions + a] = weight * pi_k[offset + a]
    return size * actions


@inner
def boltzmann(q_k: FloatArray, first: int, last: int, rationality: float, temperature: float) -> None:
    """Overwrite entries first ≤ k < last by softmax(λ q/α). Give λ or α as 1: the inverse of either is rounded."""
    largest = q_k[first]
    for k in range(first + 1, last):
        largest = max(largest, q_k[k])
    total = 0.0
    for k in range(first, last):
        q_k[k] = math.exp(rationality * (q_k[k] - largest) / temperature)
        total += q_k[k]
    for k in range(first, last):
        q_k[k] /= total


@inner
def responses(own_k: FloatArray, num_actions: Integers, temperature: float) -> None:
    """Overwrite u of one state by the responses softmax(u/α) of all agents."""
    first = 0
    for actions in num_actions:
        boltzmann(own_k, first, first + actions, 1.0, temperature)
        first += actions


@inner
def apart(pi_k: FloatArray, sigma_k: FloatArray) -> float:
    """max |π − σ|; not a number where an entry is not one."""
    worst = 0.0
    for k in range(len(pi_k)):
        gap = abs(pi_k[k] - sigma_k[k])
        if gap > worst or math.isnan(gap):
            worst = gap
    return worst


@inner
def apart_from_responses(pi_k: FloatArray, own_k: FloatArray, num_actions: Integers, temperature: float) -> float:
    """max |π − softmax(u/α)| of one state; u is overwritten by the responses."""
    responses(own_k, num_actions, temperature)
    return apart(pi_k, own_k)


@inner
def own_qs(q_msa: FloatArray, s: int, pi_k: FloatArray, num_actions: Integers, room: Room, out_k: FloatArray) -> None:
    """Write u of state s for all agents side by side."""
    for agent in range(len(num_actions)):
        q_a = q_msa[0 if len(q_msa) == 1 else agent, s]
        _own_q(q_a, pi_k, num_actions, agent, room, out_k)


@inner
def response_gap(
    q_msa: FloatArray, s: int, pi_k: FloatArray, num_actions: Integers, temperature: float, room: Room
) -> float:
    """max |π − softmax(u/α)| in state s."""
    own_qs(q_msa, s, pi_k, num_actions, room, room.own_k)
    return apart_from_responses(pi_k, room.own_k, num_actions, temperature)


@inner
def improve(
    q_msa: FloatArray,
    s: int,
    pi_k: FloatArray,
    num_actions: Integers,
    order: Integers,
    temperature: float,
    room: Room,
) -> None:
    """Overwrite the policies of state s by the responses of the agents in this order, each to those before it."""
    for agent in order:
        first = 0
        for before in range(agent):
            first += num_actions[before]
        q_a = q_msa[0 if len(q_msa) == 1 else agent, s]
        _own_q(q_a, pi_k, num_actions, agent, room, pi_k)
        boltzmann(pi_k, first, first + num_actions[agent], 1.0, temperature)


@kernel
def marginal_q(q_msa: FloatArray, pi_sk: FloatArray, num_actions: Integers, out_sk: FloatArray) -> None:
    """Kernel of `operators.marginal_q` for all agents side by side: overwrites `out_sk`.

    q_msa (m, S, A) is the joint Q in C order, m = 1 where all agents share it; pi_sk (S, K) holds the agents' policies
    side by side, K = A_1 + … + A_n, and `num_actions` is (A_1, …, A_n).
    """
    room = Room(np.empty(q_msa.shape[2]), np.empty(q_msa.shape[2]), np.empty(1))
    for s in range(q_msa.shape[1]):
        own_qs(q_msa, s, pi_sk[s], num_actions, room, out_sk[s])


@kernel
def quantal_response_residual(q_msa: FloatArray, pi_sk: FloatArray, num_actions: Integers, temperature: float) -> float:
    """Kernel of `operators.quantal_response_residual`: overwrites nothing, returns the residual max |π − softmax(u/α)|.

    q_msa (m, S, A) is the joint Q in C order, m = 1 where all agents share it; pi_sk (S, K) holds the agents' policies
    side by side, K = A_1 + … + A_n, and `num_actions` is (A_1, …, A_n).
    """
    room = Room(np.empty(q_msa.shape[2]), np.empty(q_msa.shape[2]), np.empty(pi_sk.shape[1]))
    residual = 0.0
    for s in range(len(pi_sk)):
        gap = response_gap(q_msa, s, pi_sk[s], num_actions, temperature, room)
        if gap > residual or math.isnan(gap):
            residual = gap
    return residual


@kernel
def sequential_improvement(
    q_msa: FloatArray, pi_sk: FloatArray, num_actions: Integers, order: Integers, temperature: float, out_sk: FloatArray
) -> None:
    """Kernel of `operators.sequential_improvement`: overwrites `out_sk`.

    q_msa (m, S, A) is the joint Q in C order, m = 1 where all agents share it; pi_sk (S, K) holds the agents' policies
    side by side, K = A_1 + … + A_n, and `num_actions` is (A_1, …, A_n). The agents respond in the order of `order`.
    """
    room = Room(np.empty(q_msa.shape[2]), np.empty(q_msa.shape[2]), np.empty(1))
    for s in range(len(pi_sk)):
        for k in range(pi_sk.shape[1]):
            out_sk[s, k] = pi_sk[s, k]
        improve(q_msa, s, out_sk[s], num_actions, order, temperature, room)
