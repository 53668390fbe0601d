"""ROMMEO's objective and its evidence where actions are not available and episodes end, against smaller games."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.games import Game
from mathrl.games.availability import joint
from mathrl.values import best_evidence_bound, evidence_bound, log_evidence, opponent_policy_q
from tests.tolerances import EPS

SLACK = 1e4 * EPS  # sums of 30 terms over 4 steps, of numbers up to 40


def spread(array, *masks):
    """Probabilities of available actions among all actions."""
    whole = np.zeros([len(mask) for mask in masks])
    whole[np.ix_(*masks)] = array
    return whole


@given(st.integers(0, 2**32 - 1), st.integers(0, 1))
def test_the_objective_is_that_of_the_smaller_game(seed, agent):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 4, size=3)
    masks = [rng.permutation([True] * k + [False] * int(rng.integers(3))) for k in sizes]
    rewards = rng.normal(size=(3, 1, *map(len, masks)))
    smaller = rewards[np.ix_(range(3), [0], *masks)]
    whole, rest = (
        Game.stochastic(list(given), np.ones((*given.shape[1:], 1)), 0.8, available=available)
        for given, available in ((rewards, [mask[None] for mask in masks]), (smaller, None))
    )
    own, state = masks[agent], np.array([True])
    others = joint((state[None], *(mask[None] for i, mask in enumerate(masks) if i != agent)))[0].ravel()
    count = others.sum()
    prior, model = rng.dirichlet(np.ones(count), size=(2, 1))
    conditional = np.moveaxis(rng.dirichlet(np.ones(own.sum()), size=(1, count)), 2, 1)
    given_b = spread(conditional, state, own, others)
    given_b[:, :, ~others] = 1 / len(own)  # rows that are ignored
    wide = {
        "conditional_policy": given_b,
        "opponent_model": spread(model, state, others),
        "prior": spread(prior, state, others),
    }
    narrow = {"conditional_policy": conditional, "opponent_model": model, "prior": prior}
    (q, v), (q_rest, v_rest) = (
        opponent_policy_q(game, agent, **strategy, temperature=0.7, divergence_weight=0.4)
        for game, strategy in ((whole, wide), (rest, narrow))
    )
    np.testing.assert_allclose(q[np.ix_(state, own, others)], q_rest, rtol=0, atol=SLACK)
    assert np.isneginf(q).sum() == q.size - q_rest.size
    np.testing.assert_allclose(v, v_rest, rtol=0, atol=SLACK)
    bounds = [evidence_bound(game, agent, **by, horizon=4) for game, by in ((whole, wide), (rest, narrow))]
    assert bounds[0] == pytest.approx(bounds[1], abs=SLACK)
    both = [
        best_evidence_bound(game, agent, prior=by["prior"], horizon=4) for game, by in ((whole, wide), (rest, narrow))
    ]
    assert both[0][0] == pytest.approx(both[1][0], abs=SLACK)
    np.testing.assert_allclose(both[0][1][0][np.ix_(state, own, others)], both[1][1][0], rtol=0, atol=SLACK)
    found = evidence_bound(
        whole, agent, conditional_policy=both[0][1], opponent_model=both[0][2], prior=wide["prior"], horizon=4
    )
    assert found == pytest.approx(both[0][0], abs=SLACK)
    evidence = [log_evidence(game, agent, prior=by["prior"], horizon=4) for game, by in ((whole, wide), (rest, narrow))]
    assert evidence[0] == pytest.approx(evidence[1], abs=SLACK)


def test_nothing_is_added_after_an_end():
    """In one state both play on, by 0 and 0, or the episode ends; by hand over three steps."""
    rewards, transitions = np.array([[[0.5, -1.0], [0.2, 0.3]], np.zeros((2, 2))]), np.zeros((2, 2, 2, 2))
    transitions[0, :, :, 1], transitions[0, 0, 0] = 1.0, [1.0, 0.0]
    transitions[1, ..., 0] = 1.0
    game = Game.stochastic(rewards, transitions, 0.9, start=[1.0, 0.0], terminal=[False, True])
    prior, model, own = np.array([0.3, 0.7]), np.array([0.6, 0.4]), np.array([[0.2, 0.9], [0.8, 0.1]])
    whatever = np.full(2, 0.5)
    strategy = {
        "conditional_policy": np.stack([own, np.full((2, 2), 0.5)]),
        "opponent_model": np.stack([model, whatever]),
        "prior": np.stack([prior, whatever]),
    }
    entropy = -(model * (own * np.log(own)).sum(axis=0)).sum()
    divergence = (model * np.log(model / prior)).sum()
    earned = (own * model * rewards[0]).sum() + entropy - divergence
    on = own[0, 0] * model[0]
    by_hand = earned * (1 + on + on**2)
    assert evidence_bound(game, 0, **strategy, horizon=3) == pytest.approx(by_hand, abs=SLACK)
    q, v = opponent_policy_q(game, 0, **strategy, temperature=1.0)
    assert v[0] == pytest.approx(earned / (1 - 0.9 * on), abs=SLACK)
    assert v[1] == 0
    assert (q[1] == 0).all()
    beta, weights = 1.0, prior * np.exp(rewards[0])
    for _ in range(3):
        beta = weights[0, 0] * beta + weights.sum() - weights[0, 0]
    assert log_evidence(game, 0, prior=strategy["prior"], horizon=3) == pytest.approx(np.log(beta), abs=SLACK)


def test_strategies_that_play_what_is_not_available_are_refused():
    game = Game.matrix([np.zeros((2, 2)), np.ones((2, 2))], available=[[1, 0], [0, 1]])
    right = {"conditional_policy": [[[1.0, 1.0], [0, 0]]], "opponent_model": [[0, 1.0]], "prior": [[0, 1.0]]}
    assert evidence_bound(game, 0, **right, horizon=1) == 0
    for changed, message in (
        ({"prior": [[0.5, 0.5]]}, r"prior\[0, 0\] is positive, and not all of it is available, expected 0"),
        ({"opponent_model": [[1.0, 0]]}, r"opponent_model\[0, 0\] is positive"),
        ({"conditional_policy": [[[1, 0.5], [0, 0.5]]]}, r"conditional_policy\[0, 1, 1\] is 0.5, and action 1 is not"),
    ):
        with pytest.raises(ValueError, match=message):
            evidence_bound(game, 0, **{**right, **changed}, horizon=1)
