"""The critics' targets from sampled next actions, whose means over all samples are the exact operators.

Arrays are (B,), one entry per sample: s' is the next state, and a' the joint action drawn there, log π^j(a'^j|s') the
logarithm of the probability with which agent j drew its part. Arrays of values may have a leading agent axis, (n, B),
where the agents' values differ. The discount is γ, or (B,): γ where the episode goes on, and 0 where the step ended it.
Next values must be finite there too, and do not count; a time limit that only cuts an episode is no end.

Actions that are not available are never drawn, so no logarithm is −∞. A target is a function of all its arguments: in
a critic's loss its gradient is for the caller to stop.
"""

from collections.abc import Sequence
from typing import Any

from mathrl.arithmetic import alike, namespace
from mathrl.base.checks import choice
from mathrl.operators.bellman import ENTROPIES

__all__ = ["sampled_divergence_target", "sampled_opponent_target", "sampled_soft_target", "sampled_trace_step"]


@alike
def sampled_soft_target(
    rewards: Any,
    next_q: Any,
    next_log_policy: Sequence[Any],
    *,
    discount: Any,
    temperature: Any,
    entropy: str = "team",
) -> Any:
    """y = r + γ (Q(s', a') − α Σ_j log π^j(a'^j|s')), a' ~ π(·|s')   (hasac Eq. 5 sampled, Algorithm 2).

    Its mean over s' and a' is Γ_π Q of `policy_backup`.

    `rewards`          r, (B,), or (n, B) where the agents' rewards differ
    `next_q`           Q(s', a') of the action that was drawn, (B,) or (n, B); of several critics their least
    `next_log_policy`  log π^j(a'^j|s') of the action that was drawn, one array (B,) per agent
    `discount`         γ, or (B,) with 0 where the episode has ended
    `temperature`      α ≥ 0, the weight of the entropy
    `entropy`          whose entropy counts: "team" (all agents'; the default), "own" (−α log π^i alone in the value of
                       agent i) or "none"

    Returns y, (B,), or (n, B) where the rewards or Q have an agent axis or `entropy` is "own". Raises `ValueError` for
    another `entropy`.
    """
    return rewards + discount * _soft(next_q, next_log_policy, temperature, entropy)


@alike
def sampled_divergence_target(
    rewards: Any,
    next_q: Any,
    next_log_policy: Sequence[Any],
    next_log_target: Sequence[Any],
    *,
    discount: Any,
    temperature: Any,
) -> Any:
    """y = r + γ (Q(s', a') − ω Σ_j log(π^j(a'^j|s')/ρ^j(a'^j|s'))), a' ~ π(·|s')   (dmac §4.4).

    Its mean over s' and a' is Γ_ρ^π Q of `divergence_backup`. Where π is the joint improvement of Q towards ρ, it is
    the same for every a' (dmac Proposition 4).

    `rewards`          r, (B,)
    `next_q`           Q(s', a') of the action that was drawn, (B,)
    `next_log_policy`  log π^j(a'^j|s'), one array (B,) per agent, or a single one: that of the joint action
    `next_log_target`  log ρ^j(a'^j|s'), one array (B,) per agent, or a single one: that of the joint action
    `discount`         γ, or (B,) with 0 where the episode has ended
    `temperature`      ω ≥ 0, the weight of the divergence

    Returns y, (B,).
    """
    log_ratio = _total(next_log_policy) - _total(next_log_target)
    return rewards + discount * (next_q - temperature * log_ratio)


@alike
def sampled_opponent_target(
    rewards: Any,
    next_q: Any,
    next_log_conditional: Any,
    next_log_model: Any,
    next_log_prior: Any,
    *,
    discount: Any,
    temperature: Any,
    divergence_weight: Any = 1.0,
) -> Any:
    """y = r + γ (Q(s', a, b) − α log π(a|s', b) − κ log(ρ(b|s')/P(b|s'))), b ~ ρ, a ~ π(·|s', b)   (rommeo Eq. 14-15).

    b is drawn from the opponent model, not seen. The mean over s', b and a is r + γ Σ_t P(t|s, a) V(t) with V^{π,ρ} of
    `opponent_policy_value`.

    `rewards`               r of one agent, (B,)
    `next_q`                Q(s', a, b) of the actions that were drawn, (B,)
    `next_log_conditional`  log π(a|s', b), (B,)
    `next_log_model`        log ρ(b|s'), (B,)
    `next_log_prior`        log P(b|s'), (B,)
    `discount`              γ, or (B,) with 0 where the episode has ended
    `temperature`           α ≥ 0, the weight of the entropy
    `divergence_weight`     κ ≥ 0, the weight of the divergence of ρ from P; default 1, as in the paper

    Returns y, (B,).
    """
    divergence = divergence_weight * (next_log_model - next_log_prior)
    return rewards + discount * (next_q - temperature * next_log_conditional - divergence)


@alike
def sampled_trace_step(
    rewards: Any,
    next_q: Any,
    next_log_policy: Sequence[Any],
    next_return: Any,
    *,
    discount: Any,
    temperature: Any,
    trace_decay: Any,
    entropy: str = "team",
) -> Any:
    """G = r + γ ((1 − λ) Q(s', a') + λ G' − α Σ_j log π^j(a'^j|s')), a' ~ π(·|s')   (soft-qmix Eq. 7 and Appendix D).

    It is one step backwards of the λ-return, which starts at the end of a stored rollout with G' = Q(s', a'). G' starts
    with the reward of (s', a'), and leaves out the entropy at s', which both Q and G' get here: once, whatever λ is.
    Where G' has the mean T_λ Q(s', a'), G has the mean T_λ Q(s, a), with T_λ of `trace_target`. λ = 0 gives
    `sampled_soft_target`.

    `rewards`          r, (B,), or (n, B) where the agents' rewards differ
    `next_q`           Q(s', a') of the action that was taken next, (B,) or (n, B)
    `next_log_policy`  log π^j(a'^j|s') of that action, one array (B,) per agent
    `next_return`      G', (B,) or (n, B)
    `discount`         γ, or (B,) with 0 where the episode has ended
    `temperature`      α ≥ 0, the weight of the entropy
    `trace_decay`      λ, in [0, 1], or (B,) with 0 where a time limit cuts the episode: G' is not used there, but must
                       be finite
    `entropy`          whose entropy counts: "team" (all agents'; the default), "own" (−α log π^i alone in the value of
                       agent i) or "none"

    Returns G, (B,), or (n, B) where an argument has an agent axis or `entropy` is "own". Raises `ValueError` for
    another `entropy`.
    """
    mixed = (1 - trace_decay) * next_q + trace_decay * next_return
    return rewards + discount * _soft(mixed, next_log_policy, temperature, entropy)


def _soft(next_value: Any, next_log_policy: Sequence[Any], temperature: Any, entropy: str) -> Any:
    """A value of (s', a') with what the drawn action adds to it for the entropy that counts."""
    choice("entropy", entropy, ENTROPIES)
    if entropy == "none":
        return next_value
    own = entropy == "own"
    logs = namespace(next_log_policy[0]).stack(list(next_log_policy)) if own else _total(next_log_policy)
    return next_value - temperature * logs


def _total(logs: Sequence[Any]) -> Any:
    """The logarithm of a product, Σ_j log π^j, (B,)."""
    xp = namespace(logs[0])
    return xp.sum(xp.stack(list(logs)), axis=0)
