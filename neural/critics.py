"""How critics learn: regression on n-step soft returns, bootstrapped from the target critics' smaller value.

    y = Σ_{l<m} γ^l r_l + Σ_{0<l<m} γ^l α Σ_i H(π^i(·|s_l)) + γ^m (Q̄(s_m, a') − α Σ_i log π^i(a'^i|s_m)),   a' ~ π

m is n, or fewer where the episode ended (and nothing follows) or was cut off (and it would have gone on). With n = 1 it
is the target of hasac's Algorithm 2. Without the entropies in between, as some public codes have it for n > 1, its
fixed point is not the soft Q of the policy: `mathrl.neural.n_step` has what it is.

For n > 1 the steps in between are those that older policies played, and nothing corrects this: only of a buffer that is
short, beside how fast the policy changes, is the fixed point that of the present policy.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from mathrl.neural.environments import Environment
from mathrl.neural.heads import Drawn
from mathrl.neural.learner import Learner, Look, action_values, actor_outputs, followed, look, stepped
from mathrl.neural.networks import Critic, values
from mathrl.neural.replay import Transition
from mathrl.neural.settings import Settings
from mathrl.operators import sampled_soft_target

__all__ = ["After", "Targets", "Window", "between", "improved_critics", "loss", "played", "soft_targets", "windowed"]


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


class After(NamedTuple):
    """What comes at the end of B windows: what is `seen` of s_m, the actions `drawn` there, and their `q`, (B,)."""

    seen: Look
    drawn: Drawn
    q: Array


Targets = Callable[[Environment, Any, Learner, Window, dict[str, Array]], Array]
"""What critics regress on, (B,), from an environment, settings, what learns, windows and uniform numbers."""


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
    """y, (B,), of the equation above, with actions at s_m drawn from uniform numbers `noise["next"]` (n, B, A)."""
    temperature = jnp.exp(learner.log_temperature)

    def entropies(inside: Look) -> Array:
        outputs = actor_outputs(learner.actors, inside.observations)
        return temperature * jnp.sum(environment.head.entropy(outputs, inside.available, noise["between"]), axis=0)

    after = played(environment, learner, window, noise["next"])
    targets: Array = sampled_soft_target(
        window.rewards + between(environment, settings, window, entropies),
        after.q,
        tuple(after.drawn.log_policy),
        discount=window.discount,
        temperature=temperature,
    )
    return targets


def played(environment: Environment, learner: Learner, window: Window, u: Array) -> After:
    """Draw actions at s_m from the present policies, by uniform numbers (n, B, A), and take their values."""
    seen, head = look(environment, window.last), environment.head
    drawn = head.draw(actor_outputs(learner.actors, seen.observations), seen.available, u)
    q = action_values(learner.targets, learner.scale, seen.features, jnp.moveaxis(drawn.encoded, 0, 1))
    return After(seen, drawn, q)


def between(
    environment: Environment, settings: Settings, window: Window, bonus: Callable[[Look], Array]
) -> Array | float:
    """Σ_{0<l<m} γ^l bonus(s_l), (B,): what policies are paid in between, beside the rewards."""
    if settings.n_step == 1 or not settings.entropies:
        return 0.0
    batch, steps = window.weights.shape
    inside = look(environment, jax.tree.map(lambda x: x.reshape(batch * steps, *x.shape[2:]), window.between))
    return jnp.sum(window.weights * bonus(inside).reshape(batch, steps), axis=1)


def loss(scale: Array, critics: Critic, features: Array, encoded: Array, targets: Array) -> Array:
    """½ E[(Q(s, a) − y)²], summed over the critics, in units of `scale`   (hasac §4.2.2, J_Q)."""
    both = jax.vmap(values, in_axes=(0, None, None))(critics, features, encoded)
    return jnp.sum(jnp.mean((both - targets / scale) ** 2, axis=1)) / 2


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
    before, slope = jax.value_and_grad(loss, argnums=1)(learner.scale, learner.critics, features, encoded, targets)
    critics, moments = stepped(slope, rate * settings.critic_rate, learner.critic_moments, learner.critics)
    after = followed(learner.targets, critics, settings.polyak)
    return learner._replace(critics=critics, critic_moments=moments, targets=after), before
