from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mathrl.games import (
    joint_policy,
    permute_actions,
    relabel_agents,
    scale_rewards,
    shift_rewards,
    to_dense,
    to_sparse,
)
from mathrl.games.availability import joint
from mathrl.proofs_checks.strategies import episodic, games, masked, policies

ANY_GAMES = games() | masked(games()) | episodic(masked(games()))


def assert_same(game, other):
    assert game.common_payoff == other.common_payoff
    assert [own.tolist() for own in game.available] == [own.tolist() for own in other.available]
    assert game.terminal.tolist() == other.terminal.tolist()
    assert game.rewards.tobytes() == other.rewards.tobytes()
    np.testing.assert_array_equal(to_dense(game).transitions, to_dense(other).transitions)
    assert (game.discount, game.start.tobytes()) == (other.discount, other.start.tobytes())


@given(ANY_GAMES, st.data())
def test_relabel_agents_maps_each_entry_as_it_says(game, data):
    order = data.draw(st.permutations(range(game.num_agents)))
    relabelled = relabel_agents(game, order)
    assert relabelled.sparse == game.sparse
    assert relabelled.num_actions == tuple(game.num_actions[agent] for agent in order)
    old, new = to_dense(game), to_dense(relabelled)
    for s, *actions in np.ndindex(old.transitions.shape[:-1]):
        there = (s, *(actions[agent] for agent in order))
        np.testing.assert_array_equal(new.transitions[there], old.transitions[s, *actions])
        for i, agent in enumerate(order):
            expected = game.rewards[s, *actions] if game.common_payoff else game.rewards[agent, s, *actions]
            assert (relabelled.rewards[there] if game.common_payoff else relabelled.rewards[i, *there]) == expected


@given(ANY_GAMES, st.data())
def test_permute_actions_maps_each_entry_as_it_says(game, data):
    agent = data.draw(st.integers(0, game.num_agents - 1))
    permutation = data.draw(st.permutations(range(game.num_actions[agent])))
    permuted = permute_actions(game, agent, permutation)
    assert permuted.sparse == game.sparse
    axis = agent - game.num_agents
    np.testing.assert_array_equal(permuted.rewards, game.rewards.take(permutation, axis=axis))
    old, new = to_dense(game).transitions, to_dense(permuted).transitions
    np.testing.assert_array_equal(new, old.take(permutation, axis=axis - 1))


@given(ANY_GAMES, st.data())
def test_transformations_are_undone_by_their_inverses(game, data):
    order = data.draw(st.permutations(range(game.num_agents)))
    assert_same(relabel_agents(relabel_agents(game, order), np.argsort(order)), game)
    agent = data.draw(st.integers(0, game.num_agents - 1))
    permutation = data.draw(st.permutations(range(game.num_actions[agent])))
    assert_same(permute_actions(permute_actions(game, agent, permutation), agent, np.argsort(permutation)), game)
    assert_same(scale_rewards(scale_rewards(game, 4.0), 0.25), game)
    assert_same(to_sparse(to_dense(game)), game)
    assert_same(to_dense(to_sparse(game)), game)


@given(ANY_GAMES, st.data())
def test_expected_rewards_do_not_depend_on_names(game, data):
    policy = data.draw(policies(game))
    order = data.draw(st.permutations(range(game.num_agents)))
    agent = data.draw(st.integers(0, game.num_agents - 1))
    permutation = data.draw(st.permutations(range(game.num_actions[agent])))
    relabelled = expected_rewards(relabel_agents(game, order), tuple(policy[i] for i in order))
    expected = expected_rewards(game, policy)
    np.testing.assert_allclose(relabelled, expected if game.common_payoff else expected[list(order)], atol=1e-12)
    permuted = tuple(pi[:, permutation] if i == agent else pi for i, pi in enumerate(policy))
    np.testing.assert_allclose(
        expected_rewards(permute_actions(game, agent, permutation), permuted), expected, atol=1e-12
    )


def expected_rewards(game, policy):
    joint = joint_policy(policy).reshape(game.num_states, -1)
    return np.einsum("sa,isa->is", joint, game.rewards_isa)


@given(games(), st.floats(-3, 3), st.floats(-5, 5))
def test_rewards_are_scaled_and_shifted(game, factor, amount):
    scaled, shifted = scale_rewards(game, factor), shift_rewards(game, amount)
    rows = range(game.num_agents)
    for changed, expected in ((scaled, factor * game.rewards_isa), (shifted, game.rewards_isa + amount)):
        for i in rows:  # rewards that have become equal are stored once
            found = changed.rewards_isa[0 if changed.common_payoff else i]
            np.testing.assert_array_equal(found, expected[0 if game.common_payoff else i])
        np.testing.assert_array_equal(to_dense(changed).transitions, to_dense(game).transitions)


@given(masked(games()) | episodic(masked(games())), st.sampled_from([-2.0, 0.0, 3.0]), st.floats(-5, 5))
def test_what_is_unavailable_or_ended_stays_so(game, factor, amount):
    there = joint(game.available)
    paid = np.where(there, game.rewards, 0.0)
    ended = game.terminal.reshape(-1, *[1] * game.num_agents)
    for changed, expected in (
        (scale_rewards(game, factor), factor * paid),
        (shift_rewards(game, amount), np.where(ended, 0.0, paid + amount)),
    ):
        found = np.broadcast_to(changed.rewards, game.rewards.shape)  # rewards that have become equal are stored once
        np.testing.assert_array_equal(found, np.where(there, expected, -np.inf))
        assert_same(changed, replace(game, rewards=changed.rewards, common_payoff=changed.common_payoff))


@given(ANY_GAMES)
def test_storage_can_be_chosen(game):
    assert to_sparse(game).sparse
    assert not to_dense(game).sparse
    assert (to_sparse(to_dense(game)).transitions.data > 0).all()
