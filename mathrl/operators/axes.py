"""How the axes of joint actions are laid out: one by one, as one axis, or one agent's against all others'."""

from typing import Any

from mathrl.arithmetic import alike, namespace

__all__ = ["along", "flat", "own_and_others"]


def along(part: Any, agent: int, num_agents: int) -> Any:
    """(S, A_i) as (S, 1, …, A_i, …, 1)."""
    shape = (part.shape[0], *[1] * agent, part.shape[1], *[1] * (num_agents - 1 - agent))
    return namespace(part).reshape(part, shape)


def flat(x: Any) -> Any:
    """x (S, A_1, …, A_n) as (S, A): joint actions in C order."""
    return namespace(x).reshape(x, (x.shape[0], -1))


@alike
def own_and_others(x: Any, agent: int) -> Any:
    """x (S, A_1, …, A_n) as (S, A_i, B): the agent's own action, then the others' joint action   (rommeo §2.2).

    `x`      any array (S, A_1, …, A_n)
    `agent`  i, the number of the agent

    Returns (S, A_i, B), where B counts the others' joint actions in C order.
    """
    xp = namespace(x)
    others = [axis for axis in range(1, x.ndim) if axis != agent + 1]
    return xp.reshape(xp.permute_dims(x, (0, agent + 1, *others)), (x.shape[0], x.shape[agent + 1], -1))
