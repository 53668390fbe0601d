"""Where straight-through Gumbel-softmax ends in a matrix game, with an exact and a learned critic."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from mathrl.base.checks import FloatArray, choice
from mathrl.base.runs import ALONE, Runs
from mathrl.games.model import Game
from mathrl.neural.algorithms import HASAC
from mathrl.neural.compiler import known
from mathrl.neural.critic_slopes import critic_slopes, interpolating, slope_fit
from mathrl.neural.gumbel_estimates import estimates
from mathrl.neural.learner import ADAM, stepped
from mathrl.neural.matrix_game import SETTINGS, START, STORED
from mathrl.neural.measures import critic_table, policy_tables
from mathrl.neural.named import described
from mathrl.neural.noise import block, gumbel
from mathrl.neural.runs import kept
from mathrl.neural.study import COMPILER, study
from mathrl.neural.tabular import tabular
from mathrl.softmax import boltzmann

__all__ = ["ACTIONS", "Ends", "exact_ends", "learned_ends"]

ACTIONS = ("enumerated", "gumbel")
"""How the expectation over an agent's own actions is taken."""

_RATE, _SAMPLES, _RELAXATION = 5e-3, 16, 1.0
"""With the exact critic: Adam's step size at the start, samples a step, and τ."""


class Ends(NamedTuple):
    """Ends of runs with learned critics: `policy`, (runs, n, A), and `fit`, (runs, 2), both numbers of `slope_fit`."""

    policy: FloatArray
    fit: FloatArray


def exact_ends(
    game: Game, actions: str, *, temperatures: Sequence[float], runs: int, seed: int, steps: int = 3000
) -> tuple[FloatArray, ...]:
    """Climb sampled gradients of an exact critic by Adam, agents in turn, from `START`; return where this ends.

    `game`          a matrix game of two agents with three actions each and a common payoff
    `actions`       "enumerated" or "gumbel" (with τ = 1)
    `temperatures`  several α > 0
    `runs`          how many runs there are at each temperature, all of different draws
    `seed`          a whole number below 2³², from which all is drawn
    `steps`         steps of each agent, over which the step size falls from 5e-3 to 0 along a line

    Returns the policies, (runs, n, A), for each temperature. Each step of an agent takes 16 draws of its own: agents
    that share their draws behave otherwise at large steps.
    """
    relaxation = _RELAXATION if choice("actions", actions, ACTIONS) == "gumbel" else None
    alpha = jnp.repeat(jnp.asarray(temperatures), runs)[:, None, None]
    payoffs = jnp.asarray(game.rewards)
    first = [jnp.tile(jnp.log(jnp.asarray(own)), (len(alpha), 1)) for own in START]
    shape, agents = (len(alpha), _SAMPLES, len(START[0])), range(len(first))
    needed = [(i, j) for i in agents for j in agents if i != j or relaxation is not None]
    adam = [ADAM.init(own.ravel()) for own in first]

    def step(carry: tuple[list[Any], list[Any]], xs: tuple[Array, Array]) -> tuple[tuple[list[Any], list[Any]], None]:
        logits, moments = list(carry[0]), list(carry[1])
        number, key = xs
        noise = {name: gumbel(u) for name, u in block(key, {f"{i} {j}": shape for i, j in needed}).items()}
        for i in agents:
            drawn = [noise.get(f"{i} {j}", jnp.zeros(shape)) for j in agents]
            before = [own[:, None] for own in logits]
            slopes = estimates(payoffs, before, drawn, temperature=alpha, relaxation=relaxation)
            rate = _RATE * (1 - number / steps)
            logits[i], moments[i] = stepped(-jnp.mean(slopes[i], axis=1), rate, moments[i], logits[i])
        return (logits, moments), None

    keys = jax.random.split(jax.random.key(seed), steps)
    options = known(COMPILER)
    run = jax.jit(lambda carry: jax.lax.scan(step, carry, (jnp.arange(steps), keys))[0], compiler_options=options)
    logits = [np.asarray(own, dtype=np.float64) for own in run((first, adam))[0]]
    policy = np.stack([boltzmann(own, 1.0) for own in logits], axis=1)
    return tuple(np.split(policy, len(temperatures)))


def learned_ends(
    game: Game,
    actions: str,
    *,
    temperatures: Sequence[float],
    seeds: Sequence[int],
    steps: int = 10_000,
    runs: Runs = ALONE,
) -> tuple[Ends, ...]:
    """Train HASAC's networks from `START`; return where they end, one `Ends` for each temperature.

    `game`          a matrix game with a common payoff
    `actions`       "enumerated", "gumbel" (with τ = 1), or "interpolated": as "gumbel", with the interpolated Q(y) of
                    `mathrl.neural.critic_slopes`
    `temperatures`  several α > 0
    `seeds`         a whole number below 2³² for each run, the same at all temperatures
    `steps`         steps of the environment; the actors stand still for the first 3,456
    `runs`          how many processors are used, and where the study is kept
    """
    choice("actions", actions, (*ACTIONS, "interpolated"))
    settings = replace(SETTINGS, actions="gumbel" if actions == "interpolated" else actions)
    algorithm = HASAC._replace(objective=interpolating) if actions == "interpolated" else HASAC
    environment = tabular(game)
    part = [described(environment), actions, list(temperatures), list(seeds), steps]
    done = study(
        algorithm, environment, settings, steps=steps, seeds=[*seeds] * len(temperatures),
        each={"temperature": [alpha for alpha in temperatures for _ in seeds]}, initial_policy=START,
        measurements=STORED, **kept(runs, learned_ends, part, "hasac-networks-gumbel"),
    )  # fmt: skip
    slopes = critic_slopes(environment)
    policy = np.stack([np.concatenate(policy_tables(environment, learner)) for learner in done.learners])
    fit = np.array(
        [
            slope_fit(critic_table(environment, learner)[0], slopes(learner), pi)
            for learner, pi in zip(done.learners, policy, strict=True)
        ]
    )
    first = range(0, len(policy), len(seeds))
    return tuple(Ends(policy[k : k + len(seeds)], fit[k : k + len(seeds)]) for k in first)
