"""How critics learn: regression on n-step soft returns, bootstrapped from the target critics' smaller value.

    y = Σ_{l<m} γ^l r_l + Σ_{0<l<m} γ^l α Σ_i H(π^i(·|s_l)) + γ^m (Q̄(s_m, a') − α Σ_i log π^i(a'^i|s_m)),   a' ~ π

m is n, or fewer where the episode ended (and nothing follows) or was cut off (and it would have gone on). With n = 1 it
is the target of hasac's Algorithm 2. Without the entropies in between, as some public codes have it for n > 1, its
fixed point is not the soft Q of the policy: `mathrl.neural.n_step` has what it is.

For n > 1 the steps in between are those that older policies played, and nothing corrects this: only of a buffer that is
short, beside how fast the policy changes, is the fixed point that of the present policy.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from mathrl.neural.environments import Environment
from mathrl.neural.learner import Learner, action_values, actor_outputs, look, scale, stepped
from mathrl.neural.networks import Critic, values
from mathrl.neural.replay import Transition
from mathrl.neural.settings import Settings
from mathrl.operators import sampled_soft_target

__all__ = ["Window", "improved_critics", "loss", "soft_targets", "windowed"]


class Window(NamedTuple):
    """B windows of steps as the targets need them.

    `rewards`    Σ_{l<m} γ^l r_l, (B,)
    `discount`   γ^m, or 0 where the episode ended, (B,)
    `last`       what was seen of s_m
    `between`    what was seen of s_1 … s_{n−1}, (B, n − 1, …)
    `weights`    γ^l for 0 < l < m, else 0, (B, n − 1)
    """

    rewards: Array
    discount: Array
    last: object
    between: object
    weights: Array


def windowed(drawn: Transition, counted: Array, discount: float) -> Window:
    """Sum the rewards of windows (B, n) of which `counted`, (B,), steps count."""
    length = drawn.reward.shape[1]
    powers = discount ** jnp.arange(length + 1, dtype=drawn.reward.dtype)
    inside = jnp.arange(length) < counted[:, None]
    rewards = jnp.sum(jnp.where(inside, powers[:-1] * drawn.reward, 0.0), axis=1)
    rows, last = jnp.arange(len(counted)), counted - 1
    goes_on = ~drawn.ended[rows, last]
    return Window(
        rewards,
        jnp.where(goes_on, powers[counted], 0.0),
        jax.tree.map(lambda x: x[rows, last], drawn.following),
        jax.tree.map(lambda x: x[:, :-1], drawn.following),
        jnp.where(inside[:, 1:], powers[1:-1], 0.0),
    )


def soft_targets(
    environment: Environment, settings: Settings, learner: Learner, window: Window, noise: dict[str, Array]
) -> Array:
    """y, (B,), with actions at s_m drawn from uniform numbers `noise["next"]` (n, B, A)."""
    head, temperature = environment.head, jnp.exp(learner.log_temperature)
    after = look(environment, window.last)
    drawn = head.draw(actor_outputs(learner.actors, after.observations), after.available, noise["next"])
    next_q = action_values(environment, learner.targets, after.features, jnp.moveaxis(drawn.encoded, 0, 1))
    rewards = window.rewards
    if settings.steps > 1 and settings.entropies:
        rewards = rewards + temperature * _entropies(environment, learner, window, noise["between"])
    targets: Array = sampled_soft_target(
        rewards, next_q, tuple(drawn.log_policy), discount=window.discount, temperature=temperature
    )
    return targets


def _entropies(environment: Environment, learner: Learner, window: Window, u: Array) -> Array:
    """Σ_{0<l<m} γ^l Σ_i H(π^i(·|s_l)), (B,)."""
    batch, steps = window.weights.shape
    seen = jax.tree.map(lambda x: x.reshape(batch * steps, *x.shape[2:]), window.between)
    inside = look(environment, seen)
    outputs = actor_outputs(learner.actors, inside.observations)
    entropies = jnp.sum(environment.head.entropy(outputs, inside.available, u), axis=0)
    return jnp.sum(window.weights * entropies.reshape(batch, steps), axis=1)


def loss(environment: Environment, critics: Critic, features: Array, encoded: Array, targets: Array) -> Array:
    """½ E[(Q(s, a) − y)²], summed over the critics, in units of `scale`   (hasac §4.2.2, J_Q)."""
    both = jax.vmap(values, in_axes=(0, None, None))(critics, features, encoded)
    return jnp.sum(jnp.mean((both - targets / scale(environment)) ** 2, axis=1)) / 2


def improved_critics(
    environment: Environment,
    settings: Settings,
    learner: Learner,
    drawn: Transition,
    targets: Array,
    rate: Array,
) -> tuple[Learner, Array]:
    """One step of both critics towards y at the windows' first steps, and the loss before it."""
    first = jax.tree.map(lambda x: x[:, 0], (drawn.seen, drawn.actions))
    features = look(environment, first[0]).features
    encoded = environment.head.encode(first[1], features.dtype)
    before, slope = jax.value_and_grad(loss, argnums=1)(environment, learner.critics, features, encoded, targets)
    critics, moments = stepped(slope, rate * settings.critic_rate, learner.critic_moments, learner.critics)
    followed = jax.tree.map(lambda old, new: old + settings.polyak * (new - old), learner.targets, critics)
    return learner._replace(critics=critics, critic_moments=moments, targets=followed), before
