"""What DMAC's networks are trained on is the exact operator, and they end where exact iteration does."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mathrl import load
from mathrl.games import to_dense
from mathrl.neural.algorithms import DMAC, HASAC, dmac
from mathrl.neural.learner import actor_outputs, look
from mathrl.neural.measures import policy_tables
from mathrl.neural.networks import of_state
from mathrl.neural.noise import block
from mathrl.neural.objectives import Turn, enumerated, follower
from mathrl.neural.quadratics import Quadratics
from mathrl.neural.replay import Transition
from mathrl.neural.study import study
from mathrl.neural.tabular import tabular
from mathrl.neural.update import noise_of_update, updated
from mathrl.operators import divergence_backup, divergence_improvement, divergence_value, policy_backup
from mathrl.operators import sampled_divergence_target as right
from mathrl.solvers import divergence_iteration, haspi
from tests.neural.enumeration import SMALL, case, compiled, joint_actions, relative, targets_of

START = [[0.6, 0.2, 0.2]] * 2


def joint(policy):
    return policy[0][:, :, None] * policy[1][:, None, :]


def parts(of):
    """Rewards, transitions and target values, with 0 where an action is not available, and after an end."""
    game = of.environment.game
    P = to_dense(game).transitions.copy()
    P[..., game.terminal] = 0.0
    return np.where(of.counts, game.rewards, 0.0), P, np.where(of.counts, of.targets, 0.0)


def exact(of, steps=1):
    """Γ_ρ^π, applied so many times to the target critic."""
    rewards, P, q = parts(of)
    for _ in range(steps):
        q = divergence_backup(
            q, joint(of.policy), joint(of.target_policy), rewards, P, discount=0.9, temperature=of.temperature
        )
        q = np.where(of.counts, q, 0.0)
    return q


@pytest.mark.parametrize(("double", "rtol"), [(False, 2e-6), (True, 1e-12)])
@pytest.mark.parametrize("name", ["some unavailable", "ends"])
def test_one_step_targets_are_the_divergence_operator(name, double, rtol):
    """Γ_ρ^π of the smaller target critic; some twenty roundings, as logarithms of two policies enter."""
    with jax.enable_x64(double):
        of = case(name)
        found = targets_of(of, SMALL, targets=dmac.targets)
    assert relative(found, exact(of), of.counts) <= rtol


@pytest.mark.parametrize("entropies", [True, False])
def test_three_step_targets_count_the_divergences_in_between(entropies):
    with jax.enable_x64(True):
        of = case("ends")
        settings = replace(SMALL, n_step=3, entropies=entropies)
        found = targets_of(of, settings, targets=dmac.targets)
    off = relative(found, exact(of, 3), of.counts)
    assert off <= 1e-12 if entropies else off > 0.01


WRONG = {
    "right": right,
    "no divergence": lambda r, q, pi, rho, *, discount, temperature: r + discount * q,
    "the other way round": lambda r, q, pi, rho, **named: right(r, q, rho, pi, **named),
    "of agent 0 alone": lambda r, q, pi, rho, **named: right(r, q, pi[:1], rho[:1], **named),
    "entropy in its place": lambda r, q, pi, rho, **named: right(r, q, pi, (0.0 * pi[0],), **named),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_targets_are_found(name, monkeypatch):
    def targets(*arguments):  # of its own for each case, so that each is compiled
        return dmac.targets(*arguments)

    monkeypatch.setattr(dmac, "sampled_divergence_target", WRONG[name])
    with jax.enable_x64(True):
        of = case("ends")
        found = targets_of(of, SMALL, targets=targets)
    assert (relative(found, exact(of), of.counts) <= 1e-12) == (name == "right")


def test_a_weight_near_0_leaves_the_plain_operator():
    with jax.enable_x64(True):
        of = case("some unavailable")
        cold = of._replace(learner=of.learner._replace(log_temperature=np.log(1e-13)))
        found = targets_of(cold, SMALL, targets=dmac.targets)
    rewards, P, q = parts(of)
    plain = policy_backup(q, of.policy, rewards, P, discount=0.9, temperature=0.0, entropy="none")
    assert relative(found, plain, of.counts) <= 1e-12
    assert relative(found, exact(of), of.counts) > 0.01


def test_each_agent_climbs_its_value_beside_its_own_target_policy():
    """E_p[Q(·, a^{-i})] − ω KL(p ‖ ρ^i) in every state, with every action of the other agent."""
    with jax.enable_x64(True):
        of = case("some unavailable")
        environment, game = of.environment, of.environment.game
        states = np.repeat(np.arange(game.num_states), game.num_joint_actions)
        encoded = np.eye(environment.head.size)[np.tile(joint_actions(game), (game.num_states, 1))]
        of_agents = enumerated(environment.head, dmac.diverging, follower)

        @compiled
        def gained(learner, agent):
            seen = look(environment, states)
            of_states = jax.vmap(of_state, in_axes=(0, None))(learner.critics, seen.features)
            views = seen.features, of_states, seen.observations[agent], seen.available[agent]
            turn = Turn(agent, *views, encoded, None)
            outputs = actor_outputs(learner.actors, seen.observations)[agent]
            return of_agents.gain(SMALL, learner, turn, jnp.zeros(0))(outputs)

        found = [np.asarray(gained(of.learner, agent)).reshape(of.q.shape) for agent in range(2)]
    for agent in range(2):
        q = np.moveaxis(of.q, agent + 1, -1)  # the other agent's actions, then its own
        there = game.available[agent]
        for other in range(q.shape[1]):
            given = np.where(there, q[:, other], 0.0), of.policy[agent], of.target_policy[agent]
            value = divergence_value(*given, temperature=of.temperature)
            mine = found[agent].take(other, axis=2 - agent)
            assert relative(mine, np.broadcast_to(value[:, None], mine.shape)) <= 1e-12


def test_the_best_policy_is_the_divergence_improvement():
    """The slope in the outputs is 0 at ρ exp(Q/ω)/Z, and finite where an action is not available."""
    rng = np.random.default_rng(1)
    q, rho = rng.normal(size=(5, 3)), rng.dirichlet(np.ones(3), 5)
    there = np.array([[True] * 3] * 4 + [[True, True, False]])
    rho = rho * there / (rho * there).sum(axis=1, keepdims=True)
    with jax.enable_x64(True), np.errstate(divide="ignore"):
        head, log_rho = tabular(load("hasac")).head, np.log(rho)
        best = np.log(np.where(there, divergence_improvement(q, rho, temperature=0.3), 1.0))

        @compiled
        def slope(x):
            value = lambda x: jnp.sum(dmac.diverging(q, head.log_policy(x, there), log_rho, 0.3, None))  # noqa: E731
            return jax.grad(value)(x)

        at_best, at_target = np.asarray(slope(best)), np.asarray(slope(np.where(there, log_rho, 0.0)))
    assert np.abs(at_best).max() <= 1e-13
    assert np.isfinite(at_target).all()
    assert np.abs(at_target).max() > 0.01


@pytest.mark.parametrize("learn", [True, False])
def test_target_policies_follow_the_policies_that_have_learned(learn):
    environment, settings = tabular(load("pure-coordination")), DMAC.settings(hidden=(4,), batch=6, averaging=0.25)
    learner = compiled(lambda key: DMAC.start(environment, settings, key))(jax.random.key(0))
    zeros, none = jnp.zeros((6, 1), jnp.int32), jnp.zeros((6, 1), bool)
    drawn = Transition(zeros, jnp.zeros((6, 1, 2), jnp.int32), jnp.ones((6, 1)), zeros, none, none)
    noise = block(jax.random.key(1), noise_of_update(DMAC, environment, settings))

    @compiled
    def one(learner):
        batch = drawn, jnp.ones(6, jnp.int32)
        return updated(DMAC, environment, settings, learner, batch, noise, jnp.asarray(1.0), jnp.asarray(learn))[0]

    after = one(learner)
    for rho, old, new in zip(*map(jax.tree.leaves, (after.followers, learner.actors, after.actors)), strict=True):
        np.testing.assert_allclose(rho, 0.75 * old + 0.25 * new, rtol=0, atol=1e-6)  # single precision, weights near 1
    assert np.array_equal(after.actors[-1].bias, learner.actors[-1].bias) == (not learn)
    assert jax.eval_shape(lambda key: HASAC.start(environment, settings, key), jax.random.key(0)).followers == ()


def test_measures_are_those_of_the_regularised_value():
    """Q_ρ^π as the limit of the operator, 0.9^400 = 5e-19; J_ρ from it; 0 is left of a residual at the improvement."""
    of = case("some unavailable")
    told = DMAC.measures(of.environment, of.learner, 0.0)
    game, span = of.environment.game, np.ptp(exact(of, 400)[of.counts])
    v = divergence_value(exact(of, 400), joint(of.policy), joint(of.target_policy), temperature=of.temperature)
    assert told["objective"] == pytest.approx(float(game.start @ v), rel=1e-5)  # policies in single precision
    error = np.abs(of.q - exact(of, 400))[of.counts].max() / span
    assert told["critic_error"] == pytest.approx(error, rel=1e-5)
    assert told["residual"] > 0.1


@pytest.mark.parametrize(
    ("environment", "more", "message"),
    [
        (Quadratics(), {}, "environment has continuous actions, expected discrete ones"),
        (tabular(load("hasac")), {"tuned": True}, "tuned is true, expected false: the temperature of dmac"),
        (tabular(load("hasac")), {"averaging": 0.0}, "averaging is 0"),
    ],
)
def test_what_is_refused(environment, more, message):
    with pytest.raises(ValueError, match=message):
        study(DMAC, environment, DMAC.settings(**more), steps=16)


@pytest.mark.long
def test_it_ends_where_the_exact_iteration_does():
    """At (A, A) from the paper's start and at (C, C) from one that is nearly uniform, both at ω = 10.

    Of six runs the largest distance was 0.0001. HASAC at α = 10 ends near (C, C) from the paper's start.
    """
    game = load("hasac")
    for first, end in ((START, 0), ([[0.3, 0.3, 0.4]] * 2, 2)):
        settings = DMAC.settings(
            temperature=10.0, batch=64, hidden=(16, 16), explore=256, prepare=400, critic_rate=1e-2, actor_rate=5e-3
        )
        done = study(DMAC, tabular(game), settings, steps=10_000, seeds=(0, 1), initial_policy=first, measurements=1)
        exact = divergence_iteration(game, temperature=10.0, policy_class="product", initial_policy=first)
        assert exact.converged
        for learner in done.learners:
            for own, pi in zip(policy_tables(tabular(game), learner), exact.policy, strict=True):
                assert pi[0, end] > 0.999
                assert np.abs(own - pi).max() <= 0.002
    assert haspi(game, temperature=10.0, initial_policy=START).policy[0][0, 2] > 0.9
