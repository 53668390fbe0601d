"""What networks are trained on, averaged over all that can happen, is the exact operator; and the oracle names slips."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mathrl.games import to_dense
from mathrl.neural import actors, critics
from mathrl.neural.algorithms.mehaml import DRIFTS, drifting
from mathrl.neural.algorithms.mehaml import Settings as Drifting
from mathrl.neural.learner import actor_outputs, look, scale
from mathrl.operators import (
    clipped_ratio_drift,
    expected_parts,
    kl_drift,
    mirror_value,
    policy_backup,
    sampled_soft_target,
    soft_advantage,
    soft_value_of_logs,
    squared_drift,
)
from mathrl.oracle import assert_td_target, n_step_target
from tests.critics import said
from tests.neural.enumeration import SMALL, case, compiled, forced, joint_actions, relative, targets_of

DOUBLE = [pytest.param(False, 1e-6, id="single"), pytest.param(True, 1e-12, id="double")]
"""Whether doubles are used, and the relative error that is allowed: some ten roundings of the largest number."""

THREE = replace(SMALL, steps=3)


@pytest.mark.parametrize(("double", "rtol"), DOUBLE)
@pytest.mark.parametrize("name", ["all actions", "some unavailable", "ends"])
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
        of = case("short")
        found = targets_of(of, THREE)
    given = {"policy": of.policy, "temperature": of.temperature}
    exact = n_step_target(of.environment.game, q=of.targets, steps=3, **given)
    assert relative(found, exact, of.counts) <= rtol


def wrong(logs=lambda logs: logs, **changed):
    """`sampled_soft_target` of which one thing is changed."""

    def target(rewards, next_q, next_log_policy, **named):
        return sampled_soft_target(rewards, next_q, logs(next_log_policy), **named | changed)

    return target


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
def test_the_oracle_names_what_is_wrong_with_targets(settings, told, changed, phrase, monkeypatch):
    monkeypatch.setattr(critics, "sampled_soft_target", wrong(**changed))
    of = case("short")
    found = np.where(of.counts, targets_of(of, settings, **told), 0.0)
    arguments = {"policy": of.policy, "temperature": of.temperature, "q": of.targets, "steps": settings.steps}
    arguments |= {"rtol": 1e-5, "atol": 1e-5}  # single precision
    if phrase is None:
        assert_td_target(of.environment.game, found, **arguments)
    else:
        assert phrase in said(assert_td_target, of.environment.game, found, **arguments)


def plain(direction, rate, moments, parameters):
    """A step down the gradient as it is, in place of Adam's."""
    return jax.tree.map(lambda x, slope: x - rate * slope, parameters, direction), moments


def flat(tree, lead):
    """All entries of a tree of arrays in one vector, behind `lead` axes."""
    leaves = [np.asarray(x, np.float64) for x in jax.tree.leaves(tree)]
    return np.concatenate([x.reshape(*x.shape[:lead], -1) for x in leaves], axis=-1)


@pytest.mark.parametrize("update", [actors.in_turn, actors.at_once])
def test_actors_climb_the_exact_gradient(update, monkeypatch):
    """Of E_π[Q] + α H(π^i) in each state: in turn against the others' new policies, at once against their old ones.

    All that may be drawn is tried in every state, in batches of one state. Agent 1 comes first. What it becomes depends
    on the action a^0 that is drawn, so that agent 0, which comes second, has an exact gradient for each a^0.
    """
    monkeypatch.setattr(actors, "stepped", plain)
    settings = replace(SMALL, actor_rate=1.0)
    with jax.enable_x64(True):
        of = case("some unavailable")
        environment, game = of.environment, of.environment.game
        width = environment.head.size
        every = compiled(lambda states: look(environment, states))(np.arange(game.num_states))

        def changed(learner, state, noise):
            seen = look(environment, state[None])
            return update(environment, settings, actors.enumerated(), learner, seen, noise, 1.0).actors

        def logs(networks):
            return environment.head.log_policy(actor_outputs(networks, every.observations), every.available)

        def objective(networks, q, agent):
            """(S,): of the parameters of all agents."""
            own = [rows[:, :size] for rows, size in zip(logs(networks), game.num_actions, strict=True)]
            return soft_value_of_logs(q, own, temperature=of.temperature, entropy="own")[agent]

        def second(networks, q, state):
            """The exact gradient of agent 0, and the policy of agent 1, in one state."""
            slope = jax.grad(lambda networks: objective(networks, q, 0)[state])(networks)
            return jax.tree.map(lambda x: x[0], slope), jnp.exp(logs(networks)[1, state])

        @compiled
        def both(learner, states, u, q):
            """New networks (S, A_1, A_2, n, …) of all cases, and what is exact of agent 1, and of agent 0."""

            def tried(state, u):
                noise = {"order": jnp.asarray([0.6, 0.4]), "others": u, "own": jnp.full((1, 2, 1, width), 0.5)}
                return changed(learner, state, noise)

            new = jax.vmap(jax.vmap(jax.vmap(tried, (None, 0)), (None, 0)), (0, None))(states, u)
            first = jax.tree.map(lambda x: x[:, 1], jax.jacrev(objective)(learner.actors, q, 1))
            turned = jax.tree.map(lambda x: x[:, :, 0, 1], new)  # agent 1 after its turn, for each state and a^0
            if update is actors.at_once:
                turned = jax.tree.map(lambda x, old: jnp.broadcast_to(old[1], x.shape), turned, learner.actors)
            seen = jax.tree.map(
                lambda old, x: jnp.broadcast_to(old, (*x.shape[:2], *old.shape)).at[:, :, 1].set(x),
                learner.actors,
                turned,
            )
            return new, first, jax.vmap(jax.vmap(second, (0, None, None)), (0, None, 0))(seen, q, states)

        u = forced(joint_actions(game).reshape(*game.num_actions, 2, 1), width)
        new, first, (slopes, own) = both(of.learner, np.arange(game.num_states), u, of.q)
    gain = jax.tree.map(lambda after, before: scale(environment) * (np.asarray(after) - before), new, of.learner.actors)
    gains = [flat(jax.tree.map(lambda x, i=i: x[:, :, :, i], gain), 3) for i in range(2)]  # (S, A_1, A_2, parameters)
    own = np.asarray(own)[..., : game.num_actions[1]]
    assert relative(np.einsum("sa,sabp->sp", of.policy[0], gains[1]) / 3, flat(first, 1)) <= 1e-12
    assert relative(np.einsum("sab,sabp->sap", own, gains[0]), flat(slopes, 2)) <= 1e-12
    moved = np.abs(own - of.policy[1][:, None]).max()
    assert (moved > 0.01) == (update is actors.in_turn)  # so that it matters which policy is seen


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
