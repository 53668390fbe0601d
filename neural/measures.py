"""What the exact solver says of networks that learn a game: how good their policy is, and how wrong their critic.

The networks are read out as tables, and these are measured with `mathrl.solvers` in double precision. Nothing here is
estimated from samples.
"""

import math
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from mathrl.base.checks import FloatArray
from mathrl.neural.environments import Environment
from mathrl.neural.learner import Learner, action_values, actor_outputs, look
from mathrl.neural.networks import Critic, Perceptron
from mathrl.neural.tabular import Tabular
from mathrl.softmax import log_sum_exp
from mathrl.solution.answer import ended_q
from mathrl.values.policy_values import Values, evaluate, quantal_response_residual

__all__ = [
    "Measures",
    "Valued",
    "critic_table",
    "joint_values",
    "log_tables",
    "measured",
    "measures",
    "policy_tables",
]


_NO_SPAN = 1e-9
"""A span of Q that is less than this part of the largest Q is one of rounding."""


def policy_tables(environment: Tabular, learner: Learner) -> tuple[FloatArray, ...]:
    """The actors' policies, one array (S, A_i) per agent; uniform rows where an episode has ended."""
    whole = np.exp(np.asarray(_log_policies(environment, learner.actors), dtype=np.float64))
    tables = []
    for agent, size in enumerate(environment.game.num_actions):
        own = np.where(environment.game.terminal[:, None], 1 / size, whole[agent, :, :size])
        tables.append(own / own.sum(axis=1, keepdims=True))
    return tuple(tables)


def log_tables(environment: Tabular, actors: Perceptron) -> tuple[FloatArray, ...]:
    """Logarithms of the policies of these networks in `game.in_play`, one array (S, A_i) per agent, −∞ where 0."""
    whole = np.asarray(_log_policies(environment, actors), dtype=np.float64)
    there = environment.game.in_play.available
    rows = (np.where(own, logs[:, : own.shape[1]], -np.inf) for own, logs in zip(there, whole, strict=True))
    return tuple(logs - log_sum_exp(logs)[:, None] for logs in rows)


@partial(jax.jit, static_argnums=0)
def _log_policies(environment: Tabular, actors: Perceptron) -> Array:
    """Log π of all agents in all states, (n, S, A)."""
    seen = look(environment, jnp.arange(environment.game.num_states))
    return environment.head.log_policy(actor_outputs(actors, seen.observations), seen.available)


def critic_table(environment: Tabular, learner: Learner) -> FloatArray:
    """The smaller of the two critics' Q, (S, A_1, …, A_n), 0 where an episode has ended.

    Of actions that are not available nothing was learned: numbers there say nothing.
    """
    q = np.asarray(joint_values(environment, learner.critics, learner.scale), dtype=np.float64)
    return ended_q(environment.game, q)


@partial(jax.jit, static_argnums=0)
def joint_values(environment: Tabular, critics: Critic, scale: Array) -> Array:
    """The smaller of two critics' Q at all states and joint actions, (S, A_1, …, A_n)."""
    states, actions = environment.game.num_states, environment.game.num_actions
    joint = jnp.stack(jnp.unravel_index(jnp.arange(math.prod(actions)), actions), axis=-1)
    features = environment.features(jnp.repeat(jnp.arange(states), len(joint)))
    encoded = environment.head.encode(jnp.tile(joint, (states, 1)), features.dtype)
    return action_values(critics, scale, features, encoded).reshape(states, *actions)


Measures = Callable[[Environment, Learner, float], dict[str, float]]
"""From an environment, what learns, and the mean reward of the steps before: numbers that tell how far learning is."""

Valued = Callable[[Tabular, Learner, float], tuple[Values, float]]
"""From a game, networks and a temperature: exact values, and how far policies are from where they would rest."""


def measures(environment: Environment, learner: Learner, reward: float) -> dict[str, float]:
    """Numbers that tell how far learning is of policies that are paid for their entropy.

    Of a game, all exact:
    `objective`     J(π), with the entropies of all agents at the present temperature
    `return`        J(π) without entropies
    `residual`      max |π − softmax(E[Q_π]/α)|, which is 0 at a QRE
    `critic_error`  max |Q − Q_π| over available actions, as a part of the span of Q_π, or as it is where that is 0

    Of another environment `return`, the mean `reward` of the steps before over (1 − γ).
    """
    return measured(environment, learner, reward, _soft)


def measured(environment: Environment, learner: Learner, reward: float, valued: Valued) -> dict[str, float]:
    """The same of policies that are paid otherwise: `valued` has J(π), Q_π and the residual."""
    if not isinstance(environment, Tabular):
        return {"return": reward / (1 - environment.discount)}
    temperature = math.exp(float(learner.log_temperature))
    values, residual = valued(environment, learner, temperature)
    policy = tuple(map(np.exp, log_tables(environment, learner.actors)))
    plain = evaluate(environment.game.in_play, policy, temperature=temperature, entropy="none")
    return {
        "objective": float(values.objective),
        "return": float(plain.objective),
        "residual": residual,
        "critic_error": _error(environment, critic_table(environment, learner), values.q),
    }


def _soft(environment: Tabular, learner: Learner, temperature: float) -> tuple[Values, float]:
    policy = tuple(map(np.exp, log_tables(environment, learner.actors)))
    values = evaluate(environment.game.in_play, policy, temperature=temperature)
    return values, quantal_response_residual(values, policy, temperature)


def _error(environment: Tabular, q: FloatArray, exact: FloatArray) -> float:
    """The largest error of a critic, as a part of the span of the exact values; nan where these are."""
    counts = ~np.isneginf(exact) & ~environment.game.terminal.reshape(-1, *[1] * environment.num_agents)
    span = float(np.ptp(exact[counts]))
    if span <= _NO_SPAN * float(np.abs(exact[counts]).max()):
        span = 1.0  # rewards that are all alike: the error as it is
    return float(np.abs(q - exact)[counts].max()) / span
