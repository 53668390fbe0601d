"""Unavailable actions and ends of episodes in values, responses and gains, against what they are by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.exploitability import exploitability
from mathrl.games import Game, random_policy
from mathrl.solvers import haspi, qre, soft_evaluation
from tests.examples import costly
from tests.tolerances import EPS


@st.composite
def masked_matrix_games(draw, common_payoff=None):
    """A matrix game with masks, and the smaller game without the actions that there are not."""
    num_actions = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    masks = [rng.random(actions) < 0.6 for actions in num_actions]
    for own in masks:
        own[rng.integers(len(own))] = True
    common = draw(st.booleans()) if common_payoff is None else common_payoff
    payoffs = [rng.normal(size=num_actions) for _ in range(1 if common else len(num_actions))]
    rest = [array[np.ix_(*masks)] for array in payoffs]
    made = [
        Game.matrix(given[0] if common else given, common_payoff=common, available=available)
        for given, available in ((payoffs, masks), (rest, None))
    ]
    return *made, masks


def lifted(policy, masks):
    """A policy of the smaller game in the game with masks."""
    rows = []
    for own, mask in zip(policy, masks, strict=True):
        row = np.zeros((1, len(mask)))
        row[:, mask] = own
        rows.append(row)
    return rows


@costly
@given(masked_matrix_games(), st.sampled_from(["team", "own", "none"]), st.integers(0, 99))
def test_an_action_that_is_not_available_is_as_if_it_were_not_there(drawn, entropy, seed):
    game, smaller, masks = drawn
    policy = random_policy(smaller, np.random.default_rng(seed))
    named = {"temperature": 0.3, "entropy": entropy}
    whole = soft_evaluation(game, policy=lifted(policy, masks), **named)
    rest = soft_evaluation(smaller, policy=policy, **named)
    assert np.array_equal(whole.q[(..., *np.ix_(*masks))].reshape(rest.q.shape), rest.q)
    assert np.isneginf(whole.q).sum() == whole.q.size - rest.q.size
    assert np.abs(whole.v - rest.v).max() <= 64 * EPS * (1 + np.abs(rest.v).max())  # sums in another order
    gains = [exploitability(g, p, **named) for g, p in ((game, lifted(policy, masks)), (smaller, policy))]
    assert np.abs(gains[0] - gains[1]).max() <= 1e3 * EPS * 4  # two solves of values of size 4, to 100 floors


@costly
@given(masked_matrix_games(common_payoff=True), st.floats(0.3, 3))
def test_equilibria_are_those_of_the_smaller_game(drawn, temperature):
    game, smaller, masks = drawn
    for solver in (haspi, qre):
        whole, rest = (solver(g, temperature=temperature) for g in (game, smaller))
        assert whole.converged == rest.converged
        for own, other in zip(whole.policy, lifted(rest.policy, masks), strict=True):
            assert (own[other == 0] == 0).all()
            assert np.abs(own - other).max() <= 1e-9  # both stop at 1e-13, and responses contract by 1e-3 at least
        assert whole.equation.residual(game, whole) <= 1e-11


def two_agents_that_may_stop(discount=0.95):
    """Both play 0: 0.2 and on; else the episode ends."""
    rewards, transitions = np.zeros((2, 2, 2)), np.zeros((2, 2, 2, 2))
    rewards[0, 0, 0], transitions[0, :, :, 1], transitions[0, 0, 0] = 0.2, 1, [1, 0]
    return Game.stochastic(rewards, transitions, discount, start=[1, 0], terminal=[False, True])


def test_an_end_earns_no_entropy():
    a, g, r = 1.0, 0.95, 0.2
    p = q = np.array([0.9, 0.1])

    def entropy(x):
        return -(x * np.log(x)).sum()

    for _ in range(2000):  # by hand: responses in turn, V(end) = 0
        for first in (True, False):
            v = (p[0] * q[0] * r + a * (entropy(p) + entropy(q))) / (1 - g * p[0] * q[0])
            other = q if first else p
            row = np.exp(np.array([other[0] * (r + g * v), 0]) / a)
            p, q = (row / row.sum(), q) if first else (p, row / row.sum())
    start = [np.array([[0.9, 0.1], [0.3, 0.7]])] * 2
    for solver in (haspi, qre):
        found = solver(two_agents_that_may_stop(), temperature=a, initial_policy=start)
        assert found.converged
        assert found.policy[0][0, 0] == pytest.approx(p[0], abs=1e-10)  # 0.988, not 0.536 as if ends earned entropy
        assert found.policy[1][1].tolist() == [0.5, 0.5]
        assert found.q[1].tolist() == [[0, 0], [0, 0]]
        assert found.v[1] == 0
        assert found.v[0] == pytest.approx((p[0] * q[0] * r + a * (entropy(p) + entropy(q))) / (1 - g * p[0] * q[0]))
        assert found.equation.residual(two_agents_that_may_stop(), found) <= 1e-11


@given(st.integers(0, 2**32 - 1), st.booleans(), st.sampled_from(["team", "own", "none"]))
def test_values_with_discount_1_are_sums_to_the_end(seed, sparse, entropy):
    rng = np.random.default_rng(seed)
    steps, actions = 3, (2, 3)
    rewards, transitions = rng.normal(size=(2, steps + 1, *actions)), np.zeros((steps + 1, *actions, steps + 1))
    rewards[:, -1] = 0
    for s in range(steps):  # only forward
        transitions[s, ..., s + 1 :] = rng.dirichlet(np.ones(steps - s), size=actions)
    transitions[-1, ..., 0] = 1
    rows = transitions
    if sparse:
        from scipy.sparse import csr_array

        rows = csr_array(transitions.reshape(-1, steps + 1))
    masks = [rng.random((steps + 1, k)) < 0.7 for k in actions]
    for own in masks:
        own[:, 0] = True
    game = Game.stochastic(list(rewards), rows, 1.0, available=masks, terminal=np.arange(steps + 1) == steps)
    policy = random_policy(game, rng)
    found = soft_evaluation(game, policy=policy, temperature=0.5, entropy=entropy)
    v = np.zeros((2, steps + 1))
    for s in reversed(range(steps)):
        weights = np.outer(policy[0][s], policy[1][s])
        bonus = np.array([-(own[s] * np.log(np.where(own[s] > 0, own[s], 1))).sum() for own in policy]) / 2
        counted = {"team": bonus.sum(), "own": bonus, "none": 0}[entropy]
        earned = [(weights * (rewards[i, s] + transitions[s] @ v[i])).sum() for i in range(2)]
        v[:, s] = np.array(earned) + counted
    assert found.converged
    assert np.abs(found.v - v).max() <= 256 * EPS * 10  # four steps of values below 10
    assert 1 <= game.horizon <= steps
