"""Agents that are alike: whoever exchanges their names has the same game.

    r^i(… a_i … a_j …) = r^j(… a_j … a_i …),   r^k(… a_i … a_j …) = r^k(… a_j … a_i …),  k ≠ i, j              (1)

The principal branch starts at the uniform policy, where they play alike, and along it they always do: the exchange maps
the curve to a curve from the same start. Near a fork where other curves leave this symmetry, rounding errors in their
direction grow without bound, and would lead away. So whatever moves the trace is made symmetric first.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.base.compile import inner
from mathrl.equilibria.matrix.memory import Trace

__all__ = ["agents_like", "find", "symmetrise"]

Integers = npt.NDArray[np.int64]


def agents_like(r_ma: FloatArray, num_actions: Sequence[int]) -> Integers:
    """For each agent the first one that it is like by (1), itself where there is none; r (m, A) is in C order."""
    r, like = r_ma.reshape(-1, *num_actions), np.arange(len(num_actions))
    for i, j in combinations(range(len(num_actions)), 2):
        if like[i] == i and like[j] == j and num_actions[i] == num_actions[j]:
            names = np.arange(len(r))
            if len(r) > 1:
                names[[i, j]] = j, i
            if np.array_equal(r, r[names].swapaxes(1 + i, 1 + j)):
                like[j] = i
    return like


@inner
def find(r_ma: FloatArray, num_actions: Integers, out_like: Integers) -> bool:
    """`agents_like`, compiled, into `out_like`; whether any agent is like another one."""
    found = False
    for i in range(len(num_actions)):
        out_like[i] = i
    for j in range(1, len(num_actions)):
        for i in range(j):
            if out_like[i] == i and num_actions[i] == num_actions[j] and _alike(r_ma, num_actions, i, j):
                out_like[j] = i
                found = True
                break
    return found


@inner
def _alike(r_ma: FloatArray, num_actions: Integers, i: int, j: int) -> bool:
    """Whether (1) holds exactly."""
    step_i, step_j = 1, 1
    for k in range(len(num_actions)):
        if k > i:
            step_i *= num_actions[k]
        if k > j:
            step_j *= num_actions[k]
    for m in range(r_ma.shape[0]):
        other = m if r_ma.shape[0] == 1 or (m != i and m != j) else i + j - m
        for a in range(r_ma.shape[1]):
            a_i, a_j = a // step_i % num_actions[i], a // step_j % num_actions[j]
            if r_ma[m, a] != r_ma[other, a + (a_j - a_i) * (step_i - step_j)]:
                return False
    return True


@inner
def symmetrise(trace: Trace, to_x: FloatArray) -> None:
    """Replace the entries of agents that are alike, action by action, by their mean."""
    if trace.numbers.symmetric == 0.0:
        return
    ends, like = trace.ends, trace.like
    n = len(ends) - 1
    for i in range(n):
        if like[i] != i:
            continue
        for a in range(ends[i + 1] - ends[i] - 1):
            total, count = 0.0, 0
            for j in range(i, n):
                if like[j] == i:
                    total += to_x[ends[j] - j + a]
                    count += 1
            for j in range(i, n):
                if like[j] == i:
                    to_x[ends[j] - j + a] = total / count
