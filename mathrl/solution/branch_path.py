"""The points of a curve of logit equilibria that lead to an answer."""

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.base.stored import array, arrays, indices, stored
from mathrl.games.policies import Policy
from mathrl.solution.frozen import frozen

__all__ = ["BranchPath"]


@dataclass(frozen=True, eq=False, kw_only=True)
class BranchPath:
    """Points of a curve of logit equilibria, in order, from (rationality 0, uniform) to an answer; read-only.

    `rationality`   (K,), 1/temperature of each point
    `policy`        per agent (K, S, A_i)
    `folds`         (F,), the indices of the points at which the rationality turns
    `bifurcations`  (B,), the indices of the points at which, or between which and the next point, another curve crosses
    """

    rationality: FloatArray = field(metadata=stored(array("K")))
    policy: Policy = field(metadata=stored(arrays("K S A_i", sums_to_1_over="A_i")))
    folds: npt.NDArray[np.int64] = field(metadata=stored(indices("K")))
    bifurcations: npt.NDArray[np.int64] = field(metadata=stored(indices("K")))

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            object.__setattr__(self, name, frozen(value))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by fields, so that the arrays are read-only again."""
        return _branch_path, ({item.name: getattr(self, item.name) for item in fields(self)},)

    @property
    def temperature(self) -> FloatArray:
        """(K,), 1/rationality; infinite at rationality 0."""
        with np.errstate(divide="ignore"):
            return np.asarray(1 / self.rationality)


def _branch_path(values: dict[str, Any]) -> BranchPath:
    return BranchPath(**values)
