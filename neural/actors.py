"""How actors learn: each agent climbs E_s[E_{a^i~p}[Q(s, a^i, a^{-i})] + α H(p)], the others' actions drawn.

    J(p) = mean_s [ E_{a^i~p}[Q(s, a^i, a^{-i})] + α H(p(·|s)) ],   a^{-i} ~ π^{-i}(·|s)             (hasac Eq. 10)

Agents that have updated play their new policies. The expectation over an agent's own actions is taken in one of three
ways. `enumerated` takes it exactly, over all actions. `straight_through` draws one action whose gradient is that of a
relaxed one (Jang et al., 2017), as the paper has it for discrete actions. `reparametrised` draws a continuous action.

The first is `operators.soft_value` of Q (B, A) and one policy: the batch is the state axis. Another `Regulariser` in
the place of the entropy is another algorithm.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from mathrl.neural.environments import Environment
from mathrl.neural.heads import Categorical, TanhGaussian
from mathrl.neural.learner import Learner, Look, action_values, actor_outputs, scale, stepped
from mathrl.neural.networks import Critic, Perceptron, output, own_values
from mathrl.neural.noise import gumbel
from mathrl.neural.settings import Settings
from mathrl.operators import soft_value_of_logs

__all__ = [
    "Gain",
    "Improve",
    "Objective",
    "Regulariser",
    "Turn",
    "at_once",
    "entropy",
    "enumerated",
    "in_turn",
    "reparametrised",
    "straight_through",
]


class Turn(NamedTuple):
    """What agent i sees when its turn comes.

    `agent`        i
    `features`     (B, K)
    `observation`  (B, O), its own
    `available`    (B, A), its own actions
    `encoded`      (B, n, A), what all agents play, as critics take it
    `old`          (B, outputs), the outputs of its network before its turn
    """

    agent: Array
    features: Array
    observation: Array
    available: Array
    encoded: Array
    old: Array


Gain = Callable[[Environment, Settings, Critic, Array, Turn, Array], Callable[[Perceptron], Array]]
"""From critics, a temperature, a turn and uniform numbers: J of each state, (B,), as a function of a network."""


class Objective(NamedTuple):
    """What an agent climbs: its `gain`, and how many uniform numbers this takes for each state."""

    gain: Gain
    num_random: int


Regulariser = Callable[[Array, Array, Array, Array, Any], Array]
"""J of each state, (B,), from Q (B, A), log p, the old log π, the temperature and the settings."""


def entropy(q: Array, log_policy: Array, log_old: Array, temperature: Array, settings: Settings) -> Array:
    """E_p[Q] + α H(p), (B,): `soft_value` with the batch for the states and one agent."""
    value: Array = soft_value_of_logs(q, (log_policy,), temperature=temperature)
    return value


def enumerated(head: Categorical, regulariser: Regulariser = entropy) -> Objective:
    """The expectation over the agent's own actions, exactly.

    `head`         what actions there are
    `regulariser`  J from Q and the agent's policy
    """

    def gain(
        environment: Environment, settings: Settings, critics: Critic, temperature: Array, turn: Turn, u: Array
    ) -> Callable[[Perceptron], Array]:
        both = jax.vmap(own_values, in_axes=(0, None, None, None))(critics, turn.features, turn.encoded, turn.agent)
        q = scale(environment) * jnp.min(both, axis=0)
        log_old = head.log_policy(turn.old, turn.available)

        def of(actor: Perceptron) -> Array:
            log_policy = head.log_policy(output(actor, turn.observation), turn.available)
            return regulariser(q, log_policy, log_old, temperature, settings)

        return of

    return Objective(gain, 0)


def straight_through(
    head: Categorical,
    relaxation: Callable[[Any], Array],
    values: Callable[[Environment, Critic, Array, Array], Array] = action_values,
) -> Objective:
    """One drawn action y, with the gradient of softmax((log p + g)/τ); log p is Σ_a y(a) log p(a), y with its gradient.

    `head`        what actions there are
    `relaxation`  from the settings to τ
    `values`      Q(s, y), as `action_values`. Its slopes in y count here, not only its values at drawn actions
    """

    def gain(
        environment: Environment, settings: Settings, critics: Critic, temperature: Array, turn: Turn, u: Array
    ) -> Callable[[Perceptron], Array]:
        def of(actor: Perceptron) -> Array:
            logs = head.log_policy(output(actor, turn.observation), turn.available)
            noisy = logs + gumbel(u)
            soft = jax.nn.softmax(noisy / relaxation(settings), axis=-1)
            hard = head.encode(jnp.argmax(noisy, axis=-1), soft.dtype)
            action = hard + soft - jax.lax.stop_gradient(soft)
            encoded = _put(turn.encoded, turn.agent, action)
            log_policy = jnp.sum(action * jnp.where(turn.available, logs, 0.0), axis=-1)
            return values(environment, critics, turn.features, encoded) - temperature * log_policy

        return of

    return Objective(gain, head.size)


def reparametrised(head: TanhGaussian) -> Objective:
    """Q(s, a) − α log p(a) of one drawn continuous action a, a function of the network's outputs and of noise.

    `head`  what actions there are
    """

    def gain(
        environment: Environment, settings: Settings, critics: Critic, temperature: Array, turn: Turn, u: Array
    ) -> Callable[[Perceptron], Array]:
        def of(actor: Perceptron) -> Array:
            drawn = head.draw(output(actor, turn.observation), turn.available, u)
            encoded = _put(turn.encoded, turn.agent, drawn.encoded)
            return action_values(environment, critics, turn.features, encoded) - temperature * drawn.log_policy

        return of

    return Objective(gain, head.num_random)


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
    settings: Settings,
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
        updated = _climbed(environment, settings, objective, learner, seen.features, encoded, one, rate)
        drawn = environment.head.draw(output(updated[0], one.observation), one.available, one.others)
        return _put(encoded, one.number, drawn.encoded), updated

    _, updated = jax.lax.scan(turn, encoded, jax.tree.map(lambda x: x[order], agents))
    actors, moments = jax.tree.map(lambda x: x[jnp.argsort(order)], updated)
    return learner._replace(actors=actors, actor_moments=moments)


def at_once(
    environment: Environment,
    settings: Settings,
    objective: Objective,
    learner: Learner,
    seen: Look,
    noise: dict[str, Array],
    rate: Array,
) -> Learner:
    """All agents against the old policies of all others (hasac Appendix I)."""
    agents, encoded = _agents(environment, learner, seen, noise)

    def turn(one: _Agent) -> tuple[Perceptron, Any]:
        return _climbed(environment, settings, objective, learner, seen.features, encoded, one, rate)

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
    environment: Environment,
    settings: Settings,
    objective: Objective,
    learner: Learner,
    features: Array,
    encoded: Array,
    one: _Agent,
    rate: Array,
) -> tuple[Perceptron, Any]:
    """One agent's network and moments after its gradient steps on this batch."""
    turn = Turn(one.number, features, one.observation, one.available, encoded, one.outputs)
    temperature = jnp.exp(learner.log_temperature)

    def epoch(carry: tuple[Perceptron, Any], u: Array) -> tuple[tuple[Perceptron, Any], None]:
        of = objective.gain(environment, settings, learner.critics, temperature, turn, u)
        slope = jax.grad(lambda actor: -jnp.mean(of(actor)) / scale(environment))(carry[0])
        return stepped(slope, rate * settings.actor_rate, carry[1], carry[0]), None

    (actor, moments), _ = jax.lax.scan(epoch, (one.actor, one.moments), one.own)
    return actor, moments


def _put(encoded: Array, agent: Array, own: Array) -> Array:
    """What all agents play, (B, n, A), with one agent's actions (B, A) in their place."""
    return jnp.where((jnp.arange(encoded.shape[1]) == agent)[:, None], own[:, None], encoded)
