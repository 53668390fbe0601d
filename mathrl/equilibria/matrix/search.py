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
from mathrl.base.compile import inner, kernel
from mathrl.equilibria.matrix.corrector import newton
from mathrl.equilibria.matrix.equations import derivative, evaluate
from mathrl.equilibria.matrix.memory import Trace
from mathrl.equilibria.matrix.principal import loaded
from mathrl.equilibria.matrix.vectors import copy, largest
from mathrl.games.model import Game
from mathrl.games.policies import Policy
from mathrl.softmax import boltzmann
from mathrl.values.linear_system import one_thread

__all__ = ["Search", "known"]

_STEPS = 60
_HALVINGS = 5
_SOLVED = 1e-11
"""max |G| up to this, times 1 + max |x|, counts as rounding."""

_SAME = 1e-6
"""Two solutions within this distance, times 1 + max |x|, are the same."""

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
    return _known(x_x, found_ex, len(found_ex))


@inner
def _known(z_x: FloatArray, found_ex: FloatArray, count: int) -> bool:
    """`known` of the first so many rows, of which only the log ratios are compared."""
    for e in range(count):
        distance, size = 0.0, 0.0
        for x in range(found_ex.shape[1]):
            distance = max(distance, abs(z_x[x] - found_ex[e, x]))
            size = max(size, abs(z_x[x]))
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
    trace: Trace, pi_bk: FloatArray, rationality: float, out_own_bx: FloatArray, out_response_bx: FloatArray
) -> None:
    """Write log(π(a)/π(0)) where both are positive, else what they are in the responses; and the responses λΔu(π)."""
    z_x, ends = trace.ahead_x, trace.ends
    for b in range(len(pi_bk)):
        z_x[:] = 0.0
        z_x[-1] = rationality
        x = 0
        for i in range(len(ends) - 1):
            for k in range(ends[i] + 1, ends[i + 1]):
                p, zero = pi_bk[b, k], pi_bk[b, ends[i]]
                z_x[x] = np.log(max(p, 1e-12) / max(zero, 1e-12))
                x += 1
        evaluate(trace, z_x)
        for x in range(len(z_x) - 1):
            out_own_bx[b, x] = z_x[x]
            out_response_bx[b, x] = z_x[x] - trace.g_x[x]


@kernel
def _refine(trace: Trace, x_bx: FloatArray, rationality: float, out_found_ex: FloatArray) -> int:
    """Solve from each start, write the different solutions, return their number."""
    z_x, count = trace.z_x, 0
    N = len(z_x) - 1
    for b in range(len(x_bx)):
        copy(x_bx[b], z_x)
        z_x[N] = rationality
        solved = newton(trace, z_x, 0.0, _STEPS, _HALVINGS) <= _SOLVED * (1 + largest(z_x))
        if solved and not _known(z_x, out_found_ex, count):
            for x in range(N):
                out_found_ex[count, x] = z_x[x]
            count += 1
    return count


@kernel
def _derivatives(trace: Trace, z_px: FloatArray, out_jacobian_pxy: FloatArray) -> None:
    N = z_px.shape[1] - 1
    for p in range(len(z_px)):
        evaluate(trace, z_px[p])
        derivative(trace, z_px[p])
        for x in range(N):
            for y in range(N):
                out_jacobian_pxy[p, x, y] = trace.jacobian_xy[x, y]
