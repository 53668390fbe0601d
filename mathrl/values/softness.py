"""Soft maxima over the joint actions of each state, with the policies that attain them."""

from typing import Protocol

import numpy as np

from mathrl.base.checks import FloatArray

__all__ = ["SoftMax", "Softness", "TargetSoftMax"]

_EPS = float(np.finfo(np.float64).eps)

_NEAR_MEAN = 0.1
"""A soft maximum over a target policy that differs from the mean by less than this, in temperatures, is computed as the
mean and a small addition.
"""

_LARGEST_EXPONENT = 500.0
"""The smallest positive double times exp of this number is still negligible."""


class Softness(Protocol):
    """A soft maximum over the joint actions of each state, max_w E_w[Q(s, ·)] + H(w, s), which says what attains it."""

    temperature: float
    """A policy moves by about its own size where Q changes by this much."""

    rounding: float
    """What rounding leaves of T V where more than one action is played, beside what it leaves of Q."""

    def __call__(self, q_sa: FloatArray, out_sa: FloatArray) -> FloatArray:
        """Return T V (S,) for Q (S, A), and overwrite `out_sa` by the policy w that attains it."""
        ...


class SoftMax:
    """The soft maximum over joint actions: α log Σ_a exp(Q(s, a)/α) = max_w E_w[Q] + α H(w).

    The Boltzmann policy w attains it. `temperature` is α.
    """

    def __init__(self, temperature: float) -> None:
        self.temperature, self.rounding = temperature, _EPS * temperature

    def __call__(self, q_sa: FloatArray, out_sa: FloatArray) -> FloatArray:
        """Return the soft maximum (S,), and overwrite `out_sa` by w."""
        largest = q_sa.max(axis=1)
        np.subtract(q_sa, largest[:, None], out=out_sa)  # first: a difference loses no digits, a quotient does
        with np.errstate(over="ignore"):  # of what is not available
            np.divide(out_sa, self.temperature, out=out_sa)
        np.exp(out_sa, out=out_sa)
        totals = out_sa.sum(axis=1)
        np.divide(out_sa, totals[:, None], out=out_sa)
        return np.asarray(largest + self.temperature * np.log(totals))


class TargetSoftMax:
    """The soft maximum towards a target policy: α log Σ_a ρ(a|s) exp(Q(s, a)/α) = max_w E_w[Q] − α KL(w ‖ ρ).

    The policy w ∝ ρ exp(Q/α) attains it (dmac Eq. 19, 20). `temperature` is α, and `log_target_sa` is log ρ (S, A), −∞
    where ρ is 0. The same as `mathrl.softmax.target_soft_max`. At high temperatures, where it is near m = E_ρ[Q], it
    keeps all digits: there it is computed as m + α log1p(E_ρ[expm1((Q − m)/α)]).
    """

    def __init__(self, temperature: float, log_target_sa: FloatArray) -> None:
        self.temperature, self.rounding, self._log_target_sa = temperature, 0.0, log_target_sa
        self._target_sa = np.exp(log_target_sa)
        self._log_sum_s = _normalise(log_target_sa.copy())
        self._never_sa = log_target_sa == -np.inf

    def __call__(self, q_sa: FloatArray, out_sa: FloatArray) -> FloatArray:
        """Return the soft maximum (S,), and overwrite `out_sa` by w."""
        with np.errstate(over="ignore"):  # of what is not available
            np.divide(q_sa, self.temperature, out=out_sa)
        np.add(out_sa, self._log_target_sa, out=out_sa)
        soft_s = _normalise(out_sa) - self._log_sum_s
        means_s = np.einsum("sa,sa->s", self._target_sa, q_sa) / self.temperature / np.exp(self._log_sum_s)
        near = np.abs(soft_s - means_s) < _NEAR_MEAN
        if near.any():
            with np.errstate(over="ignore"):
                rise_sa = q_sa[near] / self.temperature - means_s[near, None]
            rise_sa[self._never_sa[near]] = 0.0
            # ρ that underflowed to 0 is left out of this sum: right only where exp(Q/α) cannot make up for it.
            small = rise_sa.max(axis=1) < _LARGEST_EXPONENT
            near[near] = small
            rise_s = np.einsum("sa,sa->s", self._target_sa[near], np.expm1(rise_sa[small]))
            soft_s[near] = means_s[near] + np.log1p(rise_s / np.exp(self._log_sum_s[near]))
        return np.asarray(self.temperature * soft_s)


def _normalise(log_w_sa: FloatArray) -> FloatArray:
    """Turn logarithms of weights into the weights over their sum, in place; return the logarithm of the sum."""
    largest = log_w_sa.max(axis=1)
    np.subtract(log_w_sa, largest[:, None], out=log_w_sa)
    np.exp(log_w_sa, out=log_w_sa)
    totals = log_w_sa.sum(axis=1)
    np.divide(log_w_sa, totals[:, None], out=log_w_sa)
    return np.asarray(largest + np.log(totals))
