"""The algorithms, one a file, each holding what is different about it."""

from mathrl.neural.algorithms.hasac import HASAC
from mathrl.neural.algorithms.masac import MASAC
from mathrl.neural.algorithms.mehaml import MEHAML

__all__ = ["ALGORITHMS", "HASAC", "MASAC", "MEHAML"]

ALGORITHMS = {algorithm.name: algorithm for algorithm in (HASAC, MASAC, MEHAML)}
"""All algorithms by name."""
