"""The derivatives of one state's equations, and what is left of them once its policies are eliminated, compiled.

The functions of `mathrl.equilibria.stochastic.equations` call these for all states at once: q_msa (m, S, A) is the
weighted Q with joint actions in C order, m = 1 where one value function serves all agents, else n; pi_sk and log_sk (S,
K) the policies and their logarithms side by side. The equations and unknowns of a state leave out each agent's first
action: k counts the K − n others.
"""

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.base.compile import kernel
from mathrl.equilibria.lu import factor, solve
from mathrl.kernels.conditional import next_joint_action, pair_q, weight_of_others

__all__ = [
    "derivatives",
    "invert",
    "own",
    "policies",
    "response_weights",
    "value_system",
    "value_system_apply",
    "value_system_csr",
]

Integers = npt.NDArray[np.int64]
Indices = npt.NDArray[np.integer]


@kernel
def policies(x_sk: FloatArray, num_actions: Integers, out_pi_sk: FloatArray, out_log_sk: FloatArray) -> None:
    """Overwrite the outputs by π and log π of the log ratios x."""
    for s in range(len(x_sk)):
        first = 0
        for i in range(len(num_actions)):
            actions = num_actions[i]
            largest = 0.0
            out_log_sk[s, first] = 0.0
            for a in range(1, actions):
                out_log_sk[s, first + a] = x_sk[s, first - i + a - 1]
                largest = max(largest, out_log_sk[s, first + a])
            total = 0.0
            for k in range(first, first + actions):
                out_log_sk[s, k] -= largest
                out_pi_sk[s, k] = np.exp(out_log_sk[s, k])
                total += out_pi_sk[s, k]
            for k in range(first, first + actions):
                out_pi_sk[s, k] /= total
                out_log_sk[s, k] -= np.log(total)
            first += actions


@kernel
def own(q_msa: FloatArray, pi_sk: FloatArray, num_actions: Integers, out_sk: FloatArray) -> None:
    """Overwrite the output by u, E[Q^i | a_i] of all agents side by side."""
    num_functions, num_states, num_joint_actions = q_msa.shape
    first = _first(num_actions)
    place = first[:-1].copy()
    out_sk[:] = 0.0
    for s in range(num_states):
        for x in range(num_joint_actions):
            for i in range(len(num_actions)):
                q = q_msa[0 if num_functions == 1 else i, s, x]
                out_sk[s, place[i]] += weight_of_others(pi_sk[s], first, place, i, i) * q
            next_joint_action(first, place)


@kernel
def derivatives(
    q_msa: FloatArray,
    pi_sk: FloatArray,
    log_sk: FloatArray,
    num_actions: Integers,
    counted_mi: FloatArray,
    response_weight: float,
    out_b_skk: FloatArray,
    out_c_smk: FloatArray,
) -> None:
    """Overwrite the outputs by B and C, (3) and (4) of `mathrl.equilibria.stochastic.equations`."""
    num_functions, num_states, _ = q_msa.shape
    num_agents, size = len(num_actions), pi_sk.shape[1]
    pair_kk, given_mk = np.empty((size, size)), np.empty((num_functions, size))
    first = _first(num_actions)
    for s in range(num_states):
        _conditional(q_msa[:, s], pi_sk[s], num_actions, first, pair_kk, given_mk)
        for i in range(num_agents):
            for a in range(1, num_actions[i]):
                row, base = first[i] + a, first[i]
                for j in range(num_agents):
                    for b in range(1, num_actions[j]):
                        k = first[j] + b
                        if i == j:
                            out_b_skk[s, row - i - 1, k - j - 1] = 1.0 if a == b else 0.0
                        else:
                            own = given_mk[0 if num_functions == 1 else i]
                            more = pair_kk[row, k] - pair_kk[base, k] - own[row] + own[base]
                            out_b_skk[s, row - i - 1, k - j - 1] = -response_weight * pi_sk[s, k] * more  # (3)
        for m in range(num_functions):
            mean = 0.0
            for k in range(first[1]):
                mean += pi_sk[s, k] * given_mk[m, k]
            for j in range(num_agents):
                entropy = 0.0
                for k in range(first[j], first[j + 1]):
                    entropy -= pi_sk[s, k] * log_sk[s, k]
                for k in range(first[j] + 1, first[j + 1]):
                    surprise = counted_mi[m, j] * (log_sk[s, k] + entropy)
                    out_c_smk[s, m, k - j - 1] = -pi_sk[s, k] * (given_mk[m, k] - mean - surprise)  # (4)


@kernel
def _conditional(
    q_ma: FloatArray,
    pi_k: FloatArray,
    num_actions: Integers,
    first: Integers,
    out_pair_kk: FloatArray,
    out_given_mk: FloatArray,
) -> None:
    """Of one state, E[Q^i | a_i, a_j] for all pairs of agents and E[Q^m | a_j] for all agents and functions."""
    num_functions, num_agents = q_ma.shape[0], len(num_actions)
    place = first[:-1].copy()
    pair_q(q_ma, pi_k, first, place, out_pair_kk)
    out_given_mk[:] = 0.0
    for x in range(q_ma.shape[1]):
        for i in range(num_agents):
            weight = weight_of_others(pi_k, first, place, i, i)
            for m in range(num_functions):
                out_given_mk[m, place[i]] += weight * q_ma[m, x]
        next_joint_action(first, place)


@kernel
def _first(num_actions: Integers) -> Integers:
    """Where each agent's actions begin side by side, and where the last one's end."""
    first = np.zeros(len(num_actions) + 1, np.int64)
    for i in range(len(num_actions)):
        first[i + 1] = first[i] + num_actions[i]
    return first


@kernel
def invert(b_skk: FloatArray, out_skk: FloatArray) -> float:
    """Overwrite the output by the inverses of all blocks; return the sign of the product of their determinants.

    0 where a block is singular. The blocks are overwritten too.
    """
    num_states, size, _ = b_skk.shape
    rows, unit, column = np.empty(size, np.int64), np.zeros(size), np.empty(size)
    sign = 1.0
    for s in range(num_states):
        sign *= factor(b_skk[s], rows, size)
        if sign == 0.0:
            return 0.0
        for y in range(size):
            unit[y] = 1.0
            solve(b_skk[s], rows, size, unit, column)
            unit[y] = 0.0
            for x in range(size):
                out_skk[s, x, y] = column[x]
    return sign


@kernel
def response_weights(g_srk: FloatArray, pi_sk: FloatArray, num_actions: Integers, out_srma: FloatArray) -> None:
    """Overwrite the output by Σ_{i of m} g^{ri}(a_i) π^{-i}(a_{-i}|s), g^{ri}(0) = −Σ_{a ≥ 1} g^{ri}(a), for rows r."""
    num_states, num_rows, num_functions, num_joint_actions = out_srma.shape
    num_agents = len(num_actions)
    first = _first(num_actions)
    full_rk = np.empty((num_rows, first[num_agents]))
    out_srma[:] = 0.0
    for s in range(num_states):
        for r in range(num_rows):
            for i in range(num_agents):
                full_rk[r, first[i]] = 0.0
                for k in range(first[i] + 1, first[i + 1]):
                    full_rk[r, k] = g_srk[s, r, k - i - 1]
                    full_rk[r, first[i]] -= full_rk[r, k]
        place = first[:-1].copy()
        for x in range(num_joint_actions):
            for i in range(num_agents):
                weight = weight_of_others(pi_sk[s], first, place, i, i)
                for r in range(num_rows):
                    out_srma[s, r, 0 if num_functions == 1 else i, x] += weight * full_rk[r, place[i]]
            next_joint_action(first, place)


@kernel
def value_system(P_xt: FloatArray, w_smma: FloatArray, discount: float, out_yz: FloatArray) -> None:
    """Overwrite the leading m S rows and columns by I − γ Σ_a w P, (2) of `bordered`, for dense transitions."""
    num_states, num_functions, _, num_joint_actions = w_smma.shape
    size = num_functions * num_states
    out_yz[:size, :size] = 0.0
    for s in range(num_states):
        for a in range(num_joint_actions):
            row = P_xt[s * num_joint_actions + a]
            for m in range(num_functions):
                for n in range(num_functions):
                    weight = -discount * w_smma[s, m, n, a]
                    out = out_yz[m * num_states + s, n * num_states : (n + 1) * num_states]
                    for t in range(num_states):
                        out[t] += weight * row[t]
    for y in range(size):
        out_yz[y, y] += 1.0


@kernel
def value_system_csr(
    data: FloatArray, indices: Indices, indptr: Indices, w_smma: FloatArray, discount: float, out_yz: FloatArray
) -> None:
    """Overwrite the leading rows and columns as `value_system` does, for CSR transitions."""
    num_states, num_functions, _, num_joint_actions = w_smma.shape
    size = num_functions * num_states
    out_yz[:size, :size] = 0.0
    for s in range(num_states):
        for a in range(num_joint_actions):
            x = s * num_joint_actions + a
            for m in range(num_functions):
                for n in range(num_functions):
                    weight = -discount * w_smma[s, m, n, a]
                    out = out_yz[m * num_states + s, n * num_states : (n + 1) * num_states]
                    for k in range(np.uintp(indptr[x]), np.uintp(indptr[x + 1])):
                        out[np.uintp(indices[k])] += weight * data[k]
    for y in range(size):
        out_yz[y, y] += 1.0


@kernel
def value_system_apply(w_smma: FloatArray, v_ms: FloatArray, ahead_msa: FloatArray, out_ms: FloatArray) -> None:
    """Overwrite the output by v(s) − Σ_a w(s, a) ahead(s, a), M v of (2) in `bordered` where `ahead` is γ P v."""
    num_states, num_functions, _, num_joint_actions = w_smma.shape
    for s in range(num_states):
        for m in range(num_functions):
            total = v_ms[m, s]
            for n in range(num_functions):
                for a in range(num_joint_actions):
                    total -= w_smma[s, m, n, a] * ahead_msa[n, s, a]
            out_ms[m, s] = total
