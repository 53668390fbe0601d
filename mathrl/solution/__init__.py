"""What a solver returns, how it is put together at the end of a run, and how it is kept in files."""

from mathrl.iteration.outcome import Status, rounding_floor
from mathrl.solution.branch_path import BranchPath
from mathrl.solution.several import load_solutions, save_solutions
from mathrl.solution.solution import NotConverged, Solution

__all__ = [
    "BranchPath",
    "NotConverged",
    "Solution",
    "Status",
    "load_solutions",
    "rounding_floor",
    "save_solutions",
]
