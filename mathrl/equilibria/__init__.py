"""Equilibria: quantal response ones, by Newton's method or along the curves that they form, and Nash's.

`derivative` says how values change with a policy, and `newton` makes Newton's step of it, for any game. Curves are
followed by pseudo-arclength continuation, those of matrix games in `matrix`, those of stochastic games in `stochastic`,
by the rules of `step_rules`; `principal_branch` follows the curve from the uniform policy, for either class of games.
`nash` finds equilibria without entropy, where each stage game has one Nash value.
"""

from mathrl.equilibria.matrix.curves import Curve, equilibria, logit_curves
from mathrl.equilibria.matrix.uniqueness import lipschitz_constant

__all__ = ["Curve", "equilibria", "lipschitz_constant", "logit_curves"]
