"""What learns: the actors of all agents, twin critics with their targets, and the temperature.

Agents and twin critics are leading axes of the arrays. The batch takes the place of the states in the operators: a
batch of B states and n agents has policies (B, A) each and Q (B, A_1, …, A_n), or (B, A) for one agent's own actions.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array
from jax.flatten_util import ravel_pytree

from mathrl.neural.environments import Environment
from mathrl.neural.networks import Critic, Perceptron, critic, output, perceptron, values, weights_of
from mathrl.neural.noise import block, normal
from mathrl.neural.settings import Settings

__all__ = ["ADAM", "Learner", "Look", "action_values", "actor_outputs", "look", "scale", "start", "stepped"]

ADAM = optax.scale_by_adam()
"""Adam's directions (Kingma and Ba, 2015), which step sizes multiply."""


class Learner(NamedTuple):
    """All arrays that change while networks learn; `…_moments` are those of Adam."""

    actors: Perceptron
    actor_moments: Any
    critics: Critic
    critic_moments: Any
    targets: Critic
    log_temperature: Array
    temperature_moments: Any


class Look(NamedTuple):
    """What is seen of B states: `features` (B, K), `observations` (n, B, O) and `available` (n, B, A)."""

    features: Array
    observations: Array
    available: Array


def start(environment: Environment, settings: Settings, key: Array, initial_policy: Array | None = None) -> Learner:
    """New networks: policies are near uniform, or near the one given, (n, A), in every state."""
    agents, head = environment.num_agents, environment.head
    of_actors = (environment.num_observed, *settings.hidden, head.outputs)
    of_critics = (environment.num_features + agents * head.size, *settings.hidden, 1)
    shapes = {"actors": (agents, weights_of(of_actors)), "critics": (2, weights_of(of_critics))}
    drawn = {name: normal(u) for name, u in block(key, shapes).items()}
    actors = jax.vmap(lambda one: perceptron(one, of_actors, final=0.01))(drawn["actors"])
    if initial_policy is not None:
        last = actors[-1]._replace(bias=jnp.log(jnp.asarray(initial_policy, actors[-1].bias.dtype)))
        actors = (*actors[:-1], last)
    critics = jax.vmap(lambda one: critic(one, of_critics, agents, head.size))(drawn["critics"])
    log_temperature = jnp.log(jnp.asarray(settings.temperature, actors[0].bias.dtype))
    moments = jax.vmap(_unmoved)(actors), _unmoved(critics), _unmoved(log_temperature)
    return Learner(actors, moments[0], critics, moments[1], critics, log_temperature, moments[2])


def look(environment: Environment, seen: Any) -> Look:
    """What critics and actors see of B states."""
    features, observations, available = jax.vmap(
        lambda one: (environment.features(one), environment.observations(one), environment.available(one))
    )(seen)
    return Look(features, jnp.moveaxis(observations, 1, 0), jnp.moveaxis(available, 1, 0))


def actor_outputs(actors: Perceptron, observations: Array) -> Array:
    """The outputs of all agents' networks, (n, B, outputs)."""
    outputs: Array = jax.vmap(output)(actors, observations)
    return outputs


def scale(environment: Environment) -> float:
    """By what critics' outputs are multiplied: max|r| / (1 − γ), which bounds returns; with γ near 1, 100 max|r|."""
    return (environment.largest_reward or 1.0) / max(1 - environment.discount, 0.01)


def action_values(environment: Environment, critics: Critic, features: Array, encoded: Array) -> Array:
    """The smaller of the two critics' Q(s, a), (B,), of actions (B, n, A) as critics take them."""
    both = jax.vmap(values, in_axes=(0, None, None))(critics, features, encoded)
    return scale(environment) * jnp.min(both, axis=0)


def stepped(slope: Any, rate: Array, moments: Any, parameters: Any) -> tuple[Any, Any]:
    """One step of Adam down this gradient: the parameters and moments after it.

    All arrays of a network are one vector to Adam: its many short operations cost more than they compute otherwise.
    """
    direction, moments = ADAM.update(ravel_pytree(slope)[0], moments)
    vector, parts = ravel_pytree(parameters)
    return parts(vector - rate * direction), moments


def _unmoved(parameters: Any) -> Any:
    """Adam's moments before the first step."""
    return ADAM.init(ravel_pytree(parameters)[0])
