"""What one stage game is worth: a zero-sum value with its certificate, or a joint action that is best for everyone."""

from mathrl.stage.global_optimum import Optima, global_optima, global_optimum
from mathrl.stage.zero_sum import ZeroSum, ZeroSums, zero_sum_value, zero_sum_values

__all__ = ["Optima", "ZeroSum", "ZeroSums", "global_optima", "global_optimum", "zero_sum_value", "zero_sum_values"]
