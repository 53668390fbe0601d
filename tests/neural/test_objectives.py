"""The gradient of the straight-through objective, whose mean tells little: it is that of the relaxed draw."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mathrl.neural.heads import Categorical
from mathrl.neural.noise import gumbel
from mathrl.neural.objectives import Turn, straight_through
from mathrl.softmax import boltzmann, log_boltzmann
from tests.neural.enumeration import compiled

ALPHA, VALUES = 0.3, np.array([1.0, -2.0, 0.5])


@pytest.mark.parametrize("tau", [0.5, 2.0])
def test_the_gradient_is_that_of_the_relaxed_draw_at_its_temperature(tau):
    """(diag(x) − x xᵀ)/τ (Q − α log π) − α (y − π), with x = softmax((l + g)/τ) and y = onehot(argmax(l + g))."""
    rng = np.random.default_rng(0)
    logits, u = rng.normal(size=(5, 3)), rng.random((5, 3))
    with jax.enable_x64(True):
        turn = Turn(0, jnp.ones((5, 1)), None, None, jnp.ones((5, 3), bool), jnp.zeros((5, 1, 3)), None)
        objective = straight_through(Categorical(3), lambda settings: tau, lambda learner, seen, y: y[:, 0] @ VALUES)
        of = objective.gain(None, SimpleNamespace(log_temperature=jnp.log(ALPHA)), turn, u)
        found = compiled(jax.grad(lambda x: jnp.sum(of(x))))(logits)
        noisy = logits + np.asarray(gumbel(u))
    x, pi, slope = boltzmann(noisy, tau), boltzmann(logits, 1.0), VALUES - ALPHA * log_boltzmann(logits, 1.0)
    y = np.eye(3)[noisy.argmax(axis=1)]
    exact = x * (slope - (x * slope).sum(axis=1, keepdims=True)) / tau - ALPHA * (y - pi)
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-14)
