"""Q of a state at the actions of another: targets, and the critics that are trained on them.

    Q(s, ·) = r(s, ·) + γ (P bonus)(s, ·) + γ M_s Q(s, ·),   M_s(a, b) = Σ_t P(t|s, a) π(b|t)               (1)
    Q(s, a) = r(s, a) + γ Σ_t P(t|s, a) (bonus(t) + Q(t, a)),   or with Σ_b π(b|s) Q(t, b) for Q(t, a)      (2)

(1) has Q of the present state, at the actions of the next one, (2) Q of the next state, at the present actions, or at
actions that are drawn for the present state.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.games.model import Game
from mathrl.games.policies import Policy
from mathrl.games.profile import Profile
from mathrl.operators import entropy_bonus
from mathrl.oracle.expected import expected_target
from mathrl.values.linear_system import one_thread
from mathrl.values.policy_values import backup, policy_transitions

__all__ = ["critics_at_other_pairs", "targets_at_other_pairs"]

PRESENT = "with Q of the present state, at the actions of the next one"
PRESENT_ACTIONS = "with Q of the next state, at the present actions"
PRESENT_POLICY = "with Q of the next state, at actions that are drawn for the present one"

_MOST_PAIRS = 512
"""Up to so many pairs of a state and a joint action, critics (2) are computed, by a dense factor."""


def critics_at_other_pairs(
    game: Game, policy: Policy, theirs: FloatArray, exact: FloatArray, *, array: str, most_left: float, **kind: Any
) -> Iterator[tuple[FloatArray, str]]:
    """Yield Q or V of critics (1) and (2), with what to say of each; `array` is "q" or "v".

    None of those whose Q is known to differ from `theirs` by more than `most_left`.
    """
    if game.discount == 0:
        return
    shape = exact.shape if array == "v" else exact.shape[: -game.num_agents]
    w_sa, bonus = Profile.of(policy).joint_sa, np.zeros(shape) + entropy_bonus(policy, **kind)
    present = _of_the_present_state(game, w_sa, bonus, theirs, array, most_left)
    if present is not None:
        yield present.reshape(exact.shape), PRESENT
    if w_sa.size > _MOST_PAIRS:
        return
    known = backup(game, np.atleast_2d(bonus))
    for part, phrase in _at_present_actions(game, w_sa):
        if array == "q":
            given = theirs.reshape(known.shape)
            if np.abs(known + game.discount * part(given) - given).max() > 2 * most_left:
                continue
        units = np.eye(w_sa.size).reshape(-1, *w_sa.shape)
        system = np.eye(w_sa.size) - game.discount * part(units).reshape(w_sa.size, -1).T
        solved = _solved(system, known.reshape(len(known), -1).T)  # (2)
        if solved is None:
            continue
        q_msa = solved.T.reshape(known.shape)
        v = np.einsum("msa,sa->ms", q_msa, w_sa) + np.atleast_2d(bonus)
        yield np.asarray(q_msa if array == "q" else v).reshape(exact.shape), phrase


def targets_at_other_pairs(
    game: Game,
    policy: Policy,
    target: Callable[..., FloatArray],
    q_sa: FloatArray,
    bonus: FloatArray,
    *,
    steps: int | None,
    trace_decay: float | None,
    **kind: Any,
) -> Iterator[tuple[FloatArray, str]]:
    """Yield targets with Q of a state to bootstrap from at actions of another, or of another at its actions.

    The bootstrap of n steps may be Q(s_0, a_n), as of a replay buffer, or Q(s_{n−1}, a_n). TD(λ) mixes the latter. From
    wrong one-step targets y, n steps make Γ_π^{n−1} y and TD(λ) makes (1 − λ) y + λ (1 − λ) Σ_{n≥1} λ^{n−1} Γ_π^n y.
    """
    w_sa, without_q = Profile.of(policy).joint_sa, target(game, v=bonus, **kind)

    def early(w_sa: FloatArray) -> FloatArray:
        """γ Σ_t P(t|s, a) Σ_b w(b|t) Q(s, b), in the shape of a target."""
        rows = [P_at @ (w_sa[reached] @ q_sa[..., s, :].T) for s, (reached, P_at) in enumerate(_next_states(game))]
        return game.discount * np.moveaxis(np.stack(rows), (0, 1), (-2, -1)).reshape(without_q.shape)

    y = expected_target(game, policy=policy, v=bonus, **kind) + early(w_sa)
    if trace_decay is not None:
        yield (1 - trace_decay) * y + trace_decay * target(game, q=y, **kind), PRESENT
    elif steps == 1:
        yield y, PRESENT
    elif steps is not None:
        latter = "at the actions of the one they bootstrap from"
        yield target(game, q=y, steps=steps - 1, **kind), f"with Q of the state before the last, {latter}"
        P_st = policy_transitions(game, w_sa)
        later_sa = w_sa
        for _ in range(steps - 1):
            later_sa = game.discount * (P_st @ later_sa)  # γ^k of the actions after k steps
        yield without_q + early(later_sa), f"with Q of the present state, {latter}"
    for part, phrase in _at_present_actions(game, w_sa):
        y = expected_target(game, policy=policy, v=bonus, **kind) + game.discount * part(q_sa).reshape(without_q.shape)
        if trace_decay is not None:
            yield (1 - trace_decay) * y + trace_decay * target(game, q=y, **kind), phrase
        elif steps is not None:
            yield y if steps == 1 else target(game, q=y, steps=steps - 1, **kind), phrase


def _at_present_actions(game: Game, w_sa: FloatArray) -> Iterator[tuple[Callable[[FloatArray], FloatArray], str]]:
    """Yield what stands for P V in (2), without the bonus, as a function of Q (m, S, A), with what to say of it."""

    def same(q_msa: FloatArray) -> FloatArray:
        rows = []
        for reached, P_at in _next_states(game):
            P = P_at if isinstance(P_at, np.ndarray) else P_at.toarray()
            rows.append(np.einsum("at,mta->ma", P, q_msa[:, reached]))
        return np.stack(rows, axis=1)

    def drawn(q_msa: FloatArray) -> FloatArray:
        rows = [(P_at @ (q_msa[:, reached] @ w_sa[s]).T).T for s, (reached, P_at) in enumerate(_next_states(game))]
        return np.stack(rows, axis=1)

    yield lambda q_sa: same(q_sa.reshape(-1, *w_sa.shape)), PRESENT_ACTIONS
    yield lambda q_sa: drawn(q_sa.reshape(-1, *w_sa.shape)), PRESENT_POLICY


def _of_the_present_state(
    game: Game, w_sa: FloatArray, bonus: FloatArray, theirs: FloatArray, array: str, most_left: float
) -> FloatArray | None:
    """Q of (1), or its V; None once theirs differ by more than `most_left` in a state."""
    q_msa = backup(game, np.atleast_2d(bonus))
    found = np.empty(theirs.shape).reshape(len(q_msa), game.num_states, -1)
    given = theirs.reshape(found.shape)
    for s, (reached, P_at) in enumerate(_next_states(game)):
        mixed = P_at @ w_sa[reached]
        solved = _solved(np.eye(len(mixed)) - game.discount * mixed, q_msa[:, s].T)  # (1)
        if solved is None:
            return None
        own = solved.T
        found[:, s] = own if array == "q" else (own @ w_sa[s] + np.atleast_2d(bonus)[:, s])[:, None]
        if not np.abs(found[:, s] - given[:, s]).max() <= most_left:
            return None
    return found


def _solved(system: FloatArray, right: FloatArray) -> FloatArray | None:
    """The solution of a linear system; None where it is singular: a critic that never ends, where γ is 1."""
    with one_thread():
        try:
            return np.asarray(np.linalg.solve(system, right), dtype=np.float64)
        except np.linalg.LinAlgError:
            return None


def _next_states(game: Game) -> Iterator[tuple[Any, Any]]:
    """Yield for each state s those that may follow, T, and P(t|s, a) of them, (A, T), sparse as the game's own."""
    actions = game.num_joint_actions
    for s in range(game.num_states):
        if not game.sparse:
            yield slice(None), game.dense_xt[s * actions : (s + 1) * actions]
            continue
        from scipy.sparse import csr_array

        P = game.csr_xt
        starts = P.indptr[s * actions : (s + 1) * actions + 1]
        entries = slice(starts[0], starts[-1])
        reached, places = np.unique(P.indices[entries], return_inverse=True)
        yield reached, csr_array((P.data[entries], places, starts - starts[0]), shape=(actions, len(reached)))
