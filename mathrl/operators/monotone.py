"""Soft-QMIX's operators: TD(λ) targets, local values from a mixed Q, and the policy that they give.

    V_tot(s)   = E_{a~π}[Q_tot(s, a)] + α Σ_i H(π^i(·|s))                                               (4)
    (T Q)(s, a) = r(s, a) + γ Σ_t P(t|s, a) V_tot(t)                                                     (5)
    Q_tot(s, a) = Mixer(Q_1(s, a_1), …, Q_n(s, a_n); s),  ∂Mixer/∂Q_i ≥ 0                                (6)
    (T_λ Q)(s, a) = Q(s, a) + Σ_l (γλ)^l E[δ_l | s, a],  δ = T Q − Q                                     (24)
    ½ Σ_a π(a|s) (Q_tot(s, a) − (T_λ Q)(s, a))²                                                          (13)
    ½ Σ_a π(a|s) (Σ_i f_i(s, a_i) − Q_tot(s, a))²                                                        (14)
    π_i(a_i|s) = softmax(f_i(s, ·) / α)                                                                  (15)

Numbers are those of the Soft-QMIX paper (soft-qmix); (24) is its (7). Joint actions are drawn from the product of the
agents' policies, whose entropies add up to that of (4). Axes: s state, a own or joint action; q is (S, A_1, …, A_n).
Which table (6) is nearest to a target is found by `mathrl.stage.monotone_projection`.
"""

from collections.abc import Sequence
from typing import Any

from mathrl.operators.bellman import expectation, policy_backup, policy_transitions
from mathrl.operators.opponent import own_and_others
from mathrl.softmax import boltzmann

__all__ = ["additive_mix", "critic_loss", "local_policy", "local_values", "monotonicity_gap", "trace_target"]


def trace_target(
    q: Any,
    policy: Sequence[Any],
    rewards: Any,
    transitions: Any,
    *,
    discount: float,
    temperature: float,
    trace_decay: float,
) -> Any:
    """T_λ Q with λ = `trace_decay`, exactly   (soft-qmix Eq. 7 and 24); transitions are dense.

    With d = δ of (24) and d_π(s) = E_{a~π}[d], the sum is d + γλ P y, where y = d_π + γλ P_π y. λ = 0 gives (5), λ = 1
    the soft Q of the policy, whatever q is. Eq. 26 as printed omits α γ before the log π of its second line, and its
    V there is that of step t + 2; Eq. 27 then holds as printed, in expectation over the actions.
    """
    xp = q.__array_namespace__()
    errors = policy_backup(q, policy, rewards, transitions, discount=discount, temperature=temperature) - q
    P_st = policy_transitions(transitions, policy)
    ahead = xp.eye(q.shape[0], dtype=q.dtype) - discount * trace_decay * P_st
    y = xp.linalg.solve(ahead, expectation(errors, policy)[:, None])[:, 0]
    return q + errors + discount * trace_decay * xp.reshape(transitions @ y, q.shape)  # (24)


def critic_loss(q_tot: Any, target: Any, policy: Sequence[Any]) -> Any:
    """½ Σ_a π(a|s) (Q_tot − target)² of each state, shape (S,)   (soft-qmix Eq. 13; Eq. 14 for a sum of f_i)."""
    return expectation((q_tot - target) ** 2, policy) / 2  # (13)


def local_values(q_tot: Any, policy: Sequence[Any]) -> tuple[Any, ...]:
    """The f_i (S, A_i) that minimise the loss (14) under the policy's own weights   (soft-qmix Eq. 14).

        f_i(a_i) = E_{π^{-i}}[Q_tot(a_i, ·)] − (1 − 1/n) E_π[Q_tot]

    A product measure makes the agents' deviations from the mean orthogonal, so each f_i is fitted alone. For Q_tot of
    the form (6), E_{π^{-i}}[Q_tot(a_i, ·)] does not decrease in Q_i(a_i), hence f_i preserves the order without being
    told to. So (15) is a simultaneous quantal response to Q_tot.
    """
    xp = q_tot.__array_namespace__()
    agents = len(policy)
    share = (1 - 1 / agents) * xp.expand_dims(expectation(q_tot, policy), axis=-1)
    return tuple(expectation(q_tot, policy, keep=(agent,)) - share for agent in range(agents))  # (14)


def local_policy(local: Sequence[Any], *, temperature: float) -> tuple[Any, ...]:
    """π_i = softmax(f_i / α), shapes (S, A_i)   (soft-qmix Eq. 15)."""
    return tuple(boltzmann(f_sa, temperature) for f_sa in local)  # (15)


def additive_mix(local: Sequence[Any]) -> Any:
    """Σ_i f_i(s, a_i), shape (S, A_1, …, A_n): VDN's mixer   (soft-qmix Eq. 10, the sum)."""
    xp = local[0].__array_namespace__()
    total = local[0]
    for f_sa in local[1:]:
        shape = (f_sa.shape[0], *[1] * (total.ndim - 1), f_sa.shape[1])
        total = xp.expand_dims(total, axis=-1) + xp.reshape(f_sa, shape)  # (10)
    return total


def monotonicity_gap(q_tot: Any, individual_q: Sequence[Any]) -> Any:
    """How far Q_tot is from increasing in every Q_i, shape (S,)   (soft-qmix Eq. 6).

    The largest Q_tot(p, b) − Q_tot(q, b) over agents, their actions with Q_i(p) ≤ Q_i(q), and the others' actions b:
    0 exactly where Q_tot = Mixer(Q_1, …, Q_n) for some non-decreasing Mixer. Equal Q_i ask for equal Q_tot.
    """
    xp = q_tot.__array_namespace__()
    gaps = []
    for agent, own in enumerate(individual_q):
        q_sab = own_and_others(q_tot, agent)
        falls = xp.max(q_sab[:, :, None, :] - q_sab[:, None, :, :], axis=-1)
        below = own[:, :, None] <= own[:, None, :]
        gaps.append(xp.max(xp.where(below, falls, 0.0), axis=(1, 2)))  # (6)
    return xp.max(xp.stack(gaps), axis=0)
