"""Networks: gradients of a pass that was kept are those of JAX, and the cut first layer is the layer as a whole."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mathrl.neural.networks import (
    backward,
    critic,
    forward,
    of_state,
    output,
    own_values,
    perceptron,
    values,
    weights_of,
)
from tests.neural.enumeration import compiled

SIZES = [(3, 2), (4, 8, 1), (5, 7, 6, 3), (1, 3, 3, 3, 1)]


@pytest.fixture(autouse=True)
def _double():
    with jax.enable_x64():
        yield


def _normal(seed: int, *shape: int):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("sizes", SIZES)
def test_a_backward_pass_is_the_gradient(sizes):
    network = compiled(lambda numbers: perceptron(numbers, sizes))(_normal(0, weights_of(sizes)))
    network = jax.tree.map(lambda x: np.asarray(x) + 0.1 * _normal(1, *x.shape), network)  # also biases other than 0
    x, slope = _normal(2, 9, sizes[0]), _normal(3, 9, sizes[-1])

    @compiled
    def both(network):
        kept = backward(network, forward(network, x), slope)
        return kept, jax.grad(lambda network: jnp.sum(slope * output(network, x)))(network)

    found, expected = both(network)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        # The same sums of 9 or 8 products of numbers near 1, perhaps in another order.
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-13)


def test_a_unit_that_stands_at_zero_has_no_slope():
    @compiled
    def both(numbers):
        network = perceptron(numbers, (1, 2, 1))
        kept = backward(network, forward(network, jnp.zeros((1, 1))), jnp.ones((1, 1)))
        return kept, jax.grad(lambda network: jnp.sum(output(network, jnp.zeros((1, 1)))))(network)

    found, expected = both(np.ones(weights_of((1, 2, 1))))
    assert jax.tree.all(jax.tree.map(lambda a, b: (a == b).all(), found, expected))


def test_own_values_are_the_values_of_each_own_action():
    agents, actions, features = 3, 4, 5
    sizes = (features + agents * actions, 8, 8, 1)
    seen, rows = _normal(1, 6, features), np.eye(actions)
    played = rows[np.random.default_rng(2).integers(actions, size=(6, agents))]

    @compiled
    def both(numbers, joint):
        network = critic(numbers, sizes, agents, actions)
        own = [own_values(network, of_state(network, seen), played, agent) for agent in range(agents)]
        return own, jax.vmap(jax.vmap(lambda each: values(network, seen, each)))(joint)

    joint = played[None, None].repeat(agents, 0).repeat(actions, 1)
    for agent in range(agents):
        joint[agent, :, :, agent] = rows[:, None]
    found, expected = both(_normal(0, weights_of(sizes)), joint)
    for agent in range(agents):
        # Two orders of the same sums of at most 17 numbers near 1.
        np.testing.assert_allclose(found[agent], expected[agent].T, rtol=0, atol=1e-13)
