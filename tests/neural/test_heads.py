"""What is drawn has the distribution that its log π says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from mathrl.neural.heads import Categorical, TanhGaussian
from tests.neural.enumeration import compiled

LEVEL = 1e-4
"""The probability with which a right draw fails. Seeds are fixed, so that it passes always or never."""

OUTPUTS = np.array([[0.0, 1.0, -2.0, 0.5], [30.0, -30.0, 0.0, 30.0], [1.0, 2.0, 3.0, 4.0]], np.float32)
AVAILABLE = np.array([[True, True, True, True], [True, True, True, False], [False, True, False, True]])

TINY, LARGEST = np.float32(np.finfo(np.float32).tiny), np.float32(1 - 2**-23)
"""Between these are the numbers that `noise.block` draws."""


def test_log_policies_are_those_of_the_available_actions():
    logs = np.asarray(Categorical(4).log_policy(OUTPUTS, AVAILABLE), np.float64)
    weights = np.where(AVAILABLE, np.exp(OUTPUTS.astype(np.float64)), 0.0)
    expected = weights / weights.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(np.exp(logs), expected, rtol=0, atol=1e-6)  # eight roundings of 1 in single precision
    assert np.array_equal(np.isneginf(logs), ~AVAILABLE)


def test_categorical_draws_have_the_frequencies_of_the_policy():
    head, number = Categorical(4), 20_000
    u = np.random.default_rng(1).random((number, 3, 1)).astype(np.float32).clip(TINY, LARGEST)
    drawn = compiled(jax.vmap(lambda u: head.draw(OUTPUTS, AVAILABLE, u)))(u)
    actions = np.asarray(drawn.actions)
    policy = np.exp(np.asarray(head.log_policy(OUTPUTS, AVAILABLE), np.float64))
    for row in range(3):
        counts, expected = np.bincount(actions[:, row], minlength=4), number * policy[row]
        assert not counts[~AVAILABLE[row]].any()
        likely = expected > 5
        assert counts[~likely].sum() <= 5
        if likely.sum() > 1:
            expected = expected[likely] * counts[likely].sum() / expected[likely].sum()
            assert stats.chisquare(counts[likely], expected).pvalue > LEVEL
    assert np.array_equal(drawn.encoded, np.eye(4)[actions])
    chosen = np.log(policy[np.arange(3), actions])
    np.testing.assert_allclose(drawn.log_policy, chosen, rtol=1e-5, atol=1e-5)  # single precision, |log π| ≤ 60


def test_unavailable_actions_are_never_drawn_at_the_ends():
    """By the smallest and the largest number."""
    head, ends = Categorical(4), np.array([TINY, LARGEST]).reshape(2, 1, 1).repeat(3, axis=1)
    drawn = compiled(jax.vmap(lambda u: (head.draw(OUTPUTS, AVAILABLE, u).actions, head.anything(AVAILABLE, u))))(ends)
    for actions in drawn:
        assert AVAILABLE[np.arange(3), np.asarray(actions)].all()


def test_anything_is_uniform_over_available_actions():
    u = np.random.default_rng(2).random((9000, 3, 1)).astype(np.float32)
    drawn = np.asarray(compiled(jax.vmap(lambda u: Categorical(4).anything(AVAILABLE, u)))(u))
    for row in range(3):
        counts = np.bincount(drawn[:, row], minlength=4)
        assert not counts[~AVAILABLE[row]].any()
        assert stats.chisquare(counts[AVAILABLE[row]]).pvalue > LEVEL


def test_entropy_and_gradients_with_unavailable_actions():
    head = Categorical(4)
    policy = np.exp(np.asarray(head.log_policy(OUTPUTS, AVAILABLE), np.float64))
    found = np.asarray(head.entropy(OUTPUTS, AVAILABLE, OUTPUTS))
    np.testing.assert_allclose(found, stats.entropy(policy, axis=1), rtol=0, atol=1e-6)
    slope = compiled(jax.grad(lambda x: jnp.sum(head.entropy(x, AVAILABLE, x))))(OUTPUTS)
    assert np.isfinite(slope).all()
    assert not np.asarray(slope)[~AVAILABLE].any()


GAUSSIAN = np.array([[0.3, -0.4], [-1.5, 0.2], [2.0, -1.0], [0.0, -8.0], [0.1, 5.0]])
"""μ and log σ; the last two log σ are beyond where it stays."""


def log_density(a, outputs):
    """Log p(a) by the change of variables a = tanh x, with x of the normal distribution."""
    mean, deviation = outputs[0], np.exp(np.clip(outputs[1], -5, 2))
    return stats.norm.logpdf(np.arctanh(a), mean, deviation) - np.log1p(-(a**2))


@pytest.fixture(name="draws", scope="module")
def _draws():
    """Draws of each row of `GAUSSIAN` at 4,001 ξ from −8 to 8: (ξ, actions, log π), in double precision."""
    xi = np.linspace(-8, 8, 4001)
    with jax.enable_x64(True):
        u, x = stats.norm.cdf(xi)[:, None, None], GAUSSIAN
        draw = compiled(jax.vmap(lambda u: TanhGaussian(1).draw(x, np.ones((5, 1), bool), u)))
        drawn = draw(np.broadcast_to(u, (4001, 5, 1)))
        return xi, np.asarray(drawn.actions)[..., 0], np.asarray(drawn.log_policy)


@pytest.mark.parametrize("row", range(len(GAUSSIAN)))
def test_tanh_gaussian_densities(draws, row):
    """Log π is that of the change of variables; exp of it integrates to 1 over a; −log π has the mean H."""
    xi, actions, logs = (x if x.ndim == 1 else x[:, row] for x in draws)
    inside = (np.abs(actions) < 0.999) & (np.abs(xi) < 5)  # arctanh and Φ⁻¹ keep their digits there
    expected = log_density(actions[inside], GAUSSIAN[row])
    np.testing.assert_allclose(logs[inside], expected, rtol=1e-8, atol=1e-8)
    mean, deviation = GAUSSIAN[row, 0], np.exp(np.clip(GAUSSIAN[row, 1], -5, 2))
    x = mean + deviation * xi
    # da = (1 − tanh² x) dx; 1 − tanh² = 1/cosh², and π(a) da is the normal density, whose tails beyond 8 are 1e-15
    width = np.exp(-2 * np.logaddexp(x, -x) + 2 * np.log(2)) * deviation * (xi[1] - xi[0])
    near = np.abs(xi) < 7  # Φ rounds to 1 beyond 8
    assert abs(np.sum(np.exp(logs[near]) * width[near]) - 1) < 1e-9
    weights = stats.norm.pdf(xi) * (xi[1] - xi[0])
    stretch = -2 * np.logaddexp(x, -x) + 2 * np.log(2)
    entropy = 0.5 * np.log(2 * np.pi * np.e * deviation**2) + np.sum(weights * stretch)
    assert abs(np.sum((weights * -logs)[near]) - entropy) < 1e-8


def test_tanh_gaussian_is_finite_at_the_ends():
    """Drawn numbers, log π and its gradient, where u is the smallest or largest that `block` draws."""
    head, x = TanhGaussian(2), np.array([[0.0, 3.0, 2.0, -5.0], [-9.0, 9.0, 2.0, 2.0]], np.float32)
    ends = np.array([[[TINY, LARGEST]] * 2, [[LARGEST, TINY]] * 2])
    available = np.ones((2, 2), bool)

    def total(x):
        drawn = head.draw(x, available, ends)
        return jnp.sum(drawn.log_policy), drawn

    (_, drawn), slope = compiled(jax.value_and_grad(total, has_aux=True))(x)
    assert np.isfinite(drawn.log_policy).all()
    assert np.isfinite(slope).all()
    assert (np.abs(drawn.actions) <= 1).all()
