"""Soft-max algebra: limits, scales from 1e-4 to 1e4, and what makes each formula the right one."""

import importlib
import math

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mathrl import softmax
from mathrl.proofs_checks.strategies import PAYOFFS, simplex_rows, temperatures
from mathrl.softmax import (
    boltzmann,
    entropy,
    kl_divergence,
    log_boltzmann,
    log_sum_exp,
    soft_max,
    target_soft_max,
    total_variation,
)
from mathrl.values.softness import TargetSoftMax
from tests.tolerances import EPS, softmax_slack

WIDE = temperatures(1e-4, 1e4)
SHAPES = st.tuples(st.integers(1, 3), st.integers(1, 5))


@st.composite
def values(draw):
    return draw(arrays(np.float64, draw(SHAPES), elements=PAYOFFS))


@st.composite
def values_and_policy(draw):
    q = draw(values())
    return q, draw(simplex_rows(q.shape))


@st.composite
def two_policies(draw, zeros=True):
    shape = draw(SHAPES)
    return draw(simplex_rows(shape)), draw(simplex_rows(shape, zeros=zeros))


@given(values(), WIDE)
def test_soft_max_lies_between_its_limits(q, temperature):
    soft, slack = soft_max(q, temperature), softmax_slack(q, temperature)
    largest = temperature * math.log(q.shape[-1])
    assert (soft >= q.max(axis=-1) - slack).all()
    assert (soft <= q.max(axis=-1) + largest + slack).all()
    assert (soft >= q.mean(axis=-1) + largest - slack).all()


@given(arrays(np.int64, SHAPES, elements=st.integers(-8, 8)).map(lambda q: q.astype(np.float64)))
def test_as_temperature_falls_soft_max_tends_to_max_and_boltzmann_to_the_ties(q):
    temperature = 1e-3  # a gap of 1 leaves exp(-1000) = 0
    tied = q == q.max(axis=-1, keepdims=True)
    np.testing.assert_allclose(
        boltzmann(q, temperature), tied / tied.sum(axis=-1, keepdims=True), rtol=4 * EPS, atol=0
    )  # one division, one exp of a log
    gap = temperature * np.log(tied.sum(axis=-1))
    np.testing.assert_allclose(
        soft_max(q, temperature), q.max(axis=-1) + gap, rtol=0, atol=softmax_slack(q, temperature)
    )


@given(values(), temperatures(1e2, 1e6))
def test_as_temperature_grows_soft_max_tends_to_mean_and_boltzmann_to_uniform(q, temperature):
    width, actions = np.ptp(q), q.shape[-1]
    second_order = width**2 / (8 * temperature)  # Hoeffding's lemma
    excess = soft_max(q, temperature) - temperature * math.log(actions) - q.mean(axis=-1)
    assert (np.abs(excess) <= second_order + softmax_slack(q, temperature)).all()
    assert np.abs(boltzmann(q, temperature) - 1 / actions).max() <= width / temperature + 4 * EPS  # |d pi| <= |d q| / T


@given(values(), WIDE, st.integers(-300, 300))
def test_scaling_values_and_temperature_by_a_power_of_two_is_exact(q, temperature, exponent):
    q = np.where(np.abs(q) < 2.0**-200, 0, q)  # scaled down, the rest stays a normal number
    scale = 2.0**exponent
    assert np.array_equal(soft_max(scale * q, scale * temperature), scale * soft_max(q, temperature))
    assert np.array_equal(boltzmann(scale * q, scale * temperature), boltzmann(q, temperature))


@given(values(), st.sampled_from([1e-300, 1e-8, 1.0, 1e8, 1e300]), st.integers(-4, 4))
def test_no_scale_overflows_or_gives_nan(q, scale, decade):
    q = q * scale
    temperature = 10.0**decade * scale  # warnings are errors in this suite: an overflow would raise
    policy = boltzmann(q, temperature)
    for numbers in (soft_max(q, temperature), policy, log_boltzmann(q, temperature), entropy(policy)):
        assert np.isfinite(numbers).all()
    np.testing.assert_allclose(policy.sum(axis=-1), 1, rtol=8 * EPS * q.shape[-1])  # a sum of A roundings


@given(values_and_policy(), WIDE)
def test_soft_max_is_the_largest_expected_value_plus_entropy_and_boltzmann_attains_it(drawn, temperature):
    q, other = drawn

    def attained(policy):
        return (policy * q).sum(axis=-1) + temperature * entropy(policy)

    slack = softmax_slack(q, temperature)
    assert (attained(other) <= soft_max(q, temperature) + slack).all()
    # log pi carries |q| eps / T, times T: again a rounding of |q|
    assert np.abs(attained(boltzmann(q, temperature)) - soft_max(q, temperature)).max() <= slack


@given(values_and_policy(), temperatures(1e-2, 1e2))
def test_the_shortfall_of_a_policy_is_temperature_times_its_divergence_from_boltzmann(drawn, temperature):
    q, policy = drawn
    shortfall = soft_max(q, temperature) - (policy * q).sum(axis=-1) - temperature * entropy(policy)
    log_ratio = np.log(np.where(policy > 0, policy, 1)) - log_boltzmann(q, temperature)
    assert np.abs(shortfall - temperature * (policy * log_ratio).sum(axis=-1)).max() <= 2 * softmax_slack(
        q, temperature
    )


@given(values(), WIDE, st.integers(-1000, 1000))
def test_shifting_values_shifts_soft_max_and_leaves_boltzmann(q, temperature, shift):
    q = np.round(q * 4) / 4  # so that q + shift is exact
    assert np.array_equal(boltzmann(q + shift, temperature), boltzmann(q, temperature))
    slack = softmax_slack(np.append(q, shift + q)[None], temperature)
    assert np.abs(soft_max(q + shift, temperature) - soft_max(q, temperature) - shift).max() <= slack


@given(values(), WIDE)
def test_log_boltzmann_is_finite_where_boltzmann_underflows(q, temperature):
    logs = log_boltzmann(q, temperature)
    assert np.isfinite(logs).all()
    assert np.array_equal(np.exp(logs), boltzmann(q, temperature))
    pairs = zip(q, soft_max(q, temperature), strict=True)
    expected = np.array([(row - top) / temperature for row, top in pairs])
    np.testing.assert_allclose(logs, expected, rtol=0, atol=2 * softmax_slack(q, temperature) / temperature)


@given(values())
def test_log_sum_exp_against_an_exact_sum(q):
    expected = [math.log(math.fsum(math.exp(x) for x in row)) for row in q]
    np.testing.assert_allclose(log_sum_exp(q), expected, rtol=0, atol=softmax_slack(q, 1.0))
    assert np.array_equal(log_sum_exp(q), soft_max(q, 1.0))


@given(simplex_rows((3, 4)))
def test_entropy_is_between_zero_and_log_of_the_actions(policy):
    assert (entropy(policy) >= -4 * EPS).all()
    assert (entropy(policy) <= math.log(4) + 4 * EPS).all()
    assert entropy(np.eye(3)).tolist() == [0, 0, 0]
    assert entropy(np.full(4, 0.25)) == pytest.approx(math.log(4), rel=2 * EPS)


@given(two_policies(zeros=False))
def test_divergence_is_not_negative_and_bounds_total_variation(drawn):
    policy, other = drawn
    divergence, distance = kl_divergence(policy, other), total_variation(policy, other)
    # each log carries its own rounding, up to |log 1e-13| eps, and the rows sum to 1 up to a few eps
    slack = 64 * EPS
    assert (divergence >= -slack).all()
    assert (distance <= np.sqrt(np.maximum(divergence, 0) / 2) + np.sqrt(slack)).all()  # Pinsker
    assert not kl_divergence(policy, policy).any()


@given(two_policies())
def test_divergence_is_infinite_exactly_where_support_is_missing(drawn):
    policy, other = drawn
    missing = ((policy > 0) & (other == 0)).any(axis=-1)
    assert np.array_equal(np.isinf(kl_divergence(policy, other)), missing)
    assert not np.isnan(kl_divergence(policy, other)).any()


@given(two_policies())
def test_total_variation_is_a_distance_between_zero_and_one(drawn):
    policy, other = drawn
    distance = total_variation(policy, other)
    assert (distance >= 0).all()
    assert (distance <= 1 + 4 * EPS).all()  # two rows that sum to 1 up to rounding
    assert np.array_equal(distance, total_variation(other, policy))
    assert not total_variation(policy, policy).any()
    assert total_variation(np.eye(2)[0], np.eye(2)[1]) == 1


@pytest.fixture(params=["array_api_strict", "jax.numpy"])
def xp(request):
    """Another array library; JAX with its 64-bit numbers, which are off by default."""
    namespace = importlib.import_module(request.param)
    with jax.enable_x64(True):
        yield namespace


@pytest.mark.parametrize("name", softmax.__all__)
def test_every_formula_takes_arrays_of_other_libraries(name, xp):
    rows = np.array([[0.5, 0.25, 0.25], [1.0, 0.0, 0.0]])
    other = np.array([[0.2, 0.4, 0.4], [0.0, 0.5, 0.5]])
    arguments = {"entropy": (rows,), "log_sum_exp": (rows,), "kl_divergence": (rows, other)}
    arguments |= {"total_variation": (rows, other), "target_soft_max": (rows, logarithms(other), 0.3)}
    arguments |= {"target_log_ratio": (rows, logarithms(other), 0.3), "log_probabilities": (rows,)}
    arguments |= {"entropy_of_logs": (logarithms(rows),)}
    arguments |= {"kl_divergence_of_logs": (logarithms(rows), logarithms(other))}
    given_arrays = arguments.get(name, (rows, 0.3))
    function = getattr(softmax, name)
    foreign = function(*(xp.asarray(x) if isinstance(x, np.ndarray) else x for x in given_arrays))
    assert type(foreign) is type(xp.asarray(rows))
    np.testing.assert_allclose(np.asarray(foreign), function(*given_arrays), rtol=8 * EPS)  # their exp and log


@pytest.mark.parametrize("library", ["numpy", "jax.numpy"])
@pytest.mark.parametrize("rest", [[0.0, 1.0], [-np.inf, 1.0]])
def test_a_value_that_is_no_number_is_not_taken_for_an_action_that_there_is_not(library, rest):
    """Only −∞ is; beside nan all that is played is nan, and other rows are as they were."""
    xp, rows = importlib.import_module(library), np.array([[np.nan, *rest], [0.0, *rest]])
    q = xp.asarray(rows)
    absent = np.isneginf(rows)
    for found, limit in ((softmax.boltzmann(q, 0.3), 0.0), (softmax.log_boltzmann(q, 0.3), -np.inf)):
        assert (np.asarray(found)[absent] == limit).all()
        assert np.isnan(np.asarray(found)[0, ~absent[0]]).all()
    alone = softmax.boltzmann(q[1], 0.3)
    assert np.array_equal(softmax.boltzmann(q, 0.3)[1], alone)
    assert np.isfinite(alone).all()
    assert np.isnan(softmax.soft_max(q, 0.3)).tolist() == [True, False]


@st.composite
def values_and_target(draw):
    q = draw(values())
    return q, draw(simplex_rows(q.shape)), draw(WIDE)


def logarithms(rows):
    with np.errstate(divide="ignore"):
        return np.log(rows)


@given(values_and_target())
def test_target_soft_max_is_the_best_mean_less_divergence(case):
    q, target, temperature = case
    log_target = logarithms(target)
    soft = target_soft_max(q, log_target, temperature)
    best = boltzmann(q + temperature * log_target, temperature)
    attained = np.sum(best * q, axis=-1) - temperature * kl_divergence(best, target)
    # the attained value loses digits of temperature; the soft maximum itself does not (next test)
    np.testing.assert_allclose(soft, attained, atol=64 * EPS * (1 + np.abs(q).max() + 30 * temperature))
    allowed = np.where(target > 0, q, -np.inf).max(axis=-1)
    slack = 16 * EPS * np.abs(q).max()
    assert (soft <= allowed + slack).all()
    # Jensen's inequality; rows sum to 1 but for a few roundings, which the mean has and the soft maximum has not
    assert (soft >= np.sum(target * q, axis=-1) - slack).all()


@given(values_and_target())
def test_target_soft_max_keeps_its_digits_at_any_temperature(case):
    """Against 50 digits; the error is a few roundings of Q, whatever the temperature."""
    q, target, temperature = case
    target = target / target.sum(axis=-1, keepdims=True)
    soft = target_soft_max(q, logarithms(target), temperature)
    mine = TargetSoftMax(temperature, logarithms(target))(q, np.empty_like(q))
    for row_q, row_target, got, fast in zip(q, target, soft, mine, strict=True):
        exact = _exact_target_soft_max(row_q, row_target, temperature)
        slack = 32 * EPS * (1 + np.abs(q).max()) + EPS * temperature * 30 * (np.ptp(row_q) > temperature / 100)
        assert abs(got - exact) <= slack
        assert abs(fast - exact) <= slack


def _exact_target_soft_max(q, target, temperature):
    from mpmath import exp, fsum, log, mp, mpf

    with mp.workdps(50):
        total = fsum(mpf(float(p)) for p in target)
        top = mpf(float(q.max()))
        weights = [
            mpf(float(p)) / total * exp((mpf(float(x)) - top) / temperature) for p, x in zip(target, q, strict=True)
        ]
        return float(top + temperature * log(fsum(weights)))
