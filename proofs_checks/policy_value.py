"""Exact values of a policy in any arithmetic, by one linear system: what checks compare iterates and policies with.

A game is a `mathrl.Game` with dense transitions, or `mathrl.proofs_checks.instances.Tables` with entries of any kind.
"""

from collections.abc import Sequence
from typing import Any

from mathrl.arithmetic import namespace
from mathrl.operators import backup, divergence_value, entropy_bonus, expectation, policy_transitions
from mathrl.operators.axes import flat

__all__ = ["divergence_q", "divergence_v", "return_of", "rewards_of", "soft_q", "soft_v"]


def rewards_of(game: Any, agent: int) -> Any:
    """r of one agent, (S, A_1, …, A_n)."""
    return game.rewards if game.common_payoff else game.rewards[agent]


def soft_v(game: Any, policy: Sequence[Any], *, temperature: Any, entropy: str = "team") -> Any:
    """V = (I − γ P_π)⁻¹ (E_π[r] + α Σ_j H(π^j)), the soft value of a policy   (hasac Eq. 5 and 6).

    `game`         the game
    `policy`       π, one array (S, A_i) per agent
    `temperature`  α ≥ 0; 0 gives the plain value
    `entropy`      whose entropy counts: "team", "own" or "none"

    Returns (S,), or (n, S) where agents' values differ.
    """
    paid = expectation(game.rewards, policy)
    if entropy != "none" and not _is_zero(temperature):
        paid = paid + entropy_bonus(policy, temperature=temperature, entropy=entropy)
    return _discounted(game.discount, policy_transitions(game.transitions, policy), paid)


def soft_q(game: Any, policy: Sequence[Any], *, temperature: Any, entropy: str = "team") -> Any:
    """Q = r + γ P V with V of `soft_v`   (hasac Eq. 4)."""
    v = soft_v(game, policy, temperature=temperature, entropy=entropy)
    return backup(v, game.rewards, game.transitions, discount=game.discount)


def divergence_v(game: Any, joint_policy: Any, target_policy: Any, *, temperature: Any) -> Any:
    """V_ρ^π = (I − γ P_π)⁻¹ (E_π[r] − ω KL(π‖ρ)) of joint policies, (S,)   (dmac Section 4.1).

    `game`           the game, with a common payoff
    `joint_policy`   π, (S, A_1, …, A_n)
    `target_policy`  ρ, (S, A_1, …, A_n), 0 only where π is
    `temperature`    ω ≥ 0; 0 gives the plain value
    """
    alone = (flat(joint_policy),)
    rewards = flat(game.rewards)
    if _is_zero(temperature):
        paid = expectation(rewards, alone)
    else:
        paid = divergence_value(rewards, flat(joint_policy), flat(target_policy), temperature=temperature)
    transitions = game.transitions.reshape(*rewards.shape, -1)
    return _discounted(game.discount, policy_transitions(transitions, alone), paid)


def divergence_q(game: Any, joint_policy: Any, target_policy: Any, *, temperature: Any) -> Any:
    """Q_ρ^π = r + γ P V_ρ^π, (S, A_1, …, A_n)   (dmac Section 4.1)."""
    v = divergence_v(game, joint_policy, target_policy, temperature=temperature)
    return backup(v, game.rewards, game.transitions, discount=game.discount)


def return_of(game: Any, v: Any) -> Any:
    """J = Σ_s start(s) V(s)."""
    return namespace(v).sum(game.start * v, axis=-1)


def _discounted(discount: Any, p_st: Any, paid: Any) -> Any:
    """(I − γ P)⁻¹ x of x (S,), or of each x (n, S)."""
    xp = namespace(paid)
    matrix = xp.eye(p_st.shape[0]) - discount * p_st
    if paid.ndim == 1:
        return xp.linalg.solve(matrix, paid[:, None])[:, 0]
    return xp.permute_dims(xp.linalg.solve(matrix, xp.permute_dims(paid, (1, 0))), (1, 0))


def _is_zero(temperature: Any) -> bool:
    return not hasattr(temperature, "hull") and bool(temperature == 0)
