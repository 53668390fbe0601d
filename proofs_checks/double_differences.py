"""How much the actions of two agents matter to each other in a table of values."""

from typing import Any

from mathrl.arithmetic import namespace
from mathrl.operators.axes import flat

__all__ = ["double_difference"]


def double_difference(q: Any, agent: int, other: int) -> Any:
    """D_ij = max |q(a, b, c) − q(a', b, c) − q(a, b', c) + q(a', b', c)| in each state, in any arithmetic.

    `q`      a table (S, A_1, …, A_n)
    `agent`  i, whose actions are a and a'
    `other`  j ≠ i, whose actions are b and b'; c are those of all others

    Returns (S,).
    """
    xp = namespace(q)
    rest = [axis for axis in range(1, q.ndim) if axis not in (agent + 1, other + 1)]
    table = xp.permute_dims(q, (0, *rest, agent + 1, other + 1))
    gains = table[..., :, None, :] - table[..., None, :, :]
    mixed = gains[..., :, None] - gains[..., None, :]  # with each entry its negative: a and a' exchanged
    return xp.max(flat(mixed), axis=-1)
