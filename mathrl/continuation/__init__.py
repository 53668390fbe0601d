"""Curves of quantal response equilibria, followed by pseudo-arclength continuation.

Matrix games, compiled: `uniqueness` (where no tracing is needed), `matrix` (the equations), `predict` and `dense`,
`control` (which steps are accepted), `branch` (one step), `principal` (one rationality of many games), `walk` (points
of a curve); all curves of one game: `search`, `through`, `curves`. Stochastic games: `system` (equations), `blocks`,
`linear` and `bordered` (their derivative, eliminated state by state), `cubic` and `trace` (point by point). The
principal branch of either: `follow`.
"""

from mathrl.continuation.curves import Curve, equilibria, logit_curves
from mathrl.continuation.uniqueness import lipschitz_constant

__all__ = ["Curve", "equilibria", "lipschitz_constant", "logit_curves"]
