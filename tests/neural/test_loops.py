"""A loop is a part of an algorithm: one without a replay buffer is studied, stored and resumed as any other."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import pytest

from mathrl import load
from mathrl.neural.actors import at_once
from mathrl.neural.algorithm import Algorithm, Loop
from mathrl.neural.learner import start
from mathrl.neural.noise import block
from mathrl.neural.objectives import enumerated
from mathrl.neural.settings import Common
from mathrl.neural.study import study
from mathrl.neural.tabular import tabular

ENVIRONMENT = tabular(load("pure-coordination"))

LENGTH, COPIES = 3, 2
"""An iteration of this loop is three steps of two copies."""


class Run(NamedTuple):
    learner: Any
    key: Any


def begun(algorithm, environment, settings, key, initial_policy):
    return Run(start(environment, settings, key, initial_policy), key)


def advanced(algorithm, environment, run, iterations, settings, first, total):
    """Play (0, 0) only; log α grows by 1 in an iteration, and by a drawn number beside it."""

    def iteration(run, number):
        drawn = block(jax.random.fold_in(run.key, number), {"more": (1,)})["more"][0]
        paid = environment.step(jnp.zeros(1), jnp.zeros((), int), jnp.zeros(2, int)).reward
        learner = run.learner._replace(log_temperature=run.learner.log_temperature + 1 + drawn)
        return run._replace(learner=learner), paid

    run, paid = jax.lax.scan(iteration, run, first + jnp.arange(iterations))
    return run, {"reward": jnp.mean(paid), "number": first * jnp.ones(())}


ON_POLICY = Algorithm(
    "on-policy",
    "a loop without a buffer",
    Common,
    Loop(begun, advanced, steps=lambda settings: LENGTH * settings.copies, waits=lambda settings: 0),
    lambda environment, settings: enumerated(environment.head),
    at_once,
)

SETTINGS = Common(hidden=(3,), copies=COPIES, temperature=1e-3)


def learn(folder, **more):
    """Four iterations, measured after two and after four."""
    return study(ON_POLICY, ENVIRONMENT, SETTINGS, steps=24, seeds=(0, 1), measurements=2, folder=folder, **more)


def test_steps_are_those_of_the_loop(tmp_path):
    done = learn(tmp_path)
    assert [(row["step"], row["number"]) for row in done.rows] == [(12, 0), (12, 0), (24, 2), (24, 2)]
    assert {row["reward"] for row in done.rows} == {float(ENVIRONMENT.game.rewards[0, 0, 0])}


def test_it_goes_on_from_its_folder(tmp_path):
    def stop(text, over):
        if text == "step 24":
            raise KeyboardInterrupt

    whole = learn(None)
    with pytest.raises(KeyboardInterrupt):
        learn(tmp_path, progress=stop)
    assert learn(tmp_path).rows == whole.rows
