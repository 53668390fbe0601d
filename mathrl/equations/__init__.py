"""The equations that solutions solve: each with a name, a statement, its source, and its residual as arrays."""

from mathrl.equations.divergence import DIVERGENCE_LIMIT, DIVERGENCE_RESPONSE, NO_GAIN_FROM_START
from mathrl.equations.equation import EQUATIONS, Equation, Solved, named
from mathrl.equations.mixing import MIXED_RESPONSE
from mathrl.equations.nash import NASH_GLOBAL_OPTIMUM, NASH_SADDLE_POINT
from mathrl.equations.opponent import PRIOR_SOFT_OPTIMALITY, SELF_PLAY
from mathrl.equations.optimality import MODELLED_SOFT_OPTIMALITY, OPTIMALITY, SOFT_OPTIMALITY
from mathrl.equations.response import BEST_RESPONSE, POLICY_EVALUATION, QUANTAL_RESPONSE

__all__ = [
    "BEST_RESPONSE",
    "DIVERGENCE_LIMIT",
    "DIVERGENCE_RESPONSE",
    "EQUATIONS",
    "MIXED_RESPONSE",
    "MODELLED_SOFT_OPTIMALITY",
    "NASH_GLOBAL_OPTIMUM",
    "NASH_SADDLE_POINT",
    "NO_GAIN_FROM_START",
    "OPTIMALITY",
    "POLICY_EVALUATION",
    "PRIOR_SOFT_OPTIMALITY",
    "QUANTAL_RESPONSE",
    "SELF_PLAY",
    "SOFT_OPTIMALITY",
    "Equation",
    "Solved",
    "named",
]
