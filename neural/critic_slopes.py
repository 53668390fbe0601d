"""The slopes of a critic at one-hot actions, which a relaxed draw follows, beside the differences of its values.

An estimator that draws one relaxed action needs more of a critic than its values: it needs the slope of Q in the
relaxed action y, at the corners y = onehot(a). With the slope

    ∂Q/∂y(b) − ∂Q/∂y(a) = Q(b, a^{-i}) − Q(a, a^{-i})   at y = onehot(a)                                    (1)

the mean gradient is 0 at the quantal response equilibria and nowhere else (`mathrl.neural.gumbel_estimates`). The exact
critic, whose Q is linear in each agent's y, has (1). A network that was trained at corners has the values there, and no
loss asks anything of its slopes. `slope_fit` says how far they are from (1). The same network has (1) if its values
at the corners are interpolated, linear in each agent's y:

    Q(y) = Σ_a Q(a) Π_i y^i(a^i)                                                                            (2)
"""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from mathrl.base.checks import FloatArray, fail
from mathrl.neural.algorithms.hasac import Settings
from mathrl.neural.environments import Environment
from mathrl.neural.heads import Categorical
from mathrl.neural.learner import Learner, action_values
from mathrl.neural.objectives import Objective, straight_through
from mathrl.neural.tabular import Tabular

__all__ = ["critic_slopes", "interpolating", "slope_fit"]


def slope_fit(q: FloatArray, slopes: FloatArray, policy: Sequence[FloatArray] | FloatArray) -> tuple[float, float]:
    """How a critic's slopes at one-hot actions, the left of equation (1), fit differences of its values, the right.

    `q`       Q, (A, …, A)
    `slopes`  ∂Q/∂y^i(b) at the joint action a, (A, …, A, n, A)
    `policy`  π, n rows (A,)

    Returns E[left sign(right)] / E|right| and E|left − right| / E|right|, over agents alike, a ~ π and b ~ π^i. They
    are 1 and 0 where Q is linear in each y.
    """
    along, off, size = 0.0, 0.0, 0.0
    for i, own in enumerate(policy):
        slope = np.moveaxis(slopes[..., i, :], i, -2)  # the other agents' actions, then a and b
        left = slope - np.diagonal(slope, axis1=-2, axis2=-1)[..., None]
        of_own = np.moveaxis(q, i, -1)
        right = of_own[..., None, :] - of_own[..., :, None]
        weight = own[:, None] * own
        for other in [pi for j, pi in enumerate(policy) if j != i][::-1]:
            weight = other.reshape(-1, *[1] * weight.ndim) * weight
        along += float((weight * left * np.sign(right)).sum())
        off += float((weight * np.abs(left - right)).sum())
        size += float((weight * np.abs(right)).sum())
    return along / size, off / size


def critic_slopes(environment: Tabular) -> Callable[[Learner], FloatArray]:
    """A function from networks to ∂Q/∂y at all one-hot joint actions, (A, …, A, n, A), in a game of one state."""
    features, encoded = _corners(environment)

    @jax.jit
    def of(learner: Learner) -> Array:
        slopes: Array = jax.grad(lambda y: jnp.sum(action_values(learner.critics, learner.scale, features, y)))(encoded)
        return slopes

    shape = (*environment.game.num_actions, *encoded.shape[1:])
    return lambda learner: np.asarray(of(learner), dtype=np.float64).reshape(shape)


def interpolating(environment: Environment, settings: Settings) -> Objective:
    """The objective of `gumbel` with Q(y) of equation (2), in a game of one state; agents have equally many actions."""
    head = environment.head
    if not isinstance(environment, Tabular) or not isinstance(head, Categorical):
        fail("environment", "is no game", "a matrix game as `tabular` makes it")

    def values(learner: Learner, features: Array, encoded: Array) -> Array:
        q = action_values(learner.critics, learner.scale, *_corners(environment))
        weights = encoded[:, 0]
        for i in range(1, environment.num_agents):
            weights = (weights[:, :, None] * encoded[:, i, None, :]).reshape(len(encoded), -1)
        value: Array = weights @ q
        return value

    return straight_through(head, lambda settings: settings.relaxation, values)


def _corners(environment: Tabular) -> tuple[Array, Array]:
    """The features of the one state, once for each joint action in C order, and these actions as one-hot rows."""
    sizes = environment.game.num_actions
    joint = jnp.stack(jnp.unravel_index(jnp.arange(environment.game.num_joint_actions), sizes), axis=-1)
    encoded = environment.head.encode(joint)
    return jnp.ones((len(joint), 1), encoded.dtype), encoded
