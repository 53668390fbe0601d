"""A profile is its policy in three forms."""

import pickle

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mathrl.games import joint_policy
from mathrl.games.profile import Profile, split
from mathrl.proofs_checks.strategies import games, policies


@given(games(), st.data())
def test_all_forms_are_the_policy(game, data):
    policy = data.draw(policies(game))
    profile = Profile.of(policy)
    assert isinstance(profile, tuple)
    assert Profile.of(profile) is profile
    assert np.array_equal(profile.pi_sk, np.concatenate(policy, axis=1))
    assert np.array_equal(profile.joint_sa, joint_policy(policy).reshape(game.num_states, -1))
    assert profile.num_actions.tolist() == list(game.num_actions)
    back = Profile.split(profile.pi_sk, game.num_actions)
    assert back.pi_sk is profile.pi_sk
    assert all(map(np.array_equal, back, policy))
    assert all(map(np.array_equal, split(profile.pi_sk, game.num_actions), policy))
    assert all(map(np.array_equal, pickle.loads(pickle.dumps(profile)), policy))
