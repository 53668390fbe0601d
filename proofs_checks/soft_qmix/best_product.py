"""The solution of Eq. 9, the product policy nearest to exp(Q/α)/Z, for two agents of whom the first has two actions.

α KL(π‖exp(Q/α)/Z) is α log Z less E_π[Q] + α Σ_i H(π_i). For a given π_1 the best π_2 is the soft-max of the mean Q, so
that one number is left to be found in each state: x = log π_1(0) − log π_1(1). The derivative by x has the sign of
g(x) = E_{π_2(x)}[Q(0, b) − Q(1, b)]/α − x. Where g falls through 0 on a grid it is bisected; the best place is taken.
"""

import numpy as np
from scipy.special import expit

from mathrl.base.checks import FloatArray

__all__ = ["best_product"]

_POINTS = 121
"""Points of the grid: at most two thirds of a unit of x apart."""

_FARTHEST = 40.0
"""Beyond, exp(−|x|) is nothing in doubles, and the grid has only the last point at which g may be 0."""

_CANDIDATES = 3
"""How many local maxima are looked at."""

_HALVINGS = 45
"""How often a bracket is halved."""

_TIED = 1e-12
"""Local maxima whose values differ by no more than this, relative to them, are equally good: their order decides."""


def best_product(q: FloatArray, temperature: float) -> tuple[FloatArray, FloatArray]:
    """The product policy with the largest E_π[Q] + α Σ_i H(π_i) in each state, found in floats.

    `q`            Q, (S, 2, B)
    `temperature`  α > 0

    Returns π_1 (S, 2) and π_2 (S, B). Of several solutions it is the one with the least probability of action 0.
    """
    scaled = q / temperature
    gain = scaled[:, 0] - scaled[:, 1]
    farthest = np.abs(gain).max(axis=-1)[:, None] + 1e-9
    x = np.hstack([-farthest, np.minimum(farthest, _FARTHEST) * np.linspace(-1.0, 1.0, _POINTS), farthest])
    pulls = _pull(scaled, gain, x)
    falls = (pulls[:, :-1] >= 0) & (pulls[:, 1:] < 0)
    chosen = np.argsort(~falls, axis=1, kind="stable")[:, :_CANDIDATES]
    chosen = np.where(np.take_along_axis(falls, chosen, axis=1), chosen, chosen[:, :1])
    low, high = (np.take_along_axis(x, chosen + step, axis=1) for step in (0, 1))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        up = _pull(scaled, gain, middle) >= 0
        low, high = np.where(up, middle, low), np.where(up, high, middle)
    values = _log_total(scaled, expit(low))[0] + expit(low) * np.logaddexp(0, -low) + expit(-low) * np.logaddexp(0, low)
    largest = values.max(axis=1, keepdims=True)
    first_best = (values >= largest - _TIED * (1 + np.abs(largest))).argmax(axis=1)
    best = np.take_along_axis(low, first_best[:, None], axis=1)[:, 0]
    first = np.stack([expit(best), expit(-best)], axis=-1)
    return first, _log_total(scaled, first[:, :1])[1][:, 0]


def _pull(scaled: FloatArray, gain: FloatArray, x: FloatArray) -> FloatArray:
    """g at each x (S, X)."""
    second = _log_total(scaled, expit(x))[1]
    return np.asarray((second * gain[:, None, :]).sum(axis=-1) - x)


def _log_total(scaled: FloatArray, p: FloatArray) -> tuple[FloatArray, FloatArray]:
    """log Σ_b exp(E[Q(·, b)]/α), (S, X), and the soft-max, (S, X, B), where action 0 has the probabilities p (S, X)."""
    mean = scaled[:, None, 1] + p[:, :, None] * (scaled[:, 0] - scaled[:, 1])[:, None]
    largest = mean.max(axis=-1, keepdims=True)
    terms = np.exp(mean - largest)
    total = terms.sum(axis=-1, keepdims=True)
    return (largest + np.log(total))[..., 0], terms / total
