"""The joint actions of a common-payoff game under one controller: its optimal and its soft-optimal values.

    (T V)(s) = max_a Q_V(s, a),  or  max_w E_w[Q_V(s, ·)] + H(w, s),   Q_V = r + γ P V          (1)
    V ← V + (I − γ P_w)^{-1} (T V − V)                                                           (2)

H is concave in w. With α times the entropy for H, (1) is α log Σ_a exp(Q_V(s, a)/α), and w is the Boltzmann policy.
In (2) w is the policy that attains (1). So (2) is Newton's method on T V = V, and it is policy iteration. Its linear
system is solved only as exactly as the step deserves (Eisenstat and Walker 1996), and to rounding at the end.

Where next states are well mixed, P_w is nearly of rank one. Then

    V ← T V + γ/(1 − γ) · ½ (max (T V − V) + min (T V − V))                                      (3)

does nearly as well at the cost of one sweep (MacQueen's bounds). It asks that rows of transitions sum to 1: where
episodes end it is not used. The chain P_w of a soft policy is costly, so that
three short cuts are taken. (3) replaces (2) while it lowers the span of T V − V as fast as (2) would for the same work.
The chain leaves out the actions that are hardly played. And the last chain is used again while the policy hardly moves.
Where these short cuts fail to halve the residual, they are dropped: some next states may be reached by a rare action
only. (2) with the whole chain is policy iteration, which always converges.

The end is judged state by state (`mathrl.values.attained`): from where the residual may be rounding of the largest
number in the game on, be it a reward that nobody takes or the value of a state that nobody reaches. From there on (2)
is solved to rounding.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mathrl import kernels
from mathrl.base.checks import FloatArray
from mathrl.games.model import Game
from mathrl.iteration.iterate import MINIMUM_TOL, Iterate, Run, iterate
from mathrl.iteration.patience import Patience
from mathrl.values.attained import TINY, Actions, Weighed, doubts, floors, plain_floors, roundings, weighed
from mathrl.values.linear_system import Resolvent, one_thread, resolvent
from mathrl.values.policy_values import (
    backup,
    deterministic_transitions,
    policy_transitions,
    transition_entries,
    transition_room,
)
from mathrl.values.softness import Softness

__all__ = ["Controlled", "control", "values_of_attained"]

_EPS = float(np.finfo(np.float64).eps)

_NEGLIGIBLE = 0.02
"""The chain of a soft policy may leave out actions whose probabilities sum to this, in every state."""

_HARDLY_MOVES = 0.02
"""A policy that changes by less hardly moves. So it is where the span of T V − V, in temperatures, is below this: then
the last chain is used again.
"""

_CORRECTIONS = 4
"""How often (4) is repeated before a policy is evaluated anew instead."""

_PATIENCE = 8
"""A residual that is not halved within so many steps, while the policy hardly moves, is rounding."""

_NEWTON_GAIN = 1e-3
"""The factor, about, by which one step (2) lowers the residual where the chain leaves rare actions out."""

_NEWTON_SWEEPS = 10.0
"""How many sweeps the linear system of a step (2) costs, about, with a chain of all actions."""


@dataclass(frozen=True)
class Controlled:
    """A value function V and what the operator T makes of it.

    `v_s`        V, (S,)
    `q_sa`       Q_V, (S, A)
    `reached_s`  T V, (S,)
    `actions_s`  the greedy joint actions, (S,), where T is Bellman's operator; else None
    `w_sa`       the policy that attains a soft maximum, (S, A); else None
    """

    v_s: FloatArray
    q_sa: FloatArray
    reached_s: FloatArray
    actions_s: Actions | None
    w_sa: FloatArray | None

    @property
    def attained(self) -> FloatArray | Actions:
        """What attains T V: `actions_s` or `w_sa`."""
        attained = self.w_sa if self.actions_s is None else self.actions_s
        assert attained is not None
        return attained

    @property
    def defect_s(self) -> FloatArray:
        """T V − V."""
        return self.reached_s - self.v_s


def control(
    game: Game, softness: Softness | None, *, tol: float, max_steps: int, guess: FloatArray | None = None
) -> tuple[Run[Controlled], Resolvent | None]:
    """Find the optimal or soft-optimal values of one controller by iterating (2).

    `game`       a common-payoff game
    `softness`   the soft maximum of (1); None for the plain one, whose greedy actions are of lowest index among equals
    `tol`        how small γ |T V − V| must become in every state, in rounding floors of this state, and how small the
                 doubt there (`mathrl.values.attained`). The largest γ |T V − V| bounds ‖T Q − Q‖∞
    `max_steps`  how many steps are taken at most
    `guess`      the V to begin with, (S,); by default 0

    Returns the run, and the resolvent of the last chain, which is about that of P_w. It is None where steps (3) were
    enough.
    """
    goal_floors = max(tol, MINIMUM_TOL)
    operator, patience = _Operator(game, softness), Patience(_PATIENCE)
    left: float | None = None

    def at(v_s: FloatArray) -> Iterate[Controlled]:
        nonlocal left
        here = operator(v_s)
        residual, largest = game.discount * float(np.abs(here.defect_s).max()), float(np.abs(v_s).max())
        floor, left = _EPS * game.reward_scale, None
        # Above what tol allows of the bound ‖Q‖∞ ≤ max |r| + γ ‖V‖∞ no state can have converged.
        if residual <= goal_floors * max(_EPS * (game.reward_scale + game.discount * largest), TINY):
            residual, floor, left = operator.weighed(here, goal_floors)
        return Iterate(here, residual, floor, residual)

    before: Iterate[Controlled] | None = None
    sweeping, short_cuts = softness is not None and game.ended is None, softness is not None
    solve: Resolvent | None = None

    @one_thread()
    def step(last: Iterate[Controlled]) -> Iterate[Controlled] | None:
        nonlocal before, sweeping, short_cuts, solve
        here, previous, before = last.point, before, last
        defect_s = here.defect_s
        if left is not None:
            moved = previous is None or np.abs(here.attained - previous.point.attained).max() > _HARDLY_MOVES
            if patience.ends(left, moved=bool(moved)):
                return None
            sweeping = False
        if sweeping and previous is not None:
            played = float(operator.played(here).mean())
            worth = _NEWTON_GAIN ** (1 / (1 + _NEWTON_SWEEPS * played))
            sweeping = np.ptp(defect_s) <= worth * np.ptp(previous.point.defect_s)
        if sweeping:
            middle = float(defect_s.max() + defect_s.min()) / 2
            return at(here.reached_s + game.discount / (1 - game.discount) * middle)  # (3)
        if solve is not None and previous is not None and last.residual > 0.5 * previous.residual:
            short_cuts = False
        forcing = 0.01
        if softness is not None:
            same = short_cuts and float(np.ptp(defect_s)) <= _HARDLY_MOVES * softness.temperature
        elif previous is None or here.actions_s is None:
            same = False
        else:
            same = bool((here.actions_s == previous.point.actions_s).all())
            forcing = 0.0 if same else min(0.001, (last.residual / previous.residual) ** 4)
        if solve is None or not same:
            solve = resolvent(operator.attained_transitions(here, whole=not short_cuts), game.discount)
        # Ties are read from plain maxima: they are solved to rounding, soft ones to a quarter of what tol allows.
        enough = (goal_floors / 4 if here.actions_s is None else 1.0) * _EPS * float(np.abs(here.v_s).max())
        target = max(forcing * float(np.abs(defect_s).max()), enough)
        return at(here.v_s + solve(defect_s, target=target if left is None else 0.0))  # (2)

    run = iterate(at(np.zeros(game.num_states) if guess is None else guess), step, tol=tol, max_steps=max_steps)
    return run, solve


class _Operator:
    """V ↦ (Q_V, T V), and P_w. It keeps its work memory: to get new memory costs more than the arithmetic in it.

    The Q and w of one call stay valid during the next call, and a chain until the next chain is made.
    """

    def __init__(self, game: Game, softness: Softness | None) -> None:
        self._game, self._softness, self._r_sa = game, softness, game.rewards_isa[0]
        self._q_buffers = [np.empty_like(self._r_sa), np.empty_like(self._r_sa)]
        self._w_buffers = [np.empty_like(self._r_sa), np.empty_like(self._r_sa)] if softness is not None else []
        self._played_sa = np.empty_like(self._r_sa)
        self._chain_room: tuple[FloatArray, npt.NDArray[Any]] | None = None

    def __call__(self, v_s: FloatArray) -> Controlled:
        first = self._game.discount == 0 or not v_s.any()
        self._q_buffers.reverse()
        if self._softness is not None:
            self._w_buffers.reverse()
            q_sa = self._r_sa if first else backup(self._game, v_s[None], out=self._q_buffers[0][None])[0]
            return Controlled(v_s, q_sa, self._softness(q_sa, self._w_buffers[0]), None, self._w_buffers[0])
        if first:
            return Controlled(v_s, self._r_sa, self._r_sa.max(axis=1), self._r_sa.argmax(axis=1), None)
        return self._greedy(v_s, self._q_buffers[0])

    def attained_transitions(self, here: Controlled, *, whole: bool) -> Any:
        """P_w of the greedy actions or of the soft policy; without `whole`, rarely played actions are left out."""
        game = self._game
        if here.actions_s is not None:
            return deterministic_transitions(game, here.actions_s)
        assert here.w_sa is not None
        w_sa = here.w_sa
        if not whole:
            w_sa = np.multiply(w_sa, self.played(here), out=self._played_sa)
            np.divide(w_sa, w_sa.sum(axis=1, keepdims=True), out=w_sa)
        return policy_transitions(game, w_sa, self._room(w_sa) if game.sparse else None)

    def played(self, here: Controlled) -> npt.NDArray[np.bool_]:
        """Which actions the soft policy plays with more than a negligible probability, (S, A)."""
        assert here.w_sa is not None
        return np.asarray(here.w_sa >= _NEGLIGIBLE / here.w_sa.shape[1])

    def weighed(self, here: Controlled, goal: float) -> Weighed:
        """γ |T V − V|, or the doubt where it is larger (`mathrl.values.attained`); `goal` floors are enough."""
        game, miss_s = self._game, self._game.discount * np.abs(here.defect_s)
        largest = _EPS * (game.reward_scale + game.discount * float(np.abs(here.v_s).max()))
        if (floor_s := plain_floors(largest, here.reached_s)) is not None:
            plain = weighed(miss_s, floor_s, goal)
            if plain.left == 0:
                return plain
        delta_sa = roundings(game, here.q_sa[None], here.v_s[None])[0]
        floor_s = floors(delta_sa, here.attained, here.reached_s)
        if self._softness is not None and here.w_sa is not None:
            floor_s = np.maximum(floor_s, np.where(here.w_sa.max(axis=1) < 1, self._softness.rounding, 0.0))
        doubt_s = doubts(delta_sa, floor_s, here.q_sa, here.reached_s, self._largest)
        return weighed(np.maximum(miss_s, doubt_s), floor_s, goal)

    def _largest(self, q_sa: FloatArray) -> FloatArray:
        """T of Q (S, A)."""
        return q_sa.max(axis=1) if self._softness is None else self._softness(q_sa, np.empty_like(q_sa))

    def _greedy(self, v_s: FloatArray, q_sa: FloatArray) -> Controlled:
        """Q_V, its maximum over joint actions, and the first action that attains it."""
        game, reached_s, actions_s = self._game, np.empty_like(v_s), np.empty(len(v_s), np.int64)
        if game.sparse:
            P, outputs = game.csr_xt, (reached_s, q_sa, actions_s)
            kernels.optimality_backup_csr(v_s, self._r_sa, P.data, P.indices, P.indptr, game.discount, *outputs)
        else:
            kernels.optimality_backup(v_s, self._r_sa, game.dense_xt, game.discount, reached_s, q_sa, actions_s)
        return Controlled(v_s, q_sa, reached_s, actions_s, None)

    def _room(self, w_sa: FloatArray) -> tuple[FloatArray, npt.NDArray[Any]]:
        """Memory for the chain of w, the same as last time where that is large enough."""
        entries = transition_entries(self._game, w_sa)
        if self._chain_room is None or len(self._chain_room[0]) < entries:
            self._chain_room = transition_room(self._game, entries)
        return self._chain_room


def values_of_attained(
    game: Game, here: Controlled, pi_sa: FloatArray, bonus_s: FloatArray, solve: Resolvent | None
) -> tuple[FloatArray, FloatArray] | None:
    """Compute Q (S, A) and V (S,) of the policy w that attains T V at `here`, far more exactly than V itself is known.

        V_w = V + (I − γ P_w)^{-1} (T V − V)                                                         (4)

    as w attains T V. `solve` only approximates this inverse. So (4) is repeated on the defect that is left, until that
    changes Q by less than a quarter of the error of V, counted in rounding floors of each state. `pi_sa` is w, and
    `bonus_s` the entropy of w times the temperature. Returns None where that does not happen within a few repetitions.
    """

    v_s, defect_s = here.v_s, here.defect_s
    floor_s = floors(roundings(game, here.q_sa[None], v_s[None])[0], pi_sa, here.reached_s)
    nearness = 1 - game.discount or 1 / game.horizon
    goal = max(0.25 * nearness * float((np.abs(defect_s) / floor_s).max()), MINIMUM_TOL)
    for _ in range(_CORRECTIONS):
        middle = float(defect_s.max() + defect_s.min()) / 2 if game.ended is None else 0.0
        shift = game.discount / (1 - game.discount) * middle if middle else 0.0
        v_s = v_s + (defect_s + shift if solve is None else solve(defect_s, target=goal * float(floor_s.min()) / 2))
        q_sa = backup(game, v_s[None])[0]
        reached = np.einsum("sa,sa->s", pi_sa, q_sa) + bonus_s
        defect_s = reached - v_s
        if (np.abs(defect_s) <= goal * floor_s).all():
            return q_sa, reached
    return None
