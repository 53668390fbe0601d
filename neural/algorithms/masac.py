"""MASAC: HASAC without sequential updates; every agent updates against the old policies of all others.

all agents at once:   θ^i ← climb E_s[E_{a^i~p}[Q(s, a^i, a^{-i})] + α H(p)],   a^{-i} ~ π_old   (hasac Appendix I)
"""

from mathrl.neural.actors import at_once
from mathrl.neural.algorithm import Algorithm
from mathrl.neural.algorithms.hasac import Settings, objective
from mathrl.neural.loops import OFF_POLICY
from mathrl.neural.summaries import ALGORITHMS as SUMMARIES

__all__ = ["MASAC"]

MASAC = Algorithm("masac", SUMMARIES["masac"], Settings, OFF_POLICY, objective, at_once)
"""HASAC without sequential updates (hasac Appendix I)."""
