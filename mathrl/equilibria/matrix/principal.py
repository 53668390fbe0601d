"""The principal branch of one matrix game at one rationality, compiled: Newton's method where that is safe, else a
trace.

While λ times the game's Lipschitz constant is below 1 the equilibrium is unique
(`mathrl.equilibria.matrix.uniqueness`), so whatever Newton's method finds there is on the branch. Beyond, the curve is
traced, from the end of that range; where that fails, from (0, uniform) in shorter and shorter steps. Payoffs are scaled
by a power of 2, which is exact, so that this range ends near 1; where it has no end, so that their spread is near 1.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.base.compile import inner
from mathrl.equilibria.matrix.branch import LANDED, LOST, MOVED, advance, begin
from mathrl.equilibria.matrix.corrector import newton
from mathrl.equilibria.matrix.equations import evaluate, pairs, residual
from mathrl.equilibria.matrix.memory import Trace, room
from mathrl.equilibria.matrix.refine import refine, unlike
from mathrl.equilibria.matrix.symmetry import find
from mathrl.equilibria.matrix.uniqueness import constant_of, lipschitz
from mathrl.equilibria.matrix.units import restore
from mathrl.equilibria.matrix.vectors import copy, distance, largest
from mathrl.equilibria.step_rules import ACCURATE, FIRST, NARROW, RETRIES, TIGHTER
from mathrl.games.model import Game
from mathrl.iteration.outcome import CONVERGED, MAX_STEPS, STALLED, TRACED, UNIQUE

__all__ = ["Found", "loaded", "principal"]

Integers = npt.NDArray[np.int64]

_SAFELY = 0.95
"""The trace begins at this share of the range in which the equilibrium is unique."""

_NEWTON_STEPS = 40
"""Exactly at a fork a step only halves the error, so many steps are allowed."""

_ROUNDING = 4.4e-16
"""The error of G at an equilibrium, in units of the larger of 1 and the payoffs: two roundings."""

_NEAR = 1e-8
_SAME = 1e-4
"""How far apart, relatively, the ends of two traces may be that lead to the same point."""

_ROUGHLY = 1e-3
"""The accuracy of the first point, which the trace corrects."""


def loaded(game: Game) -> tuple[Trace, float, float]:
    """The memory of a trace with the payoffs of a matrix game, scaled; the scale; the Lipschitz constant before it."""
    r_ma, num_actions = game.rewards_isa[:, 0].copy(), np.array(game.num_actions)
    memory = room(len(r_ma), num_actions)
    constant = constant_of(r_ma, num_actions)
    scale = _scale(constant if constant > 0 else float(np.ptp(r_ma, axis=1).max()))
    memory.r_ma[:] = scale * r_ma
    memory.numbers.unit = 1.0
    if len(num_actions) == 2:  # M is what they are paid
        rows, columns = slice(None, num_actions[0]), slice(num_actions[0], None)
        memory.pair_kk[rows, columns] = memory.r_ma[0].reshape(num_actions)
        memory.pair_kk[columns, rows] = memory.r_ma[-1].reshape(num_actions).T
    return memory, scale, constant


def _scale(constant: float) -> float:
    """The power of 2 that brings the Lipschitz constant, or what stands for it, nearest to 1."""
    return math.ldexp(1.0, min(round(-math.log2(constant)), 1000)) if 0.0 < constant < math.inf else 1.0


_scale_in_kernels = inner(_scale)


@inner
def _load(trace: Trace, r_ma: FloatArray, num_actions: Integers) -> tuple[float, float]:
    """`loaded`, for kernels: scale payoffs (m, A) into the memory; the scale and the constant before."""
    constant = lipschitz(r_ma, num_actions, trace.spare_rk)
    scale = _scale_in_kernels(constant)
    for m in range(r_ma.shape[0]):
        for a in range(r_ma.shape[1]):
            trace.r_ma[m, a] = scale * r_ma[m, a]
    if len(num_actions) == 2:
        pairs(trace)
    trace.numbers.unit = 1.0
    trace.numbers.symmetric = 0.0
    return scale, constant


class Found(NamedTuple):
    """What is found of B games: policies side by side (B, K), residuals, accepted steps, codes of road and status."""

    policy_bk: FloatArray
    residual_b: FloatArray
    steps_b: Integers
    road_b: Integers
    status_b: Integers


def principal(
    r_bma: FloatArray, num_actions: Integers, rationality: float, step_length: float, max_steps: int
) -> Found:
    """Solve games (B, m, A) of one shape, each with at most so many steps."""
    B = len(r_bma)
    steps_b, road_b, status_b = (np.empty(B, np.int64) for _ in range(3))
    found = Found(np.empty((B, num_actions.sum())), np.empty(B), steps_b, road_b, status_b)
    _principal(room(r_bma.shape[1], num_actions), r_bma, num_actions, float(rationality), step_length, max_steps, found)
    return found


@inner
def _principal(
    trace: Trace,
    r_bma: FloatArray,
    num_actions: Integers,
    rationality: float,
    step_length: float,
    max_steps: int,
    out: Found,
) -> None:
    trace.numbers.accuracy = ACCURATE
    for b in range(len(r_bma)):
        scale, constant = _load(trace, r_bma[b], num_actions)
        target = rationality / scale
        enough = _ROUNDING * max(1.0, target * _largest_payoff(trace))
        unique = rationality * constant < 1.0
        if not unique:
            find(trace)
        _respond(trace, target if unique else _SAFELY / (constant * scale))
        newton(trace, trace.z_x, enough if unique else _ROUGHLY, _NEWTON_STEPS, 0)
        out.residual_b[b] = residual(trace, trace.z_x[-1], trace.spare_rk[0])
        found = out.residual_b[b] <= (_NEAR if unique else _ROUGHLY)
        if unique and found:
            out.road_b[b], out.status_b[b], out.steps_b[b] = UNIQUE, CONVERGED, 0
            if unlike(trace, target, trace.spare_rk[0]):
                out.residual_b[b] = refine(trace, target)
        else:
            if not found:
                trace.z_x[:] = 0.0
            out.road_b[b] = TRACED
            out.status_b[b], out.steps_b[b] = _follow(trace, target, step_length, max_steps)
            newton(trace, trace.z_x, enough, _NEWTON_STEPS, 0)
            out.residual_b[b] = refine(trace, trace.z_x[-1])
        copy(trace.pi_k, out.policy_bk[b])


@inner
def _largest_payoff(trace: Trace) -> float:
    """max |r|."""
    most = 0.0
    for m in range(trace.r_ma.shape[0]):
        most = max(most, largest(trace.r_ma[m]))
    return most


@inner
def _respond(trace: Trace, rationality: float) -> None:
    """Put the responses to the uniform policy into `z_x`."""
    z_x = trace.z_x
    N = len(z_x) - 1
    z_x[:] = 0.0
    z_x[N] = rationality
    evaluate(trace, z_x)
    for x in range(N):
        z_x[x] = -trace.g_x[x]


@inner
def _follow(trace: Trace, target: float, step_length: float, max_steps: int) -> tuple[int, int]:
    """Trace the branch from the point in `z_x`; where that fails, from (0, uniform), in ever shorter steps.

    A trace that came near to another curve counts only where the next attempt ends at the same point. Returns the code
    of the status and the number of steps.
    """
    numbers, steps = trace.numbers, 0
    numbers.target, numbers.step_length = target, step_length
    landed = False
    for _ in range(1 + RETRIES):
        numbers.rising = 1.0
        numbers.length = FIRST * numbers.step_length
        numbers.narrowest = math.inf
        code = MOVED if begin(trace) else LOST
        while code not in (LOST, LANDED) and steps < max_steps:
            code = advance(trace)
            steps += 1
        restore(trace)
        if code == LANDED:
            if numbers.narrowest > NARROW or (landed and _same(trace)):
                return CONVERGED, steps
            landed = True
            copy(trace.z_x, trace.landed_x)
        elif code != LOST:
            return MAX_STEPS, steps
        trace.z_x[:] = 0.0
        numbers.step_length *= TIGHTER
    return STALLED, steps


@inner
def _same(trace: Trace) -> bool:
    """Whether two traces ended at the same point, `z_x` and `landed_x`, up to what corrections have left."""
    return distance(trace.z_x, trace.landed_x) <= _SAME * (1.0 + largest(trace.z_x))
