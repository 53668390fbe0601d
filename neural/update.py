"""One update of an off-policy algorithm: critics, then actors, then the temperature, on one batch of windows."""

import jax
import jax.numpy as jnp
from jax import Array

from mathrl.neural.algorithm import Algorithm
from mathrl.neural.critics import improved_critics, windowed
from mathrl.neural.environments import Environment
from mathrl.neural.learner import Learner, followed, look, stepped
from mathrl.neural.networks import forward
from mathrl.neural.replay import Transition
from mathrl.neural.settings import Settings

__all__ = ["noise_of_update", "updated"]


def noise_of_update(algorithm: Algorithm, environment: Environment, settings: Settings) -> dict[str, tuple[int, ...]]:
    """How many uniform numbers an update takes, by what they decide."""
    agents, width, batch = environment.num_agents, environment.head.num_random, settings.batch
    return {
        "begin": (2, batch),
        "next": (agents, batch, width),
        "between": (agents, batch * (settings.n_step - 1), width),
        "order": (agents,),
        "others": (agents, batch, width),
        "own": (settings.epochs, agents, batch, algorithm.objective(environment, settings).num_random),
    }


def updated(
    algorithm: Algorithm,
    environment: Environment,
    settings: Settings,
    learner: Learner,
    batch: tuple[Transition, Array],
    noise: dict[str, Array],
    rate: Array,
    actors_learn: Array,
) -> tuple[Learner, dict[str, Array]]:
    """What is learned from a batch, windows and how many steps of each count; and numbers that tell how it goes.

    `rate`          by what the step sizes of networks are multiplied
    `actors_learn`  false while the critics learn alone
    """
    drawn, counted = batch
    window = windowed(drawn, counted, environment.discount)
    targets = algorithm.targets(environment, settings, learner, window, noise)
    learner, loss = improved_critics(environment, settings, learner, drawn, targets, rate)
    seen = look(environment, jax.tree.map(lambda x: x[:, 0], drawn.seen))
    passed = jax.vmap(forward)(learner.actors, seen.observations)
    entropy = jnp.mean(environment.head.entropy(passed.output, seen.available, noise["others"]))

    def improved(learner: Learner) -> Learner:
        objective = algorithm.objective(environment, settings)
        learner = algorithm.improve(environment, settings, objective, learner, seen, passed, noise, rate)
        if algorithm.follow is not None:
            share = algorithm.follow(settings)
            learner = learner._replace(followers=followed(learner.followers, learner.actors, share))
        if not settings.tuned:
            return learner
        slope = entropy - settings.target_entropy
        logs, moments = stepped(
            slope, jnp.asarray(settings.temperature_rate), learner.temperature_moments, learner.log_temperature
        )
        return learner._replace(log_temperature=logs, temperature_moments=moments)

    learner = jax.lax.cond(actors_learn, improved, lambda learner: learner, learner)
    return learner, {"critic_loss": loss, "entropy": entropy, "temperature": jnp.exp(learner.log_temperature)}
