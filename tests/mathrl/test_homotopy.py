"""The path from a policy to an equilibrium: each point solves equation (1) of `mathrl.homotopy`."""

import numpy as np
import pytest

from mathrl.evaluate import evaluate
from mathrl.games import load, random_matrix, random_policy, random_stochastic, uniform_policy
from mathrl.homotopy import Path
from mathrl.operators import ENTROPIES, marginal_q
from mathrl.softmax import boltzmann

CASES = [
    (load("matching-pennies"), 0.3),
    (load("shapley"), 0.1),
    (load("chicken"), 1.0),
    (random_matrix((2, 2, 2), structure="general-sum", seed=1), 0.2),
    (random_stochastic(3, (2, 2), structure="general-sum", discount=0.9, seed=2), 0.5),
    (random_stochastic(3, (2, 3), structure="zero-sum", discount=0.9, successors=2, seed=3), 0.3),
]


def walk(path, at_most=300):
    """The points of the path, up to λ = 1."""
    points = [path.start()]
    while points[-1].fraction < 1:
        assert len(points) < at_most
        following = path.advance(points[-1])
        assert following is not None
        points.append(following)
    return points


@pytest.mark.parametrize(("game", "temperature"), CASES)
@pytest.mark.parametrize("entropy", ENTROPIES)
def test_every_point_solves_the_equation_of_the_path(game, temperature, entropy):
    first = random_policy(game, np.random.default_rng(1), concentration=5.0)
    path = Path(game, first, temperature=temperature, entropy=entropy)
    points = walk(path)
    assert len(points) > 3
    assert points[-1].fraction == 1
    for point in points:
        policy, fraction = path.policy(point.x), point.fraction
        assert all((pi > 0).all() for pi in policy)
        q = evaluate(game, policy, temperature=temperature, entropy=entropy).q
        for agent, (pi, start) in enumerate(zip(policy, first, strict=True)):
            y = fraction * marginal_q(q, policy, agent) / temperature + (1 - fraction) * np.log(start)
            # G is brought below 1e-9 (1 + |x|), and |d pi| <= |d y|; |x| stays below 1e3 at these temperatures
            np.testing.assert_allclose(pi, boltzmann(y, 1.0), rtol=0, atol=1e-6)
            scale = 1 + np.abs(point.x).max()
            np.testing.assert_allclose(pi, boltzmann(y, 1.0), rtol=0, atol=2e-9 * scale)


def test_the_path_starts_at_the_initial_policy():
    game = random_matrix((2, 3), structure="general-sum", seed=1)
    first = random_policy(game, np.random.default_rng(1))
    path = Path(game, first, temperature=0.1, entropy="team")
    start = path.start()
    assert start.fraction == 0
    assert start.tangent[-1] > 0
    for ours, given in zip(path.policy(start.x), first, strict=True):
        np.testing.assert_allclose(ours, given, rtol=1e-14)  # a logarithm and back


def test_a_policy_with_zeros_is_moved_inside():
    game = random_matrix((2, 2), structure="general-sum", seed=1)
    path = Path(game, (np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])), temperature=1.0, entropy="none")
    policy = path.policy(path.start().x)
    assert all((pi > 0).all() for pi in policy)
    np.testing.assert_allclose(policy[0], [[1, 0]], atol=2e-6)  # moved by 1e-6
    assert walk(path)[-1].fraction == 1


def test_from_the_uniform_policy_the_path_is_the_logit_curve():
    """(1) with π_0 uniform is the equilibrium at rationality λ/α, also for the policies on the way."""
    game, temperature = load("stag-hunt"), 0.5  # which is where the curve forks: there no tangent is unique
    path = Path(game, uniform_policy(game), temperature=temperature, entropy="none")
    for point in walk(path)[1:]:
        policy = path.policy(point.x)
        for agent, pi in enumerate(policy):
            own = marginal_q(game.rewards, policy, agent)
            np.testing.assert_allclose(pi, boltzmann(own, temperature / point.fraction), rtol=0, atol=1e-7)  # as above
