"""MASAC: HASAC without sequential updates; every agent updates against the old policies of all others.

all agents at once:   θ^i ← climb E_s[E_{a^i~p}[Q(s, a^i, a^{-i})] + α H(p)],   a^{-i} ~ π_old   (hasac Appendix I)
"""

from mathrl.neural.actors import at_once
from mathrl.neural.algorithms.hasac import Settings, objective
from mathrl.neural.update import Algorithm

__all__ = ["MASAC"]

MASAC = Algorithm("masac", "soft actor-critic; agents update all at once", Settings, objective, at_once)
"""HASAC without sequential updates (hasac Appendix I)."""
