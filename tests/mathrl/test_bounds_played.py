"""AORPO's bounds on games with unavailable actions and ends of episodes, against games without."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mathrl.bounds import Process, Setup, compare_returns, compare_schemes, load_setup, measure, save_setup
from mathrl.games import Game, random_policy
from tests.tolerances import EPS

SLACK = 1e5 * EPS  # some linear solves and sums of numbers below 100

few = settings(max_examples=settings().max_examples // 5)


@st.composite
def two_setups(draw):
    """A setup in which the same actions are unavailable in all states, and the one of the game without them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sizes, states = rng.integers(1, 4, size=2), 3
    masks = [rng.permutation([True] * k + [False] * int(rng.integers(3))) for k in sizes]
    whole = [len(mask) for mask in masks]
    rewards, [real, learned] = (
        rng.normal(size=(2, states, *whole)),
        rng.dirichlet(np.ones(states), size=(2, states, *whole)),
    )
    kept = np.ix_(range(states), *masks)
    game = Game.stochastic(list(rewards), real, 0.8, available=[np.tile(mask, (states, 1)) for mask in masks])
    smaller = Game.stochastic([own[kept] for own in rewards], real[kept], 0.8)
    agent = draw(st.integers(0, 1))
    policy, data, others = (random_policy(game, rng) for _ in range(3))
    parts = {"policy": policy, "data_policy": data}
    of_smaller = {name: [own[:, mask] for own, mask in zip(given, masks, strict=True)] for name, given in parts.items()}
    return (
        Setup.of(game, **parts, model=learned, opponent_models=[others[1 - agent]], agent=agent),
        Setup.of(
            smaller,
            **of_smaller,
            model=learned[kept],
            opponent_models=[others[1 - agent][:, masks[1 - agent]]],
            agent=agent,
        ),
    )


def numbers(row):
    return [float(x) for x in dataclasses.astuple(row) if isinstance(x, int | float)]


def all_numbers(setup):
    """Every number of a comparison of returns, of all errors but those of branches, and of schemes."""
    errors = measure(setup)
    readings = [*errors.data_dynamics.values(), *errors.current_dynamics.values(), errors.modelled_dynamics]
    shifts = [errors.policy_shift, errors.opponents_shift, errors.opponents_error]
    rows = [number for row in compare_returns(setup, branch_lengths=[0, 2]) for number in numbers(row)]
    schemes = [number for row in compare_schemes(setup, [3]) for number in numbers(row)]
    return np.array([*readings, *shifts, *rows, *schemes])


@few
@given(two_setups())
def test_what_is_not_available_counts_in_no_bound(both):
    whole, smaller = both
    np.testing.assert_allclose(all_numbers(whole), all_numbers(smaller), rtol=0, atol=SLACK)


@few
@given(st.integers(0, 2**32 - 1))
def test_an_end_is_a_state_that_absorbs_and_pays_nothing(seed):
    rng = np.random.default_rng(seed)
    rewards, transitions = rng.normal(size=(3, 2, 2)), rng.dirichlet(np.ones(3), size=(2, 3, 2, 2))
    rewards[2] = 0.0
    absorbing = transitions.copy()
    absorbing[:, 2] = np.eye(3)[2]
    ended = Game.stochastic(rewards, transitions[0], 0.8, terminal=[False, False, True])
    policy, data, others = ([rng.dirichlet(np.ones(2), 3) for _ in range(2)] for _ in range(3))
    found = Setup.of(ended, policy=policy, data_policy=data, opponent_models=others[1:], model=transitions[1])
    for own in (*policy, *data, *others):
        own[2] = 0.5
    same = Setup.of(
        Game.stochastic(rewards, absorbing[0], 0.8),
        policy=policy,
        data_policy=data,
        opponent_models=others[1:],
        model=absorbing[1],
    )
    assert np.array_equal(all_numbers(found), all_numbers(same))


def test_without_discount_nothing_is_normalised():
    rewards, transitions = np.array([[1.0], [0.0]]), [[[0, 1]], [[0, 1]]]
    game = Game.stochastic(rewards, transitions, 1.0, terminal=[False, True])
    for make in (lambda: Setup.of(game, policy=[np.ones((2, 1))]), lambda: Process(game, (np.ones((2, 1)),))):
        with pytest.raises(ValueError, match="game has discount 1, expected one below 1: aorpo's bounds are of sums"):
            make()


def test_a_setup_with_masks_and_ends_is_kept_in_a_file(tmp_path):
    rewards, transitions = np.array([[[1.0, 2.0]], [[0.0, 0.0]]]), np.full((2, 1, 2, 2), 0.5)
    masks = [np.ones((2, 1)), [[0, 1], [1, 1]]]
    game = Game.stochastic(rewards, transitions, 0.5, available=masks, terminal=[False, True])
    policy = [np.ones((2, 1)), [[0, 1], [0.5, 0.5]]]
    setup = Setup.of(game, policy=policy, model=transitions * [0.5, 1.5])
    save_setup(setup, tmp_path / "setup.json")
    read = load_setup(tmp_path / "setup.json")
    assert np.array_equal(all_numbers(read), all_numbers(setup))
