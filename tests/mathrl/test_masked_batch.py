"""Many games with unavailable actions at once: as the smaller games without them, and as each game alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl import batch, solvers
from mathrl.base.checks import InvalidInput
from mathrl.games import Game
from mathrl.operators import ENTROPIES
from mathrl.proofs_checks.strategies import temperatures
from tests.examples import costly

SIZES = st.sampled_from([(4,), (2, 3), (3, 3), (2, 3, 2)])
SEEDS = st.integers(0, 2**32 - 1)
SOLVERS = {"haspi": batch.haspi, "qre": batch.qre, "qre_branch": batch.qre_branch}
every_solver = pytest.mark.parametrize("name", SOLVERS)
BATCH = ("residual", "rounding_floor", "objective", "steps", "status", "road")


def drawn(num_actions, seed, *, games=6, common=False):
    """Payoffs (B, m, A_1, …, A_n), and masks per agent (B, A_i)."""
    rng = np.random.default_rng(seed)
    masks = [rng.random((games, actions)) < 0.7 for actions in num_actions]
    for own in masks:
        own[np.arange(games), rng.integers(own.shape[1], size=games)] = True
    return rng.normal(size=(games, 1 if common else len(num_actions), *num_actions)), masks


def left(masks, k):
    """The index of what is left of the payoffs (m, A_1, …, A_n) of game k."""
    return slice(None), *np.ix_(*(own[k] for own in masks))


@costly
@given(st.sampled_from(sorted(SOLVERS)), SIZES, SEEDS, temperatures(0.1, 10), st.sampled_from(ENTROPIES), st.booleans())
def test_games_are_solved_as_the_smaller_ones(name, num_actions, seed, temperature, entropy, common):
    common, entropy = (True, "team") if name == "haspi" else (common, entropy)
    payoffs, masks = drawn(num_actions, seed, common=common)
    temperature_b, hidden = temperature * np.arange(1, 7), np.full_like(payoffs, np.nan)
    for k in range(6):
        hidden[k][left(masks, k)] = payoffs[k][left(masks, k)]
    found = SOLVERS[name](hidden, temperature=temperature_b, entropy=entropy, available=masks)
    for k in range(6):
        rest = SOLVERS[name](payoffs[k][left(masks, k)][None], temperature=temperature_b[k], entropy=entropy)
        for field in ("residual", "rounding_floor", "objective", "steps", "status", "road"):
            assert np.array_equal(getattr(found, field)[k], getattr(rest, field)[0]), field
        for own, mask, other in zip(found.policy, masks, rest.policy, strict=True):
            assert np.array_equal(own[k, 0, mask[k]], other[0, 0])
            assert not own[k, 0, ~mask[k]].any()


@costly
@given(SIZES, SEEDS, temperatures(0.3, 10))
def test_a_batch_agrees_with_each_game_alone(num_actions, seed, temperature):
    payoffs, masks = drawn(num_actions, seed)
    games = [Game.matrix(list(own), available=[mask[k] for mask in masks]) for k, own in enumerate(payoffs)]
    found = batch.qre_branch(payoffs, temperature=temperature, available=masks)
    alone = batch.each(solvers.qre_branch, games, temperature=temperature)
    assert found.converged.all()
    assert alone.converged.all()
    for own, other, mask in zip(found.policy, alone.policy, masks, strict=True):
        # rounding, times the conditioning of games with normal payoffs at these temperatures
        assert np.abs(own - other).max() <= 1e-8
        assert not other[:, 0][~mask].any()


@every_solver
def test_one_mask_may_serve_all_games(name):
    payoffs, _ = drawn((3, 2), 0, common=True)
    shared = [np.array([True, False, True]), np.array([1, 1])]
    found = SOLVERS[name](payoffs, temperature=0.5, available=shared)
    rest = SOLVERS[name](payoffs[:, :, [0, 2]], temperature=0.5)
    assert np.array_equal(found.policy[0][..., [0, 2]], rest.policy[0])
    assert not found.policy[0][..., 1].any()
    assert np.array_equal(found.policy[1], rest.policy[1])


@every_solver
def test_masks_that_hide_nothing_and_those_that_leave_one_action(name):
    payoffs, _ = drawn((3, 2), 0, common=True)
    all_, plain = (SOLVERS[name](payoffs, temperature=0.5, available=mask) for mask in ([[1] * 3, [1] * 2], None))
    assert all(np.array_equal(own, other) for own, other in zip(all_.policy, plain.policy, strict=True))
    one = SOLVERS[name](payoffs, temperature=0.5, available=[[0, 0, 1], [1, 0]])
    assert one.converged.all()
    assert one.policy[0][:, 0].tolist() == [[0, 0, 1]] * 6
    assert np.array_equal(one.objective, payoffs[:, 0, 2, 0])


def test_the_start_is_one_of_what_is_available():
    payoffs = np.diag([5.0, 10.0, 20.0, 30.0])[None, None]
    named = {"temperature": 1.0, "available": [[1, 1, 1, 0]] * 2}
    found = batch.haspi(payoffs, initial_policy=[[0.1, 0.8, 0.1, 0.0]] * 2, **named)
    assert found.policy[0][0, 0].argmax() == 1
    message = r"initial_policy\[0\]\[0, 3\] is 0.1, and action 3 is not available to agent 0 in game 0, expected 0"
    with pytest.raises(InvalidInput, match=message):
        batch.haspi(payoffs, initial_policy=[[0.1, 0.7, 0.1, 0.1]] * 2, **named)


@pytest.mark.parametrize(
    ("available", "message"),
    [
        (3, "available is of type int"),
        ([[1, 1]], "available has 1 array, expected 2"),
        ([[1, 1], [1, 1]], r"available\[0\] has shape \(6, 2\), expected \(6, 3\)"),
        ([np.ones((5, 3)), [1, 1]], r"available\[0\] has shape \(5, 3\), expected \(6, 3\)"),
        ([[1, 1, 1], [0, 0]], r"available\[1\]\[0\] has no available action, expected at least one$"),
        ([[1, 1, 1], ["a", "b"]], r"available\[1\] is .*, expected an array of true and false"),
        ([[1, 1, 1], [1, 1]], r"payoffs\[0, 0, 0, 1\] is nan"),
        ([[1, 1, 0], [1, 1]], r"payoffs\[0, 0, 0, 1\] is nan"),
    ],
)
def test_masks_that_do_not_fit_are_named(available, message):
    payoffs, _ = drawn((3, 2), 0)
    payoffs[:, :, 0, 1] = np.nan
    with pytest.raises(InvalidInput, match=message):
        batch.qre_branch(payoffs, temperature=1.0, available=available)
