"""Values regularised towards a target policy ρ, and how policies improve on them.

`target_policy` is ρ, a joint one (S, A_1, …, A_n) or a tuple of the agents' (S, A_i), and `log_target` is log ρ, −∞
where ρ is 0; there π is 0 too. ω is the temperature, and q is (S, A_1, …, A_n).
"""

from collections.abc import Sequence
from typing import Any

from mathrl.arithmetic import alike, mean_there, namespace, or_zero, times, weighted
from mathrl.operators.axes import along, flat
from mathrl.operators.bellman import backup
from mathrl.operators.response import marginal_q
from mathrl.softmax import kl_divergence, log_probabilities, target_log_ratio, target_soft_max

__all__ = [
    "additive_distance",
    "additive_parts",
    "divergence_backup",
    "divergence_improvement",
    "divergence_optimality_backup",
    "divergence_response",
    "divergence_soft_max",
    "divergence_value",
    "linear_divergence_improvement",
    "log_divergence_ratio",
    "sequential_divergence_improvement",
]


@alike
def divergence_value(q: Any, joint_policy: Any, target_policy: Any, *, temperature: Any) -> Any:
    """V_ρ^π(s) = E_{a~π}[Q(s, a)] − ω KL(π(·|s) ‖ ρ(·|s)), of joint policies   (dmac §4.1).

    `q`              Q, (S, A_1, …, A_n)
    `joint_policy`   π, (S, A_1, …, A_n)
    `target_policy`  ρ, (S, A_1, …, A_n), 0 only where π is
    `temperature`    ω ≥ 0, the weight of the divergence

    Returns (S,).
    """
    q_sa, w_sa, rho_sa = flat(q), flat(joint_policy), flat(target_policy)
    return namespace(q_sa).sum(weighted(w_sa, q_sa), axis=-1) - temperature * kl_divergence(w_sa, rho_sa)


@alike
def divergence_backup(
    q: Any,
    joint_policy: Any,
    target_policy: Any,
    rewards: Any,
    transitions: Any,
    *,
    discount: Any,
    temperature: Any,
) -> Any:
    """(Γ_ρ^π Q)(s, a) = r(s, a) + γ Σ_t P(t|s, a) V_ρ^π(t) with V_ρ^π of `divergence_value`   (dmac Lemma 1).

    It is a γ-contraction in the maximum norm, whose fixed point is Q_ρ^π, and the usual evaluation with reward r − γ ω
    E[KL(π ‖ ρ) at the next state]: dmac A.3 prints it without γ.

    `q`              Q, (S, A_1, …, A_n)
    `joint_policy`   π, (S, A_1, …, A_n)
    `target_policy`  ρ, (S, A_1, …, A_n), 0 only where π is
    `rewards`        r, (S, A_1, …, A_n)
    `transitions`    P(t|s, a), (S, A_1, …, A_n, S), or a scipy sparse array (S·A, S)
    `discount`       γ, in [0, 1)
    `temperature`    ω ≥ 0, the weight of the divergence

    Returns Γ_ρ^π Q, (S, A_1, …, A_n).
    """
    v = divergence_value(q, joint_policy, target_policy, temperature=temperature)
    return backup(v, rewards, transitions, discount=discount)


@alike
def log_divergence_ratio(q: Any, log_target: Any, *, temperature: Any) -> Any:
    """log(π_new(a|s)/ρ(a|s)) = Q(s, a)/ω − log Σ_b ρ(b|s) exp(Q(s, b)/ω), in the shape of q   (dmac Eq. 5, Eq. 19).

    log π_new is `log_target` plus this; both stay finite where π or ρ underflow. It is accurate also where ω ≫ |Q|.

    `q`            Q, (S, A_1, …, A_n)
    `log_target`   log ρ, (S, A_1, …, A_n), −∞ where ρ is 0
    `temperature`  ω > 0, the weight of the divergence

    Returns (S, A_1, …, A_n). Where ρ is 0 it is some finite number, which says nothing.
    """
    ratio_sa = target_log_ratio(flat(q), flat(log_target), temperature)
    return namespace(ratio_sa).reshape(ratio_sa, q.shape)


@alike
def divergence_improvement(q: Any, target_policy: Any, *, temperature: Any) -> Any:
    """π_new(a|s) = ρ(a|s) exp(Q(s, a)/ω) / Z(s)   (dmac Lemma 2, Eq. 5, Proposition 5).

    It is the joint policy that maximises E_π[Q] − ω KL(π ‖ ρ) in every state; Z(s) makes its probabilities sum to 1.

    `q`              Q, (S, A_1, …, A_n), or (S, A_i) of one agent
    `target_policy`  ρ, in the shape of q
    `temperature`    ω > 0, the weight of the divergence

    Returns π_new, in the shape of q.
    """
    log_target = log_probabilities(flat(target_policy))
    logs = log_target + target_log_ratio(flat(q), log_target, temperature)
    xp = namespace(logs)
    return xp.reshape(xp.exp(logs), q.shape)


@alike
def divergence_soft_max(q: Any, log_target: Any, *, temperature: Any) -> Any:
    """ω log Σ_a ρ(a|s) exp(Q(s, a)/ω) = max_π E_π[Q] − ω KL(π ‖ ρ), from log ρ   (dmac Eq. 20).

    It tends to max Q on the actions that ρ plays as ω → 0, and to E_ρ[Q] as ω → ∞.

    `q`            Q, (S, A_1, …, A_n)
    `log_target`   log ρ, (S, A_1, …, A_n), −∞ where ρ is 0
    `temperature`  ω > 0, the weight of the divergence

    Returns (S,).
    """
    return target_soft_max(flat(q), flat(log_target), temperature)


@alike
def divergence_response(
    q: Any, policy: Sequence[Any], target_policy: Sequence[Any], agent: int, *, temperature: Any
) -> Any:
    """π^i = ρ^i exp(E_{π^{-i}}[Q]/ω) / Z^i: one agent's part of the improvement   (dmac Lemma 2, Eq. 5).

    It maximises E_π[Q] − ω KL(π ‖ ρ) over one agent's policy in every state, while the others' stay as they are.

    `q`              Q, (S, A_1, …, A_n)
    `policy`         π, one array (S, A_i) per agent
    `target_policy`  ρ, one array (S, A_i) per agent
    `agent`          i, the number of the agent
    `temperature`    ω > 0, the weight of the divergence

    Returns π^i, (S, A_i).
    """
    return divergence_improvement(marginal_q(q, policy, agent), target_policy[agent], temperature=temperature)


@alike
def sequential_divergence_improvement(
    q: Any, policy: Sequence[Any], target_policy: Sequence[Any], order: Sequence[int], *, temperature: Any
) -> tuple[Any, ...]:
    """π_new^i = ρ^i exp(E_{π^{-i}}[Q]/ω) / Z^i, the agents of `order` in turn   (dmac Lemma 2, Eq. 5, for products).

    Q stays the same, and V_ρ never falls. Eq. 5 itself gives a product policy only where Q is additive; then this
    equals Lemma 3.

    `q`              Q, (S, A_1, …, A_n)
    `policy`         π, one array (S, A_i) per agent
    `target_policy`  ρ, one array (S, A_i) per agent
    `order`          the numbers of the agents, in the order in which they respond; who is left out stays as it is
    `temperature`    ω > 0, the weight of the divergence

    Returns π_new, one array (S, A_i) per agent.
    """
    updated = list(policy)
    for agent in order:
        updated[agent] = divergence_response(q, updated, target_policy, agent, temperature=temperature)
    return tuple(updated)


@alike
def additive_parts(q: Any) -> tuple[Any, ...]:
    """(b, Q_1, …, Q_n) with Q ≈ b(s) + Σ_i Q_i(s, a_i), nearest in least squares, Σ_{a_i} Q_i = 0   (dmac Lemma 3).

    The weights k_i(s) of Lemma 3 matter only in the products k_i Q_i: here they are 1. Fits and sums are over available
    actions.

    `q`  Q, (S, A_1, …, A_n)

    Returns b, (S,), then Q_i, (S, A_i), of each agent, −∞ where an action is not available.
    """
    axes = range(1, q.ndim)
    means = [mean_there(q, axis=tuple(axis for axis in axes if axis != agent)) for agent in axes]
    base = mean_there(means[0], axis=-1)
    return base, *(mean - base[:, None] for mean in means)


@alike
def additive_distance(q: Any) -> Any:
    """max_a |Q(s, a) − b(s) − Σ_i Q_i(s, a_i)| for `additive_parts`: 0 where Lemma 3 applies   (dmac Lemma 3).

    No additive function is nearer to Q in that state than this number divided by 2 n.

    `q`  Q, (S, A_1, …, A_n)

    Returns (S,).
    """
    xp = namespace(q)
    base, *parts = additive_parts(q)
    rest = q - xp.reshape(base, (-1, *[1] * len(parts)))
    for agent, part in enumerate(parts):
        rest = rest - along(or_zero(part), agent, len(parts))
    return xp.max(xp.abs(flat(or_zero(rest))), axis=-1)


@alike
def linear_divergence_improvement(
    individual_q: Sequence[Any], weights: Any, target_policy: Sequence[Any], *, temperature: Any
) -> tuple[Any, ...]:
    """π^i = ρ^i exp(k_i Q_i/ω) / Z^i for all agents at once   (dmac Lemma 3).

    It is the improvement where Q(s, a) = Σ_i k_i(s) Q_i(s, a_i) + b(s).

    `individual_q`   Q_i, one array (S, A_i) per agent
    `weights`        k, (n, S)
    `target_policy`  ρ, one array (S, A_i) per agent
    `temperature`    ω > 0, the weight of the divergence

    Returns π, one array (S, A_i) per agent.
    """
    return tuple(
        divergence_improvement(times(weights[i, :][:, None], own_q), target_policy[i], temperature=temperature)
        for i, own_q in enumerate(individual_q)
    )


@alike
def divergence_optimality_backup(
    v: Any, target_policy: Any, rewards: Any, transitions: Any, *, discount: Any, temperature: Any
) -> Any:
    """(T V)(s) = ω log Σ_a ρ(a|s) exp([r(s, a) + γ Σ_t P(t|s, a) V(t)]/ω), for a joint ρ   (dmac Eq. 20).

    It is a γ-contraction with fixed point V_ρ^*. Q_ρ^* = r + γ P V_ρ^*: the factor ω before the expectation in Eq. 21
    is a slip.

    `v`              V, (S,)
    `target_policy`  ρ, (S, A_1, …, A_n)
    `rewards`        r, (S, A_1, …, A_n)
    `transitions`    P(t|s, a), (S, A_1, …, A_n, S), or a scipy sparse array (S·A, S)
    `discount`       γ, in [0, 1)
    `temperature`    ω > 0, the weight of the divergence

    Returns T V, (S,).
    """
    q = backup(v, rewards, transitions, discount=discount)
    return divergence_soft_max(q, log_probabilities(flat(target_policy)), temperature=temperature)
