import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.games import as_policy, joint_policy, marginals, random_policy, uniform_policy
from mathrl.proofs_checks.strategies import games, matrix_games, policies


@given(games(), st.data())
def test_a_joint_policy_is_the_product_and_its_marginals_are_the_factors(game, data):
    policy = as_policy(game, data.draw(policies(game)))
    joint = joint_policy(policy)
    assert joint.shape == (game.num_states, *game.num_actions)
    for s, *actions in np.ndindex(joint.shape):
        product = np.prod([pi[s, a] for pi, a in zip(policy, actions, strict=True)])
        assert joint[s, *actions] == pytest.approx(product, rel=1e-15, abs=0)
    for marginal, pi in zip(marginals(joint), policy, strict=True):
        np.testing.assert_allclose(marginal, pi, rtol=1e-13, atol=1e-15)


@given(games(), st.data())
def test_checked_policies_are_read_only_copies(game, data):
    given_policy = data.draw(policies(game))
    for pi, checked in zip(given_policy, as_policy(game, given_policy), strict=True):
        np.testing.assert_array_equal(checked, pi)
        assert not np.shares_memory(checked, pi)
        assert not checked.flags.writeable


@given(matrix_games())
def test_a_single_state_may_be_left_out(game):
    policy = as_policy(game, [np.full(actions, 1 / actions) for actions in game.num_actions])
    for pi, uniform in zip(policy, uniform_policy(game), strict=True):
        np.testing.assert_array_equal(pi, uniform)


@given(games(), st.integers(0, 2**32))
def test_random_policies_are_policies_and_seeded(game, seed):
    one, other = (random_policy(game, np.random.default_rng(seed)) for _ in range(2))
    for pi, same in zip(as_policy(game, one), other, strict=True):
        np.testing.assert_array_equal(pi, same)


@given(games(), st.data())
def test_policies_without_zeros_have_none(game, data):
    assert all((pi > 0).all() for pi in data.draw(policies(game, zeros=False)))
