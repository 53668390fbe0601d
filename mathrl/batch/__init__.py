"""Many games, one solution each, as arrays: for searches over games.

`each` runs any solver on games in turn. The others are compiled, for matrix games, and use all cores.
"""

from mathrl.batch.each import each
from mathrl.batch.haspi import haspi
from mathrl.batch.qre import qre
from mathrl.batch.qre_branch import qre_branch
from mathrl.batch.solution import BatchSolution

__all__ = ["BatchSolution", "each", "haspi", "qre", "qre_branch"]
