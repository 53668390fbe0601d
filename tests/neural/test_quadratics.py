"""The Max of Two Quadratics, and the gradient through a drawn continuous action."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from mathrl.neural.learner import action_values, start
from mathrl.neural.networks import output
from mathrl.neural.objectives import Turn, reparametrised
from mathrl.neural.quadratics import Quadratics
from mathrl.neural.settings import Settings
from tests.neural.enumeration import compiled, relative

GAME = Quadratics()


@pytest.mark.parametrize(
    ("actions", "reward"),
    [
        ((0.5, 0.5), 10.0),  # the global maximum
        ((-0.5, -0.5), 0.0),  # the local one
        ((0.0, 0.0), -0.8 * 50 / 9),
        ((0.6, 0.4), 8.0),
        ((-1.0, -1.0), -0.8 * 50 / 9),
        ((0.5, -0.5), -0.8 * 100 / 9),
    ],
)
def test_rewards_by_hand(actions, reward):
    step = GAME.step(np.zeros(0), GAME.reset(np.zeros(0)), np.array(actions, np.float32)[:, None])
    assert step.reward == pytest.approx(reward, abs=1e-5)  # single precision, of terms up to 150
    assert not step.ended
    assert step.state == 0


def test_the_gradient_through_a_draw_is_that_of_the_expectation():
    """E_{a~p}[Q(a, b) − α log p(a)] over x = artanh a, with a density that moves and points that stay.

    Both are sums over 64,001 points, exact to rounding where the integrand is smooth. It has kinks, those of the
    critic, at which its slope jumps: each adds to the gradient a part of the distance between points, 2e-4.
    """
    settings, alpha = Settings(hidden=(4,)), 0.7
    rng = np.random.default_rng(8)
    with jax.enable_x64(True):
        like = jax.eval_shape(lambda: start(GAME, settings, jax.random.key(0)))
        actors, critics = jax.tree.map(lambda x: 0.5 * rng.normal(size=x.shape), (like.actors, like.critics))
        actor = jax.tree.map(lambda x: x[0], actors)
        learner = compiled(lambda key: start(GAME, settings, key))(jax.random.key(0))
        learner = learner._replace(critics=critics, log_temperature=np.log(alpha))
        xi = np.linspace(-7, 7, 64001)
        weights = stats.norm.pdf(xi) * (xi[1] - xi[0])
        ones = np.ones((len(xi), 1))
        u, other = stats.norm.cdf(xi)[:, None], 0.3

        def encoded(own):
            return jnp.stack([own, jnp.full_like(own, other)], axis=1)

        def sampled(actor):
            turn = Turn(
                agent=0,
                features=ones,
                of_state=None,
                observation=ones,
                available=ones > 0,
                encoded=encoded(0 * ones),
                old=np.zeros((len(xi), 2)),
            )
            gain = reparametrised(GAME.head).gain(settings, learner, turn, u)
            return jnp.sum(weights * gain(output(actor, ones)))

        x = np.linspace(-12, 12, 64001)

        def exact(actor):
            mean, log_deviation = output(actor, np.ones(1))
            q = action_values(critics, learner.scale, ones, encoded(np.tanh(x)[:, None]))
            log_normal = -(((x - mean) / jnp.exp(log_deviation)) ** 2) / 2 - log_deviation - np.log(2 * np.pi) / 2
            log_policy = log_normal + 2 * np.log(np.cosh(x))
            return jnp.sum(jnp.exp(log_normal) * (q - alpha * log_policy)) * (x[1] - x[0])

        (one, slope), (other_value, expected) = compiled(
            lambda actor: (jax.value_and_grad(sampled)(actor), jax.value_and_grad(exact)(actor))
        )(actor)
    flat, exact_flat = (np.concatenate([np.ravel(x) for x in jax.tree.leaves(tree)]) for tree in (slope, expected))
    assert one == pytest.approx(float(other_value), rel=1e-7)
    assert np.abs(exact_flat).max() > 0.1
    assert relative(flat, exact_flat) < 2e-4
