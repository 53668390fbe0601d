"""ROMMEO's operators: one agent's soft values with a regularised model of its opponents.

a is the agent's own action and b the joint action of all others, as one axis in C order; q is (S, A_i, B), the prior
P and the opponent model ρ are (S, B), the conditional policy π(a|s, b) is (S, A_i, B). α is the temperature. κ, the
`divergence_weight`, is 1 in the paper: its temperature weighs the entropy alone, and the divergence of ρ from P keeps
weight 1. With κ = α the value is the soft maximum over joint actions weighted by the prior (aorpo Theorem 6).
"""

from typing import Any

from mathrl.arithmetic import alike, namespace, weighted
from mathrl.operators.axes import own_and_others
from mathrl.operators.bellman import backup
from mathrl.softmax import (
    boltzmann,
    entropy,
    kl_divergence,
    log_probabilities,
    soft_max,
    target_log_ratio,
    target_soft_max,
)

__all__ = [
    "conditional_policy",
    "marginal_policy",
    "opponent_backup",
    "opponent_model",
    "opponent_model_improvement",
    "opponent_policy_value",
    "opponent_value",
]


@alike
def conditional_policy(q: Any, *, temperature: Any) -> Any:
    """π(a|s, b) = exp(Q(s, a, b)/α) / Σ_{a'} exp(Q(s, a', b)/α)   (rommeo Eq. 10).

    At Q^{π,ρ} it is the policy improvement of Theorem 4, Eq. 38.

    `q`            Q of one agent, (S, A_i, B): its own action, then the others' joint action in C order
    `temperature`  α > 0

    Returns π, (S, A_i, B); where b is not available, so that all Q(s, a, b) are −∞, it is 0.
    """
    return _own_last(boltzmann(_own_last(q), temperature))


@alike
def opponent_value(q: Any, prior: Any, *, temperature: Any, divergence_weight: Any = 1.0) -> Any:
    """V(s) = κ log Σ_b P(b|s) (Σ_a exp(Q(s, a, b)/α))^{α/κ}   (rommeo Eq. 9).

    `conditional_policy` and `opponent_model` together attain it.

    `q`                  Q of one agent, (S, A_i, B): its own action, then the others' joint action in C order
    `prior`              P(b|s), (S, B), over the others' joint actions in C order
    `temperature`        α > 0, the weight of the entropy
    `divergence_weight`  κ > 0, the weight of the divergence of ρ from P; default 1, as in the paper

    Returns V, (S,).
    """
    return target_soft_max(_own_soft_max(q, temperature), log_probabilities(prior), divergence_weight)


@alike
def opponent_model(q: Any, prior: Any, *, temperature: Any, divergence_weight: Any = 1.0) -> Any:
    """ρ(b|s) = P(b|s) (Σ_a exp(Q(s, a, b)/α))^{α/κ} / exp(V(s)/κ)   (rommeo Eq. 11).

    It is the prior, weighted in favour of what suits the agent; V is `opponent_value`.

    `q`                  Q of one agent, (S, A_i, B): its own action, then the others' joint action in C order
    `prior`              P(b|s), (S, B), over the others' joint actions in C order
    `temperature`        α > 0, the weight of the entropy
    `divergence_weight`  κ > 0, the weight of the divergence of ρ from P; default 1, as in the paper

    Returns ρ, (S, B).
    """
    return _tilted(_own_soft_max(q, temperature), prior, divergence_weight)


@alike
def opponent_model_improvement(
    q: Any, conditional: Any, prior: Any, *, temperature: Any, divergence_weight: Any = 1.0
) -> Any:
    """ρ̃(b|s) ∝ P(b|s) exp((E_{a~π}[Q(s, a, b)] + α H(π(·|s, b)))/κ) at a given π   (rommeo Theorem 5, Eq. 39).

    `q`                  Q of one agent, (S, A_i, B): its own action, then the others' joint action in C order
    `conditional`        π(a|s, b), (S, A_i, B)
    `prior`              P(b|s), (S, B), over the others' joint actions in C order
    `temperature`        α > 0, the weight of the entropy
    `divergence_weight`  κ > 0, the weight of the divergence of ρ from P; default 1, as in the paper

    Returns ρ̃, (S, B).
    """
    return _tilted(_attained(q, conditional, temperature), prior, divergence_weight)


@alike
def marginal_policy(conditional: Any, model: Any) -> Any:
    """π(a|s) = Σ_b ρ(b|s) π(a|s, b): what the agent is seen to play   (rommeo §A, Algorithm 1).

    `conditional`  π(a|s, b), (S, A_i, B): own action given the others' joint action b
    `model`        ρ(b|s), (S, B), over the others' joint actions in C order

    Returns π(a|s), (S, A_i).
    """
    return namespace(conditional).sum(conditional * model[:, None, :], axis=-1)


@alike
def opponent_policy_value(
    q: Any, conditional: Any, model: Any, prior: Any, *, temperature: Any, divergence_weight: Any = 1.0
) -> Any:
    """V^{π,ρ}(s) = E_{b~ρ, a~π}[Q(s, a, b)] + α E_{b~ρ}[H(π(·|s, b))] − κ KL(ρ(·|s) ‖ P(·|s))   (rommeo Eq. 33-36).

    `q`                  Q of one agent, (S, A_i, B): its own action, then the others' joint action in C order
    `conditional`        π(a|s, b), (S, A_i, B), any conditional policy
    `model`              ρ(b|s), (S, B), any opponent model
    `prior`              P(b|s), (S, B), over the others' joint actions in C order
    `temperature`        α > 0, the weight of the entropy
    `divergence_weight`  κ > 0, the weight of the divergence of ρ from P; default 1, as in the paper

    Returns V^{π,ρ}, (S,).
    """
    attained = namespace(q).sum(weighted(model, _attained(q, conditional, temperature)), axis=-1)
    return attained - divergence_weight * kl_divergence(model, prior)


@alike
def opponent_backup(
    q: Any,
    prior: Any,
    agent: int,
    rewards: Any,
    transitions: Any,
    *,
    discount: Any,
    temperature: Any,
    divergence_weight: Any = 1.0,
) -> Any:
    """(T Q)(s, a, b) = r(s, a, b) + γ Σ_t P(t|s, a, b) V(t) with V of `opponent_value`   (rommeo Eq. 12-13).

    It is a γ-contraction in the maximum norm.

    `q`                  Q of agent i, (S, A_1, …, A_n)
    `prior`              P(b|s), (S, B), over the others' joint actions in C order
    `agent`              i, the number of the agent
    `rewards`            r of agent i, (S, A_1, …, A_n)
    `transitions`        P(t|s, a), (S, A_1, …, A_n, S), or a scipy sparse array (S·A, S)
    `discount`           γ, in [0, 1)
    `temperature`        α > 0, the weight of the entropy
    `divergence_weight`  κ > 0, the weight of the divergence of ρ from P; default 1, as in the paper

    Returns T Q, (S, A_1, …, A_n).
    """
    own = own_and_others(q, agent)
    v = opponent_value(own, prior, temperature=temperature, divergence_weight=divergence_weight)
    return backup(v, rewards, transitions, discount=discount)


def _own_last(x: Any) -> Any:
    """(S, A_i, B) as (S, B, A_i), and back."""
    return namespace(x).permute_dims(x, (0, 2, 1))


def _own_soft_max(q: Any, temperature: Any) -> Any:
    """α log Σ_a exp(Q(s, a, b)/α), (S, B)."""
    return soft_max(_own_last(q), temperature)


def _attained(q: Any, conditional: Any, temperature: Any) -> Any:
    """E_{a~π}[Q(s, a, b)] + α H(π(·|s, b)), (S, B)."""
    own_last = _own_last(conditional)
    return namespace(q).sum(weighted(own_last, _own_last(q)), axis=-1) + temperature * entropy(own_last)


def _tilted(attained: Any, prior: Any, divergence_weight: Any) -> Any:
    """The model ∝ P(b) exp(x(b)/κ), (S, B)."""
    log_prior = log_probabilities(prior)
    logs = log_prior + target_log_ratio(attained, log_prior, divergence_weight)
    return namespace(logs).exp(logs)
