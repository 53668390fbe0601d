"""MEHAML's template with a drift: HASAC whose agents pay for moving away from their policy before the update.

    θ^i ← climb E_s[E_{a^i~p}[Q(s, a^i, a^{-i})] + α H(p) − D(p | π^i_old)]     (hasac Algorithm 1, Definition 2)

Drifts are those of `mathrl.operators`: `kl`, `squared`, and HAPPO's `clipped` ratio, whose advantages are those of the
drawn actions of the other agents. A drift has gradient 0 where p = π_old: with one gradient step on a batch (`epochs`)
it changes nothing.
"""

import jax.numpy as jnp
from jax import Array

from mathrl.base.checks import choice, fail
from mathrl.neural import settings as shared
from mathrl.neural.actors import in_turn
from mathrl.neural.algorithm import Algorithm
from mathrl.neural.environments import Environment
from mathrl.neural.heads import Categorical
from mathrl.neural.loops import OFF_POLICY
from mathrl.neural.objectives import Objective, entropy, enumerated
from mathrl.neural.summaries import ALGORITHMS as SUMMARIES
from mathrl.operators import clipped_ratio_drift, expected_parts, kl_drift, soft_advantage, squared_drift

__all__ = ["DRIFTS", "MEHAML", "Settings", "drifting", "objective"]

DRIFTS = ("kl", "squared", "clipped")


@shared.settings
class Settings(shared.Settings):
    """Those of all off-policy algorithms, and these.

    `drift`   which drift: `kl`, `squared` or `clipped`
    `weight`  what the drift is multiplied by
    `clip`    ε of the clipped ratio, in [0, 1)
    """

    epochs: int = 5
    drift: str = "kl"
    weight: float = 1.0
    clip: float = 0.2


def drifting(q: Array, log_policy: Array, log_old: Array, temperature: Array, settings: Settings) -> Array:
    """E_p[Q] + α H(p) − D(p | π_old), (B,)."""
    policy, old = jnp.exp(log_policy), jnp.exp(log_old)
    drift = choice("drift", settings.drift, DRIFTS)
    if drift == "clipped":
        advantage = soft_advantage(q, (old,), 0, (), temperature=temperature)
        up, down = expected_parts(advantage, ())
        moved = clipped_ratio_drift(policy, old, up, down, clip=settings.clip, weight=settings.weight)
    else:
        moved = (kl_drift if drift == "kl" else squared_drift)(policy, old, weight=settings.weight)
    value: Array = entropy(q, log_policy, log_old, temperature, settings) - moved
    return value


def objective(environment: Environment, settings: Settings) -> Objective:
    """What an agent climbs."""
    if not isinstance(environment.head, Categorical):
        fail("environment", "has continuous actions", "discrete ones", "the drifts are sums over actions")
    return enumerated(environment.head, drifting)


MEHAML = Algorithm("mehaml", SUMMARIES["mehaml"], Settings, OFF_POLICY, objective, in_turn)
"""HASAC with a drift (hasac Algorithm 1)."""
