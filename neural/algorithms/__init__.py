"""The algorithms, one a file, each holding what is different about it."""

from mathrl.neural.algorithms.dmac import DMAC
from mathrl.neural.algorithms.hasac import HASAC
from mathrl.neural.algorithms.masac import MASAC
from mathrl.neural.algorithms.mehaml import MEHAML

__all__ = ["ALGORITHMS", "DMAC", "HASAC", "MASAC", "MEHAML"]

ALGORITHMS = {algorithm.name: algorithm for algorithm in (HASAC, MASAC, MEHAML, DMAC)}
"""All algorithms by name."""
