"""Straight-through Gumbel-softmax: its mean Jacobian, its zeros, its mean, and the equilibria that flows reach."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.integrate import quad
from scipy.special import expit, k0, k1

from mathrl.games import load, random_matrix
from mathrl.neural.gumbel_estimates import estimates, mean_gradient, sampled_gradients
from mathrl.neural.gumbel_flow import gradient_flow
from mathrl.neural.gumbel_jacobian import exact_jacobian, relaxed_jacobian
from mathrl.neural.heads import Categorical
from mathrl.neural.noise import gumbel
from mathrl.neural.objectives import Turn, straight_through
from mathrl.solvers import haspi
from mathrl.solvers import qre as quantal_equilibrium
from tests.neural.enumeration import compiled
from tests.tolerances import near

START = [[0.6, 0.2, 0.2]] * 2
RELAXATIONS = st.sampled_from([0.5, 1.0, 2.0, 5.0])
LOGITS = st.integers(2, 4).flatmap(lambda size: arrays(np.float64, size, elements=st.floats(-5, 5)))
QUADRATURE = 1e-12
"""The trapezoid rules are exact to 5e-15 of integrals of up to 1; sums of four, and the ranges that are cut off."""


@given(LOGITS, RELAXATIONS)
def test_the_mean_jacobian_is_a_laplacian(logits, relaxation):
    """Equation (2) of `gumbel_jacobian`: symmetric, positive weights, and only constants in its null space."""
    J = relaxed_jacobian(logits, relaxation)
    weights = -J[~np.eye(len(J), dtype=bool)]
    assert np.array_equal(J, J.T)
    near(J.sum(axis=1), np.zeros(len(J)), QUADRATURE)
    assert (weights > 0).all()
    smallest, second = np.linalg.eigvalsh(J)[:2]
    assert abs(smallest) < QUADRATURE
    assert second >= weights.min() * len(J) - QUADRATURE  # a Laplacian's, by the complete graph's of equal weights


@given(st.floats(-6, 6), RELAXATIONS)
def test_of_two_actions_it_is_a_logistic_mean(gap, relaxation):
    """The difference of two Gumbel variables is logistic: one integral of the derivative of the logistic function."""

    def density(noise):
        x = expit((gap + noise) / relaxation)
        return x * (1 - x) / relaxation * expit(noise) * expit(-noise)

    expected = quad(density, -60, 60, points=[-gap, 0], epsabs=1e-12, epsrel=1e-11, limit=500)[0]
    assert relaxed_jacobian([gap, 0.0], relaxation)[0, 0] == pytest.approx(expected, abs=1e-10)  # quad's own error


@given(arrays(np.float64, 3, elements=st.floats(-4, 4)))
def test_without_relaxation_in_bessel_functions(logits):
    """Equation (3) for τ = 1, by the closed forms of φ and ψ and another quadrature."""
    w = np.exp(logits - logits.max())

    def integrand(z):
        u = w * np.exp(z)
        root = 2 * np.sqrt(u)
        return u[0] * 2 * k0(root[0]) * u[1] * 2 * k0(root[1]) * root[2] * k1(root[2])

    expected = quad(integrand, -25, 15, epsabs=1e-12, epsrel=1e-11, limit=500)[0]
    assert -relaxed_jacobian(logits, 1.0)[0, 1] == pytest.approx(expected, abs=1e-10)  # quad's own error


@pytest.mark.parametrize("temperature", [20, 10, 5])
@pytest.mark.parametrize("relaxation", [None, 1.0, 2.0])
def test_its_zeros_are_the_quantal_response_equilibria(temperature, relaxation):
    game = load("hasac")
    for start in (START, [[0.2, 0.2, 0.6]] * 2, None):
        policy = quantal_equilibrium(game, temperature=temperature, initial_policy=start).require().policy
        logits = [np.log(own[0]) for own in policy]
        for gradient in mean_gradient(game, logits, temperature=temperature, relaxation=relaxation):
            near(gradient, np.zeros(3), 1e-9)  # the residual of π, 1e-12 at most, over its smallest, times α
    logits = [logits[0] + np.array([0.1, 0, 0]), logits[1]]
    gradients = mean_gradient(game, logits, temperature=temperature, relaxation=relaxation)
    assert max(np.abs(gradient).max() for gradient in gradients) > 1e-4


@pytest.mark.parametrize("relaxation", [0.5, 1.0, 2.0])
def test_the_estimator_has_the_mean_that_is_claimed_and_no_other(relaxation):
    game, rng = random_matrix((3, 2, 4), seed=5, scale=3.0), np.random.default_rng(1)
    logits = [rng.normal(size=actions) for actions in game.num_actions]
    drawn = sampled_gradients(
        game, logits, temperature=0.7, relaxation=relaxation, samples=200_000, rng=np.random.default_rng(2)
    )
    mean = mean_gradient(game, logits, temperature=0.7, relaxation=relaxation)
    exact = mean_gradient(game, logits, temperature=0.7)
    errors = [own.std(axis=0) / np.sqrt(len(own)) for own in drawn]
    for own, expected, error in zip(drawn, mean, errors, strict=True):
        assert (np.abs(own.mean(axis=0) - expected) < 5 * error).all()  # 5 standard errors, of 9 numbers
    off = [np.abs(own.mean(axis=0) - other) / error for own, other, error in zip(drawn, exact, errors, strict=True)]
    assert max(own.max() for own in off) > 10


TEMPERATURE, SAMPLES = 0.7, 40_000


@pytest.fixture(scope="module", params=[0.5, 1.0, 2.0])
def networks_gradients(request):
    """The gradients of `straight_through` in the biases of networks that see nothing, and the estimator (2) of theirs.

    The critic is the payoff, multilinear in what all agents play. Returns the game, the logits l (n, A), τ, and both
    gradients (n, samples, A), of the same noise.
    """
    game, rng, tau = random_matrix((3, 3), seed=5, scale=3.0), np.random.default_rng(1), request.param
    logits, head = rng.normal(size=(2, 3)), Categorical(3)
    u = rng.uniform(1e-9, 1, size=(2, SAMPLES, 3))

    def payoff(learner, features, encoded):
        return jnp.einsum("ab,Ba,Bb->B", game.rewards[0], encoded[:, 0], encoded[:, 1])

    @compiled
    def sampled(logits, u):
        noise = gumbel(u)
        played = head.encode(jnp.argmax(logits[:, None] + noise, axis=-1), u.dtype)
        objective = straight_through(head, lambda settings: settings.relaxation, payoff)

        def of_one(agent, own, u, played):
            turn = Turn(
                agent=agent,
                features=None,
                of_state=None,
                observation=jnp.zeros((1, 1)),
                available=jnp.ones((1, 3), bool),
                encoded=played[None],
                old=own[None],
            )
            learner = SimpleNamespace(log_temperature=jnp.log(TEMPERATURE))
            gain = objective.gain(SimpleNamespace(relaxation=tau), learner, turn, u[None])
            return jax.grad(lambda outputs: gain(outputs[None])[0])(own)

        each = jax.vmap(of_one, (None, None, 0, 1))
        found = jnp.stack([each(agent, logits[agent], u[agent], played) for agent in range(2)])
        return found, estimates(
            game.rewards, list(logits[:, None]), list(noise), temperature=TEMPERATURE, relaxation=tau
        )

    with jax.enable_x64(True):
        found, estimated = sampled(logits, u)
    return game, logits, tau, np.asarray(found), np.asarray(estimated)


def test_networks_follow_the_estimator_draw_by_draw(networks_gradients):
    """`straight_through` is the estimator (2): of each noise, up to rounding (1e-15 is seen)."""
    *_, found, estimated = networks_gradients
    assert np.abs(found - estimated).max() <= 1e-14 * np.abs(estimated).max()


def test_networks_follow_the_mean_gradient(networks_gradients):
    """So its mean over a large sample is (3), within 5 standard errors of each of 6 numbers, and not the exact one."""
    game, logits, tau, found, _ = networks_gradients
    errors = found.std(axis=1) / np.sqrt(SAMPLES)
    mean, exact = (np.stack(mean_gradient(game, logits, temperature=TEMPERATURE, relaxation=of)) for of in (tau, None))
    assert (np.abs(found.mean(axis=1) - mean) < 5 * errors).all()
    assert (np.abs(found.mean(axis=1) - exact) / errors).max() > 10


@given(LOGITS.filter(lambda logits: len(logits) == 2), RELAXATIONS)
def test_of_two_actions_both_metrics_agree_on_what_rises(logits, relaxation):
    product = exact_jacobian(logits) @ relaxed_jacobian(logits, relaxation)
    assert np.linalg.eigvalsh(product + product.T).min() > -QUADRATURE


def test_of_three_the_objective_may_fall_along_the_relaxed_mean():
    logits = np.array([0.0, -9.0, -15.0])
    product = exact_jacobian(logits) @ relaxed_jacobian(logits, 5.0)
    values = np.linalg.eigvalsh(product + product.T)
    assert values.min() < -1e-3 * values.max()


@pytest.mark.parametrize(
    ("relaxation", "power", "factor"),
    [(0.5, 1.0, np.pi / 2), (0.8, 1.0, 0.8 * np.pi / np.sin(0.8 * np.pi)), (2.0, 0.5, np.pi / 4)],
)
def test_near_a_corner_the_relaxed_weight_is_the_larger(relaxation, power, factor):
    """Equation (4), with p = exp(−24): what comes next is smaller by p^{1/4} (τ = 0.8) or p^{1/2} at least."""
    logits = np.array([24.0, 0.0, 0.0])
    p = np.exp(-24.0)
    assert -relaxed_jacobian(logits, relaxation)[0, 1] == pytest.approx(factor * p**power, rel=0.02)
    assert -exact_jacobian(logits)[0, 1] == pytest.approx(p, rel=1e-9)


def test_near_a_corner_the_weight_without_much_relaxation_has_a_logarithm():
    weights = [-relaxed_jacobian([gap, 0.0, 0.0], 1.0)[0, 1] * np.exp(gap) for gap in (20.0, 25.0, 30.0)]
    near(np.diff(weights), np.full(2, 5.0), 1e-5)  # log(1/p) and a constant, up to p log²(1/p)


@pytest.mark.parametrize("temperature", [20, 10, 5, 2])
@pytest.mark.parametrize("relaxation", [None, 1.0])
def test_flows_from_the_papers_start_end_where_haspi_does(temperature, relaxation):
    game = load("hasac")
    expected = haspi(game, temperature=temperature, initial_policy=START).policy
    for own, other in zip(
        gradient_flow(game, START, temperature=temperature, relaxation=relaxation, time=1e4), expected, strict=True
    ):
        near(own, other[0], 1e-4)  # at temperature 2 the corner is approached like 1/time


@pytest.mark.parametrize(
    ("temperature", "haspi_c", "exact_c", "relaxed_c"), [(6.8, 1, 0, 0), (6.92, 1, 0, 1), (6.6, 0, 0, 0)]
)
def test_between_the_switches_they_end_at_different_equilibria(temperature, haspi_c, exact_c, relaxed_c):
    """The start changes from the basin of (A, A) to that of (C, C) at 6.71 (HASPI), 6.90 (τ = 1) and 6.93 (exact)."""
    game = load("hasac")
    ends = (
        haspi(game, temperature=temperature, initial_policy=START).policy[0][0],
        gradient_flow(game, START, temperature=temperature, time=1e3)[0],
        gradient_flow(game, START, temperature=temperature, relaxation=1.0, time=1e3)[0],
    )
    assert [int(end.argmax() == 2) for end in ends] == [haspi_c, exact_c, relaxed_c]
    assert all(end.max() > 0.9 for end in ends)


@pytest.mark.parametrize(
    ("argument", "call"),
    [
        ("relaxation", lambda: relaxed_jacobian([0.0, 1.0], 0.0)),
        ("logits", lambda: exact_jacobian([[0.0, 1.0]])),
        ("logits", lambda: relaxed_jacobian([0.0, -np.inf], 1.0)),
        ("game", lambda: mean_gradient(load("chicken"), [[0.0, 0.0]] * 2, temperature=1.0)),
        ("game", lambda: mean_gradient(load("chain"), [[0.0, 0.0]], temperature=1.0)),
        ("temperature", lambda: mean_gradient(load("hasac"), [[0.0] * 3] * 2, temperature=0.0)),
    ],
)
def test_bad_arguments_are_named(argument, call):
    with pytest.raises(ValueError, match=argument):
        call()
