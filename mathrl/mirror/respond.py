"""The exact maximiser of MEHAML's operator over one agent's policy (hasac Definition 2), for every drift and bound.

    p = argmax over U(π_old) of Σ_a q(s, a) p(a|s) + α H(p(·|s)) − D(p, π_old)                    (1)

in each state: a separable concave program over the simplex, solved to rounding by `mathrl.mirror.program`.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray, as_floats, fail, not_negative, probabilities, shape
from mathrl.mirror import program
from mathrl.mirror.kinds import (
    ClippedRatioDrift,
    Drift,
    Everywhere,
    KLBall,
    KLDrift,
    MaximumRatio,
    Neighbourhood,
    SquaredDrift,
    TotalVariationBall,
    as_drift,
    as_neighbourhood,
    check_support,
)
from mathrl.softmax import log_probabilities

__all__ = ["TIES", "respond", "responses"]

TIES: Final = 8.0
"""At temperature 0, marginal values within this many rounding floors of the critical one count as equal."""

_KINDS = {
    Everywhere: program.EVERYWHERE,
    KLBall: program.KL_BALL,
    TotalVariationBall: program.TOTAL_VARIATION_BALL,
    MaximumRatio: program.RATIO,
}


def respond(
    q: npt.ArrayLike,
    old: npt.ArrayLike,
    *,
    temperature: float,
    drift: Drift | str = "none",
    neighbourhood: Neighbourhood | str = "everywhere",
    gains: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
) -> FloatArray:
    """Compute the policy that maximises an agent's expected values, in each state   (hasac Definition 2).

        p = argmax over U(π_old) of Σ_a q(s, a) p(a|s) + α H(p(·|s)) − D(p, π_old)                    (1)

    `q`              the agent's values, (S, A), or (A,) for one state
    `old`            π_old, the policy before, of the same shape
    `temperature`    α ≥ 0
    `drift`          D, an object or a text as in `as_drift`; by default none
    `neighbourhood`  U, an object or a text as in `as_neighbourhood`; by default all policies
    `gains`          (E[A₊], E[A₋]) of `operators.expected_parts`, shaped as q; `ClippedRatioDrift` needs them

    Returns p in the shape of q. At temperature 0 it is the maximiser of largest entropy, the limit of the maximisers as
    the temperature falls to 0. Without drift and neighbourhood that is uniform over the actions of largest q, where
    values within `TIES` rounding floors are equal.

    Raises `ValueError` where shapes or arguments do not fit, or a KL or a ratio is asked for and `old` has a 0.

    >>> respond([1.0, 0.0], [0.5, 0.5], temperature=0, neighbourhood="total-variation:0.2").round(9).tolist()
    [0.7, 0.3]
    """
    values, before = as_floats("q", q), as_floats("old", old)
    shape("old", before, values.shape)
    if values.ndim not in (1, 2) or not values.size:
        fail("q", f"has shape {values.shape}", "(S, A) or (A,)")
    probabilities("old", before)
    temperature = not_negative("temperature", temperature)
    drift, neighbourhood = as_drift(drift), as_neighbourhood(neighbourhood)
    parts: tuple[FloatArray, FloatArray] | None = None
    if isinstance(drift, ClippedRatioDrift):
        if gains is None:
            fail("gains", "is missing", "the pair (E[A₊], E[A₋])", "ClippedRatioDrift depends on the advantages")
        parts = as_floats("gains[0]", gains[0]), as_floats("gains[1]", gains[1])
        for i, part in enumerate(parts):
            shape(f"gains[{i}]", part, values.shape)
            if (part < 0).any():
                fail(f"gains[{i}]", f"has the entry {part.min():g}", "no negative entry", "both are means of parts ≥ 0")
    check_support(before, drift, neighbourhood, "old")
    rows = (-1, values.shape[-1])
    scale = float(np.abs(values).max())
    log_old = log_probabilities(before).reshape(rows)
    two = None if parts is None else (parts[0].reshape(rows), parts[1].reshape(rows))
    p_sa, _ = responses(values.reshape(rows), log_old, temperature, drift, neighbourhood, two, scale)
    return p_sa.reshape(values.shape)


def responses(
    q_sa: FloatArray,
    log_old_sa: FloatArray,
    temperature: float,
    drift: Drift,
    neighbourhood: Neighbourhood,
    gains: tuple[FloatArray, FloatArray] | None,
    scale: float,
) -> tuple[FloatArray, FloatArray]:
    """Compute what `respond` does, for many states, without checks: for use in loops.

    `q_sa`           the agent's values, (S, A)
    `log_old_sa`     log π_old, (S, A), −∞ where it is 0
    `temperature`    α ≥ 0
    `drift`          a drift object
    `neighbourhood`  a neighbourhood object
    `gains`          (E[A₊], E[A₋]), (S, A) each, or None
    `scale`          the largest |q|, whose rounding decides what counts as a tie

    Returns p and log p, (S, A) each.
    """
    weights = {"beta": 0.0, "w": 0.0, "clip": 0.0}
    up_sa = down_sa = np.broadcast_to(0.0, q_sa.shape)
    match drift:
        case KLDrift(weight):
            weights["beta"] = weight
        case SquaredDrift(weight):
            weights["w"] = weight
        case ClippedRatioDrift(clip, weight) if gains is not None:
            weights["clip"] = clip
            up_sa, down_sa = weight * gains[0], weight * gains[1]
    p_sa, log_p_sa = np.empty(q_sa.shape), np.empty(q_sa.shape)
    kind = _KINDS[type(neighbourhood)]
    match neighbourhood:
        case TotalVariationBall(bound) if bound >= 1:  # no two policies are further apart
            kind, radius = program.EVERYWHERE, 0.0
        case KLBall(bound) | TotalVariationBall(bound) | MaximumRatio(bound):
            radius = bound
        case Everywhere():
            radius = 0.0
    tie = TIES * float(np.finfo(np.float64).eps) * scale
    program.maximise(
        np.ascontiguousarray(q_sa),
        np.ascontiguousarray(log_old_sa),
        np.ascontiguousarray(up_sa),
        np.ascontiguousarray(down_sa),
        temperature,
        weights["beta"],
        weights["w"],
        weights["clip"],
        kind,
        radius,
        tie,
        p_sa,
        log_p_sa,
    )
    return p_sa, log_p_sa
