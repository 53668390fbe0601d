"""The exact maximiser of MEHAML's operator over one agent's policy (hasac Definition 2), for every drift and bound.

    p = argmax over U(π_old) of Σ_a q(s, a) p(a|s) + α H(p(·|s)) − D(p, π_old)                    (1)

in each state: a separable concave program over the simplex, solved to rounding by `mathrl.mirror.program`.
"""

from typing import Final

import numpy as np

from mathrl.arithmetic import all_there, or_zero, there
from mathrl.base.array_types import ArrayLike
from mathrl.base.checks import FloatArray, as_floats, as_numbers, fail, not_negative, probabilities, shape
from mathrl.games.availability import equal_rows
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
    q: ArrayLike,
    old: ArrayLike,
    *,
    temperature: float,
    drift: Drift | str = "none",
    neighbourhood: Neighbourhood | str = "everywhere",
    gains: tuple[ArrayLike, ArrayLike] | None = None,
) -> FloatArray:
    """Compute the policy that maximises an agent's expected values, in each state   (hasac Definition 2).

        p = argmax over U(π_old) of Σ_a q(s, a) p(a|s) + α H(p(·|s)) − D(p, π_old)                    (1)

    `q`              the agent's values, (S, A), or (A,) for one state; −∞ for an action that is not available
    `old`            π_old, the policy before, of the same shape; 0 where an action is not available
    `temperature`    α ≥ 0
    `drift`          D, an object or a text as in `as_drift`; by default none
    `neighbourhood`  U, an object or a text as in `as_neighbourhood`; by default all policies
    `gains`          (E[A₊], E[A₋]) of `operators.expected_parts`, shaped as q; `ClippedRatioDrift` needs them

    Returns p in the shape of q, 0 where q is −∞. At temperature 0 it is the maximiser of largest entropy, the limit of
    the maximisers as the temperature falls to 0. Without drift and neighbourhood that is uniform over the actions of
    largest q, where values within `TIES` rounding floors are equal.

    Raises `ValueError` where shapes or arguments do not fit, or a KL or a ratio is asked for and `old` has a 0.

    >>> respond([1.0, 0.0], [0.5, 0.5], temperature=0, neighbourhood="total-variation:0.2").round(9).tolist()
    [0.7, 0.3]
    """
    values, before = as_numbers("q", q), as_floats("old", old)
    shape("old", before, values.shape)
    if values.ndim not in (1, 2) or not values.size:
        fail("q", f"has shape {values.shape}", "(S, A) or (A,)")
    available = there(values)
    as_floats("q", or_zero(values))
    if not available.any(axis=-1).all():
        fail("q", "has a row of −∞ alone", "an action that is available in every state")
    probabilities("old", before)
    if (before[~available] > 0).any():
        fail("old", "plays an action whose q is −∞", "0 for what is not available")
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
    check_support(before, drift, neighbourhood, "old", available)
    rows = (-1, values.shape[-1])
    scale = float(np.abs(or_zero(values)).max())
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
    scale: float | FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Compute what `respond` does, for many states, without checks: for use in loops.

    `q_sa`           the agent's values, (S, A), −∞ for actions that are not available
    `log_old_sa`     log π_old, (S, A), −∞ where it is 0
    `temperature`    α ≥ 0
    `drift`          a drift object
    `neighbourhood`  a neighbourhood object
    `gains`          (E[A₊], E[A₋]), (S, A) each, or None
    `scale`          the largest finite |q|, whose rounding decides what counts as a tie

    Returns p and log p, (S, A) each: 0 and −∞ for what is not available.
    """
    size_s = np.broadcast_to(scale, len(q_sa))
    if not all_there(q_sa):
        p_sa, log_p_sa = np.zeros(q_sa.shape), np.full(q_sa.shape, -np.inf)
        for states, actions in equal_rows(there(q_sa)):
            here = np.ix_(states, actions)
            of_these = None if gains is None else (gains[0][here], gains[1][here])
            p_sa[here], log_p_sa[here] = responses(
                q_sa[here], log_old_sa[here], temperature, drift, neighbourhood, of_these, size_s[states]
            )
        return p_sa, log_p_sa
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
    tie_s = TIES * float(np.finfo(np.float64).eps) * size_s
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
        tie_s,
        p_sa,
        log_p_sa,
    )
    return p_sa, log_p_sa
