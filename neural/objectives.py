"""What an agent climbs when its turn comes: its value under the critics, and what it is paid for being random.

    J(p) = mean_s [ E_{a^i~p}[Q(s, a^i, a^{-i})] + α H(p(·|s)) ],   a^{-i} ~ π^{-i}(·|s)             (hasac Eq. 10)

The expectation over an agent's own actions is taken in one of three ways. `enumerated` takes it exactly, over all
actions. `straight_through` draws one action whose gradient is that of a relaxed one (Jang et al., 2017), as the paper
has it for discrete actions. `reparametrised` draws a continuous action.

The first is `operators.soft_value` of Q (B, A) and one policy: the batch is the state axis. Another `Regulariser` in
the place of the entropy is another algorithm.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from mathrl.neural.heads import Categorical, TanhGaussian
from mathrl.neural.learner import Learner, action_values
from mathrl.neural.networks import output, own_values
from mathrl.neural.noise import gumbel
from mathrl.operators import soft_value_of_logs

__all__ = [
    "Beside",
    "Gain",
    "Objective",
    "Regulariser",
    "Turn",
    "before",
    "entropy",
    "enumerated",
    "follower",
    "put",
    "reparametrised",
    "straight_through",
]


class Turn(NamedTuple):
    """What agent i sees when its turn comes.

    `agent`        i
    `features`     (B, K)
    `of_state`     (2, B, hidden), what the state adds to the critics' first layers
    `observation`  (B, O), its own
    `available`    (B, A), its own actions
    `encoded`      (B, n, A), what all agents play, as critics take it
    `old`          (B, outputs), the outputs of its network before its turn
    """

    agent: Array
    features: Array
    of_state: Array
    observation: Array
    available: Array
    encoded: Array
    old: Array


Gain = Callable[[Any, Learner, Turn, Array], Callable[[Array], Array]]
"""From settings, what learns, a turn and uniform numbers: J of each state, (B,), as a function of outputs (B, …)."""


class Objective(NamedTuple):
    """What an agent climbs: its `gain`, and how many uniform numbers this takes for each state."""

    gain: Gain
    num_random: int


Regulariser = Callable[[Array, Array, Array, Array, Any], Array]
"""J of each state, (B,), from Q (B, A), log p, log ρ of the policy beside it, the temperature and the settings."""

Beside = Callable[[Learner, Turn], Array]
"""Beside which policy a regulariser sees the agent's own: outputs of its network, (B, outputs)."""


def entropy(q: Array, log_policy: Array, log_beside: Array, temperature: Array, settings: Any) -> Array:
    """E_p[Q] + α H(p), (B,): `soft_value` with the batch for the states and one agent."""
    value: Array = soft_value_of_logs(q, (log_policy,), temperature=temperature)
    return value


def before(learner: Learner, turn: Turn) -> Array:
    """The agent's policy before its turn."""
    return turn.old


def follower(learner: Learner, turn: Turn) -> Array:
    """The policy that follows the agent's."""
    return output(jax.tree.map(lambda x: x[turn.agent], learner.followers), turn.observation)


def enumerated(head: Categorical, regulariser: Regulariser = entropy, beside: Beside = before) -> Objective:
    """The expectation over the agent's own actions, exactly.

    `head`         what actions there are
    `regulariser`  J from Q and the agent's policy
    `beside`       which other policy the regulariser sees
    """

    def gain(settings: Any, learner: Learner, turn: Turn, u: Array) -> Callable[[Array], Array]:
        views = learner.critics, turn.of_state, turn.encoded, turn.agent
        q = learner.scale * jnp.min(jax.vmap(own_values, in_axes=(0, 0, None, None))(*views), axis=0)
        log_beside = head.log_policy(beside(learner, turn), turn.available)
        temperature = jnp.exp(learner.log_temperature)

        def of(outputs: Array) -> Array:
            log_policy = head.log_policy(outputs, turn.available)
            return regulariser(q, log_policy, log_beside, temperature, settings)

        return of

    return Objective(gain, 0)


def straight_through(
    head: Categorical,
    relaxation: Callable[[Any], Array],
    values: Callable[[Learner, Array, Array], Array] | None = None,
) -> Objective:
    """One drawn action y, with the gradient of softmax((log p + g)/τ); log p is Σ_a y(a) log p(a), y with its gradient.

    `head`        what actions there are
    `relaxation`  from the settings to τ
    `values`      Q(s, y) from features and y; None: the smaller critic's. Its slopes in y count here, not only its
                  values at drawn actions
    """
    values = values or _smaller

    def gain(settings: Any, learner: Learner, turn: Turn, u: Array) -> Callable[[Array], Array]:
        def of(outputs: Array) -> Array:
            logs = head.log_policy(outputs, turn.available)
            noisy = logs + gumbel(u)
            soft = jax.nn.softmax(noisy / relaxation(settings), axis=-1)
            hard = head.encode(jnp.argmax(noisy, axis=-1), soft.dtype)
            action = hard + soft - jax.lax.stop_gradient(soft)
            encoded = put(turn.encoded, turn.agent, action)
            log_policy = jnp.sum(action * jnp.where(turn.available, logs, 0.0), axis=-1)
            return values(learner, turn.features, encoded) - jnp.exp(learner.log_temperature) * log_policy

        return of

    return Objective(gain, head.size)


def reparametrised(head: TanhGaussian) -> Objective:
    """Q(s, a) − α log p(a) of one drawn continuous action a, a function of the network's outputs and of noise.

    `head`  what actions there are
    """

    def gain(settings: Any, learner: Learner, turn: Turn, u: Array) -> Callable[[Array], Array]:
        def of(outputs: Array) -> Array:
            drawn = head.draw(outputs, turn.available, u)
            encoded = put(turn.encoded, turn.agent, drawn.encoded)
            return _smaller(learner, turn.features, encoded) - jnp.exp(learner.log_temperature) * drawn.log_policy

        return of

    return Objective(gain, head.num_random)


def _smaller(learner: Learner, features: Array, encoded: Array) -> Array:
    return action_values(learner.critics, learner.scale, features, encoded)


def put(encoded: Array, agent: Array, own: Array) -> Array:
    """What all agents play, (B, n, A), with one agent's actions (B, A) in their place."""
    return jnp.where((jnp.arange(encoded.shape[1]) == agent)[:, None], own[:, None], encoded)
