"""The optimality operators over joint actions: what one controller of all agents could reach.

v is (S,), and there is one reward function (S, A_1, …, A_n). Both operators are γ-contractions in the maximum norm, and
the soft one tends to the other as α → 0.
"""

from typing import Any

from mathrl.arithmetic import alike, namespace
from mathrl.operators.axes import flat
from mathrl.operators.bellman import backup
from mathrl.softmax import soft_max

__all__ = ["optimality_backup", "soft_optimality_backup"]


@alike
def optimality_backup(v: Any, rewards: Any, transitions: Any, *, discount: Any) -> Any:
    """(T V)(s) = max_a [r(s, a) + γ Σ_t P(t|s, a) V(t)]   (Bellman's; hasac Eq. 5 and 6 as α → 0).

    It is a γ-contraction in the maximum norm.

    `v`            V, (S,)
    `rewards`      r, (S, A_1, …, A_n)
    `transitions`  P(t|s, a), (S, A_1, …, A_n, S), or a scipy sparse array (S·A, S)
    `discount`     γ, in [0, 1)

    Returns T V, (S,).
    """
    q_sa = flat(backup(v, rewards, transitions, discount=discount))
    return namespace(q_sa).max(q_sa, axis=-1)


@alike
def soft_optimality_backup(v: Any, rewards: Any, transitions: Any, *, discount: Any, temperature: Any) -> Any:
    """(T V)(s) = α log Σ_a exp([r(s, a) + γ Σ_t P(t|s, a) V(t)]/α)   (aorpo §D; hasac's reference 7).

    It is a γ-contraction in the maximum norm, and tends to `optimality_backup` as α → 0.

    `v`            V, (S,)
    `rewards`      r, (S, A_1, …, A_n)
    `transitions`  P(t|s, a), (S, A_1, …, A_n, S), or a scipy sparse array (S·A, S)
    `discount`     γ, in [0, 1)
    `temperature`  α > 0, the weight of the entropy

    Returns T V, (S,).
    """
    return soft_max(flat(backup(v, rewards, transitions, discount=discount)), temperature)
