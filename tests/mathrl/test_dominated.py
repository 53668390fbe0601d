"""Actions that are dominated by so much that the branch is that of the game without them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl import batch
from mathrl.equilibria.matrix.dominated import without_dominated
from mathrl.equilibria.matrix.principal import principal
from mathrl.games import Game
from mathrl.iteration.outcome import STALLED
from mathrl.solvers import qre_branch


def penalised(seed, games, penalty):
    """Random 3×3 games whose third row costs the first agent so much."""
    r = np.random.default_rng(seed).standard_normal((games, 2, 3, 3))
    r[:, 0, 2] = -penalty
    return r


@pytest.mark.parametrize("penalty", [1e4, 1e6])
def test_a_branch_with_a_large_penalty_is_that_without_the_action(penalty):
    """Of 20,000 such games at rationality 10, 59 stalled (1e4) and 63 (1e6)."""
    r = penalised(0, 1500, penalty)
    whole, smaller = batch.qre_branch(r, temperature=0.1), batch.qre_branch(r[:, :, :2], temperature=0.1)
    assert whole.converged.all()
    assert smaller.converged.all()
    for own, theirs in zip(whole.policy, smaller.policy, strict=True):
        assert np.abs(own.reshape(len(r), -1)[:, : theirs[0].size] - theirs.reshape(len(r), -1)).max() <= 1e-9


@pytest.mark.parametrize("penalty", [1e4, 1e9])
def test_the_single_call_too(penalty):
    r = penalised(0, 1500, penalty)
    whole = principal(r.reshape(len(r), 2, -1), np.array([3, 3]), 10.0, 1.0, 10_000)
    lost = np.flatnonzero(whole.status_b == STALLED)
    assert len(lost) > 0
    for one in r[[*lost[:5], *range(5)]]:
        found = qre_branch(Game.matrix(list(one)), temperature=0.1)
        expected = qre_branch(Game.matrix(list(one[:, :2])), temperature=0.1)
        assert found.converged
        assert np.abs(found.policy[1] - expected.policy[1]).max() <= 1e-9
        assert np.abs(found.policy[0][:, :2] - expected.policy[0]).max() <= 1e-9
        dearer = qre_branch(Game.matrix(list(1024 * one)), temperature=1024 * 0.1).require()
        for own, theirs in zip(dearer.policy, found.policy, strict=True):
            assert np.abs(own - theirs).max() <= 1e-9
        # a power of two rounds nothing: the branch is walked in the same steps, after each trace that is lost too
        np.testing.assert_array_equal(1024 * dearer.path.rationality, found.path.rationality)


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 100))
def test_what_is_left_out_is_dominated_and_rare(seed, rationality):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 4, size=rng.integers(1, 4)).tolist())
    r = rng.standard_normal((len(shape), *shape)) * 10.0 ** rng.integers(0, 6, size=(len(shape), *shape))
    kept = without_dominated(r.reshape(len(shape), -1), shape, rationality)
    if kept is None:
        return
    assert all(own.any() for own in kept)
    assert not all(own.all() for own in kept)
    found = batch.qre_branch(r[None], temperature=1 / rationality)
    if found.converged[0]:
        rare = np.concatenate([own.reshape(-1)[~mask] for own, mask in zip(found.policy, kept, strict=True)])
        assert rare.max() <= 1e-20  # exp(−50) is 2e-22


def test_ordinary_games_keep_all_actions():
    rng = np.random.default_rng(0)
    assert all(without_dominated(rng.standard_normal((2, 9)), (3, 3), 10.0) is None for _ in range(100))


def chicken(seed, games, penalty):
    """2×2 games in which one joint action costs both agents so much, and often nothing is dominated at first."""
    r = np.random.default_rng(seed).standard_normal((games, 2, 2, 2))
    r[:, :, 0, 0] = -penalty
    return r


def test_payoffs_that_differ_by_very_much_are_not_traced_with_what_they_forbid():
    """Of 1,000 such games 999 took 10,000 steps without an end, as log ratios of rare actions moved by 1e9."""
    r = chicken(0, 200, 1e9)
    found = batch.qre_branch(r, temperature=1e-3)
    kept = [without_dominated(one.reshape(2, 4), (2, 2), 1000.0) for one in r]
    dominated = np.array([own is not None for own in kept])
    assert dominated.sum() > 100
    assert found.converged[dominated].all()
    for b in np.flatnonzero(dominated)[:20]:
        left = np.ix_(*kept[b])
        smaller = batch.qre_branch(r[b][(slice(None), *left)][None], temperature=1e-3)
        for own, mask, other in zip(found.policy, kept[b], smaller.policy, strict=True):
            assert np.abs(own[b, 0, mask] - other[0, 0]).max() <= 1e-12
    single = [qre_branch(Game.matrix(list(r[b])), temperature=1e-3) for b in np.flatnonzero(dominated)[:5]]
    for b, solution in zip(np.flatnonzero(dominated), single, strict=False):
        assert solution.converged
        assert all(np.abs(own - rows[b]).max() <= 1e-9 for own, rows in zip(solution.policy, found.policy, strict=True))


def test_games_with_unavailable_actions_too():
    r = penalised(0, 1500, 1e4)
    whole = principal(r.reshape(len(r), 2, -1), np.array([3, 3]), 10.0, 1.0, 10_000)
    lost = r[np.flatnonzero(whole.status_b == STALLED)[:5]]
    assert len(lost) > 0
    more = np.zeros((len(lost), 2, 4, 3))
    more[:, :, 1:] = lost
    masks = [np.array([False, True, True, True]), np.ones(3, dtype=bool)]
    many = batch.qre_branch(more, temperature=0.1, available=masks)
    for b, payoffs in enumerate(more):
        found = qre_branch(Game.matrix(list(payoffs), available=masks), temperature=0.1)
        expected = qre_branch(Game.matrix(list(lost[b, :, :2])), temperature=0.1)
        assert found.converged
        assert many.converged[b]
        assert np.abs(found.policy[0][:, 1:3] - expected.policy[0]).max() <= 1e-9
        assert np.abs(many.policy[0][b, :, 1:3] - expected.policy[0]).max() <= 1e-9
