"""DMAC: actors and critics regularised towards target policies ρ, which follow the policies   (dmac §4.4-4.6).

    y = r + γ (Q̄(s', a') − ω Σ_i log(π^i(a'^i|s')/ρ^i(a'^i|s'))),   a' ~ π(·|s')                  (dmac §4.4)    (1)
    θ^i ← climb E_s[E_{a^i~p}[Q(s, a^i, a^{-i})] − ω KL(p(·|s) ‖ ρ^i(·|s))],  agents in turn      (dmac §4.5)    (2)
    θ̃^i ← (1 − τ) θ̃^i + τ θ^i,   the parameters of ρ^i                                            (dmac §4.6)    (3)

What is different from the paper: agents take turns in a random order, and those after see the new policies of those
before, as `sequential_divergence_improvement` has it; their own actions are enumerated, of which the paper's gradient
with its counterfactual baseline is an estimate; critics come first, there are two of them, and (1) takes the smaller
one; τ of (3) is `averaging`, a setting beside `polyak`, which are one number in the paper; Adam stands for RMSprop.

(3) averages parameters. `divergence_iteration` averages probabilities, as dmac A.10 has it.
"""

import jax.numpy as jnp
import numpy as np
from jax import Array

from mathrl.base.checks import fail
from mathrl.neural import settings as shared
from mathrl.neural.actors import in_turn
from mathrl.neural.algorithm import Algorithm
from mathrl.neural.critics import Window, between, played
from mathrl.neural.environments import Environment
from mathrl.neural.heads import Categorical
from mathrl.neural.learner import Learner, Look, actor_outputs
from mathrl.neural.loops import OFF_POLICY
from mathrl.neural.measures import log_tables, measured
from mathrl.neural.objectives import Objective, enumerated, follower
from mathrl.neural.summaries import ALGORITHMS as SUMMARIES
from mathrl.neural.tabular import Tabular
from mathrl.operators import expectation, sampled_divergence_target
from mathrl.softmax import kl_divergence_of_logs
from mathrl.values.policy_values import Values
from mathrl.values.target_policy import Regularised

__all__ = ["DMAC", "Settings", "diverging", "measures", "objective", "targets"]


@shared.settings
class Settings(shared.Settings):
    """Those of all off-policy algorithms, and these.

    `temperature`  ω, the weight of the divergence; it cannot be tuned
    `entropies`    whether the n-step return counts the divergences in between
    `averaging`    τ: the target policies' parameters become (1 − τ) times what they were plus τ times the policies'
    """

    averaging: float = 0.01


def targets(
    environment: Environment, settings: Settings, learner: Learner, window: Window, noise: dict[str, Array]
) -> Array:
    """y, (B,), of (1); with n-step returns the divergences of the steps in between count too."""
    head, temperature = environment.head, jnp.exp(learner.log_temperature)
    assert isinstance(head, Categorical)

    def logs(seen: Look) -> tuple[Array, Array]:
        """Log π and log ρ of all agents, (n, B, A) each."""
        outputs = (actor_outputs(networks, seen.observations) for networks in (learner.actors, learner.followers))
        log_policy, log_target = (head.log_policy(x, seen.available) for x in outputs)
        return log_policy, log_target

    def divergences(inside: Look) -> Array:
        return -temperature * jnp.sum(kl_divergence_of_logs(*logs(inside)), axis=0)

    after = played(environment, learner, window, noise["next"])
    _, log_target = logs(after.seen)
    y: Array = sampled_divergence_target(
        window.rewards + between(environment, settings, window, divergences),
        after.q,
        tuple(after.drawn.log_policy),
        tuple(jnp.take_along_axis(log_target, after.drawn.actions[..., None], axis=-1)[..., 0]),
        discount=window.discount,
        temperature=temperature,
    )
    return y


def diverging(q: Array, log_policy: Array, log_target: Array, temperature: Array, settings: Settings) -> Array:
    """E_p[Q] − ω KL(p ‖ ρ^i), (B,), of (2): `divergence_value` with the batch for the states and one agent."""
    value: Array = expectation(q, (jnp.exp(log_policy),)) - temperature * kl_divergence_of_logs(log_policy, log_target)
    return value


def objective(environment: Environment, settings: Settings) -> Objective:
    """What an agent climbs."""
    if not isinstance(environment.head, Categorical):
        fail("environment", "has continuous actions", "discrete ones", "the divergence is a sum over actions")
    if settings.tuned:
        fail("tuned", "is true", "false", "the temperature of dmac is the weight of a divergence, not of the entropy")
    return enumerated(environment.head, diverging, follower)


def measures(environment: Environment, learner: Learner, reward: float) -> dict[str, float]:
    """As those of other algorithms; `objective`, `residual` and `critic_error` are those of J_ρ.

    `residual` is max |π^i − ρ^i exp(E_{π^{-i}}[Q_ρ^π]/ω) / Z^i|, which is 0 where no agent alone can raise J_ρ.
    """
    return measured(environment, learner, reward, _regularised)


def _regularised(environment: Tabular, learner: Learner, temperature: float) -> tuple[Values, float]:
    problem = Regularised(environment.game.in_play, log_tables(environment, learner.followers), temperature)
    tilted = problem.tilted(log_tables(environment, learner.actors))
    values = problem.evaluate(tilted)
    responses = problem.responses(values.q, tilted.pi).pi
    return values, max(float(np.abs(own - new).max()) for own, new in zip(tilted.pi, responses, strict=True))


DMAC = Algorithm(
    "dmac",
    SUMMARIES["dmac"],
    Settings,
    OFF_POLICY,
    objective,
    in_turn,
    targets=targets,
    follow=lambda settings: settings.averaging,
    bonus=lambda environment, settings: 0.0,
    measures=measures,
)
"""DMAC (dmac Algorithm 1)."""
