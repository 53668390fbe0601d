"""Random networks of a small game, and all that can happen in it, with its probability.

An action is drawn from one uniform number, and forced by that in the middle of the interval that gives it. So sampled
code runs as it is, once for each outcome, and the weighted mean is its exact expectation.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mathrl.games import random_stochastic, to_dense
from mathrl.games.availability import joint
from mathrl.neural import critics
from mathrl.neural.learner import actor_outputs, look, start, value_scale
from mathrl.neural.measures import joint_values
from mathrl.neural.replay import Transition
from mathrl.neural.settings import Settings
from mathrl.neural.study import COMPILER
from mathrl.neural.tabular import tabular

__all__ = [
    "GAMES",
    "QUICK",
    "SMALL",
    "Case",
    "case",
    "compiled",
    "forced",
    "in_double",
    "joint_actions",
    "networks",
    "relative",
    "targets_of",
]

QUICK = COMPILER | {"xla_backend_optimization_level": 0}
"""Options with which XLA compiles in a third of the time, as what it makes runs once, four times more slowly."""

SMALL = Settings(temperature=0.3, hidden=(5,))

GAMES = {
    "some unavailable": random_stochastic(6, (3, 3), discount=0.9, available=0.8, seed=2),
    "unequal": random_stochastic(6, (2, 3), discount=0.9, available=0.8, seed=2),
    "ends": random_stochastic(5, (3, 3), discount=0.9, successors=2, sparse=False, available=0.8, ending=0.3, seed=4),
}
"""Games of two agents and six states, of which the last one of "ends" is its end.

Where any state may follow, there are 6·9·(6·9)³, which is 8.5 million, paths of three steps. In "ends" three may follow
and some actions are not available: that leaves 150,377, and all of these are tried.
"""


def compiled(function):
    """The function as one compiled piece: an operation at a time takes longer to compile."""
    return jax.jit(function, compiler_options=QUICK)


class Case(NamedTuple):
    """A game as an environment, random networks, and what these say: tables, computed in double precision.

    `policy`         (S, A_i) per agent, also where an episode has ended
    `target_policy`  those of the networks that follow the actors
    `q`              the smaller critic, (S, A_1, …, A_n)
    `targets`        that of the target critics
    `temperature`    α
    `counts`         at which (s, a) values say something: available actions, before an end
    """

    environment: object
    learner: object
    policy: tuple
    target_policy: tuple
    q: np.ndarray
    targets: np.ndarray
    temperature: float
    counts: np.ndarray


def case(name):
    """One of the games and some networks, in the precision that is set."""
    return _case(name, jnp.result_type(float))


@functools.cache
def _case(name, dtype):
    environment = tabular(GAMES[name])
    game, learner = environment.game, networks(environment)

    @compiled
    def tables(learner):
        seen = look(environment, jnp.arange(game.num_states))
        outputs = (actor_outputs(each, seen.observations) for each in (learner.actors, learner.followers))
        q = [joint_values(environment, each, learner.scale) for each in (learner.critics, learner.targets)]
        return [environment.head.log_policy(x, seen.available) for x in outputs], q

    with jax.enable_x64(True):
        doubles = in_double(learner)
        logs, (q, targets) = jax.tree.map(np.asarray, tables(doubles))
    policy, target_policy = (
        tuple(rows[i, :, :size] for i, size in enumerate(game.num_actions)) for rows in np.exp(logs)
    )
    counts = joint(game.available) & ~game.terminal.reshape(-1, 1, 1)
    temperature = float(np.exp(doubles.log_temperature))
    return Case(environment, learner, policy, target_policy, q, targets, temperature, counts)


def in_double(tree):
    """The same numbers in double precision."""
    return jax.tree.map(lambda x: np.asarray(x, np.float64), tree)


def networks(environment, seed=0):
    """A learner whose networks, targets among them, are all drawn anew, far from uniform; its moments are 0."""
    rng = np.random.default_rng(seed)
    like = jax.eval_shape(lambda: start(environment, SMALL, jax.random.key(0), followers=True))
    nothing = jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), like)
    drawn = jax.tree.map(lambda x: rng.normal(size=x.shape).astype(x.dtype), like)
    return nothing._replace(
        actors=drawn.actors,
        critics=drawn.critics,
        targets=drawn.targets,
        followers=drawn.followers,
        scale=np.asarray(value_scale(environment), like.scale.dtype),
        log_temperature=np.log(SMALL.temperature).astype(like.log_temperature.dtype),
    )


def forced(rows, actions):
    """Uniform numbers (…, 1) by which `actions` (…) are drawn from policies `rows` (…, A), where these are > 0."""
    sums = np.concatenate([np.zeros_like(rows[..., :1]), np.cumsum(rows, axis=-1)], axis=-1)
    ends = (np.take_along_axis(sums, np.asarray(actions)[..., None] + k, axis=-1) for k in range(2))
    return (sum(ends) / 2).astype(jnp.result_type(float))


def joint_actions(game):
    """All joint actions, (A, n), in C order."""
    return np.stack(np.unravel_index(np.arange(game.num_joint_actions), game.num_actions), axis=-1)


def paths(of, steps):
    """All that may happen, (s_0, a_0, …, s_n, a_n): (n + 1, B) each, and P of what follows (s_0, a_0), (B,)."""
    game = of.environment.game
    P = to_dense(game).transitions.reshape(game.num_states, -1, game.num_states)
    w_sa = (of.policy[0][:, :, None] * of.policy[1][:, None, :]).reshape(game.num_states, -1)
    states, joint = (x.reshape(1, -1) for x in np.indices(P.shape[:2]))
    weights = np.ones(states.shape[1])
    for _ in range(steps):
        one = P[states[-1], joint[-1], :, None] * w_sa  # of s_{k+1} and a_{k+1}
        path, state, action = np.nonzero(one)
        states, joint = np.vstack([states[:, path], state]), np.vstack([joint[:, path], action])
        weights = weights[path] * one[path, state, action]
    return states, joint, weights


def targets_of(of, settings, *, targets=None, discount=None, ends=True):
    """The mean of targets over all that can follow, (S, A_1, …, A_n).

    `targets`   what makes them; None: `soft_targets`
    `discount`  by which windows are summed; None: the game's own
    `ends`      whether the code is told where an episode ended
    """
    environment, game, steps = of.environment, of.environment.game, settings.n_step
    states, joint, weights = paths(of, steps)
    actions = joint_actions(game)[joint]  # (n + 1, B, agents)
    rewards = np.asarray(environment.rewards).reshape(game.num_states, -1)[states[:-1], joint[:-1]]
    ended = game.terminal[states[1:]] if ends else np.zeros(states[1:].shape, bool)
    counted = np.where(ended.any(axis=0), ended.argmax(axis=0) + 1, steps)
    drawn = Transition(states[:-1], actions[:-1], rewards, states[1:], ended, np.zeros_like(ended))
    drawn = jax.tree.map(lambda x: np.moveaxis(x, 0, 1), drawn)
    u = [forced(rows[states[-1]], actions[-1, :, i]) for i, rows in enumerate(of.policy)]
    noise = {"next": np.stack(u), "between": np.full((2, (steps - 1) * len(weights), 1), 0.5, u[0].dtype)}

    made = _targets(environment, settings, targets or critics.soft_targets, critics.sampled_soft_target)
    y = made(of.learner, drawn, counted, environment.discount if discount is None else discount, noise)
    y = np.asarray(y, np.float64)
    sums = np.bincount(states[0] * game.num_joint_actions + joint[0], weights * y)
    return sums.reshape(game.num_states, *game.num_actions)


@functools.cache
def _targets(environment, settings, targets, operator):
    """y of windows, compiled once for an environment, settings and what stands for `sampled_soft_target`."""

    @compiled
    def made(learner, drawn, counted, discount, noise):
        return targets(environment, settings, learner, critics.windowed(drawn, counted, discount), noise)

    return made


def relative(found, exact, counts=...):
    """The largest difference, as a part of the largest exact number."""
    return float(np.abs(found[counts] - exact[counts]).max() / np.abs(exact[counts]).max())
