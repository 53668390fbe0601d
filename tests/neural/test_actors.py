"""How agents take turns: what one has learned stays its own, those after it see it, and it sees what it was."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mathrl.games import random_stochastic
from mathrl.neural import actors
from mathrl.neural.learner import look
from mathrl.neural.networks import forward
from mathrl.neural.objectives import Objective, enumerated
from mathrl.neural.tabular import tabular
from tests.neural.enumeration import SMALL, compiled, networks

ENVIRONMENT = tabular(random_stochastic(2, (2, 3, 2), discount=0.9, seed=0))

AGENTS, BATCH = 3, 2


def tripled(slope, rate, moments, parameters):
    """In place of a step: weights three times what they were, which any policy shows, and one more in the moments."""
    return jax.tree.map(lambda x: 3 * x, parameters), moments + 1


def turned(update, settings, objective, learner, order):
    """What a turn of all agents makes of networks, and the outputs of these before it, (n, B, A)."""

    @compiled
    def after(learner):
        seen = look(ENVIRONMENT, jnp.arange(BATCH))
        noise = {
            "order": jnp.asarray(order),
            "others": jnp.full((AGENTS, BATCH, 1), 0.5),
            "own": jnp.zeros((settings.epochs, AGENTS, BATCH, 0)),
        }
        passed = jax.vmap(forward)(learner.actors, seen.observations)
        return update(ENVIRONMENT, settings, objective, learner, seen, passed, noise, 1.0), passed.output

    return after(learner)


@pytest.mark.parametrize("order", [(0.1, 0.2, 0.3), (0.5, 0.9, 0.1), (0.5, 0.1, 0.9), (0.9, 0.5, 0.1)])
@pytest.mark.parametrize("update", [actors.in_turn, actors.at_once])
def test_each_agent_keeps_its_own_networks_in_any_order(update, order, monkeypatch):
    """Of three agents some orders are not their own inverse, as all orders of two are."""
    monkeypatch.setattr(actors, "stepped", tripled)
    learner = networks(ENVIRONMENT)._replace(actor_moments=jnp.arange(AGENTS))
    found, _ = turned(update, SMALL, enumerated(ENVIRONMENT.head), learner, order)
    for new, old in zip(jax.tree.leaves(found.actors), jax.tree.leaves(learner.actors), strict=True):
        assert np.array_equal(new, 3 * old)
    assert found.actor_moments.tolist() == [1, 2, 3]


def tripled_and_told(slope, rate, moments, parameters):
    """In place of a step: weights three times what they were, and the sum of all gradients in the moments."""
    return jax.tree.map(lambda x: 3 * x, parameters), jax.tree.map(jnp.add, moments, slope)


@pytest.mark.parametrize("update", [actors.in_turn, actors.at_once])
def test_a_drift_is_from_the_policy_before_the_turn_in_each_gradient_step(update, monkeypatch):
    """Of x · x_old the gradient in the outputs x is x_old: twice the same, while x has become another."""
    monkeypatch.setattr(actors, "stepped", tripled_and_told)
    objective = Objective(lambda settings, learner, turn, u: lambda x: jnp.sum(x * turn.old, axis=-1), 0)
    learner = networks(ENVIRONMENT)
    learner = learner._replace(actor_moments=jax.tree.map(jnp.zeros_like, learner.actors))
    found, old = turned(update, replace(SMALL, epochs=2), objective, learner, (0.5, 0.9, 0.1))
    slope = -2 * np.mean(old, axis=1) / learner.scale
    np.testing.assert_allclose(found.actor_moments[-1].bias, slope, rtol=1e-5)  # single precision
    for new, before in zip(jax.tree.leaves(found.actors), jax.tree.leaves(learner.actors), strict=True):
        assert np.array_equal(new, 3 * (3 * before))
