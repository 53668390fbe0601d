"""The solvers: `solver(game, *, temperature, …) -> Solution`, one a file."""

from mathrl.solvers.haspi import haspi
from mathrl.solvers.optimal import optimal
from mathrl.solvers.qre import qre
from mathrl.solvers.soft_evaluation import soft_evaluation

__all__ = ["haspi", "optimal", "qre", "soft_evaluation"]
