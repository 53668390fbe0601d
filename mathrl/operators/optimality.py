"""The optimality operators over joint actions: what one controller of all agents could reach.

    (T V)(s) = max_a  [r(s, a) + γ Σ_t P(t|s, a) V(t)]                                     (1)
    (T V)(s) = α log Σ_a exp([r(s, a) + γ Σ_t P(t|s, a) V(t)] / α)                          (2)

(1) is Bellman's; (2) is the soft one (aorpo Appendix D; for one agent the soft Bellman equation of hasac's
reference 7). Both are γ-contractions in the maximum norm; (2) tends to (1) as α → 0.
"""

from typing import Any

from mathrl.operators.bellman import backup
from mathrl.softmax import soft_max

__all__ = ["optimality_backup", "soft_optimality_backup"]


def optimality_backup(v: Any, rewards: Any, transitions: Any, *, discount: float) -> Any:
    """max_a [r(s, a) + γ Σ_t P(t|s, a) V(t)], shape (S,)   (Eq. 1 above), for one reward function (S, A_1, …, A_n)."""
    xp = v.__array_namespace__()
    q = backup(v, rewards, transitions, discount=discount)
    return xp.max(xp.reshape(q, (q.shape[0], -1)), axis=-1)  # (1)


def soft_optimality_backup(v: Any, rewards: Any, transitions: Any, *, discount: float, temperature: float) -> Any:
    """α log Σ_a exp([r(s, a) + γ Σ_t P(t|s, a) V(t)] / α), shape (S,)   (Eq. 2 above), for one reward function."""
    xp = v.__array_namespace__()
    q = backup(v, rewards, transitions, discount=discount)
    return soft_max(xp.reshape(q, (q.shape[0], -1)), temperature)  # (2)
