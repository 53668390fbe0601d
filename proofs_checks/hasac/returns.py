"""The objective of Eq. 2, a sum over T steps without discount, in any arithmetic   (hasac Section 4.1)."""

from collections.abc import Sequence
from typing import Any

from mathrl.arithmetic import namespace
from mathrl.operators import entropy_bonus, expectation, marginal_q, policy_transitions
from mathrl.proofs_checks.policy_value import return_of
from mathrl.softmax import soft_max

__all__ = ["best_over", "return_over"]


def return_over(game: Any, policy: Sequence[Any], *, temperature: Any, horizon: int) -> Any:
    """J = Σ_{t=1}^T E[r + α Σ_j H(π^j)] of a policy that is the same in all steps   (Eq. 2).

    `game`         the game; its discount does not enter
    `policy`       π, one array (S, A_i) per agent
    `temperature`  α ≥ 0
    `horizon`      T
    """
    paid = expectation(game.rewards, policy) + entropy_bonus(policy, temperature=temperature)
    p_st, v = policy_transitions(game.transitions, policy), 0 * paid
    for _ in range(horizon):
        v = paid + namespace(v).sum(p_st * v, axis=-1)
    return return_of(game, v)


def best_over(game: Any, policy: Sequence[Any], agent: int, *, temperature: Any, horizon: int) -> Any:
    """The largest J of Eq. 2 that one agent can reach, were it free to change its policy from step to step.

    It is no less than what a policy reaches that is the same in all steps. The arguments are those of `return_over`.
    """
    others = entropy_bonus(policy, temperature=temperature) - entropy_bonus([policy[agent]], temperature=temperature)
    v = 0 * expectation(game.rewards, policy)
    for _ in range(horizon):
        q = marginal_q(game.rewards + namespace(v).sum(game.transitions * v, axis=-1), policy, agent)
        v = soft_max(q, temperature) + others
    return return_of(game, v)
