"""How agents take turns at learning: one after the other, or all at once.

Each climbs an `Objective`, with actions of the others that are drawn. In turn, agents that have updated play their new
policies, which those after them see.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from mathrl.neural.environments import Environment
from mathrl.neural.learner import Learner, Look, actor_outputs, stepped
from mathrl.neural.networks import Perceptron, output
from mathrl.neural.objectives import Objective, Turn, put
from mathrl.neural.settings import Common

__all__ = ["Improve", "at_once", "in_turn"]


Improve = Callable[[Environment, Any, Objective, Learner, Look, dict[str, Array], Array], Learner]
"""How all agents take a turn: environment, settings, objective, learner, states, uniform numbers, step size."""


class _Agent(NamedTuple):
    """What an agent brings to its turn, or all agents, along a leading axis.

    `own`     uniform numbers for its gradient steps, (epochs, B, as many as its objective takes)
    `others`  uniform numbers for the action that the other agents see, (B, as many as a draw takes)
    """

    number: Array
    actor: Perceptron
    moments: Any
    observation: Array
    available: Array
    outputs: Array
    own: Array
    others: Array


def in_turn(
    environment: Environment,
    settings: Common,
    objective: Objective,
    learner: Learner,
    seen: Look,
    noise: dict[str, Array],
    rate: Array,
) -> Learner:
    """All agents once, in a random order; those that have updated play their new policies (hasac Algorithm 2)."""
    agents, encoded = _agents(environment, learner, seen, noise)
    order = jnp.argsort(noise["order"])

    def turn(encoded: Array, one: _Agent) -> tuple[Array, tuple[Perceptron, Any]]:
        updated = _climbed(settings, objective, learner, seen.features, encoded, one, rate)
        drawn = environment.head.draw(output(updated[0], one.observation), one.available, one.others)
        return put(encoded, one.number, drawn.encoded), updated

    _, updated = jax.lax.scan(turn, encoded, jax.tree.map(lambda x: x[order], agents))
    actors, moments = jax.tree.map(lambda x: x[jnp.argsort(order)], updated)
    return learner._replace(actors=actors, actor_moments=moments)


def at_once(
    environment: Environment,
    settings: Common,
    objective: Objective,
    learner: Learner,
    seen: Look,
    noise: dict[str, Array],
    rate: Array,
) -> Learner:
    """All agents against the old policies of all others (hasac Appendix I)."""
    agents, encoded = _agents(environment, learner, seen, noise)

    def turn(one: _Agent) -> tuple[Perceptron, Any]:
        return _climbed(settings, objective, learner, seen.features, encoded, one, rate)

    actors, moments = jax.vmap(turn)(agents)
    return learner._replace(actors=actors, actor_moments=moments)


def _agents(environment: Environment, learner: Learner, seen: Look, noise: dict[str, Array]) -> tuple[_Agent, Array]:
    """All agents before their turns, and what they play by their present policies, (B, n, A)."""
    outputs = actor_outputs(learner.actors, seen.observations)
    played = environment.head.draw(outputs, seen.available, noise["others"]).encoded
    agents = _Agent(
        jnp.arange(environment.num_agents),
        learner.actors,
        learner.actor_moments,
        seen.observations,
        seen.available,
        outputs,
        jnp.moveaxis(noise["own"], 1, 0),
        noise["others"],
    )
    return agents, jnp.moveaxis(played, 0, 1)


def _climbed(
    settings: Common,
    objective: Objective,
    learner: Learner,
    features: Array,
    encoded: Array,
    one: _Agent,
    rate: Array,
) -> tuple[Perceptron, Any]:
    """One agent's network and moments after its gradient steps on this batch."""
    turn = Turn(one.number, features, one.observation, one.available, encoded, one.outputs)

    def epoch(carry: tuple[Perceptron, Any], u: Array) -> tuple[tuple[Perceptron, Any], None]:
        of = objective.gain(settings, learner, turn, u)
        slope = jax.grad(lambda actor: -jnp.mean(of(actor)) / learner.scale)(carry[0])
        return stepped(slope, rate * settings.actor_rate, carry[1], carry[0]), None

    (actor, moments), _ = jax.lax.scan(epoch, (one.actor, one.moments), one.own)
    return actor, moments
