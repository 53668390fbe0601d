"""How agents take turns: what one has learned stays its own, and those after it see it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mathrl.games import random_stochastic
from mathrl.neural import actors
from mathrl.neural.learner import look
from mathrl.neural.networks import forward
from mathrl.neural.objectives import enumerated
from mathrl.neural.tabular import tabular
from tests.neural.enumeration import SMALL, compiled, networks

AGENTS, BATCH = 3, 2


def tripled(slope, rate, moments, parameters):
    """In place of a step: weights three times what they were, which any policy shows, and one more in the moments."""
    return jax.tree.map(lambda x: 3 * x, parameters), moments + 1


@pytest.mark.parametrize("order", [(0.1, 0.2, 0.3), (0.5, 0.9, 0.1), (0.5, 0.1, 0.9), (0.9, 0.5, 0.1)])
@pytest.mark.parametrize("update", [actors.in_turn, actors.at_once])
def test_each_agent_keeps_its_own_networks_in_any_order(update, order, monkeypatch):
    """Of three agents some orders are not their own inverse, as all orders of two are."""
    monkeypatch.setattr(actors, "stepped", tripled)
    environment = tabular(random_stochastic(2, (2, 3, 2), discount=0.9, seed=0))
    learner = networks(environment)._replace(actor_moments=jnp.arange(AGENTS))

    @compiled
    def after(learner):
        seen = look(environment, jnp.arange(BATCH))
        noise = {
            "order": jnp.asarray(order),
            "others": jnp.full((AGENTS, BATCH, 1), 0.5),
            "own": jnp.zeros((1, AGENTS, BATCH, 0)),
        }
        passed = jax.vmap(forward)(learner.actors, seen.observations)
        return update(environment, SMALL, enumerated(environment.head), learner, seen, passed, noise, 1.0)

    found = after(learner)
    for new, old in zip(jax.tree.leaves(found.actors), jax.tree.leaves(learner.actors), strict=True):
        assert np.array_equal(new, 3 * old)
    assert found.actor_moments.tolist() == [1, 2, 3]
