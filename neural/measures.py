"""What the exact solver says of networks that learn a game: how good their policy is, and how wrong their critic.

The networks are read out as tables, and these are measured with `mathrl.solvers` in double precision. Nothing here is
estimated from samples.
"""

import math
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
from mathrl.values.policy_values import evaluate, quantal_response_residual

__all__ = ["critic_table", "joint_values", "measures", "policy_tables"]


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


@partial(jax.jit, static_argnums=0)
def _log_policies(environment: Tabular, actors: Perceptron) -> Array:
    """Log π of all agents in all states, (n, S, A)."""
    seen = look(environment, jnp.arange(environment.game.num_states))
    return environment.head.log_policy(actor_outputs(actors, seen.observations), seen.available)


def critic_table(environment: Tabular, learner: Learner) -> FloatArray:
    """The smaller of the two critics' Q, (S, A_1, …, A_n)."""
    return np.asarray(joint_values(environment, learner.critics), dtype=np.float64)


@partial(jax.jit, static_argnums=0)
def joint_values(environment: Tabular, critics: Critic) -> Array:
    """The smaller of two critics' Q at all states and joint actions, (S, A_1, …, A_n)."""
    states, actions = environment.game.num_states, environment.game.num_actions
    joint = jnp.stack(jnp.unravel_index(jnp.arange(math.prod(actions)), actions), axis=-1)
    features = environment.features(jnp.repeat(jnp.arange(states), len(joint)))
    encoded = environment.head.encode(jnp.tile(joint, (states, 1)), features.dtype)
    return action_values(environment, critics, features, encoded).reshape(states, *actions)


def measures(environment: Environment, learner: Learner, reward: float) -> dict[str, float]:
    """Numbers that tell how far learning is.

    Of a game, all exact:
    `objective`     J(π), with the entropies of all agents at the present temperature
    `return`        J(π) without entropies
    `residual`      max |π − softmax(E[Q_π]/α)|, which is 0 at a QRE
    `critic_error`  max |Q − Q_π| over available actions, as a part of the span of Q_π

    Of another environment `return`, the mean `reward` of the steps before over (1 − γ).
    """
    if not isinstance(environment, Tabular):
        return {"return": reward / (1 - environment.discount)}
    game, temperature = environment.game.in_play, math.exp(float(learner.log_temperature))
    policy, q = policy_tables(environment, learner), critic_table(environment, learner)
    played = tuple(np.where(own, pi, 0.0) for own, pi in zip(game.available, policy, strict=True))
    played = tuple(pi / pi.sum(axis=1, keepdims=True) for pi in played)
    soft = evaluate(game, played, temperature=temperature)
    plain = evaluate(game, played, temperature=temperature, entropy="none")
    exact = soft.q
    counts = np.isfinite(exact) & ~environment.game.terminal.reshape(-1, *[1] * game.num_agents)
    span = float(np.ptp(exact[counts]))
    if span <= _NO_SPAN * float(np.abs(exact[counts]).max()):
        span = 1.0  # rewards that are all alike: the error as it is
    return {
        "objective": float(soft.objective),
        "return": float(plain.objective),
        "residual": quantal_response_residual(soft, played, temperature),
        "critic_error": float(np.abs(q - exact)[counts].max()) / span,
    }
