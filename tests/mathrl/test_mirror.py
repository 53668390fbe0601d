"""Drifts and neighbourhoods: each response by its own optimality conditions, an LP, a generic optimiser, its limits."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import brentq, linprog, minimize

from mathrl.base.checks import InvalidInput
from mathrl.games import load, random_policy, random_stochastic
from mathrl.mirror import (
    TIES,
    ClippedRatioDrift,
    Everywhere,
    KLBall,
    KLDrift,
    MaximumRatio,
    NoDrift,
    SquaredDrift,
    TotalVariationBall,
    as_drift,
    as_neighbourhood,
    check_drift,
    check_neighbourhood,
    respond,
    responses,
)
from mathrl.mirror.squared import ratio
from mathrl.operators import (
    clipped_ratio_drift,
    expected_parts,
    kl_drift,
    largest_ratio,
    marginal_q,
    mirror_value,
    soft_advantage,
    squared_drift,
    subset_q,
)
from mathrl.proofs_checks.strategies import PAYOFFS, simplex_rows, temperatures
from mathrl.softmax import boltzmann, entropy, kl_divergence, log_probabilities, total_variation
from tests.tolerances import EPS

WEIGHTS = temperatures(1e-3, 1e3)
DRIFTS = (
    st.just(NoDrift())
    | WEIGHTS.map(KLDrift)
    | WEIGHTS.map(SquaredDrift)
    | st.builds(ClippedRatioDrift, st.sampled_from([0.05, 0.2, 0.5, 1.0, 3.0]), st.sampled_from([1.0, 0.25]))
)
NEIGHBOURHOODS = (
    st.just(Everywhere())
    | temperatures(1e-6, 10).map(KLBall)
    | temperatures(1e-6, 2).map(TotalVariationBall)
    | st.sampled_from([1.0 + 1e-6, 1.1, 1.5, 4.0, 1e3]).map(MaximumRatio)
)
EACH_DRIFT = [NoDrift(), KLDrift(0.7), SquaredDrift(0.8), ClippedRatioDrift(0.2)]
EACH_NEIGHBOURHOOD = [Everywhere(), KLBall(0.05), TotalVariationBall(0.1), MaximumRatio(1.5)]
COMBINATIONS = list(itertools.product(EACH_DRIFT, EACH_NEIGHBOURHOOD))


def keeps_zeros(drift, neighbourhood):
    return isinstance(drift, KLDrift) or isinstance(neighbourhood, KLBall | MaximumRatio)


@st.composite
def programs(draw, combined=None, zeros=True, tiny=True):
    """One state: q, the old policy, the means of the advantages' parts, a drift and a neighbourhood."""
    actions = draw(st.integers(1, 5))
    drift, neighbourhood = combined or (draw(DRIFTS), draw(NEIGHBOURHOODS))
    q = draw(arrays(np.float64, actions, elements=PAYOFFS))
    parts = draw(arrays(np.float64, (2, actions), elements=PAYOFFS.map(abs)))
    old = draw(simplex_rows((1, actions), zeros=zeros and not keeps_zeros(drift, neighbourhood)))[0]
    if not tiny:
        old = 0.9 * old + 0.1 / actions
    return q, old, parts, drift, neighbourhood


def answer(q, old, parts, drift, neighbourhood, temperature):
    """The response and its logarithm."""
    gains = (parts[0][None], parts[1][None]) if isinstance(drift, ClippedRatioDrift) else None
    scale = float(np.abs(q).max())
    p, log_p = responses(q[None], log_probabilities(old)[None], temperature, drift, neighbourhood, gains, scale)
    return p[0], log_p[0]


def drift_value(p, old, parts, drift):
    match drift:
        case KLDrift(weight):
            return kl_drift(p, old, weight=weight)
        case SquaredDrift(weight):
            return squared_drift(p, old, weight=weight)
        case ClippedRatioDrift(clip, weight):
            return clipped_ratio_drift(p, old, *parts, clip=clip, weight=weight)
    return 0.0


def objective(p, q, old, parts, drift, temperature):
    return q @ p + temperature * entropy(p) - drift_value(p, old, parts, drift)


def slopes(p, log_p, old, q, parts, drift, temperature):
    """The one-sided derivatives of the objective's terms at p(a), to the left and to the right: equal but at kinks."""
    left = q.copy()
    if temperature > 0:
        left = left - temperature * (log_p + 1)
    right = left.copy()
    match drift:
        case KLDrift(weight) if weight > 0:
            both = -weight * (log_p - log_probabilities(old) + 1)
            left, right = left + both, right + both
        case SquaredDrift(weight):
            left, right = left - weight * (p - old), right - weight * (p - old)
        case ClippedRatioDrift(clip, weight):
            near = 256 * EPS * p  # a kink that p reached, to rounding
            low, high = (1 - clip) * old, (1 + clip) * old
            left = left + weight * (parts[1] * (p <= low + near) - parts[0] * (p > high + near))
            right = right + weight * (parts[1] * (p < low - near) - parts[0] * (p >= high - near))
    return left, right


def bounds(p, old, neighbourhood):
    """Whether p(a) may fall and may rise, and the ball's value, radius and one-sided slopes."""
    fall, rise = p > 0, np.ones(len(p), bool)
    value, radius, left, right = 0.0, math.inf, np.zeros(len(p)), np.zeros(len(p))
    match neighbourhood:
        case MaximumRatio(ratio):
            near = 256 * EPS * p
            fall, rise = p > old / ratio + near, p < old * ratio - near
        case KLBall(radius):
            value, left = kl_divergence(p, old), log_probabilities(p) - log_probabilities(old) + 1
            right = left
        case TotalVariationBall(radius):
            near = 256 * EPS * p + 1e-300
            value = total_variation(p, old)
            left, right = 0.5 - (p <= old + near), 0.5 - (p < old - near)
    return fall, rise, value, radius, left, right


def optimality_gap(q, old, parts, drift, neighbourhood, temperature, p, log_p):
    """An upper bound of what any p' gains over p: no action's rise is worth more than another's fall, at a price μ.

    f is concave, so f(p') − f(p) ≤ Σ slopes · (p' − p) ≤ (largest slope of a rise − smallest of a fall) · 1, also after
    μ (ball − radius) ≤ 0 is taken off; the best μ is where two of these affine functions of μ cross, or 0. With μ > 0,
    μ (radius − value) is added. All this knows nothing of how p was found.
    """
    left, right = slopes(p, log_p, old, q, parts, drift, temperature)
    fall, rise, value, radius, g_left, g_right = bounds(p, old, neighbourhood)
    if keeps_zeros(drift, neighbourhood):
        fall, rise = fall & (old > 0), rise & (old > 0)
    if not fall.any() or not rise.any():
        return 0.0, 1.0
    up, up_price, down, down_price = right[rise], g_right[rise], left[fall], g_left[fall]
    gaps = up[:, None] - down[None, :]
    prices = up_price[:, None] - down_price[None, :]
    candidates = np.zeros(1)
    if not np.isfinite(prices).all():  # an action that is not played would rise at any price of the ball
        prices = np.zeros_like(prices)
    elif math.isfinite(radius):
        with np.errstate(divide="ignore", invalid="ignore"):
            worst = np.append(gaps.ravel(), 0), np.append(prices.ravel(), 0)
            crossings = np.subtract.outer(worst[0], worst[0]) / np.subtract.outer(worst[1], worst[1])
        candidates = np.append(candidates, crossings[np.isfinite(crossings) & (crossings > 0)])
    excess = np.maximum((gaps - candidates[:, None, None] * prices).max(axis=(1, 2)), 0)
    unused = candidates * max(radius - value, 0) if math.isfinite(radius) else np.zeros(1)
    chosen = int(np.argmin(excess + unused))
    best = float(candidates[chosen])
    scale = np.abs(q).max() + temperature * (1 + np.abs(log_p[p > 0]).max())
    scale += best * (1 + np.abs(np.log(old[old > 0])).max()) + getattr(drift, "weight", 0.0) * (
        1 + parts.max() + np.abs(np.log(old[old > 0])).max()
    )
    return excess[chosen] + unused[chosen], scale


def is_feasible(p, old, neighbourhood):
    assert (p >= 0).all()
    assert abs(p.sum() - 1) <= 8 * EPS
    match neighbourhood:
        case KLBall(radius):
            # KL of two policies that sum to 1 but for eps each: logs of size up to 30 times that
            assert kl_divergence(p, old) <= radius * (1 + 1e-12) + 256 * EPS * (math.sqrt(radius) + 1)
        case TotalVariationBall(radius):
            assert total_variation(p, old) <= radius + 16 * EPS
        case MaximumRatio(ratio):
            near = 1 + 64 * EPS * (1 - np.log(old.min()))  # logarithms of old and ratio are added
            assert (p <= old * ratio * near).all()
            assert (p >= old / ratio / near).all()


@given(programs(), temperatures(1e-4, 1e4))
def test_no_other_policy_is_better(program, temperature):
    """The optimality conditions, by slopes: a certificate."""
    p, log_p = answer(*program, temperature)
    is_feasible(p, program[1], program[4])
    gap, scale = optimality_gap(*program, temperature, p, log_p)
    # one rounding of slopes of this size each for exp, log, their sums; a ball's radius is met to sqrt(eps) at worst
    assert gap <= 512 * EPS * scale * (1 + len(p))


@given(programs())
def test_no_other_policy_is_better_at_temperature_zero(program):
    p, log_p = answer(*program, 0.0)
    is_feasible(p, program[1], program[4])
    gap, scale = optimality_gap(*program, 0.0, p, log_p)
    assert gap <= 512 * EPS * scale * (1 + len(p))


@pytest.mark.parametrize(("drift", "neighbourhood"), COMBINATIONS, ids=str)
@pytest.mark.parametrize("temperature", [0.0, 0.3])
def test_each_combination_is_certified(drift, neighbourhood, temperature):
    """The searches above draw one of 16; here each has 20 programs with 2 to 7 actions."""
    rng = np.random.default_rng(0)
    moved = 0
    for trial in range(20):
        actions = int(rng.integers(2, 8))
        q, old = rng.normal(size=actions), rng.dirichlet(np.full(actions, 0.5 + trial % 2)) + 1e-6
        program = q, old / old.sum(), np.abs(rng.normal(size=(2, actions))), drift, neighbourhood
        p, log_p = answer(*program, temperature)
        is_feasible(p, program[1], neighbourhood)
        gap, scale = optimality_gap(*program, temperature, p, log_p)
        assert gap <= 512 * EPS * scale * (1 + actions)
        moved += np.abs(p - old).max() > 1e-3
    assert moved > 15


@pytest.mark.parametrize("programs", [1, pytest.param(3, marks=pytest.mark.long)])
@pytest.mark.parametrize(("drift", "neighbourhood"), COMBINATIONS, ids=str)
def test_a_generic_optimiser_finds_nothing_better(drift, neighbourhood, programs):
    """SLSQP, from the old policy and from ours; it knows only values."""
    rng = np.random.default_rng(1)
    for _ in range(programs):
        q, old, parts = rng.normal(size=3), rng.dirichlet(np.full(3, 2.0)), np.abs(rng.normal(size=(2, 3)))
        p, _ = answer(q, old, parts, drift, neighbourhood, 0.3)

        def cost(x, q=q, old=old, parts=parts):
            return -objective(np.maximum(x, 1e-12), q, old, parts, drift, 0.3)

        ball = {
            KLBall: lambda x, old=old: 0.05 - kl_divergence(np.maximum(x, 1e-12), old),
            TotalVariationBall: lambda x, old=old: 0.1 - total_variation(x, old),
            MaximumRatio: lambda x, old=old: np.append(1.5 * old - x, x - old / 1.5),
            Everywhere: lambda x: 1.0,
        }[type(neighbourhood)]
        constraints = [{"type": "eq", "fun": lambda x: x.sum() - 1}, {"type": "ineq", "fun": ball}]
        for start in (old, p):
            theirs = minimize(cost, start, bounds=[(0, 1)] * 3, constraints=constraints, method="SLSQP",
                              options={"ftol": 1e-12, "maxiter": 300})  # fmt: skip
            if ball(theirs.x).min() > -1e-9 if np.ndim(ball(theirs.x)) else ball(theirs.x) > -1e-9:
                # SLSQP meets constraints to 1e-9, at prices up to 20 here
                assert -theirs.fun <= objective(p, q, old, parts, drift, 0.3) + 1e-7


def linear_program(q, old, parts, drift, neighbourhood):
    """The largest value at temperature 0, by HiGHS: p = low + middle + high parts, and rises and falls from old."""
    actions = len(q)
    zero, identity = np.zeros((actions, actions)), np.eye(actions)
    over_price = under_price = np.zeros(actions)
    clip = 0.0
    if isinstance(drift, ClippedRatioDrift):
        clip, (over_price, under_price) = drift.clip, drift.weight * parts
    # variables p, over ≥ p − (1+ε)o, under ≥ (1−ε)o − p, rise ≥ p − o, all ≥ 0
    cost = np.concatenate([-q, over_price, under_price, np.zeros(actions)])
    upper = [
        np.hstack([identity, -identity, zero, zero]),
        np.hstack([-identity, zero, -identity, zero]),
        np.hstack([identity, zero, zero, -identity]),
    ]
    limits = [(1 + clip) * old, -(1 - clip) * old, old]
    if isinstance(neighbourhood, TotalVariationBall):
        upper.append(np.concatenate([np.zeros(3 * actions), np.ones(actions)])[None])
        limits.append(np.array([neighbourhood.radius]))
    ratio = neighbourhood.ratio if isinstance(neighbourhood, MaximumRatio) else math.inf
    box = [(o / ratio, min(o * ratio, 1.0) if o else (0 if ratio < math.inf else 1.0)) for o in old]
    total = np.concatenate([np.ones(actions), np.zeros(3 * actions)])[None]
    solved = linprog(cost, np.vstack(upper), np.concatenate(limits), total, [1.0], box + [(0, None)] * (3 * actions))
    assert solved.status == 0
    return -solved.fun


@given(
    programs(tiny=False).filter(
        lambda program: isinstance(program[3], NoDrift | ClippedRatioDrift) and not isinstance(program[4], KLBall)
    )
)
def test_temperature_zero_is_a_linear_program(program):
    q, old, parts, drift, _ = program
    p, _ = answer(*program, 0.0)
    best = linear_program(*program)
    # HiGHS: feasible and optimal to 1e-7 each
    assert abs(objective(p, q, old, parts, drift, 0.0) - best) <= 1e-6 * (1 + np.abs(q).max() + parts.max())


@given(programs(tiny=False))
def test_temperature_zero_is_the_limit(program):
    """Of the maximisers the one of largest entropy: programs whose values differ by 1/4 at least, or not at all."""
    q, old, parts, drift, neighbourhood = program
    program = np.round(4 * q) / 4, old, np.round(4 * parts) / 4, drift, neighbourhood
    limit, _ = answer(*program, 0.0)
    near, _ = answer(*program, 1e-7)
    # the entropy's slopes, log p up to 20, times 1e-7, over the least curvature: squared drifts 1e-3, KL balls at 1e-6
    assert np.abs(limit - near).max() <= 5e-3
    if not isinstance(drift, SquaredDrift | KLDrift):
        assert entropy(limit) >= entropy(near) - 5e-3


@given(programs())
def test_without_drift_and_neighbourhood_it_is_the_quantal_response(program):
    q, old, _, _, _ = program
    for temperature in (1e-2, 1.0, 1e3):
        p = respond(q, old, temperature=temperature)
        np.testing.assert_allclose(
            p, boltzmann(q, temperature), rtol=0, atol=8 * EPS * (1 + np.abs(q).max() / temperature)
        )
    p = respond(q, old, temperature=0)
    best = q >= q.max() - TIES * EPS * np.abs(q).max()
    np.testing.assert_allclose(p, best / best.sum(), rtol=0, atol=4 * EPS)


def test_ties_are_shared_up_to_eight_roundings_and_no_further():
    near, far = 1 - 4 * EPS, 1 - 64 * EPS
    assert respond([1.0, near, 0.0], [0.2, 0.2, 0.6], temperature=0).tolist() == [0.5, 0.5, 0]
    assert respond([1.0, far, 0.0], [0.2, 0.2, 0.6], temperature=0).tolist() == [1, 0, 0]


def test_on_a_face_that_meets_the_ball_the_entropy_fills_the_ball():
    """The first two actions are best: the 0.1 of the third must go, and what the ball then leaves evens those two."""
    old, best = np.array([0.8, 0.1, 0.1]), 1 - 4 * EPS  # a tie, to rounding
    p = respond([1.0, best, 0.0], old, temperature=0, neighbourhood=TotalVariationBall(0.2))
    np.testing.assert_allclose(p, [0.7, 0.3, 0.0], rtol=0, atol=8 * EPS)
    radius = 0.15  # between that of (8/9, 1/9, 0), which is 0.105, and that of (1/2, 1/2, 0), 0.57
    share = brentq(lambda x: kl_divergence(np.array([x, 1 - x, 0.0]), old) - radius, 0.5, 8 / 9, xtol=1e-15)
    p = respond([1.0, best, 0.0], old, temperature=0, neighbourhood=KLBall(radius))
    np.testing.assert_allclose(p, [share, 1 - share, 0.0], rtol=0, atol=1e-13)  # brentq, and KL's slope of 2


@given(programs(zeros=False, tiny=False), temperatures(1e-2, 1e2))
def test_wide_neighbourhoods_and_light_drifts_change_nothing(program, temperature):
    q, old, parts, drift, _ = program
    free, _ = answer(q, old, parts, drift, Everywhere(), temperature)
    for wide in (KLBall(1e6), TotalVariationBall(1.0), MaximumRatio(1e300)):
        bound, _ = answer(q, old, parts, drift, wide, temperature)
        np.testing.assert_allclose(bound, free, rtol=0, atol=64 * EPS * (1 + np.abs(q).max() / temperature))
    target = boltzmann(q, temperature)
    for light in (KLDrift(1e-9), SquaredDrift(1e-9), ClippedRatioDrift(0.2, 1e-9)):
        p, _ = answer(q, old, parts, light, Everywhere(), temperature)
        # slopes change by at most 1e-9 times max(log of ratio, 1, parts), q's spread among them; π by that over α
        worth = 1 + parts.max() + np.abs(q).max() / temperature + np.abs(np.log(old)).max()
        assert np.abs(p - target).max() <= 2e-9 * worth / temperature + 1e-12 * worth


@given(programs(zeros=False, tiny=False), temperatures(1e-2, 1e2))
def test_narrow_neighbourhoods_and_heavy_drifts_keep_the_old_policy(program, temperature):
    q, old, parts, drift, _ = program
    for radius in (1e-4, 1e-8, 1e-12):
        for narrow in (KLBall(radius**2), TotalVariationBall(radius), MaximumRatio(1 + radius)):
            p, _ = answer(q, old, parts, drift, narrow, temperature)
            assert np.abs(p - old).max() <= 2 * radius + 16 * EPS  # Pinsker's inequality for KL
    for heavy in (KLDrift(1e12), SquaredDrift(1e12)):
        p, _ = answer(q, old, parts, heavy, Everywhere(), temperature)
        slope = 2 * np.abs(q).max() + temperature * 2 * np.abs(np.log(old)).max()
        assert np.abs(p - old).max() <= slope / 1e12 + 8 * EPS


@given(programs(), temperatures(1e-2, 1e2), st.randoms(use_true_random=False))
def test_names_of_actions_do_not_matter(program, temperature, random):
    q, old, parts, drift, neighbourhood = program
    names = list(range(len(q)))
    random.shuffle(names)
    p, _ = answer(*program, temperature)
    renamed, _ = answer(q[names], old[names], parts[:, names], drift, neighbourhood, temperature)
    # π moves by the rounding of slopes over the curvature α/p + … : sizes as in the certificate
    worth = 1 + (np.abs(q).max() + parts.max() + getattr(drift, "weight", 1.0) * 30) / temperature
    assert np.abs(p[names] - renamed).max() <= 1e-12 * worth


@given(programs(), st.sampled_from([0.0, 0.5]), st.sampled_from([2.0**-30, 2.0**20]))
def test_units_do_not_matter(program, temperature, factor):
    """q, α, weights of drifts, advantages are all in the unit of rewards."""
    q, old, parts, drift, neighbourhood = program
    scaled = drift
    if isinstance(drift, KLDrift | SquaredDrift):
        scaled = type(drift)(drift.weight * factor)
    p, _ = answer(*program, temperature)
    theirs, _ = answer(factor * q, old, factor * parts, scaled, neighbourhood, factor * temperature)
    assert np.abs(p - theirs).max() <= 1e-9 * (1 + np.abs(q).max())


@pytest.mark.parametrize("temperature", [1e-4, 1.0, 1e4])
@pytest.mark.parametrize(("drift", "neighbourhood"), COMBINATIONS, ids=str)
def test_extreme_policies_and_values_stay_finite(drift, neighbourhood, temperature):
    for q in ([0.0, 1e4, -1e4], [0.0, 0.0, 1e-300], [1e-4, 0.0, 0.0]):
        for old in ([1 - 2e-15, 1e-15, 1e-15], [1.0, 1e-300, 1e-200], [1 / 3] * 3):
            parts = np.array([[1e4, 0.0, 1e-9], [0.0, 1e4, 1.0]])
            program = np.array(q), np.array(old), parts, drift, neighbourhood
            p, log_p = answer(*program, temperature)
            is_feasible(p, program[1], neighbourhood)
            assert np.isfinite(p).all()
            assert not np.isnan(log_p).any()


def test_probabilities_that_underflow_keep_their_log_probabilities():
    log_old = np.array([[-1e4, 0.0]])
    p, log_p = responses(np.array([[0.0, 0.0]]), log_old, 1.0, KLDrift(1.0), Everywhere(), None, 1.0)
    assert p[0, 0] == 0
    assert log_p[0, 0] == -5000  # half way, in logarithms, to log 1/2 of the uniform policy: exactly (−10⁴ + 0)/2


@given(
    st.floats(-50, 50, allow_subnormal=False) | st.floats(-1e7, 50, allow_subnormal=False),
    st.floats(0, 1e6, allow_subnormal=False),
)
@example(1 - 1e12, 1e12)
@example(-700 - 1e12, 1e12)
@example(-1e12 - 1e9, 1e12)
@example(1e300, 1.0)
@example(-1e300, 1e300)
def test_the_scalar_equation_is_solved(z, k):
    r = ratio(z, k)
    grown, sizes = k * np.expm1(r), abs(z) + abs(r) + k * np.exp(r) * abs(r)
    assert abs(r + grown - z) <= 8 * EPS * (sizes + abs(grown)) + 1e-323 * (1 + k)  # denormals have fewer digits


# Objects, texts, refusals


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("none", NoDrift()),
        ("kl:0.5", KLDrift(0.5)),
        ("squared:2", SquaredDrift(2.0)),
        ("clipped:0.2", ClippedRatioDrift(0.2)),
        ("clipped:0.2:0.5", ClippedRatioDrift(0.2, 0.5)),
        ("ClippedRatioDrift(clip=0.1, weight=0.3)", ClippedRatioDrift(0.1, 0.3)),
    ],
)
def test_drifts_are_read(text, expected):
    assert as_drift(text) == expected
    assert as_drift(repr(expected)) == expected
    assert as_drift(expected) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("everywhere", Everywhere()),
        ("kl:0.01", KLBall(0.01)),
        ("total-variation:0.25", TotalVariationBall(0.25)),
        ("ratio:1.5", MaximumRatio(1.5)),
    ],
)
def test_neighbourhoods_are_read(text, expected):
    assert as_neighbourhood(text) == expected
    assert as_neighbourhood(repr(expected)) == expected


REFUSED = [
    (lambda: KLDrift(-1), "^KLDrift.weight is -1, expected a number >= 0: Definition 4 wants D ≥ 0"),
    (lambda: SquaredDrift(float("nan")), "^SquaredDrift.weight is nan"),
    (lambda: ClippedRatioDrift(0), "^ClippedRatioDrift.clip is 0, .* kink at the old policy"),
    (lambda: ClippedRatioDrift(0.2, -0.5), "^ClippedRatioDrift.weight is -0.5"),
    (lambda: KLBall(0), "^KLBall.radius is 0, .* closed ball"),
    (lambda: TotalVariationBall(-1), "^TotalVariationBall.radius is -1"),
    (lambda: MaximumRatio(1), "^MaximumRatio.ratio is 1, expected a number > 1"),
    (lambda: MaximumRatio("2"), "^MaximumRatio.ratio is '2'"),
    (lambda: as_drift("kl"), "^drift is 'kl', expected none, kl:W, squared:W or clipped"),
    (lambda: as_drift("none:1"), "^drift is 'none:1'"),
    (lambda: as_drift("clipped:0.1:1:2"), "^drift is 'clipped:0.1:1:2'"),
    (lambda: as_drift("kl:x"), "^drift is 'kl:x'"),
    (lambda: as_drift("kl:-1"), "^KLDrift.weight is -1"),
    (lambda: as_drift("total-variation:1"), "^drift is 'total-variation:1'"),
    (lambda: as_drift(lambda new, old: 0.0), "^drift is <function .* exact for these convex drifts only"),
    (lambda: as_drift(KLBall(1.0)), r"^drift is KLBall\(radius=1.0\)"),
    (lambda: as_neighbourhood("ratio:0.5"), "^MaximumRatio.ratio is 0.5"),
    (lambda: as_neighbourhood("kl"), "^neighbourhood is 'kl', expected everywhere, kl:R"),
    (lambda: as_neighbourhood(NoDrift()), r"^neighbourhood is NoDrift\(\)"),
    (lambda: respond([0, 1], [1, 0], temperature=1, drift="kl:1"), r"^old\[1\] is 0, .* at 0 for ever"),
    (lambda: respond([0, 1], [1, 0], temperature=1, neighbourhood="kl:1"), r"^old\[1\] is 0"),
    (lambda: respond([0, 1], [1, 0], temperature=1, neighbourhood="ratio:2"), r"^old\[1\] is 0"),
    (lambda: respond([0, 1], [0.5, 0.5], temperature=-1), "^temperature is -1, expected a number >= 0"),
    (lambda: respond([0, 1], [0.5, 0.4], temperature=1), "^old sums to 0.9"),
    (lambda: respond([0, 1, 2], [0.5, 0.5], temperature=1), "^old has shape"),
    (lambda: respond([0, 1], [0.5, 0.5], temperature=1, drift="clipped:0.2"), "^gains is missing"),
    (
        lambda: respond([0, 1], [0.5, 0.5], temperature=1, drift="clipped:0.2", gains=([0, 1], [-1, 0])),
        r"^gains\[1\] has the entry -1",
    ),
    (lambda: check_drift(3), "^drift is 3, expected a drift, or a function"),
    (lambda: check_neighbourhood(3), "^neighbourhood is 3"),
    (lambda: check_drift("none", num_actions=1), "^num_actions is 1"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_bad_input_is_refused_with_the_reason(call, message):
    with pytest.raises(InvalidInput, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


# What Definitions 4 and 5 ask


def test_the_drifts_of_the_library_are_drifts():
    for drift in (KLDrift(0.5), SquaredDrift(2.0), ClippedRatioDrift(0.2)):
        interior = [[1 / 3] * 3, [0.9, 0.05, 0.05], [0.6, 0.3, 0.1]]
        report = check_drift(drift, interior)
        assert report.is_drift, report.sentence
        assert report.convex
        assert not report.trivial
        assert report.positive == (not isinstance(drift, ClippedRatioDrift))
        assert report.witness is None
    assert check_drift("none").trivial


@pytest.mark.parametrize(
    ("drift", "broken"),
    [
        (lambda new, old: total_variation(new, old), "zero_gradient"),
        (lambda new, old: clipped_ratio_drift(new, old, 1.0, 1.0, clip=0.0), "zero_gradient"),
        (lambda new, old: kl_divergence(new, old) - 0.1, "zero_at_old"),
        (lambda new, old: -squared_drift(new, old, weight=1.0), "non_negative"),
        (lambda new, old: math.sqrt(squared_drift(new, old, weight=1.0)), "zero_gradient"),
    ],
)
def test_what_is_no_drift_is_found_with_a_witness(drift, broken):
    report = check_drift(drift, [[0.5, 0.3, 0.2]])
    assert not report.is_drift
    assert not getattr(report, broken)
    assert report.witness is not None
    assert report.sentence.startswith("no drift: ")


@pytest.mark.parametrize(
    "name", ["none", "kl:0", "kl:1", "squared:0", "squared:2", "clipped:0.2", "clipped:1e-5", "clipped:1.5"]
)
def test_by_default_every_drift_of_the_library_passes(name):
    report = check_drift(name)
    assert report.is_drift, report.sentence
    assert report.trivial == (name in ("none", "kl:0", "squared:0"))


@pytest.mark.parametrize(
    "name",
    ["everywhere", "kl:0.1", "kl:1e-9", "total-variation:0.3", "total-variation:1e-12", "ratio:1.5", "ratio:1.001"],
)
def test_by_default_every_neighbourhood_of_the_library_passes(name):
    report = check_neighbourhood(name)
    assert report.is_neighbourhood, report.sentence


def test_a_kl_of_weight_0_is_0_also_where_kl_is_infinite():
    assert check_drift("kl:0", [[0.5, 0.5, 0.0]]).trivial


def test_kl_at_a_policy_with_a_zero_is_no_drift():
    """Towards the action that is never played KL is infinite at once: Definition 4 holds under Assumption 1 only."""
    assert not check_drift("kl:1", [[0.5, 0.5, 0.0]]).zero_gradient
    assert not check_drift(lambda new, old: kl_divergence(old, new), [[0.5, 0.5, 0.0]]).zero_gradient
    assert check_drift("squared:1", [[0.5, 0.5, 0.0]]).is_drift


def test_a_drift_that_is_not_convex_may_be_a_drift():
    report = check_drift(lambda new, old: 1 - math.exp(-100 * squared_drift(new, old, weight=1.0)), [[0.5, 0.3, 0.2]])
    assert report.is_drift
    assert not report.convex


def test_neighbourhoods_hold_balls_and_others_do_not():
    interior = [[1 / 3] * 3, [0.9, 0.05, 0.05]]
    for neighbourhood in EACH_NEIGHBOURHOOD:
        report = check_neighbourhood(neighbourhood, interior)
        assert report.is_neighbourhood, report.sentence
        for old, radius in zip(interior, report.radii, strict=True):  # the ball found is inside, by random points
            steps = np.random.default_rng(0).uniform(-1, 1, (200, 3))
            steps -= steps.mean(axis=1, keepdims=True)
            points = old + radius * steps / np.abs(steps).max(axis=1, keepdims=True)
            slack = {KLBall: KLBall(0.08), TotalVariationBall: TotalVariationBall(0.16)}  # between the tried directions
            points = points[(points >= 0).all(axis=1)]
            for point in points:
                is_feasible(point / point.sum(), np.array(old), slack.get(type(neighbourhood), neighbourhood))
    for name in ("kl:0.1", "ratio:2"):
        report = check_neighbourhood(name, [[0.5, 0.5, 0.0]])
        assert not report.contains_ball
        assert report.contains_old
    assert not check_neighbourhood(lambda new, old: np.array_equal(new, old)).contains_ball
    assert not check_neighbourhood(lambda new, old: new[0] > old[0]).contains_old


# Operators


def case(seed=0):
    game = random_stochastic(3, (2, 3, 2), discount=0.9, seed=seed)
    rng = np.random.default_rng(seed)
    old, new = random_policy(game, rng), random_policy(game, rng)
    return rng.normal(size=game.rewards.shape), old, new


def test_the_soft_advantage_is_the_difference_of_equation_11_and_adds_up():
    """hasac Lemma A.1: advantages of a chain of agents add up to Q − V."""
    q, old, _ = case()
    alpha = 0.7
    chain = (2, 0, 1)
    total = np.zeros(q.shape)
    for m, agent in enumerate(chain):
        given_agents = chain[:m]
        advantage = soft_advantage(q, old, agent, given_agents, temperature=alpha)
        assert advantage.shape == (3, *(q.shape[1 + j] for j in given_agents), q.shape[1 + agent])
        total += np.expand_dims(
            np.moveaxis(advantage, range(1, m + 2), np.argsort(np.argsort([*given_agents, agent])) + 1),
            [1 + j for j in range(3) if j not in (*given_agents, agent)],
        )
        # the agent's own mean is −α H, not 0, as Definition 6 has it
        mean = (advantage * old[agent].reshape(3, *[1] * m, -1)).sum(axis=-1)
        own = -alpha * entropy(old[agent])
        np.testing.assert_allclose(mean, np.broadcast_to(own.reshape(3, *[1] * m), mean.shape), atol=1e-14)  # size 1
    v = subset_q(q, old, (), temperature=alpha)
    np.testing.assert_allclose(total, q - v[:, None, None, None], rtol=0, atol=1e-13)  # sums of 12 numbers of size 1


def test_the_clipped_ratio_drift_is_happos_by_enumeration():
    q, old, new = case(1)
    agents, agent, clip = (2, 0), 1, 0.1
    advantage = soft_advantage(q, old, agent, agents, temperature=0.3)
    up, down = expected_parts(advantage, [new[j] for j in agents])
    ours = clipped_ratio_drift(new[agent], old[agent], up, down, clip=clip)
    for s in range(3):
        total = 0.0
        for b, c, a in np.ndindex(2, 2, 3):
            ratio = new[agent][s, a] / old[agent][s, a]
            weight = new[2][s, b] * new[0][s, c] * old[agent][s, a]
            total += weight * max((ratio - np.clip(ratio, 1 - clip, 1 + clip)) * advantage[s, b, c, a], 0)
        assert abs(ours[s] - total) <= 1e-14  # 12 terms of size below 1


def test_the_mirror_operator_differs_from_the_program_by_a_constant():
    """Definition 2 against Σ q p + α H(p) − D(p): what does not depend on p drops out."""
    q, old, new = case(2)
    agents, agent, alpha = (1,), 2, 0.4
    policy = list(old)
    policy[1] = new[1]
    own = marginal_q(q, policy, agent)
    rng = np.random.default_rng(0)
    gaps = []
    for _ in range(3):
        p = rng.dirichlet(np.ones(2), 3)
        drift = squared_drift(p, old[agent], weight=0.3)
        value = mirror_value(q, old, agent, agents, [new[1]], p, drift, temperature=alpha)
        gaps.append(value - ((own * p).sum(axis=-1) + alpha * entropy(p) - drift))
    np.testing.assert_allclose(gaps[1:], [gaps[0]] * 2, rtol=0, atol=1e-14)  # numbers of size 1
    np.testing.assert_allclose(gaps[0], alpha * entropy(old[0]), rtol=0, atol=1e-14)


def test_the_largest_ratio():
    np.testing.assert_array_equal(
        largest_ratio(np.array([[0.5, 0.5, 0], [0.25, 0.75, 0], [0, 1, 0]]), np.array([[0.25, 0.75, 0]] * 3)),
        [2.0, 1.0, math.inf],
    )


def test_a_game_is_not_needed():
    assert load("hasac").common_payoff
    q, old = np.arange(6.0).reshape(2, 3), np.full((2, 3), 1 / 3)
    p = respond(q, old, temperature=1.0, drift="squared:1", neighbourhood="ratio:1.2")
    assert p.shape == (2, 3)
    np.testing.assert_array_equal(p[0], p[1])  # a shift of q by 3, exactly


@given(st.integers(0, 100_000), st.sampled_from(["none", "clipped:0.2"]))
def test_at_temperature_0_the_ball_of_total_variation_is_used_to_its_edge(seed, drift):
    """The best actions rise by the radius; a log of an exp must not pass for a rise."""
    rng = np.random.default_rng(seed)
    q, old, radius = rng.normal(size=5), rng.dirichlet(np.ones(5)), rng.uniform(0.01, 0.3)
    gains = (np.zeros(5), np.zeros(5))
    p = respond(q, old, temperature=0, drift=drift, neighbourhood=TotalVariationBall(radius), gains=gains)
    rising = min(radius, 1 - old[q.argmax()])
    best = rising * q.max()
    for a in np.argsort(q):  # what rises is taken from the worst actions first
        taken = min(old[a], rising)
        best -= taken * q[a]
        rising -= taken
    assert abs(q @ (p - old) - best) <= 64 * EPS * (1 + np.abs(q).max())


@pytest.mark.parametrize("temperature", [0, 1.0])
@pytest.mark.parametrize("radius", [1, 1.5])
def test_a_ball_of_total_variation_that_holds_everything_binds_nothing(temperature, radius):
    q, old = [-2.0, 1.0, 0.0, -1.0], [4 / 6, 0, 1 / 6, 1 / 6]
    bound = respond(q, old, temperature=temperature, neighbourhood=TotalVariationBall(radius))
    np.testing.assert_array_equal(bound, respond(q, old, temperature=temperature))


@pytest.mark.parametrize("actions", [2, 8, 12])
def test_kl_is_a_drift_for_any_number_of_actions(actions):
    assert check_drift("kl:1", num_actions=actions).is_drift
