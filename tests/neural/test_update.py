"""One update as a whole: the temperature moves towards its target, and nothing of the actors before they learn."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mathrl import load
from mathrl.neural.algorithms import HASAC
from mathrl.neural.learner import start
from mathrl.neural.noise import block
from mathrl.neural.replay import Transition
from mathrl.neural.tabular import tabular
from mathrl.neural.update import noise_of_update, updated
from tests.neural.enumeration import compiled

ENVIRONMENT = tabular(load("pure-coordination"))
SETTINGS = HASAC.settings(hidden=(4,), batch=6, tuned=True, target_entropy=0.3, actor_rate=2e-3)

LEFT = 0.5
"""What is left of the step sizes of networks."""


@pytest.fixture(scope="module")
def after():
    """What an update makes of new networks, whose policies are uniform, by whether actors learn, and the target."""
    learner = compiled(lambda key: start(ENVIRONMENT, SETTINGS, key))(jax.random.key(0))
    zeros, none = np.zeros((6, 1), np.int32), np.zeros((6, 1), bool)
    drawn = Transition(zeros, np.zeros((6, 1, 2), np.int32), np.ones((6, 1), np.float32), zeros, none, none)

    @compiled
    def one(actors_learn, target):
        settings = replace(SETTINGS, target_entropy=target)
        noise = block(jax.random.key(1), noise_of_update(HASAC, ENVIRONMENT, SETTINGS))
        batch = jax.tree.map(jnp.asarray, drawn), jnp.ones(6, jnp.int32)
        return updated(HASAC, ENVIRONMENT, settings, learner, batch, noise, jnp.asarray(LEFT), actors_learn)[0]

    return learner, lambda actors_learn, target: one(np.asarray(actors_learn), np.asarray(target, np.float32))


@pytest.mark.parametrize(("target", "direction"), [(0.3, -1), (0.69, -1), (0.7, 1), (2.0, 1)])
def test_a_tuned_temperature_moves_towards_its_target(after, target, direction):
    """The entropy of two actions alike is log 2 = 0.693: more than the target lowers α, and less raises it."""
    learner, update = after
    moved = update(True, target).log_temperature - learner.log_temperature
    assert np.sign(moved) == direction
    # Adam's first step has the size of its rate, which for the temperature does not fall.
    assert abs(moved) == pytest.approx(SETTINGS.temperature_rate, rel=1e-3)


def test_networks_move_by_what_is_left_of_their_step_sizes(after):
    learner, update = after
    new = update(True, 0.3)
    for name, rate in (("actors", SETTINGS.actor_rate), ("critics", SETTINGS.critic_rate)):
        pairs = zip(*(jax.tree.leaves(getattr(each, name)) for each in (new, learner)), strict=True)
        assert max(np.abs(x - y).max() for x, y in pairs) == pytest.approx(LEFT * rate, rel=1e-2)


def test_target_critics_follow_the_critics_of_after_the_step(after):
    learner, update = after
    new = update(True, 0.3)
    for target, old, critic in zip(*map(jax.tree.leaves, (new.targets, learner.targets, new.critics)), strict=True):
        # single precision, weights near 1; the step itself moves targets by 0.05 · 0.0015
        np.testing.assert_allclose(target, 0.95 * old + 0.05 * critic, rtol=0, atol=1e-6)


def test_actors_and_temperature_stand_still_while_the_critics_learn_alone(after):
    learner, update = after
    alone, all_of_it = update(False, 0.3), update(True, 0.3)
    same = [
        np.array_equal(a, b)
        for a, b in zip(jax.tree.leaves(alone.actors), jax.tree.leaves(learner.actors), strict=True)
    ]
    assert all(same)
    assert alone.log_temperature == learner.log_temperature
    assert not np.array_equal(alone.critics.state, learner.critics.state)
    assert not np.array_equal(all_of_it.actors[-1].bias, learner.actors[-1].bias)
