"""The off-policy loop: several copies of an environment play, a replay buffer remembers, and networks learn from it.

One iteration is a step of all copies and then `updates` updates. All of it is one compiled function of a run and of the
number of the iteration: its random numbers are drawn from the run's key and that number alone, so that a run goes on
from a stored state as if it had never stopped.
"""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from mathrl.neural.algorithm import Algorithm, Loop
from mathrl.neural.environments import Environment
from mathrl.neural.learner import Learner, actor_outputs, look
from mathrl.neural.noise import block
from mathrl.neural.replay import Buffer, Transition, empty, store, windows
from mathrl.neural.settings import Settings, begin_of_actors
from mathrl.neural.update import noise_of_update, updated

__all__ = ["OFF_POLICY", "Run", "advanced", "begun"]


class Run(NamedTuple):
    """All that a run consists of.

    `learner`    networks
    `states`     the states of all copies
    `played`     how many steps each copy's episode has had
    `buffer`     the replay buffer
    `key`        what its random numbers are drawn from
    """

    learner: Learner
    states: Any
    played: Array
    buffer: Buffer
    key: Array


def begun(
    algorithm: Algorithm,
    environment: Environment,
    settings: Settings,
    key: Array,
    initial_policy: Array | None = None,
) -> Run:
    """A run before its first step."""
    of_networks, of_states, rest = jax.random.split(key, 3)
    first = block(of_states, {"reset": (settings.copies, environment.num_random)})
    states = jax.vmap(environment.reset)(first["reset"])
    seen, none = jax.vmap(environment.seen)(states), jnp.zeros(settings.copies, bool)
    available = look(environment, seen).available
    actions = environment.head.anything(available, jnp.full((*available.shape[:2], environment.head.num_random), 0.5))
    reward = jnp.zeros(settings.copies, jnp.result_type(float))
    step = Transition(seen, jnp.moveaxis(actions, 0, 1), reward, seen, none, none)
    learner = algorithm.start(environment, settings, of_networks, initial_policy)
    played = jnp.zeros(settings.copies, jnp.int32)
    return Run(learner, states, played, empty(step, settings.capacity), rest)


def advanced(
    algorithm: Algorithm,
    environment: Environment,
    run: Run,
    iterations: int,
    settings: Settings,
    first: Array,
    total: Array,
) -> tuple[Run, dict[str, Array]]:
    """The run after some more iterations, and the means over these of numbers that tell how it goes.

    `first`  the number of the first of these iterations
    `total`  how many iterations the whole run has: the step sizes fall until then
    """
    of_update = noise_of_update(algorithm, environment, settings)
    shapes = {
        "step": (settings.copies, environment.num_random),
        "reset": (settings.copies, environment.num_random),
        "act": (environment.num_agents, settings.copies, environment.head.num_random),
        **{name: (settings.updates, *shape) for name, shape in of_update.items()},
    }

    def iteration(run: Run, xs: tuple[Array, Array]) -> tuple[Run, tuple[Array, Array, dict[str, Array]]]:
        number, key = xs
        noise = block(key, shapes)
        steps_before = number * settings.copies
        run, reward = _step(environment, settings, run, noise, steps_before < settings.explore)
        rate = 1 - (1 - settings.final_rate) * number / total
        updates_before = (number - math.ceil(settings.explore / settings.copies)) * settings.updates

        def update(learner: Learner, noise: dict[str, Array]) -> tuple[Learner, dict[str, Array]]:
            batch = windows(run.buffer, noise["begin"], settings.n_step)
            actors_learn = updates_before >= settings.prepare
            return updated(algorithm, environment, settings, learner, batch, noise, rate, actors_learn)

        def learned(learner: Learner) -> tuple[Learner, dict[str, Array]]:
            learner, told = jax.lax.scan(update, learner, {name: noise[name] for name in of_update})
            return learner, jax.tree.map(jnp.mean, told)

        def waits(learner: Learner) -> tuple[Learner, dict[str, Array]]:
            return learner, jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), jax.eval_shape(learned, learner)[1])

        learns = steps_before >= settings.explore
        learner, told = jax.lax.cond(learns, learned, waits, run.learner)
        return run._replace(learner=learner), (reward, learns, told)

    numbers = first + jnp.arange(iterations)
    keys = jax.vmap(lambda number: jax.random.fold_in(run.key, number))(numbers)
    run, (reward, learns, told) = jax.lax.scan(iteration, run, (numbers, keys))
    # 0/0, which is nan, where nothing learned; a nan of learning itself is not passed over.
    means = jax.tree.map(lambda x: jnp.sum(x) / jnp.sum(learns), told)
    return run, {"reward": jnp.mean(reward), **means}


def _step(
    environment: Environment, settings: Settings, run: Run, noise: dict[str, Array], at_random: Array
) -> tuple[Run, Array]:
    """One step of all copies, stored; and the mean reward."""
    seen, head = jax.vmap(environment.seen)(run.states), environment.head
    view = look(environment, seen)
    drawn = head.draw(actor_outputs(run.learner.actors, view.observations), view.available, noise["act"]).actions
    actions = jnp.where(at_random, head.anything(view.available, noise["act"]), drawn)
    actions = jnp.moveaxis(actions, 0, 1)
    after = jax.vmap(environment.step)(noise["step"], run.states, actions)
    played = run.played + 1
    cut = ~after.ended & (played == settings.time_limit)
    following = jax.vmap(environment.seen)(after.state)
    step = Transition(seen, actions, after.reward.astype(run.buffer.rows.reward.dtype), following, after.ended, cut)
    over = after.ended | cut
    fresh = jax.vmap(environment.reset)(noise["reset"])
    states = jax.tree.map(lambda new, old: jnp.where(_as(over, new), new, old), fresh, after.state)
    run = run._replace(states=states, played=jnp.where(over, 0, played), buffer=store(run.buffer, step))
    return run, jnp.mean(after.reward)


def _as(flags: Array, x: Array) -> Array:
    """Flags (copies,) with further axes, as x has them."""
    return flags.reshape(*flags.shape, *[1] * (x.ndim - 1))


OFF_POLICY = Loop(begun, advanced, lambda settings: settings.copies, begin_of_actors)
"""A replay buffer, from which critics and actors learn after each step of all copies."""
