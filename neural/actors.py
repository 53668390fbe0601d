"""How agents take turns at learning: one after the other, or all at once.

Each climbs an `Objective`, with actions of the others that are drawn. In turn, agents that have updated play their new
policies, which those after them see.

Every forward pass through an actor serves twice: for the gradient, and for what is drawn from the policy.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from mathrl.neural.environments import Environment
from mathrl.neural.learner import Learner, Look, stepped
from mathrl.neural.networks import Pass, Perceptron, backward, forward, of_state
from mathrl.neural.objectives import Objective, Turn, put
from mathrl.neural.settings import Common

__all__ = ["Improve", "at_once", "in_turn"]


Improve = Callable[[Environment, Any, Objective, Learner, Look, Pass, dict[str, Array], Array], Learner]
"""How all agents take a turn.

From environment, settings, objective, learner, states, passes of these through the actors, uniform numbers, step size.
"""


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
    passed: Pass
    own: Array
    others: Array


class _Turns(NamedTuple):
    """What all agents see when their turn comes.

    `features`  (B, K)
    `of_state`  (2, B, hidden), what the states add to the critics' first layers
    `encoded`   (B, n, A), what all agents play
    """

    features: Array
    of_state: Array
    encoded: Array


def in_turn(
    environment: Environment,
    settings: Common,
    objective: Objective,
    learner: Learner,
    seen: Look,
    passed: Pass,
    noise: dict[str, Array],
    rate: Array,
) -> Learner:
    """All agents once, in a random order; those that have updated play their new policies (hasac Algorithm 2)."""
    agents, first = _agents(environment, learner, seen, passed, noise)
    order = jnp.argsort(noise["order"])

    def turn(encoded: Array, one: _Agent) -> tuple[Array, tuple[Perceptron, Any]]:
        actor, moments, outputs = _climbed(settings, objective, learner, first._replace(encoded=encoded), one, rate)
        drawn = environment.head.draw(outputs, one.available, one.others)
        return put(encoded, one.number, drawn.encoded), (actor, moments)

    _, updated = jax.lax.scan(turn, first.encoded, jax.tree.map(lambda x: x[order], agents))
    actors, moments = jax.tree.map(lambda x: x[jnp.argsort(order)], updated)
    return learner._replace(actors=actors, actor_moments=moments)


def at_once(
    environment: Environment,
    settings: Common,
    objective: Objective,
    learner: Learner,
    seen: Look,
    passed: Pass,
    noise: dict[str, Array],
    rate: Array,
) -> Learner:
    """All agents against the old policies of all others (hasac Appendix I)."""
    agents, turns = _agents(environment, learner, seen, passed, noise)

    def turn(one: _Agent) -> tuple[Perceptron, Any, Array]:
        return _climbed(settings, objective, learner, turns, one, rate)

    actors, moments, _ = jax.vmap(turn)(agents)
    return learner._replace(actors=actors, actor_moments=moments)


def _agents(
    environment: Environment, learner: Learner, seen: Look, passed: Pass, noise: dict[str, Array]
) -> tuple[_Agent, _Turns]:
    """All agents before their turns, and what they play by their present policies."""
    played = environment.head.draw(passed.output, seen.available, noise["others"]).encoded
    agents = _Agent(
        jnp.arange(environment.num_agents),
        learner.actors,
        learner.actor_moments,
        seen.observations,
        seen.available,
        passed,
        jnp.moveaxis(noise["own"], 1, 0),
        noise["others"],
    )
    of_states = jax.vmap(of_state, in_axes=(0, None))(learner.critics, seen.features)
    return agents, _Turns(seen.features, of_states, jnp.moveaxis(played, 0, 1))


def _climbed(
    settings: Common, objective: Objective, learner: Learner, turns: _Turns, one: _Agent, rate: Array
) -> tuple[Perceptron, Any, Array]:
    """One agent's network and moments after its gradient steps on this batch, and the outputs of that network."""
    features, of_state, encoded = turns
    turn = Turn(one.number, features, of_state, one.observation, one.available, encoded, one.passed.output)

    def epoch(carry: tuple[Perceptron, Any, Pass], u: Array) -> tuple[tuple[Perceptron, Any, Pass], None]:
        actor, moments, passed = carry
        of = objective.gain(settings, learner, turn, u)
        slope = jax.grad(lambda outputs: -jnp.mean(of(outputs)) / learner.scale)(passed.output)
        slope = backward(actor, passed, slope)
        actor, moments = stepped(slope, rate * settings.actor_rate, moments, actor)
        return (actor, moments, forward(actor, one.observation)), None

    (actor, moments, last), _ = jax.lax.scan(epoch, (one.actor, one.moments, one.passed), one.own)
    return actor, moments, last.output
