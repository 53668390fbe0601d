"""What rounding leaves of values, state by state, and what it leaves in doubt."""

import numpy as np
from hypothesis import given

from mathrl.games import Game, to_dense
from mathrl.proofs_checks.strategies import games
from mathrl.values.attained import doubts, floors, plain_floors, roundings
from mathrl.values.policy_values import backup
from tests.tolerances import EPS


@given(games(structure="common-payoff"))
def test_roundings_are_the_definition(game):
    v = np.linspace(-1, 2, game.num_states)
    P = np.asarray(to_dense(game).transitions).reshape(game.num_states, -1, game.num_states)
    right = EPS * (np.abs(game.rewards_isa[0]) + game.discount * P @ np.abs(v))
    found = roundings(game, backup(game, v[None]), v[None])[0]
    np.testing.assert_allclose(found, right, rtol=0, atol=64 * EPS * right.max())  # sums of a few terms


@given(games(structure="common-payoff"))
def test_plain_floors_are_lower_bounds(game):
    v = np.linspace(1, 2, game.num_states)
    q = backup(game, v[None])
    actions = q[0].argmax(axis=1)
    largest = EPS * (game.reward_scale + game.discount * v.max())
    floor = plain_floors(largest, q[0].max(axis=1))
    if floor is not None:
        exact = floors(roundings(game, q, v[None])[0], actions, q[0].max(axis=1))
        assert (floor <= exact * (1 + 64 * EPS)).all()


def test_what_nobody_plays_counts_only_where_it_may_be_better():
    """The same large terms in an action that is worse by far, and in one whose terms cancel."""
    rewards = np.array([[1.0, -1e16], [0.0, 0.0]])
    transitions = np.array([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [0.0, 1.0]]])
    game = Game.stochastic(rewards, transitions, 0.5)
    # The second action earns −1e16, or 0 up to a rounding of 2e16, and the first 2.
    for far, right in ((0.0, 2 * EPS), (2e16, 2e16 * EPS - 2)):
        v = np.array([2.0, far])
        q = backup(game, v[None])
        delta = roundings(game, q, v[None])[0]
        actions, best = q[0].argmax(axis=1), q[0].max(axis=1)
        floor = floors(delta, actions, best)
        assert floor[0] == 2 * EPS
        found = doubts(delta, floor, q[0], best, lambda q_sa: q_sa.max(axis=1))
        np.testing.assert_allclose(found[0], right, rtol=1e-12)
