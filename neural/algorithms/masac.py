"""MASAC: HASAC without sequential updates; every agent updates against the old policies of all others.

all agents at once:   θ^i ← climb E_s[E_{a^i~p}[Q(s, a^i, a^{-i})] + α H(p)],   a^{-i} ~ π_old   (hasac Appendix I)
"""

from jax import Array

from mathrl.neural.actors import at_once
from mathrl.neural.algorithms.hasac import Settings, objective
from mathrl.neural.environments import Environment
from mathrl.neural.learner import Learner, Look
from mathrl.neural.update import Algorithm

__all__ = ["MASAC"]


def _improve(
    environment: Environment, settings: Settings, learner: Learner, seen: Look, noise: dict[str, Array], rate: Array
) -> Learner:
    return at_once(environment, settings, objective(environment, settings), learner, seen, noise, rate)


MASAC = Algorithm("masac", "soft actor-critic; agents update all at once", Settings, _improve)
