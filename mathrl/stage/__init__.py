"""The optimisation problems of one state that solvers meet, each solved exactly or with a bound on what is left."""

from mathrl.stage.additive_fit import AdditiveFit, additive_fit, order_preserving_fit
from mathrl.stage.global_optimum import global_optimum
from mathrl.stage.monotone_projection import MonotoneProjection, isotonic_fit, monotone_projection
from mathrl.stage.zero_sum import ZeroSum, zero_sum_value

__all__ = [
    "AdditiveFit",
    "MonotoneProjection",
    "ZeroSum",
    "additive_fit",
    "global_optimum",
    "isotonic_fit",
    "monotone_projection",
    "order_preserving_fit",
    "zero_sum_value",
]
