"""The largest expectation over all time steps: the max_t in aorpo's errors of the dynamics."""

from dataclasses import dataclass
from itertools import islice
from math import ceil, log

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.bounds.process import Process

__all__ = ["OverTime", "largest_over_time"]

_LEAST_STEPS = 1_000
_LEAST_WEIGHT = 2.0**-53
_WORK = 2 * 10**9
"""The search ends after so many products: a second or two."""

_STEP = 10**4
"""How many products take as long as what the interpreter needs for one step."""

_SAME = 8 * float(np.finfo(np.float64).eps)
"""How far apart (Σ_s |p − p'|) two laws may be that differ by rounding alone."""


@dataclass(frozen=True, eq=False)
class OverTime:
    """Largest expectations over time.

    `largest`  the maxima, (H,)
    `settled`  true where they are over all t, as the laws repeat after those that were seen
    """

    largest: FloatArray
    settled: bool


def largest_over_time(process: Process, f_hs: FloatArray) -> OverTime:
    """Compute max_t E_{s~p_t}[f_h(s)] for each row h of `f_hs`, where p_t is the law of s_t in `process`.

    The laws are followed until they repeat, at a fixed point or in a cycle (Brent's method). A drift below 2e-15 a step
    cannot be told from rounding; it may hide 2e-15/(1 − γ)² max |r| of a return. A chain that mixes too slowly for that
    is followed until γ^t < 2^-53, but for 1,000 steps at least: what comes later does not count in a return. Where that
    takes too long, max_s f_h(s) is returned, which is at least the maximum over all t.
    """
    horizon, limit = _horizon(process.game.discount), max(_LEAST_STEPS, _limit(process, f_hs.size))
    largest_h = np.full(len(f_hs), -np.inf)
    kept_s, age, patience = np.full(process.game.num_states, np.inf), 0, 1
    for law_s in islice(process.laws(), min(max(_LEAST_STEPS, horizon), limit)):
        if np.abs(law_s - kept_s).sum() <= _SAME:
            return OverTime(largest_h, settled=True)
        largest_h = np.maximum(largest_h, np.einsum("hs,s->h", f_hs, law_s))
        age += 1
        if age == patience:
            kept_s, age, patience = law_s, 0, 2 * patience
    return OverTime(largest_h if horizon <= limit else f_hs.max(axis=1), settled=False)


def _horizon(discount: float) -> int:
    """The first t with γ^t < 2^-53."""
    return ceil(log(_LEAST_WEIGHT) / log(discount)) if discount > 0 else 1


def _limit(process: Process, products: int) -> int:
    """After how many steps the search ends, so that it does not take too long."""
    entries: int = process.chain.nnz if process.game.sparse else process.chain.size
    return _WORK // (entries + products + _STEP)
