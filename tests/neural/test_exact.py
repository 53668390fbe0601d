"""What networks are trained on is the exact operator, averaged over all that can happen; and the oracle names slips."""

import functools
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mathrl.games import to_dense
from mathrl.neural import actors, critics, objectives
from mathrl.neural.algorithms.mehaml import DRIFTS, drifting
from mathrl.neural.algorithms.mehaml import Settings as Drifting
from mathrl.neural.learner import actor_outputs, look
from mathrl.neural.networks import forward
from mathrl.operators import (
    clipped_ratio_drift,
    expected_parts,
    kl_drift,
    mirror_value,
    policy_backup,
    sampled_soft_target,
    soft_advantage,
    soft_value,
    soft_value_of_logs,
    squared_drift,
)
from mathrl.oracle import assert_td_target, n_step_target
from tests.critics import said
from tests.neural.enumeration import (
    GAMES,
    QUICK,
    SMALL,
    case,
    compiled,
    forced,
    in_double,
    joint_actions,
    relative,
    targets_of,
)

DOUBLE = [pytest.param(False, 1e-6, id="single"), pytest.param(True, 1e-12, id="double")]
"""Whether doubles are used, and the relative error that is allowed.

That is some ten roundings of the largest number in single precision, of which up to five are seen. In double precision
it is some thousand; up to forty are seen, where the products of 150,377 paths are added.
"""

THREE = replace(SMALL, n_step=3)


@pytest.mark.parametrize(("double", "rtol"), DOUBLE)
@pytest.mark.parametrize("name", GAMES)
def test_one_step_targets_are_the_soft_bellman_operator(name, double, rtol):
    """hasac Eq. 5 of the smaller target critic under the networks' policies."""
    with jax.enable_x64(double):
        of = case(name)
        found = targets_of(of, SMALL)
    game, (first, second) = of.environment.game, of.policy
    q, P = np.where(of.counts, of.targets, 0.0), to_dense(game).transitions.copy()
    P[..., game.terminal] = 0.0  # nothing is worth anything after an end
    rewards = np.where(of.counts, game.rewards, 0.0)
    exact = policy_backup(q, (first, second), rewards, P, discount=0.9, temperature=of.temperature)
    assert relative(found, exact, of.counts) <= rtol


@pytest.mark.parametrize(("double", "rtol"), DOUBLE)
def test_three_step_targets_are_three_applications(double, rtol):
    """With the entropies in between, and windows that end where an episode does."""
    with jax.enable_x64(double):
        of = case("ends")
        found = targets_of(of, THREE)
    given = {"policy": of.policy, "temperature": of.temperature}
    exact = n_step_target(of.environment.game, q=of.targets, steps=3, **given)
    assert relative(found, exact, of.counts) <= rtol


def wrong(logs=lambda logs: logs, **changed):
    """`sampled_soft_target` of which one thing is changed."""

    def target(rewards, next_q, next_log_policy, **named):
        return sampled_soft_target(rewards, next_q, logs(next_log_policy), **named | changed)

    return target


@pytest.mark.parametrize(("double", "rtol"), DOUBLE)
@pytest.mark.parametrize(
    ("settings", "told", "changed", "phrase"),
    [
        pytest.param(SMALL, {}, {}, None, id="right"),
        pytest.param(SMALL, {}, {"logs": lambda logs: logs[:1]}, "with the entropy of agent 0 alone", id="own entropy"),
        pytest.param(SMALL, {}, {"entropy": "none"}, "without any entropy", id="no entropy"),
        pytest.param(SMALL, {"discount": 1.0}, {}, "with discount 1", id="no discount"),
        pytest.param(SMALL, {"discount": 0.0}, {}, "without the bootstrap", id="no bootstrap"),
        pytest.param(SMALL, {"ends": False}, {}, "past an end, from their own values", id="ends ignored"),
        pytest.param(THREE, {}, {}, None, id="three steps"),
        pytest.param(
            replace(THREE, entropies=False), {}, {}, "without the entropy of steps 1 … 2", id="no entropy in between"
        ),
        pytest.param(THREE, {"ends": False}, {}, "past an end, from their own values", id="ends ignored, three steps"),
    ],
)
def test_the_oracle_names_what_is_wrong_with_targets(settings, told, changed, phrase, double, rtol, monkeypatch):
    if changed:
        monkeypatch.setattr(critics, "sampled_soft_target", wrong(**changed))
    with jax.enable_x64(double):
        of = case("ends")
        found = np.where(of.counts, targets_of(of, settings, **told), 0.0)
    arguments = {"policy": of.policy, "temperature": of.temperature, "q": of.targets, "steps": settings.n_step}
    arguments |= {"rtol": 0.0, "atol": rtol * np.abs(found).max()}
    if phrase is None:
        assert_td_target(of.environment.game, found, **arguments)
    else:
        assert phrase in said(assert_td_target, of.environment.game, found, **arguments)


def plain(direction, rate, moments, parameters):
    """A step down the gradient as it is, in place of Adam's, which keeps the gradient in the place of moments."""
    return jax.tree.map(lambda x, slope: x - rate * slope, parameters, direction), direction


def flat(tree, lead):
    """All entries of a tree of arrays in one vector, behind `lead` axes."""
    leaves = [np.asarray(x, np.float64) for x in jax.tree.leaves(tree)]
    return np.concatenate([x.reshape(*x.shape[:lead], -1) for x in leaves], axis=-1)


@pytest.mark.parametrize(("double", "rtol"), DOUBLE)
@pytest.mark.parametrize("update", [actors.in_turn, actors.at_once])
def test_actors_climb_the_exact_gradient(update, double, rtol, monkeypatch):
    """Of E_π[Q] + α H(π^i) in each state: in turn against the others' new policies, at once against their old ones.

    All that may be drawn is tried in every state, in batches of one state. Agent 1 comes first. What it becomes depends
    on the action a^0 that is drawn, so that agent 0, which comes second, has an exact gradient for each a^0. In turn,
    a^1 is then forced in the new policy of agent 1, so that in the old one it would often be another action.
    """
    monkeypatch.setattr(actors, "stepped", plain)
    settings = replace(SMALL, actor_rate=1.0)
    with jax.enable_x64(double):
        of = case("some unavailable")
    environment, game = of.environment, of.environment.game
    learner = of.learner._replace(actor_moments=jax.tree.map(np.zeros_like, of.learner.actors))
    shape, dtype = (game.num_states, *game.num_actions), learner.log_temperature.dtype
    _, first, second = np.indices(shape)

    @compiled
    def turned(learner, states, u):
        """New networks (S, A_1, A_2, n, …), and by which gradients."""

        def tried(state, u):
            noise = {"order": jnp.asarray([0.6, 0.4]), "others": u, "own": jnp.zeros((1, 2, 1, 0))}
            seen, objective = look(environment, state[None]), objectives.enumerated(environment.head)
            passed = jax.vmap(forward)(learner.actors, seen.observations)
            done = update(environment, settings, objective, learner, seen, passed, noise, 1.0)
            return done.actors, jax.tree.map(lambda x: -learner.scale * x, done.actor_moments)

        return jax.vmap(jax.vmap(jax.vmap(tried, (None, 0)), (None, 0)))(states, u)

    def drawn(rows):
        """What all turns make, with a^0 forced in the old policy and a^1 in these `rows` (S, A_1, A_2, A)."""
        old = of.policy[0][:, None, None].repeat(shape[1], 1).repeat(shape[2], 2)
        u = np.stack([forced(old, first), forced(rows, second)], axis=3)[..., None, :].astype(dtype)
        with jax.enable_x64(double):
            return in_double(turned(learner, np.arange(game.num_states), u))

    @functools.partial(jax.jit, static_argnames="agent", compiler_options=QUICK)
    def exact(networks, states, q, agent):
        """The gradient (S, …) for an agent of networks (S, n, …), each in one state; and the policy of agent 1."""

        def value(networks, state):
            every = look(environment, jnp.arange(game.num_states))
            logs = environment.head.log_policy(actor_outputs(networks, every.observations), every.available)
            values = soft_value_of_logs(q, tuple(logs), temperature=of.temperature, entropy="own")
            return values[agent, state], jnp.exp(logs[1, state])

        slope, policy = jax.vmap(jax.grad(value, has_aux=True))(networks, states)
        return jax.tree.map(lambda x: x[:, agent], slope), policy

    states = np.arange(game.num_states).repeat(shape[1])
    with jax.enable_x64(True):
        of_first, policy = exact(
            jax.tree.map(lambda x: np.broadcast_to(x, (len(states), *x.shape)), in_double(of.learner.actors)),
            states, of.q, agent=1,
        )  # fmt: skip
    rows = np.broadcast_to(of.policy[1][:, None, None], (*shape, shape[2]))
    new, slopes = drawn(rows)
    met = jax.tree.map(lambda x: np.broadcast_to(x, (*shape[:2], *x.shape)).copy(), in_double(of.learner.actors))
    if update is actors.in_turn:
        for x, y in zip(jax.tree.leaves(met), jax.tree.leaves(new), strict=True):
            x[:, :, 1] = y[:, :, 0, 1]
    with jax.enable_x64(True):
        of_second, policy = exact(jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), met), states, of.q, agent=0)
    later = np.asarray(policy).reshape(*shape[:2], -1)
    _, again = drawn(np.broadcast_to(later[:, :, None], (*shape, shape[2])))

    mean = np.einsum("sa,sabp->sp", of.policy[0], flat(slopes, 4)[..., 1, :]) / shape[2]
    assert relative(mean, flat(of_first, 1).reshape(*shape[:2], -1)[:, 0]) <= rtol
    mean = np.einsum("sab,sabp->sap", later, flat(again, 4)[..., 0, :])
    assert relative(mean, flat(of_second, 1).reshape(*shape[:2], -1)) <= rtol
    moved = np.abs(later - of.policy[1][:, None]).max()
    assert (moved > 0.1) == (update is actors.in_turn)  # so that it matters which policy is seen


def test_straight_through_values_are_exact_in_the_mean():
    """E_π[Q] + α H(π^i) over all that may be drawn. Its gradient is biased: it is only finite here, as with masks."""
    with jax.enable_x64(True):
        of = case("some unavailable")
        environment, game = of.environment, of.environment.game
        states = np.repeat(np.arange(game.num_states), game.num_joint_actions)
        actions = np.tile(joint_actions(game), (game.num_states, 1))

        @compiled
        def both(learner, states, encoded, u):
            seen = look(environment, states)
            outputs = actor_outputs(learner.actors, seen.observations)[0]
            turn = objectives.Turn(
                agent=0,
                features=seen.features,
                of_state=None,
                observation=seen.observations[0],
                available=seen.available[0],
                encoded=encoded,
                old=jnp.zeros_like(encoded[:, 0]),
            )
            objective = objectives.straight_through(environment.head, lambda settings: 0.5)
            of = objective.gain(SMALL, learner, turn, u)
            return of(outputs), jax.grad(lambda outputs: jnp.sum(of(outputs)))(outputs)

        width = environment.head.size
        encoded = np.eye(width)[actions] * [[0.0], [1.0]]  # agent 0 puts its own action
        limits = np.finfo(np.float64)  # Gumbel numbers by which one action is the largest
        u = np.where(actions[:, :1] == np.arange(width), 1 - limits.eps, limits.tiny)
        found, slope = both(of.learner, states, encoded, u)
    mean = np.einsum("sab,sa,sb->s", np.reshape(found, of.q.shape), *of.policy)
    exact = soft_value(of.q, of.policy, temperature=of.temperature, entropy="own")[0]
    assert relative(mean, exact) <= 1e-12
    assert np.isfinite(flat(slope, 0)).all()
    assert flat(slope, 0).any()


@pytest.mark.parametrize("drift", DRIFTS)
def test_drifting_objectives_are_the_mirror_operator(drift):
    """hasac Definition 2, for the agent that comes last: averaged over the new policies of those before it."""
    settings = Drifting(drift=drift, weight=0.7, clip=0.1)
    rng = np.random.default_rng(6)
    q, there = rng.normal(size=(4, 3, 3)), rng.random((4, 3)) < 0.7
    there[:, 0] = True
    old, new = ([rng.dirichlet(np.ones(3), 4) for _ in range(2)] for _ in range(2))
    old[0], new[0] = (rows * there / (rows * there).sum(axis=1, keepdims=True) for rows in (old[0], new[0]))
    with jax.enable_x64(True), np.errstate(divide="ignore"):
        logs = np.log(new[0]), np.log(old[0])
        each = compiled(jax.vmap(lambda q: drifting(q, *logs, jnp.asarray(0.3), settings), in_axes=2))(q)
    mean = np.einsum("sb,bs->s", new[1], np.asarray(each))
    advantage = soft_advantage(np.where(there[:, :, None], q, -np.inf), old, 0, (1,), temperature=0.3)
    if drift == "clipped":
        moved = clipped_ratio_drift(new[0], old[0], *expected_parts(advantage, (new[1],)), clip=0.1, weight=0.7)
    else:
        moved = {"kl": kl_drift, "squared": squared_drift}[drift](new[0], old[0], weight=0.7)
    exact = mirror_value(q, old, 0, (1,), (new[1],), new[0], moved, temperature=0.3)
    assert moved.max() > 0.01
    assert relative(mean, exact) <= 1e-12
