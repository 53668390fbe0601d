"""Logit equilibria of a matrix game at one rationality, by Newton's method from many policies, compiled.

The unknowns are the log ratios x of `mathrl.equilibria.matrix.equations`, whose equations G = 0 are solved at fixed λ.
A step after which max |G| has not fallen is halved. Nothing proves that all equilibria are found.

    ∂G/∂x = I − λ C S,   C the double differences of the payoffs, S = ∂π/∂x                                (1)

The logit dynamics dx/dt = −G (Fudenberg and Levine 1998, ch. 4) return to an equilibrium from nearby if all eigenvalues
of (1) have positive real parts. With a common payoff C is symmetric, S is positive definite, and

    (I − λ C S) S⁻¹ = S⁻¹ − λ C                                                                            (2)

is −λ times the second derivative, in the probabilities, of the objective E[r] + Σ_i H(π^i)/λ. Then all eigenvalues of
(1) are real, and they are positive just where the equilibrium is a strict local maximum. There HASPI, which maximises
over one agent at a time, returns from nearby too, and at no other equilibrium where (1) is regular.
"""

from itertools import combinations, product
from math import prod

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.compile import kernel
from mathrl.equilibria.lu import factor, solve
from mathrl.equilibria.matrix.branch import Trace
from mathrl.equilibria.matrix.equations import derivative, evaluate
from mathrl.equilibria.matrix.principal import loaded
from mathrl.games.model import Game
from mathrl.games.policies import Policy
from mathrl.softmax import boltzmann
from mathrl.values.linear_system import one_thread

__all__ = ["Search", "known"]

_STEPS = 60
_HALVINGS = 6
_SOLVED = 1e-11
"""Times 1 + max |x|: up to this max |G| counts as rounding."""

_SAME = 1e-6
"""Times 1 + max |x|: up to this distance two solutions are one."""

_MOST_SUPPORTS = 1_000
_CONCENTRATIONS = (0.3, 1.0, 3.0)


class Search:
    """Equilibria of one game. Its payoffs, and λ in points, are scaled as those of `equilibria.matrix.tracer` are."""

    def __init__(self, game: Game) -> None:
        self.num_actions = game.num_actions
        self._memory, self.scale, _ = loaded(game)

    def from_supports(self, rationality: float) -> FloatArray:
        """Equilibria (E, N) from each policy that is uniform on some actions of each agent; none in large games."""
        if prod(2**actions - 1 for actions in self.num_actions) > _MOST_SUPPORTS:
            return np.empty((0, len(self._memory.z_x) - 1))
        policies = [np.concatenate(rows) for rows in product(*map(_on_supports, self.num_actions))]
        return self._from(np.array(policies), rationality)

    def from_random(self, rationality: float, starts: int, rng: np.random.Generator) -> FloatArray:
        """Equilibria (E, N) from so many random policies, near the corners and in the middle."""
        shares = np.array_split(np.arange(starts), len(_CONCENTRATIONS))
        rows = [
            np.concatenate([rng.dirichlet(np.full(actions, c), len(share)) for actions in self.num_actions], axis=1)
            for c, share in zip(_CONCENTRATIONS, shares, strict=True)
        ]
        return self._from(np.concatenate(rows), rationality)

    def refine(self, x_bx: FloatArray, rationality: float) -> FloatArray:
        """The different equilibria (E, N) that Newton's method finds from these log ratios."""
        found_ex = np.empty_like(x_bx)
        return found_ex[: _refine(self._memory, x_bx, rationality / self.scale, found_ex)]

    def policy(self, x_px: FloatArray) -> Policy:
        """The policies of log ratios (..., N): per agent (..., 1, A_i)."""
        parts = np.split(x_px, np.cumsum(self.num_actions)[:-1] - np.arange(1, len(self.num_actions)), axis=-1)
        zero = np.zeros((*x_px.shape[:-1], 1))
        return tuple(boltzmann(np.concatenate([zero, part], axis=-1), 1.0)[..., None, :] for part in parts)

    @one_thread()
    def stable(self, z_px: FloatArray) -> np.ndarray:
        """Whether all eigenvalues of (1) have positive real parts, at each point (x, λ)."""
        N = z_px.shape[1] - 1
        jacobian_pxy = np.empty((len(z_px), N, N))
        _derivatives(self._memory, z_px, jacobian_pxy)
        if N == 0:
            return np.ones(len(z_px), bool)
        return np.asarray(np.linalg.eigvals(jacobian_pxy).real.min(axis=1) > 0)

    def _from(self, pi_bk: FloatArray, rationality: float) -> FloatArray:
        """Two starts for each policy: its own log ratios, and the responses to it."""
        own_bx, response_bx = (np.empty((len(pi_bk), len(self._memory.z_x) - 1)) for _ in range(2))
        _log_ratios(self._memory, pi_bk, rationality / self.scale, own_bx, response_bx)
        return self.refine(np.concatenate([own_bx, response_bx]), rationality)


@kernel
def known(x_x: FloatArray, found_ex: FloatArray) -> bool:
    """Whether one of these equilibria is the same up to rounding."""
    for e in range(len(found_ex)):
        distance, size = 0.0, 0.0
        for x in range(len(x_x)):
            distance = max(distance, abs(x_x[x] - found_ex[e, x]))
            size = max(size, abs(x_x[x]))
        if distance <= _SAME * (1 + size):
            return True
    return False


def _on_supports(actions: int) -> list[FloatArray]:
    """The uniform distributions on all subsets."""
    rows = []
    for size in range(1, actions + 1):
        for support in combinations(range(actions), size):
            rows.append(np.zeros(actions))
            rows[-1][list(support)] = 1 / size
    return rows


@kernel
def _log_ratios(
    memory: Trace, pi_bk: FloatArray, rationality: float, out_own_bx: FloatArray, out_response_bx: FloatArray
) -> None:
    """Write log(π(a)/π(0)) where both are positive, else what they are in the responses; and the responses λΔu(π)."""
    r_ma, ends, pi_k, own_k, pair_kk, places, g_x = memory[:7]
    z_x = memory.ahead_x
    for b in range(len(pi_bk)):
        z_x[:] = 0.0
        z_x[-1] = rationality
        x = 0
        for i in range(len(ends) - 1):
            for k in range(ends[i] + 1, ends[i + 1]):
                p, zero = pi_bk[b, k], pi_bk[b, ends[i]]
                z_x[x] = np.log(max(p, 1e-12) / max(zero, 1e-12))
                x += 1
        out_own_bx[b] = z_x[:-1]
        evaluate(r_ma, ends, z_x, pi_k, own_k, pair_kk, g_x, places)
        for x in range(len(z_x) - 1):
            out_response_bx[b, x] = z_x[x] - g_x[x]


@kernel
def _refine(memory: Trace, x_bx: FloatArray, rationality: float, out_found_ex: FloatArray) -> int:
    """Solve from each start, write the different solutions, return their number."""
    z_x, count = memory.z_x, 0
    for b in range(len(x_bx)):
        z_x[:-1] = x_bx[b]
        z_x[-1] = rationality
        if _newton(memory) <= _SOLVED * (1 + np.abs(z_x).max()) and not known(z_x[:-1], out_found_ex[:count]):
            out_found_ex[count] = z_x[:-1]
            count += 1
    return count


@kernel
def _newton(memory: Trace) -> float:
    """Newton's method at fixed λ from `z_x`, each step halved until max |G| falls; the last max |G|."""
    r_ma, ends, pi_k, own_k, pair_kk, places, g_x, jacobian_xy, delta_x = memory[:9]
    z_x, ahead_x, N = memory.z_x, memory.ahead_x, len(memory.z_x) - 1
    evaluate(r_ma, ends, z_x, pi_k, own_k, pair_kk, g_x, places)
    best = float(np.abs(g_x).max())
    ahead_x[N] = z_x[N]
    for _ in range(_STEPS):
        derivative(ends, z_x, pi_k, own_k, pair_kk, jacobian_xy)
        if factor(jacobian_xy, places, N) == 0.0:
            break
        solve(jacobian_xy, places, N, g_x, delta_x)
        share, found = 1.0, np.inf
        for _ in range(_HALVINGS):
            for x in range(N):
                ahead_x[x] = z_x[x] - share * delta_x[x]
            evaluate(r_ma, ends, ahead_x, pi_k, own_k, pair_kk, g_x, places)
            found = float(np.abs(g_x).max())
            if found < best:
                break
            share *= 0.5
        if not found < best:
            break
        best = found
        z_x[:] = ahead_x
    return best


@kernel
def _derivatives(memory: Trace, z_px: FloatArray, out_jacobian_pxy: FloatArray) -> None:
    r_ma, ends, pi_k, own_k, pair_kk, places, g_x, jacobian_xy = memory[:8]
    N = z_px.shape[1] - 1
    for p in range(len(z_px)):
        evaluate(r_ma, ends, z_px[p], pi_k, own_k, pair_kk, g_x, places)
        derivative(ends, z_px[p], pi_k, own_k, pair_kk, jacobian_xy)
        out_jacobian_pxy[p] = jacobian_xy[:N, :N]
