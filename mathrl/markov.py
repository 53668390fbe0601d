"""The joint actions of a common-payoff game under one controller: its optimal and its soft-optimal values.

    (T V)(s) = max_a Q_V(s, a),  or  α log Σ_a exp(Q_V(s, a)/α),   Q_V = r + γ P V               (1)
    V ← V + (I − γ P_w)^{-1} (T V − V)                                                           (2)

w is the policy that attains (1): the greedy one, or the Boltzmann policy of Q_V. (2) is Newton's method on T V = V,
which is policy iteration. Its system is solved only as well as the step is worth (Eisenstat and Walker 1996), to
rounding at the end. Where next states are well mixed, P_w is nearly of rank one, and

    V ← T V + γ/(1 − γ) · ½ (max (T V − V) + min (T V − V))                                      (3)

does nearly as well for one sweep (MacQueen's bounds). With a Boltzmann policy, whose chain is as costly as ten
sweeps, (3) is taken while it lowers the span of T V − V by `_SWEEPING`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mathrl.evaluate import backup, chain
from mathrl.games.model import Game
from mathrl.games.validate import FloatArray
from mathrl.iterate import MINIMUM_TOL, Iterate, Run, iterate
from mathrl.linear import resolvent
from mathrl.softmax import boltzmann, soft_max
from mathrl.solution import rounding_floor

__all__ = ["Controlled", "control"]

_SWEEPING = 0.3


@dataclass(frozen=True)
class Controlled:
    """V (S,), Q_V (S, A), T V − V (S,), and at temperature 0 the greedy actions (S,)."""

    v_s: FloatArray
    q_sa: FloatArray
    defect_s: FloatArray
    actions_s: npt.NDArray[np.intp] | None


def control(game: Game, *, temperature: float, tol: float, max_steps: int) -> Run[Controlled]:
    """Iterate (2) from V = 0 until γ ‖T V − V‖∞, which bounds ‖T Q − Q‖∞, is within `tol` rounding floors of Q.

    Temperature 0 is Bellman's T; its greedy actions are of lowest index among equals.
    """
    goal_floors = max(tol, MINIMUM_TOL)

    def at(v_s: FloatArray) -> Iterate[Controlled]:
        q_sa = backup(game, v_s[None])[0]
        actions = q_sa.argmax(axis=1) if temperature == 0 else None
        reached = soft_max(q_sa, temperature) if actions is None else q_sa[np.arange(len(q_sa)), actions]  # (1)
        defect = reached - v_s
        residual = game.discount * float(np.abs(defect).max())
        return Iterate(Controlled(v_s, q_sa, defect, actions), residual, rounding_floor(q_sa), residual)

    sweeping = temperature > 0
    before: Iterate[Controlled] | None = None

    def step(last: Iterate[Controlled]) -> Iterate[Controlled]:
        nonlocal sweeping, before
        here = last.point
        span = float(np.ptp(here.defect_s))
        sweeping = sweeping and (before is None or span <= _SWEEPING * float(np.ptp(before.point.defect_s)))
        if sweeping:
            middle = float(here.defect_s.max()) - span / 2
            change = here.defect_s + game.discount / (1 - game.discount) * middle  # (3)
        else:
            forcing = 0.001 if before is None else min(0.001, (last.residual / before.residual) ** 4)
            if before is not None and here.actions_s is not None and (here.actions_s == before.point.actions_s).all():
                forcing = 0.0
            size = float(np.abs(here.defect_s).max())
            target = max(forcing * size, goal_floors * last.rounding_floor / 4)
            change = resolvent(_chain(game, here, temperature), game.discount)(here.defect_s, target=target)  # (2)
        before = last
        return at(here.v_s + change)

    return iterate(at(np.zeros(game.num_states)), step, tol=tol, max_steps=max_steps)


def _chain(game: Game, here: Controlled, temperature: float) -> Any:
    if here.actions_s is None:
        return chain(game, boltzmann(here.q_sa, temperature))
    rows = np.arange(game.num_states) * game.num_joint_actions + here.actions_s
    return game.csr_xt[rows] if game.sparse else game.dense_xt[rows]
