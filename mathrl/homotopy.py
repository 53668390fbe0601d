"""A path of policies from a given one to a quantal response equilibrium, by pseudo-arclength continuation.

    G(y, λ) = y − λ u_π/α − (1 − λ) log π_0 = 0,   π = softmax(y)                             (1)

At λ = 0 the only solution is π = π_0, at λ = 1 the solutions are the equilibria at temperature α; u_π are the agents'
own Q. From almost every interior π_0 a curve of solutions leads to λ = 1; it may turn back in λ on its way (Chow,
Mallet-Paret and Yorke 1978). For a uniform π_0, (1) is the logit equilibrium at rationality λ/α. The curve is
followed by a step along its tangent and Newton corrections orthogonal to it.
"""

from dataclasses import dataclass

import numpy as np

from mathrl.derivative import own_q_derivative
from mathrl.evaluate import evaluate, own_q, side_by_side, split
from mathrl.games.model import Game
from mathrl.games.policies import Policy
from mathrl.games.validate import FloatArray
from mathrl.linear import one_thread
from mathrl.softmax import boltzmann

__all__ = ["Path", "PathPoint"]

_CORRECTIONS = 5
_ACCURATE = 1e-12
_SHORTEST = 1e-9


@dataclass(frozen=True)
class PathPoint:
    """A point (y, λ) of the curve, as one vector, with its unit tangent and the length of the next step."""

    x: FloatArray
    tangent: FloatArray
    length: float

    @property
    def fraction(self) -> float:
        """λ, 1 at the end."""
        return float(self.x[-1])


class Path:
    """The curve (1) of one game, temperature and `initial_policy`; every policy on it is interior."""

    def __init__(self, game: Game, initial_policy: Policy, *, temperature: float, entropy: str) -> None:
        self._game, self._temperature, self._entropy = game, temperature, entropy
        self._ends = np.cumsum(game.num_actions)[:-1]
        # A policy with zeros is moved inside, or no finite y would reach it.
        self._log_first = np.log(np.maximum(side_by_side(initial_policy), 1e-6))

    def policy(self, x: FloatArray) -> Policy:
        """softmax(y)."""
        y_sk = x[:-1].reshape(self._log_first.shape)
        return tuple(boltzmann(y_sa, 1.0) for y_sa in split(y_sk, self._game))

    @one_thread()
    def start(self) -> PathPoint:
        """The point λ = 0, going up."""
        x = np.append(self._log_first.ravel(), 0.0)
        return PathPoint(x, _tangent(self._equations(x)[1], _upwards(x)), length=0.01)

    @one_thread()
    def advance(self, point: PathPoint) -> PathPoint | None:
        """The next point, at λ = 1 where the curve gets there; None where no step, however short, succeeds."""
        length = point.length
        while length > _SHORTEST * (1 + np.abs(point.x).max()):
            ahead = self._correct(point.x + length * point.tangent, point.tangent, length / 4)
            if ahead is not None and ahead[0][-1] >= 1:
                share = (1 - point.fraction) / (ahead[0][-1] - point.fraction)
                end = np.append((point.x + share * (ahead[0] - point.x))[:-1], 1.0)
                ahead = self._correct(end, _upwards(end), length)
            if ahead is not None:
                x, jacobian, corrections = ahead
                try:
                    tangent = _tangent(jacobian, point.tangent)
                except np.linalg.LinAlgError:  # exactly on a bifurcation: straight on
                    tangent = point.tangent
                if tangent @ point.tangent > 0.95 and x[-1] >= 0:
                    return PathPoint(x, tangent, length * (2 if corrections <= 2 else 1))
            length /= 4
        return None

    def _correct(self, x: FloatArray, normal: FloatArray, reach: float) -> tuple[FloatArray, FloatArray, int] | None:
        """Newton's method for G = 0 in the plane through x with this normal: x, G' there, and the corrections made.

        None where it has not converged after a few corrections, or one of them is longer than `reach`.
        """
        for corrections in range(_CORRECTIONS):
            g, jacobian = self._equations(x)
            if np.abs(g).max() <= _ACCURATE * (1 + np.abs(x).max()):
                return x, jacobian, corrections
            try:
                correction = _solve_bordered(jacobian, normal, np.append(g, 0.0))
            except np.linalg.LinAlgError:
                return None
            if not np.linalg.norm(correction) <= reach:
                return None
            x = x - correction
        return None

    def _equations(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """G (N,) and its derivative (N, N + 1)."""
        fraction, shape, size = float(x[-1]), self._log_first.shape, x.size - 1
        policy = self.policy(x)
        values = evaluate(self._game, policy, temperature=self._temperature, entropy=self._entropy)
        own_sk = own_q(values, policy)
        g = x[:-1].reshape(shape) - fraction * own_sk / self._temperature - (1 - fraction) * self._log_first  # (1)
        changes = []
        for pi_sa, dy in zip(policy, np.split(np.eye(size).reshape(*shape, size), self._ends, axis=1), strict=True):
            changes.append(pi_sa[..., None] * (dy - np.einsum("sa,sax->sx", pi_sa, dy)[:, None]))
        du = own_q_derivative(values, policy, temperature=self._temperature, entropy=self._entropy)
        jacobian = np.eye(size) - fraction / self._temperature * du(np.concatenate(changes, axis=1)).reshape(size, size)
        along = self._log_first - own_sk / self._temperature
        return g.ravel(), np.column_stack([jacobian, along.ravel()])


def _upwards(x: FloatArray) -> FloatArray:
    direction = np.zeros_like(x)
    direction[-1] = 1.0
    return direction


def _solve_bordered(jacobian: FloatArray, normal: FloatArray, b: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.solve(np.vstack([jacobian, normal]), b), dtype=np.float64)


def _tangent(jacobian: FloatArray, before: FloatArray) -> FloatArray:
    """The unit null vector of G' that goes on in the direction `before`."""
    tangent = _solve_bordered(jacobian, before, _upwards(before))
    return np.asarray(tangent / np.linalg.norm(tangent), dtype=np.float64)
