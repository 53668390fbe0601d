"""What learns: the actors of all agents, twin critics, the networks that follow these, and the temperature.

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
from mathrl.neural.settings import Common

__all__ = [
    "ADAM",
    "Learner",
    "Look",
    "action_values",
    "actor_outputs",
    "followed",
    "look",
    "start",
    "stepped",
    "value_scale",
]

ADAM = optax.scale_by_adam()
"""Adam's directions (Kingma and Ba, 2015), which step sizes multiply."""


class Learner(NamedTuple):
    """All arrays of what learns.

    `actors`           networks of all agents
    `critics`          two of them
    `targets`          networks that follow the critics
    `followers`        networks that follow the actors; () where an algorithm has none
    `log_temperature`  log α
    `scale`            by what critics' outputs are multiplied; it stays as it is
    `…_moments`        those of Adam
    """

    actors: Perceptron
    actor_moments: Any
    critics: Critic
    critic_moments: Any
    targets: Critic
    followers: Any
    log_temperature: Array
    temperature_moments: Any
    scale: Array


class Look(NamedTuple):
    """What is seen of B states: `features` (B, K), `observations` (n, B, O) and `available` (n, B, A)."""

    features: Array
    observations: Array
    available: Array


def start(
    environment: Environment,
    settings: Common,
    key: Array,
    initial_policy: Array | None = None,
    *,
    bonus: Array | float = 0.0,
    followers: bool = False,
) -> Learner:
    """New networks: policies are near uniform, or near the one given, (n, A), in every state.

    `bonus`      the most that a policy is paid in a step beside the reward, which `value_scale` counts
    `followers`  whether networks follow the actors; they begin as these
    """
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
    follow = actors if followers else ()
    scale = jnp.asarray(value_scale(environment, bonus), log_temperature.dtype)
    return Learner(actors, moments[0], critics, moments[1], critics, follow, log_temperature, moments[2], scale)


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


def value_scale(environment: Environment, bonus: Array | float = 0.0) -> Array | float:
    """A bound on |Q|: H max|r| + (H − 1) b, where a step pays b at most beside the reward, and H is the horizon.

    Q counts what is paid after the first step alone, so in a matrix game, where H is 1, no bonus at all. Where all
    rewards are 0, 1 stands for max|r|.
    """
    horizon = environment.horizon
    return horizon * (environment.largest_reward or 1.0) + (horizon - 1) * bonus


def action_values(critics: Critic, scale: Array, features: Array, encoded: Array) -> Array:
    """The smaller of the two critics' Q(s, a), (B,), of actions (B, n, A) as critics take them."""
    both = jax.vmap(values, in_axes=(0, None, None))(critics, features, encoded)
    return scale * jnp.min(both, axis=0)


def stepped(slope: Any, rate: Array, moments: Any, parameters: Any) -> tuple[Any, Any]:
    """One step of Adam down this gradient: the parameters and moments after it.

    All arrays of a network are one vector to Adam: its many short operations cost more than they compute otherwise.
    """
    direction, moments = ADAM.update(ravel_pytree(slope)[0], moments)
    vector, parts = ravel_pytree(parameters)
    return parts(vector - rate * direction), moments


def followed(followers: Any, leaders: Any, share: Array | float) -> Any:
    """Networks that go this share of the way from where they are to those that they follow."""
    return jax.tree.map(lambda old, new: old + share * (new - old), followers, leaders)


def _unmoved(parameters: Any) -> Any:
    """Adam's moments before the first step."""
    return ADAM.init(ravel_pytree(parameters)[0])
