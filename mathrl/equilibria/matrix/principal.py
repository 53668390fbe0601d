"""The principal branch of one matrix game at one rationality, compiled: the fast road where it is safe, else the trace.

While λ times the game's Lipschitz constant is below 1 the equilibrium is unique
(`mathrl.equilibria.matrix.uniqueness`), so whatever Newton's method finds there is on the branch. Beyond, the curve is
traced, from the end of that range; where that fails, from (0, uniform) in shorter and shorter steps. Payoffs are scaled
by a power of 2, which rounds nothing, so that this range ends near 1.
"""

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.base.compile import kernel
from mathrl.equilibria.matrix.branch import (
    ACCURACY,
    LANDED,
    LENGTH,
    LOST,
    RISING,
    STEP_LENGTH,
    TARGET,
    Trace,
    advance,
    begin,
    newton,
    room,
)
from mathrl.equilibria.matrix.equations import evaluate, pairs
from mathrl.equilibria.matrix.refine import refine
from mathrl.equilibria.matrix.uniqueness import lipschitz
from mathrl.equilibria.step_rules import ACCURATE, FIRST
from mathrl.games.model import Game
from mathrl.iteration.outcome import CONVERGED, MAX_STEPS, STALLED, TRACED, UNIQUE

__all__ = ["loaded", "principal", "scale_of"]

_SAFELY = 0.95
"""Of the range in which the equilibrium is unique, where the trace begins."""

_NEWTON_STEPS = 40
"""On a fork itself a step halves the error only."""

_ROUNDING = 4.4e-16
"""The error of G at an equilibrium, in units of the larger of 1 and the payoffs: two roundings."""

_NEAR = 1e-8
_ROUGHLY = 1e-3
"""Of a start: the trace corrects it."""

_RETRIES = 3
_TIGHTER = 0.3
"""Times the step, at each retry."""


@kernel
def scale_of(constant: float) -> float:
    """The power of 2 that brings the Lipschitz constant nearest to 1."""
    return 2.0 ** min(np.round(-np.log2(constant)), 1000.0) if 0.0 < constant < np.inf else 1.0


def loaded(game: Game) -> tuple[Trace, float, float]:
    """The memory of a trace with the payoffs of a matrix game, scaled; the scale; the Lipschitz constant before it."""
    r_ma, num_actions = game.rewards_isa[:, 0], np.array(game.num_actions)
    constant = lipschitz(r_ma, num_actions)
    scale, memory = scale_of(constant), room(len(r_ma), num_actions)
    memory.r_ma[:] = scale * r_ma
    if game.num_agents == 2:
        pairs(memory.r_ma, memory.ends, memory.pi_k, memory.pair_kk, memory.places)
    return memory, scale, constant


@kernel
def principal(
    r_bma: FloatArray,
    num_actions: npt.NDArray[np.int64],
    rationality: float,
    step_length: float,
    max_steps: int,
    out_policy_bk: FloatArray,
    out_residual_b: FloatArray,
    out_steps_b: npt.NDArray[np.int64],
    out_road_b: npt.NDArray[np.int64],
    out_status_b: npt.NDArray[np.int64],
) -> None:
    """Solve games (B, m, A) of one shape: policies side by side (B, K), residuals, accepted steps, codes."""
    memory = room(r_bma.shape[1], num_actions)
    r_ma, ends, pi_k, own_k, pair_kk, places, g_x, jacobian_xy, delta_x = memory[:9]
    normal_x, ahead_x, tangent_ahead_x, z_x, tangent_x, tangent_before_x, numbers = memory[9:]
    N = len(z_x) - 1
    numbers[ACCURACY] = ACCURATE
    for b in range(r_bma.shape[0]):
        constant = lipschitz(r_bma[b], num_actions)
        scale = scale_of(constant)
        largest = 0.0
        for m in range(r_ma.shape[0]):
            for a in range(r_ma.shape[1]):
                r_ma[m, a] = scale * r_bma[b, m, a]
                largest = max(largest, abs(r_ma[m, a]))
        if len(num_actions) == 2:
            pairs(r_ma, ends, pi_k, pair_kk, places)
        target = rationality / scale
        enough = _ROUNDING * max(1.0, target * largest)
        unique = rationality * constant < 1.0
        lowest = target if unique else _SAFELY / (constant * scale)
        z_x[:] = 0.0
        z_x[N] = lowest
        evaluate(r_ma, ends, z_x, pi_k, own_k, pair_kk, g_x, places)
        for x in range(N):
            z_x[x] = -g_x[x]  # the responses to the uniform policy
        near = enough if unique else _ROUGHLY
        out_residual_b[b] = newton(
            r_ma, ends, pi_k, own_k, pair_kk, places, g_x, jacobian_xy, delta_x, ahead_x, z_x, near, _NEWTON_STEPS
        )
        out_steps_b[b] = 0
        found = out_residual_b[b] <= (_NEAR if unique else _ROUGHLY)
        if unique and found:
            out_road_b[b], out_status_b[b] = UNIQUE, CONVERGED
        else:
            if not found:
                z_x[:] = 0.0
            out_road_b[b], out_status_b[b] = TRACED, STALLED
            numbers[STEP_LENGTH] = step_length
            for _ in range(1 + _RETRIES):
                numbers[TARGET] = target
                numbers[RISING] = 1.0
                numbers[LENGTH] = FIRST * numbers[STEP_LENGTH]
                lost, landed = not begin(*memory), False
                while not (lost or landed) and out_steps_b[b] < max_steps:
                    code = advance(
                        r_ma, ends, pi_k, own_k, pair_kk, places, g_x, jacobian_xy, delta_x, normal_x, ahead_x,
                        tangent_ahead_x, z_x, tangent_x, tangent_before_x, numbers,
                    )  # fmt: skip
                    lost, landed = code == LOST, code == LANDED
                    out_steps_b[b] += 1
                if not lost:
                    out_status_b[b] = CONVERGED if landed else MAX_STEPS
                    break
                z_x[:] = 0.0
                numbers[STEP_LENGTH] *= _TIGHTER
            newton(
                r_ma, ends, pi_k, own_k, pair_kk, places, g_x, jacobian_xy, delta_x, ahead_x, z_x, enough, _NEWTON_STEPS
            )
            out_residual_b[b] = refine(r_ma, ends, z_x[N], pi_k, own_k, pair_kk, places)
        out_policy_bk[b] = pi_k
