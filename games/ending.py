"""Whether play ends whatever is played, how long it may last, and what is left of transitions once it has ended.

Transitions are dense (S, A_1, …, A_n, S), or a CSR array (S·A, S), rows (s, a) in C order. `ended` (S,) marks the
states in which an episode has ended, and `available` (S, A_1, …, A_n) the joint actions that there are.
"""

from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.games.given import Booleans

__all__ = ["endless_state", "goes_on", "longest_play"]

_LONGER = 1e-9
"""An action is better where it makes play longer by more than this share: less is rounding."""


def goes_on(transitions: Any, ended: Booleans) -> Any:
    """Return the transitions from and to states in which play goes on; the others are 0."""
    on = np.where(ended, 0.0, 1.0)
    if isinstance(transitions, np.ndarray):
        left: Any = transitions * on
        left[ended] = 0.0
        return left
    from scipy.sparse import diags_array

    here = diags_array(np.repeat(on, transitions.shape[0] // len(on)))
    left = (here @ transitions @ diags_array(on)).tocsr()
    left.eliminate_zeros()
    left.sort_indices()
    return left


def endless_state(transitions: Any, ended: Booleans, available: Booleans) -> int | None:
    """Find a state from which some joint policy never ends; None where every one ends from every state.

    A deterministic policy goes on for ever with positive probability exactly where it can stay within a set of states
    for sure. The largest such set is what is left when states are removed, again and again, in which no available joint
    action is sure to lead to a state that is left.
    """
    P, num_states = _csr(transitions), len(ended)
    may_end = (P @ ended > 0).reshape(num_states, -1)
    sure = np.array(available.reshape(num_states, -1) & ~may_end & ~ended[:, None])
    into, choices_s, left = P.tocsc(), sure.sum(axis=1), ~ended
    removed = np.flatnonzero(left & (choices_s == 0))
    while removed.size:
        left[removed] = False
        rows = np.unique(np.concatenate([into.indices[into.indptr[t] : into.indptr[t + 1]] for t in removed]))
        s, a = np.divmod(rows, sure.shape[1])
        s, a = s[sure[s, a]], a[sure[s, a]]
        sure[s, a] = False
        np.subtract.at(choices_s, s, 1)
        candidates = np.unique(s)
        removed = candidates[left[candidates] & (choices_s[candidates] == 0)]
    return int(np.argmax(left)) if left.any() else None


def longest_play(transitions: Any, ended: Booleans, available: Booleans) -> FloatArray:
    """Return W (S,), the largest expected number of steps until an episode ends, where every policy ends.

        W(s) = 1 + max_a Σ_t P(t|s, a) W(t),   W = 0 in terminal states

    It is found by policy iteration.
    """
    from scipy.sparse import eye_array
    from scipy.sparse.linalg import splu

    P, num_states, one = _csr(goes_on(transitions, ended)), len(ended), np.where(ended, 0.0, 1.0)
    playable = available.reshape(num_states, -1)
    actions, states = playable.argmax(axis=1), np.arange(num_states)
    while True:
        chain = P[states * playable.shape[1] + actions]
        steps = splu((eye_array(num_states) - chain).tocsc()).solve(one)
        longer = np.where(playable, (P @ steps).reshape(playable.shape), -1.0)
        best = longer.argmax(axis=1)
        better = longer[states, best] > longer[states, actions] + _LONGER * steps
        if not better.any():
            return np.asarray(steps)
        actions = np.where(better, best, actions)


def _csr(transitions: Any) -> Any:
    """The transitions as a CSR array (S·A, S)."""
    if not isinstance(transitions, np.ndarray):
        return transitions
    from scipy.sparse import csr_array

    return csr_array(transitions.reshape(-1, transitions.shape[-1]))
