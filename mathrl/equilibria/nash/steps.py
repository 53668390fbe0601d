"""The steps of Nash Q iteration: Newton's where its kind of stage games accepts it, else a safe one.

The numbers of equations are those of `mathrl.solvers.nash_q`.
"""

import numpy as np

from mathrl.arithmetic import or_zero
from mathrl.base.checks import FloatArray
from mathrl.equilibria.nash.stages import Kind, Point
from mathrl.iteration.iterate import Iterate
from mathrl.iteration.patience import Patience
from mathrl.values.linear_system import one_thread, resolvent

__all__ = ["Steps"]

_EPS = float(np.finfo(np.float64).eps)

_PAUSE = 4
"""Steps before (4), which failed, is tried again."""

_PATIENCE = 20
"""A small residual that is not halved within this many steps is rounding."""

_ROUNDING = 1_000.0
"""Residuals up to this multiple of the tolerance are small, and may be rounding."""


class Steps:
    """Newton's step (4) where its kind accepts it, else the safe one."""

    def __init__(self, kind: Kind, goal_floors: float) -> None:
        self._kind, self._goal = kind, goal_floors
        self._scale_m = np.abs(or_zero(kind.game.rewards)).reshape(len(kind.game.rewards_isa), -1).max(axis=1)
        self._best, self._waiting, self._left, self._near = np.inf, 0, np.inf, False
        self._patience = Patience(_PATIENCE)

    def first(self) -> Iterate[Point]:
        """The stage games at V = 0."""
        return self._at(np.zeros((len(self._scale_m), self._kind.game.num_states)), None)

    def following(self, last: Iterate[Point]) -> Iterate[Point] | None:
        """The next point; None where the residual is rounding, or a stage game has no global optimum."""
        here = last.point
        self._best = min(self._best, last.residual)
        far = last.residual > _ROUNDING * self._goal * last.rounding_floor
        if here.trouble or self._patience.ends(self._left, moved=far):
            return None
        self._waiting -= 1
        if self._waiting < 0:
            tried = self._newton(here, 0.0 if self._near else self._goal * last.rounding_floor / 4)
            if self._kind.accepts(tried, self._best):
                return tried
            self._waiting = _PAUSE
        return self._at(self._kind.safe(here), here)

    @one_thread()
    def _newton(self, here: Point, target: float) -> Iterate[Point]:
        solve = resolvent(self._kind.transitions(here), self._kind.game.discount)
        steps = [solve(defect_s, target=target) for defect_s in here.reached_ms - here.v_ms]
        return self._at(here.v_ms + np.stack(steps), here)  # (4)

    def _at(self, v_ms: FloatArray, before: Point | None) -> Iterate[Point]:
        game, here = self._kind.game, self._kind.solve(v_ms, before)
        residual = self._left = float(here.miss_ms(game.discount).max())
        # Above what tol allows of the bound ‖Q^i‖∞ ≤ max |r^i| + γ ‖V^i‖∞ no state can have converged.
        floor = _EPS * float((self._scale_m + game.discount * np.abs(v_ms).max(axis=1)).max())
        self._near = residual <= self._goal * floor
        if self._near:
            residual, floor, self._left = self._kind.weighed(here, self._goal)
        return Iterate(here, residual, floor, residual)
