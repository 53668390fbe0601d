"""Where straight-through Gumbel-softmax ends in the matrix game of hasac's Table 3, with an exact and a learned critic.

An estimator that draws one relaxed action needs more of a critic than its values: it needs the slope of Q in the
relaxed action y, at the corners y = onehot(a). With the slope

    ∂Q/∂y(b) − ∂Q/∂y(a) = Q(b, a^{-i}) − Q(a, a^{-i})   at y = onehot(a)                                    (1)

the mean gradient is 0 at the quantal response equilibria and nowhere else (`mathrl.neural.gumbel_flow`). The exact
critic, whose Q is linear in each agent's y, has (1). A network that was trained at corners has the values there, and no
loss asks anything of its slopes. `slope_fit` says how far they are from (1). The same network has (1) if its values
at the corners are interpolated, linear in each agent's y:

    Q(y) = Σ_a Q(a) Π_i y^i(a^i)                                                                            (2)
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from mathrl.base.checks import FloatArray, choice, count, fail
from mathrl.base.intervals import share
from mathrl.base.reproduction import BUDGETS, Computed, Estimate
from mathrl.games import load
from mathrl.games.model import Game
from mathrl.neural.algorithms import HASAC
from mathrl.neural.algorithms.hasac import Settings
from mathrl.neural.environments import Environment
from mathrl.neural.gumbel_flow import estimates
from mathrl.neural.heads import Categorical
from mathrl.neural.learner import ADAM, Learner, action_values, stepped
from mathrl.neural.matrix_game import SETTINGS, START
from mathrl.neural.measures import critic_table, policy_tables
from mathrl.neural.noise import block, gumbel
from mathrl.neural.objectives import Objective, straight_through
from mathrl.neural.study import COMPILER, study
from mathrl.neural.tabular import Tabular, tabular
from mathrl.operators import quantal_response
from mathrl.softmax import boltzmann

__all__ = ["Ends", "exact_ends", "gumbel_table", "learned_ends", "slope_fit"]

EXACT, LEARNED = (10.0, 7.0, 5.0), (10.0, 5.0)
"""The temperatures of the rows."""

SEEDS = {"fast": (100, 20), "paper": (1000, 100)}
"""How many seeds each budget takes, with the exact critic and with learned ones."""

ACTIONS = ("enumerated", "gumbel")

_RATE, _SAMPLES, _RELAXATION = 5e-3, 16, 1.0
"""With the exact critic: Adam's step size at the start, samples a step, and τ."""


class Ends(NamedTuple):
    """Where runs ended: `policy`, (runs, n, A), and `fit`, (runs, 2), the two numbers of `slope_fit`."""

    policy: FloatArray
    fit: FloatArray


def gumbel_table(seed: int, budget: str) -> Computed:
    """Compare `actions=gumbel` with `actions=enumerated` at some temperatures, with an exact critic and learned ones.

    `seed`    a whole number, from which all is drawn
    `budget`  "fast": 100 seeds with the exact critic and 20 with learned ones; "paper": 1000 and 100

    Returns, in each row for both ways:
    `(C,C) …`        the part of the seeds at whose end (C, C) is the most probable joint action; Wilson's 95 % interval
    `(A,A) …`        the same of (A, A)
    `p(C) …`         the mean probability of C over seeds and agents, at the end; a normal 95 % interval over seeds
    `residual …`     the mean of max |π − softmax(E[r]/α)|, which is 0 at a QRE; a normal 95 % interval over seeds
    `slopes …`, `slope error …`  with learned critics, the means of the two numbers of `slope_fit`; the same intervals
    """
    game, (many, few) = load("hasac"), SEEDS[choice("budget", budget, BUDGETS)]
    whole = np.random.SeedSequence(count("seed", seed, maximum=None))
    values: dict[tuple[str, str], float | Estimate] = {}
    seeds = [int(one) for one in whole.generate_state(few)]
    for actions in ACTIONS:
        exact = exact_ends(game, actions, temperatures=EXACT, runs=many, seed=seeds[0])
        for alpha, ends in zip(EXACT, exact, strict=True):
            values |= _cells(game, f"exact critic, alpha={alpha:g}", actions, alpha, ends)
    for actions in ACTIONS:
        for alpha, ends in zip(LEARNED, learned_ends(game, actions, temperatures=LEARNED, seeds=seeds), strict=True):
            row = f"learned critic, alpha={alpha:g}"
            values |= _cells(game, row, actions, alpha, ends)
            values[row, f"slopes {actions}"] = _mean(ends.fit[:, 0])
            values[row, f"slope error {actions}"] = _mean(ends.fit[:, 1])
    rows = list(dict.fromkeys(row for row, _ in values))
    return Computed({key: values[key] for key in sorted(values, key=lambda key: rows.index(key[0]))}, NOTES)


NOTES = (
    "intervals are of 95 %: Wilson's of shares, normal ones of means over seeds",
    "with the exact critic the mean gradient of `gumbel` is 0 at the QREs alone, as that of `enumerated`; metric and "
    "noise differ. Both end at Table 3's QREs at alpha = 10 and 5. Near the switch, at 7, noise decides",
    "with a learned critic `gumbel` does not end at a QRE. Its gradient takes the slopes of the network at one-hot "
    "actions, and the network learns only values there. Its slopes are about half the differences of its values on "
    "average, and irregular: this acts like a temperature of about twice alpha, and adds a bias that differs by seed",
    "so most of its runs at alpha = 5 end with (C,C) the most probable, and few of these ends are near a QRE",
    "`enumerated` takes only values from the critic, and ends at QREs: nearly always Table 3's",
)


def exact_ends(
    game: Game, actions: str, *, temperatures: Sequence[float], runs: int, seed: int, steps: int = 3000
) -> tuple[Ends, ...]:
    """Climb sampled gradients of an exact critic by Adam, agents in turn, from `START`; return where this ends.

    `game`          a matrix game of two agents with three actions each and a common payoff
    `actions`       "enumerated" or "gumbel" (with τ = 1)
    `temperatures`  several α > 0
    `runs`          how many runs there are at each temperature, all of different draws
    `seed`          a whole number below 2³², from which all is drawn
    `steps`         steps of each agent, over which the step size falls from 5e-3 to 0 along a line

    Returns one `Ends` for each temperature. Each step of an agent takes 16 draws of its own: agents that share their
    draws behave otherwise at large steps.
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
    run = jax.jit(lambda carry: jax.lax.scan(step, carry, (jnp.arange(steps), keys))[0], compiler_options=COMPILER)
    logits = [np.asarray(own, dtype=np.float64) for own in run((first, adam))[0]]
    policy = np.stack([boltzmann(own, 1.0) for own in logits], axis=1)
    return tuple(Ends(own, np.tile([1.0, 0.0], (runs, 1))) for own in np.split(policy, len(temperatures)))


def learned_ends(
    game: Game, actions: str, *, temperatures: Sequence[float], seeds: Sequence[int], steps: int = 10_000
) -> tuple[Ends, ...]:
    """Train HASAC's networks from `START`; return where they end, one `Ends` for each temperature.

    `game`          a matrix game with a common payoff
    `actions`       "enumerated", "gumbel" (with τ = 1), or "interpolated": as "gumbel", with Q(y) of equation (2)
    `temperatures`  several α > 0
    `seeds`         a whole number below 2³² for each run, the same at all temperatures
    `steps`         steps of the environment; the actors stand still for the first 3,456
    """
    choice("actions", actions, (*ACTIONS, "interpolated"))
    settings = replace(SETTINGS, actions="gumbel" if actions == "interpolated" else actions)
    algorithm = HASAC._replace(objective=_interpolating) if actions == "interpolated" else HASAC
    environment = tabular(game)
    done = study(
        algorithm, environment, settings, steps=steps, seeds=[*seeds] * len(temperatures),
        each={"temperature": [alpha for alpha in temperatures for _ in seeds]}, initial_policy=START, measurements=1,
    )  # fmt: skip
    slopes = _slopes(environment)
    policy = np.stack([np.concatenate(policy_tables(environment, learner)) for learner in done.learners])
    fit = np.array(
        [
            slope_fit(critic_table(environment, learner)[0], slopes(learner), pi)
            for learner, pi in zip(done.learners, policy, strict=True)
        ]
    )
    runs = range(0, len(policy), len(seeds))
    return tuple(Ends(policy[k : k + len(seeds)], fit[k : k + len(seeds)]) for k in runs)


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


def _slopes(environment: Tabular) -> Callable[[Learner], FloatArray]:
    """A function from networks to ∂Q/∂y at all one-hot joint actions, (A, …, A, n, A), in a game of one state."""
    features, encoded = _corners(environment)

    @jax.jit
    def of(learner: Learner) -> Array:
        slopes: Array = jax.grad(lambda y: jnp.sum(action_values(learner.critics, learner.scale, features, y)))(encoded)
        return slopes

    shape = (*environment.game.num_actions, *encoded.shape[1:])
    return lambda learner: np.asarray(of(learner), dtype=np.float64).reshape(shape)


def _corners(environment: Tabular) -> tuple[Array, Array]:
    """The features of the one state, once for each joint action in C order, and these actions as one-hot rows."""
    sizes = environment.game.num_actions
    joint = jnp.stack(jnp.unravel_index(jnp.arange(environment.game.num_joint_actions), sizes), axis=-1)
    encoded = environment.head.encode(joint)
    return jnp.ones((len(joint), 1), encoded.dtype), encoded


def _interpolating(environment: Environment, settings: Settings) -> Objective:
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


def _cells(game: Game, row: str, actions: str, alpha: float, ends: Ends) -> dict[tuple[str, str], float | Estimate]:
    """The cells of a row that are of one way."""
    most = ends.policy.argmax(axis=-1)
    policies = tuple(np.moveaxis(ends.policy, 1, 0))
    q = np.broadcast_to(game.rewards, (len(most), *game.num_actions))
    off = [np.abs(own - quantal_response(q, policies, i, temperature=alpha)) for i, own in enumerate(policies)]
    return {
        (row, f"(C,C) {actions}"): share(int((most == 2).all(axis=1).sum()), len(most)),
        (row, f"(A,A) {actions}"): share(int((most == 0).all(axis=1).sum()), len(most)),
        (row, f"p(C) {actions}"): _mean(ends.policy[..., 2].mean(axis=1)),
        (row, f"residual {actions}"): _mean(np.stack(off, axis=1).max(axis=(1, 2))),
    }


def _mean(numbers: FloatArray) -> Estimate:
    """The mean over runs, with a normal 95 % interval."""
    mean = float(numbers.mean())
    half = 1.96 * float(numbers.std(ddof=1)) / len(numbers) ** 0.5 if len(numbers) > 1 else 0.0
    return Estimate(mean, mean - half, mean + half, len(numbers))
