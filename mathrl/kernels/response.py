"""Kernels of `mathrl.operators.response` on flat arrays.

q_msa (m, S, A) holds the joint Q in C order, m = 1 where all agents share it, else m = n. pi_sk (S, K) holds the
agents' policies side by side, K = A_1 + … + A_n, and `num_actions` is (A_1, …, A_n).
"""

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.base.compile import inner, kernel

__all__ = ["marginal_q", "quantal_response_residual", "sequential_improvement"]

Integers = npt.NDArray[np.int64]


@inner
def _product(pi_k: FloatArray, num_actions: Integers, first: int, last: int, out: FloatArray) -> int:
    """Write Π_j π^j(a_j) over agents first ≤ j < last, in C order, into `out`; return the number of entries."""
    offset = 0
    for j in range(first):
        offset += num_actions[j]
    out[0] = 1.0
    size = 1
    for j in range(first, last):
        actions = num_actions[j]
        for x in range(size - 1, -1, -1):
            weight = out[x]
            for a in range(actions):
                out[x * actions + a] = weight * pi_k[offset + a]
        size *= actions
        offset += actions
    return size


@inner
def _own_q(
    q_a: FloatArray,
    pi_k: FloatArray,
    num_actions: Integers,
    agent: int,
    left: FloatArray,
    right: FloatArray,
    out: FloatArray,
) -> None:
    """Write Q^i(a^i) = Σ_{l, r} π(l) π(r) Q(l, a^i, r) of one state into `out`."""
    lefts = _product(pi_k, num_actions, 0, agent, left)
    rights = _product(pi_k, num_actions, agent + 1, len(num_actions), right)
    actions = num_actions[agent]
    for a in range(actions):
        out[a] = 0.0
    for x in range(lefts):
        for a in range(actions):
            start = (x * actions + a) * rights
            expected = 0.0
            for y in range(rights):
                expected += right[y] * q_a[start + y]
            out[a] += left[x] * expected


@inner
def _boltzmann(q_a: FloatArray, actions: int, temperature: float) -> None:
    """Overwrite the first `actions` entries of `q_a` with their Boltzmann probabilities."""
    largest = q_a[0]
    for a in range(1, actions):
        largest = max(largest, q_a[a])
    total = 0.0
    for a in range(actions):
        q_a[a] = np.exp((q_a[a] - largest) / temperature)
        total += q_a[a]
    for a in range(actions):
        q_a[a] /= total


@kernel
def marginal_q(q_msa: FloatArray, pi_sk: FloatArray, num_actions: Integers, out_sk: FloatArray) -> None:
    """Kernel of `operators.marginal_q` for all agents side by side: overwrites `out_sk`."""
    shared = q_msa.shape[0] == 1
    left = np.empty(q_msa.shape[2])
    right = np.empty(q_msa.shape[2])
    for s in range(q_msa.shape[1]):
        offset = 0
        for agent in range(len(num_actions)):
            actions = num_actions[agent]
            q_a = q_msa[0 if shared else agent, s]
            _own_q(q_a, pi_sk[s], num_actions, agent, left, right, out_sk[s, offset : offset + actions])
            offset += actions


@kernel
def quantal_response_residual(q_msa: FloatArray, pi_sk: FloatArray, num_actions: Integers, temperature: float) -> float:
    """Kernel of `operators.quantal_response_residual`: overwrites nothing, returns the residual."""
    own_sk = np.empty_like(pi_sk)
    marginal_q(q_msa, pi_sk, num_actions, own_sk)
    residual = 0.0
    for s in range(pi_sk.shape[0]):
        offset = 0
        for actions in num_actions:
            _boltzmann(own_sk[s, offset:], actions, temperature)
            for k in range(offset, offset + actions):
                residual = max(residual, abs(pi_sk[s, k] - own_sk[s, k]))
            offset += actions
    return residual


@kernel
def sequential_improvement(
    q_msa: FloatArray, pi_sk: FloatArray, num_actions: Integers, order: Integers, temperature: float, out_sk: FloatArray
) -> None:
    """Kernel of `operators.sequential_improvement`: overwrites `out_sk`."""
    shared = q_msa.shape[0] == 1
    left = np.empty(q_msa.shape[2])
    right = np.empty(q_msa.shape[2])
    offsets = np.zeros(len(num_actions) + 1, np.int64)
    for agent in range(len(num_actions)):
        offsets[agent + 1] = offsets[agent] + num_actions[agent]
    for s in range(q_msa.shape[1]):
        out_sk[s, :] = pi_sk[s, :]
        for agent in order:
            own = np.empty(num_actions[agent])
            _own_q(q_msa[0 if shared else agent, s], out_sk[s], num_actions, agent, left, right, own)
            _boltzmann(own, num_actions[agent], temperature)
            out_sk[s, offsets[agent] : offsets[agent + 1]] = own
