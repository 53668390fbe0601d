"""The derivative of the agents' own Q against central differences of exact evaluations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.equilibria.derivative import own_q_derivative
from mathrl.games import random_policy, random_stochastic, to_sparse
from mathrl.games.profile import Profile
from mathrl.operators import ENTROPIES
from mathrl.proofs_checks.strategies import games
from mathrl.values.policy_values import evaluate, own_q


def interior_change(game, rng):
    """A policy with all probabilities above 0.05 or so, and a change of it whose rows sum to 0."""
    policy = tuple(0.8 * pi + 0.2 / pi.shape[1] for pi in random_policy(game, rng))
    change = [rng.normal(size=pi.shape) for pi in policy]
    return policy, np.concatenate([dpi - dpi.mean(axis=1, keepdims=True) for dpi in change], axis=1)


def differences(game, policy, change, temperature, entropy, step):
    ends = []
    for sign in (1, -1):
        moved = Profile.split(Profile.of(policy).pi_sk + sign * step * change, game.num_actions)
        ends.append(own_q(evaluate(game, moved, temperature=temperature, entropy=entropy), moved))
    return (ends[0] - ends[1]) / (2 * step)


@given(
    games(discounts=st.sampled_from([0.0, 0.5, 0.9])),
    st.sampled_from(ENTROPIES),
    st.sampled_from([0.01, 1.0, 10.0]),
    st.integers(0, 2**32),
)
def test_against_central_differences(game, entropy, temperature, seed):
    policy, change = interior_change(game, np.random.default_rng(seed))
    values = evaluate(game, policy, temperature=temperature, entropy=entropy)
    derivative = own_q_derivative(values, policy, temperature=temperature, entropy=entropy)
    ours = derivative(change[..., None])[..., 0]
    # Error: step² times the third derivative, eps / step times the values; the scale is that of V, once more for dV.
    scale = (1 + game.reward_scale + 10 * temperature) / (1 - game.discount) ** 2
    coarse, fine = (differences(game, policy, change, temperature, entropy, step) for step in (2e-5, 1e-5))
    richardson = (4 * fine - coarse) / 3
    np.testing.assert_allclose(ours, richardson, rtol=0, atol=1e-8 * scale)


@pytest.mark.parametrize("entropy", ENTROPIES)
@pytest.mark.parametrize("structure", ["common-payoff", "general-sum"])
def test_it_is_linear_and_works_on_many_changes_at_once(entropy, structure):
    game = random_stochastic(5, (2, 3), structure=structure, seed=2)
    rng = np.random.default_rng(2)
    policy, one = interior_change(game, rng)
    _, two = interior_change(game, rng)
    for kind in (game, to_sparse(game)):
        values = evaluate(kind, policy, temperature=0.7, entropy=entropy)
        derivative = own_q_derivative(values, policy, temperature=0.7, entropy=entropy)
        both = derivative(np.stack([one, two, 2 * one - 3 * two], axis=2))
        # three solves of condition 1 / (1 - 0.95) on numbers of size 100
        np.testing.assert_allclose(both[..., 2], 2 * both[..., 0] - 3 * both[..., 1], atol=1e-10)
        np.testing.assert_allclose(derivative(one[..., None])[..., 0], both[..., 0], atol=1e-10)


def test_entropy_of_others_enters_only_through_the_future():
    """In a matrix game the agents' own Q does not depend on anybody's entropy: all three kinds agree."""
    game = random_stochastic(1, (3, 2), structure="general-sum", discount=0.0, seed=3)
    policy, change = interior_change(game, np.random.default_rng(3))
    maps = []
    for entropy in ENTROPIES:
        values = evaluate(game, policy, temperature=2.0, entropy=entropy)
        maps.append(own_q_derivative(values, policy, temperature=2.0, entropy=entropy)(change[..., None]))
    assert np.array_equal(maps[0], maps[1])
    assert np.array_equal(maps[0], maps[2])
    assert np.abs(maps[0]).max() > 0.1  # and they are not all zero
