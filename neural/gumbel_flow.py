"""Where the mean gradient of straight-through Gumbel-softmax leads in a matrix game, with an exact critic.

    dl^i/dt = J̄ d^i,   d^i = R π^{-i} − α log π^i        (the mean (3) of `mathrl.neural.gumbel_estimates`)      (1)

It stands still at the quantal response equilibria alone, as the exact gradient, which has J in the place of J̄. The
relaxation changes the metric, and with it which equilibrium is reached. Along (1) the objective E[R] + α Σ_i H(π^i)
changes by Σ_i d J J̄ d. For two actions J and J̄ are proportional, and it rises. For three or more the product of two
Laplacians need not be semidefinite, and at a large τ it is not: the objective may fall.
"""

from collections.abc import Sequence

import numpy as np

from mathrl.base.array_types import ArrayLike
from mathrl.base.checks import FloatArray, as_floats, positive
from mathrl.games.model import Game
from mathrl.neural.gumbel_estimates import mean_gradient
from mathrl.softmax import boltzmann

__all__ = ["gradient_flow"]


def gradient_flow(
    game: Game,
    initial_policy: Sequence[ArrayLike],
    *,
    temperature: float,
    relaxation: float | None = None,
    time: float = 1e5,
) -> tuple[FloatArray, ...]:
    """Follow dl/dt = `mean_gradient`, all agents at once, from log π_0; return the policies (A_i,) at the end.

    `initial_policy`  π_0, per agent (A_i,), all probabilities > 0
    `time`            how long; default 1e5, in units of one over the payoffs

    The arguments else are those of `mean_gradient`. LSODA keeps a relative error of 1e-8 in a step.
    """
    from scipy.integrate import solve_ivp

    first = [np.log(as_floats("initial_policy", own).ravel()) for own in initial_policy]
    ends = np.cumsum([len(own) for own in first])[:-1]

    def slope(_: float, flat: FloatArray) -> FloatArray:
        logits = np.split(flat, ends)
        return np.concatenate(mean_gradient(game, logits, temperature=temperature, relaxation=relaxation))

    span = (0.0, positive("time", time))
    run = solve_ivp(slope, span, np.concatenate(first), method="LSODA", rtol=1e-8, atol=1e-8, t_eval=span[1:])
    return tuple(boltzmann(own, 1.0) for own in np.split(run.y[:, -1], ends))
