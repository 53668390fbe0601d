"""The derivative of a system with one more row, which holds one number of z: corrections and tangents of a curve.

    G'(z) dz = f,   dz_lead = g                                                                             (1)

The policies are eliminated state by state, dx = B^{-1}(f_1 + φ Δ[γ P̄ dW] − ∂_t f_1 dt) with B and C of `system`, which
leaves the values, t, and the matrix

    M dW = dW^m(s) − γ Σ_{m', a} w_{mm'}(s, a) Σ_t P(t|s, a) dW^{m'}(t)                                      (2)
    w_{mm'}(s, a) = δ_mm' π(a|s) − Σ_{i of m'} g^{mi}(a_i) π^{-i}(a_{-i}|s),   g = φ C B^{-1}                (3)

with g^{mi}(0) = −Σ_{a ≥ 1} g^{mi}(a). (1) is regular on a fold too. Where B is nearly singular, as where a state
would fold with the values held, digits are lost: whoever solves (1) looks at the defect that is left.
"""

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.equilibria.stochastic import blocks
from mathrl.equilibria.stochastic.equations import Place, System
from mathrl.equilibria.stochastic.value_system import Border, Reduced, factored, iterated
from mathrl.games.profile import Profile

__all__ = ["Bordered"]

_REFINEMENTS = 8
_ACCURATE = 1e-5
"""The relative error of a tangent that refinement may leave, extrapolated."""


class Bordered:
    """(1) at one place, where `lead` counts the entries of x, and −1 is t.

    The memory `room` is in use as long as this is; without it, (1) is solved by iteration. `orientation` is the sign
    of the determinant, 0 where it is not known. Raises `numpy.linalg.LinAlgError` where the system is singular.
    """

    def __init__(self, place: Place, lead: int, room: FloatArray | None) -> None:
        self._place, self._lead = place, lead
        b_skk, self._c_smk = place.blocks
        self._inverse_skk = np.empty_like(b_skk)
        sign = blocks.invert(b_skk.copy(), self._inverse_skk)
        if sign == 0:
            raise np.linalg.LinAlgError("the policies of a state do not follow from the values")
        self._time_sk, time_ms = self._parts(place.change(_time(place.system)))
        self._reduced = self._reduce(time_ms, room)
        self.orientation = sign * self._reduced.sign

    def solve(self, f: FloatArray, g: float) -> FloatArray:
        """dz of (1): as exact as the elimination, and the lead exactly."""
        system, place = self._place.system, self._place
        f_sk, f_ms = self._parts(f)
        x_sk = self._policies(f_sk)
        values = self._reduced.solve(f_ms - self._read(x_sk), g - (x_sk.flat[self._lead] if self._lead >= 0 else 0.0))
        dt = float(values[-1])
        dz = system.vector(x_sk, values[:-1].reshape(f_ms.shape), dt)
        gains_sk = system.gains(system.own(system.action_values(dz, 0.0), place.pi_sk))
        system.ratios(dz)[:] += self._policies(place.phi * gains_sk - dt * self._time_sk)
        dz[self._lead] = g
        return dz

    def tangent(self, place: Place, direction: float) -> FloatArray | None:
        """dz with G' dz = 0 and dz_lead = `direction` at a place nearby, by refinement; None where that fails."""
        system = place.system
        tangent = self.solve(np.zeros(system.num_equations), direction)
        before = largest = np.abs(system.measured(tangent)).max()
        for _ in range(_REFINEMENTS):
            change = self.solve(place.change(tangent), 0.0)
            tangent, distance = tangent - change, np.abs(system.measured(change)).max()
            if distance * distance <= _ACCURATE * largest * before:
                return np.asarray(tangent)
            before = distance
        return None

    def _parts(self, f: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The equations of the policies (S, k) and of the values (m, S)."""
        return self._place.system.ratios(f), self._place.system.values(f)

    def _policies(self, f_sk: FloatArray) -> FloatArray:
        """B^{-1} f, refined once, as an inverse alone loses more digits than a factor."""
        b_skk, f_skx = self._place.blocks[0], f_sk[..., None]
        x_skx = self._inverse_skk @ f_skx
        x_skx += self._inverse_skk @ (f_skx - b_skk @ x_skx)
        return np.asarray(x_skx[..., 0])

    def _read(self, x_sk: FloatArray) -> FloatArray:
        """C x, without rows where there are no values."""
        if self._place.system.game.discount == 0:
            return np.empty((self._place.system.num_functions, 0))
        return np.asarray((self._c_smk @ x_sk[..., None])[..., 0].T)

    def _reduce(self, time_ms: FloatArray, room: FloatArray | None) -> Reduced:
        """What is left for the values and t."""
        system, place = self._place.system, self._place
        game, num_functions = system.game, system.num_functions
        moved_sk = self._policies(self._time_sk)
        column_ms = time_ms - self._read(moved_sk)
        w_smma = -self._weights(place.phi * (self._c_smk @ self._inverse_skk), place.pi_sk)  # (3)
        together_sa = Profile.split(place.pi_sk, game.num_actions).joint_sa
        w_smma[:, np.arange(num_functions), np.arange(num_functions)] += together_sa[:, None]
        if self._lead < 0:
            border = Border(column_ms, 1.0, 0, np.zeros_like(w_smma[0, 0]))
        else:
            state, ratio = divmod(self._lead, self._inverse_skk.shape[1])
            g_srk = place.phi * self._inverse_skk[None, None, state, ratio]
            row_ma = self._weights(g_srk, place.pi_sk[state, None])[0, 0]
            border = Border(column_ms, -float(moved_sk[state, ratio]), state, row_ma)
        return iterated(w_smma, border, system.ahead) if room is None else factored(game, w_smma, border, room)

    def _weights(self, g_srk: FloatArray, pi_sk: FloatArray) -> FloatArray:
        """Σ_{i of m} g^{ri}(a_i) π^{-i}(a_{-i}|s) (S, R, m, A)."""
        system = self._place.system
        out_srma = np.empty((*g_srk.shape[:2], system.num_functions, system.game.num_joint_actions))
        blocks.response_weights(np.ascontiguousarray(g_srk), pi_sk, system.num_actions, out_srma)
        return out_srma


def _time(system: System) -> FloatArray:
    """The direction in which t grows and nothing else changes."""
    direction = system.zero.copy()
    direction[-1] = 1.0
    return direction
