"""Kernels of expectations given the actions of one agent or two, over the joint actions of one state.

q_ma (m, A) holds Q with joint actions in C order, m = 1 where all agents share it, else m = n. pi_k holds the agents'
policies side by side, and `ends` (n + 1,) where each agent's actions begin and end among them. `place` (n,) or longer
is where the actions of the present joint action stand.
"""

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.base.compile import inner

__all__ = ["first_joint_action", "next_joint_action", "pair_q", "weight_of_others"]

Integers = npt.NDArray[np.int64]


@inner
def first_joint_action(ends: Integers, place: Integers) -> None:
    """Put `place` at the first joint action."""
    for i in range(len(ends) - 1):
        place[i] = ends[i]


@inner
def next_joint_action(ends: Integers, place: Integers) -> None:
    """Move `place` on to the next joint action in C order, from the last one to the first."""
    i = len(ends) - 2
    place[i] += 1
    while i > 0 and place[i] == ends[i + 1]:
        place[i] = ends[i]
        i -= 1
        place[i] += 1
    if place[0] == ends[1]:
        place[0] = 0


@inner
def weight_of_others(pi_k: FloatArray, ends: Integers, place: Integers, i: int, j: int) -> float:
    """The probability that all agents but i and j play their actions at `place`."""
    weight = 1.0
    for other in range(len(ends) - 1):
        if other != i and other != j:
            weight *= pi_k[place[other]]
    return weight


@inner
def pair_q(q_ma: FloatArray, pi_k: FloatArray, ends: Integers, place: Integers, out_kk: FloatArray) -> None:
    """E[Q^i | a_i, a_j] of all pairs of agents, `operators.expectation` with two agents kept: overwrites `out_kk`."""
    num_agents, shared = len(ends) - 1, q_ma.shape[0] == 1
    out_kk[:] = 0.0
    first_joint_action(ends, place)
    for x in range(q_ma.shape[1]):
        for i in range(num_agents):
            for j in range(i + 1, num_agents):
                weight = 1.0  # as `weight_of_others` would say, but a call in the innermost loop costs a tenth of it
                for other in range(num_agents):
                    if other != i and other != j:
                        weight *= pi_k[place[other]]
                out_kk[place[i], place[j]] += weight * q_ma[0 if shared else i, x]
                out_kk[place[j], place[i]] += weight * q_ma[0 if shared else j, x]
        next_joint_action(ends, place)
