"""Whether play ends whatever is played, and how long it may last: the graph of transitions between states.

`P` is a CSR array (S·A, S), rows (s, a) in C order, and `playable` (S, A) says which joint actions there are. Rows and
columns of states in which episodes have ended are empty.
"""

from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.games.given import Booleans

__all__ = ["endless_state", "longest_play"]

_LONGER = 1e-9
"""An action is better where it makes play longer by more than this share: less is rounding."""


def endless_state(P: Any, leaves: Booleans, playable: Booleans) -> int | None:
    """Find a state from which some joint policy never ends; None where every one ends from every state.

    `leaves` (S, A) says after which joint actions an episode may end at once. A deterministic policy goes on for ever
    with positive probability exactly where it can stay within a set of states. The largest such set is what is left
    when states are removed, again and again, in which no playable action is sure to lead to a state that is left.
    """
    num_joint_actions = playable.shape[1]
    into = P.tocsc()  # column t: the rows that may lead to t
    sure = np.array(playable)
    sure[leaves] = False
    choices_s = sure.sum(axis=1)
    left: Booleans = np.asarray(playable.any(axis=1))
    removed = np.flatnonzero(left & (choices_s == 0))
    while removed.size:
        left[removed] = False
        rows = np.unique(np.concatenate([into.indices[into.indptr[t] : into.indptr[t + 1]] for t in removed]))
        s, a = np.divmod(rows, num_joint_actions)
        lost = sure[s, a]
        sure[s[lost], a[lost]] = False
        np.subtract.at(choices_s, s[lost], 1)
        candidates = np.unique(s[lost])
        removed = candidates[left[candidates] & (choices_s[candidates] == 0)]
    return int(np.argmax(left)) if left.any() else None


def longest_play(P: Any, playable: Booleans, ended: Booleans) -> FloatArray:
    """Return W (S,), the largest expected number of steps until an episode ends, where every policy ends.

        W(s) = 1 + max_a Σ_t P(t|s, a) W(t),   W = 0 in terminal states

    It is found by policy iteration.
    """
    from scipy.sparse import eye_array
    from scipy.sparse.linalg import splu

    num_states, num_joint_actions = playable.shape
    actions, one = playable.argmax(axis=1), np.where(ended, 0.0, 1.0)
    while True:
        chain = P[np.arange(num_states) * num_joint_actions + actions]
        steps = splu((eye_array(num_states) - chain).tocsc()).solve(one)
        longer = np.where(playable, (P @ steps).reshape(playable.shape), -1.0)
        best = longer.argmax(axis=1)
        here = longer[np.arange(num_states), actions]
        better = longer[np.arange(num_states), best] > here + _LONGER * steps
        if not better.any():
            return np.asarray(steps)
        actions = np.where(better, best, actions)
