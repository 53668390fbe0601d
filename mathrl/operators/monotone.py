"""Soft-QMIX's operators: TD(λ) targets, local values from a mixed Q, and the policy that they give.

Q_tot(s, a) = Mixer(Q_1(s, a_1), …, Q_n(s, a_n); s) with ∂Mixer/∂Q_i ≥ 0 (soft-qmix Eq. 6); which such table is
nearest to a target is found by `mathrl.stage.monotone_projection`. Joint actions are drawn from the product of the
agents' policies, whose entropies add up to that of V_tot (soft-qmix Eq. 4). q is (S, A_1, …, A_n), f_i and Q_i are
(S, A_i).
"""

from collections.abc import Sequence
from typing import Any

from mathrl.arithmetic import alike, difference, namespace
from mathrl.operators.axes import own_and_others
from mathrl.operators.bellman import expectation, policy_backup, policy_transitions
from mathrl.softmax import boltzmann

__all__ = ["additive_mix", "critic_loss", "local_policy", "local_values", "monotonicity_gap", "trace_target"]


@alike
def trace_target(
    q: Any,
    policy: Sequence[Any],
    rewards: Any,
    transitions: Any,
    *,
    discount: Any,
    temperature: Any,
    trace_decay: Any,
) -> Any:
    """(T_λ Q)(s, a) = Q(s, a) + Σ_l (γλ)^l E[δ_l | s, a], δ = Γ_π Q − Q, λ = `trace_decay`   (soft-qmix Eq. 7 and 24).

    It is computed exactly: the sum is δ + γλ P y, where y = δ_π + γλ P_π y and δ_π(s) = E_{a~π}[δ(s, a)]. λ = 0 gives
    Γ_π Q of `policy_backup` (soft-qmix Eq. 5), λ = 1 the soft Q of the policy, whatever q is. Eq. 26 as printed omits α
    γ before the log π of its second line, and its V there is that of step t + 2; Eq. 27 then holds as printed, in
    expectation over the actions.

    `q`            Q, (S, A_1, …, A_n)
    `policy`       π, one array (S, A_i) per agent
    `rewards`      r, (S, A_1, …, A_n)
    `transitions`  P(t|s, a), (S, A_1, …, A_n, S), a dense array
    `discount`     γ, in [0, 1)
    `temperature`  α ≥ 0, the weight of the entropy
    `trace_decay`  λ, in [0, 1]

    Returns T_λ Q, (S, A_1, …, A_n).
    """
    xp = namespace(q)
    target = policy_backup(q, policy, rewards, transitions, discount=discount, temperature=temperature)
    errors = difference(target, q)
    P_st = policy_transitions(transitions, policy)
    ahead = xp.eye(q.shape[0], dtype=q.dtype) - discount * trace_decay * P_st
    y = xp.linalg.solve(ahead, expectation(errors, policy)[:, None])[:, 0]
    return q + errors + discount * trace_decay * xp.reshape(transitions @ y, q.shape)


@alike
def critic_loss(q_tot: Any, target: Any, policy: Sequence[Any]) -> Any:
    """½ Σ_a π(a|s) (Q_tot(s, a) − T(s, a))²   (soft-qmix Eq. 13; Eq. 14 for a sum of f_i).

    `q_tot`   Q_tot, (S, A_1, …, A_n)
    `target`  T, (S, A_1, …, A_n)
    `policy`  π, one array (S, A_i) per agent

    Returns (S,).
    """
    return expectation(difference(q_tot, target) ** 2, policy) / 2


@alike
def local_values(q_tot: Any, policy: Sequence[Any]) -> tuple[Any, ...]:
    """f_i(s, a_i) = E_{π^{-i}}[Q_tot(s, a_i, ·)] − (1 − 1/n) E_π[Q_tot(s, ·)]   (soft-qmix Eq. 14).

    They minimise ½ Σ_a π(a|s) (Σ_i f_i(s, a_i) − Q_tot(s, a))². Under a product policy the agents' deviations from the
    mean are orthogonal, so each f_i can be fitted alone. For a monotone Q_tot, E_{π^{-i}}[Q_tot(a_i, ·)] does not
    decrease in Q_i(a_i), so f_i keeps the order of Q_i by itself. `local_policy` of them is the quantal response of all
    agents at once to Q_tot.

    `q_tot`   Q_tot, (S, A_1, …, A_n)
    `policy`  π, one array (S, A_i) per agent

    Returns f_i, one array (S, A_i) per agent.
    """
    xp = namespace(q_tot)
    mean = xp.expand_dims(expectation(q_tot, policy), axis=-1)
    agents = len(policy)
    share = (1 - xp.ones_like(mean) / agents) * mean
    return tuple(expectation(q_tot, policy, keep=(agent,)) - share for agent in range(agents))


@alike
def local_policy(local: Sequence[Any], *, temperature: Any) -> tuple[Any, ...]:
    """π_i(a_i|s) = exp(f_i(s, a_i)/α) / Σ_b exp(f_i(s, b)/α)   (soft-qmix Eq. 15).

    `local`        f_i, one array (S, A_i) per agent
    `temperature`  α > 0

    Returns π_i, one array (S, A_i) per agent.
    """
    return tuple(boltzmann(f_sa, temperature) for f_sa in local)


@alike
def additive_mix(local: Sequence[Any]) -> Any:
    """Σ_i f_i(s, a_i), the sum: VDN's mixer   (soft-qmix Eq. 10).

    `local`  f_i, one array (S, A_i) per agent

    Returns (S, A_1, …, A_n).
    """
    xp = namespace(local[0])
    total = local[0]
    for f_sa in local[1:]:
        shape = (f_sa.shape[0], *[1] * (total.ndim - 1), f_sa.shape[1])
        total = xp.expand_dims(total, axis=-1) + xp.reshape(f_sa, shape)
    return total


@alike
def monotonicity_gap(q_tot: Any, individual_q: Sequence[Any]) -> Any:
    """max {Q_tot(s, p, b) − Q_tot(s, c, b) : Q_i(s, p) ≤ Q_i(s, c)} over i, p, c, b   (soft-qmix Eq. 6).

    This says how far Q_tot is from increasing in every Q_i; p and c are actions of agent i, b the others'. It is zero
    exactly where Q_tot = Mixer(Q_1, …, Q_n) for some non-decreasing Mixer. Equal Q_i ask for equal Q_tot.

    `q_tot`         Q_tot, (S, A_1, …, A_n)
    `individual_q`  Q_i, one array (S, A_i) per agent

    Returns (S,). Raises `Undecided` for balls that leave open which of two Q_i is larger.
    """
    xp = namespace(q_tot)
    gaps = [xp.zeros_like(individual_q[0][:, 0])]  # of p = c
    for agent, own in enumerate(individual_q):
        q_sab = own_and_others(q_tot, agent)
        for distance in range(1, own.shape[1]):
            falls = xp.max(difference(q_sab, xp.roll(q_sab, distance, axis=1)), axis=-1)
            below = own <= xp.roll(own, distance, axis=1)
            gaps.append(xp.max(xp.where(below, falls, 0.0), axis=1))
    return xp.max(xp.stack(gaps), axis=0)
