"""A stack is its games, row by row, for every solver."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.base.checks import InvalidInput
from mathrl.games import Game, load, random_matrix, random_policy, stack, uniform_policy
from mathrl.proofs_checks.strategies import TEMPERATURES, temperatures
from mathrl.solvers import haspi, nash_q, optimal, qre, soft_evaluation
from tests.tolerances import EPS

SEEDS = st.lists(st.integers(0, 1000), min_size=1, max_size=4)
SIZES = st.lists(st.integers(1, 3), min_size=1, max_size=3)


def drawn(seeds, num_actions, structure):
    return [random_matrix(num_actions, structure=structure, seed=seed) for seed in seeds]


def row(policy, k):
    return tuple(pi[[k]] for pi in policy)


@given(SEEDS, SIZES, st.sampled_from(["common-payoff", "general-sum"]), TEMPERATURES, st.randoms())
def test_evaluation_of_a_stack_is_that_of_its_games(seeds, num_actions, structure, temperature, random):
    members = drawn(seeds, num_actions, structure)
    game = stack(members)
    policy = random_policy(game, np.random.default_rng(random.randint(0, 99)))
    together = soft_evaluation(game, policy=policy, temperature=temperature)
    states = together.q.ndim - len(num_actions) - 1
    for k, member in enumerate(members):
        alone = soft_evaluation(member, policy=row(policy, k), temperature=temperature)
        assert np.array_equal(together.q.take([k], axis=states), alone.q)
        # one order of sums, in vectors of another length
        np.testing.assert_allclose(together.v[..., [k]], alone.v, rtol=8 * EPS, atol=8 * EPS * (4 + temperature * 4))


@given(SEEDS, SIZES, temperatures(0.1, 100))
def test_haspi_on_a_stack_takes_the_steps_of_each_game(seeds, num_actions, temperature):
    members = drawn(seeds, num_actions, "common-payoff")
    together = haspi(stack(members), temperature=temperature)
    for k, member in enumerate(members):
        # All take as many steps as the slowest game needs; alone 8 floors are asked for, to go on about as long.
        alone = haspi(member, temperature=temperature, tol=1e-300, max_steps=together.steps)
        slack = 64 * EPS * (1 + np.abs(member.rewards).max() / temperature) ** 4  # a floor, amplified in each step
        for ours, theirs in zip(row(together.policy, k), alone.policy, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=max(slack, 200 * together.rounding_floor))


@given(SEEDS, st.lists(st.integers(1, 3), min_size=2, max_size=2), temperatures(5, 100))
def test_qre_of_a_stack(seeds, num_actions, temperature):
    """At temperatures where the equilibrium is unique."""
    members = drawn(seeds, num_actions, "general-sum")
    together = qre(stack(members), temperature=temperature).require()
    for k, member in enumerate(members):
        alone = qre(member, temperature=temperature).require()
        for ours, theirs in zip(row(together.policy, k), alone.policy, strict=True):
            # both residuals of 100 floors, where the response contracts by at least a half
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=400 * together.rounding_floor)


@given(SEEDS, st.tuples(st.integers(1, 4), st.integers(1, 4)))
def test_optimal_and_nash_of_a_stack(seeds, num_actions):
    common, zero_sum = (drawn(seeds, num_actions, structure) for structure in ("common-payoff", "zero-sum"))
    assert optimal(stack(common)).v.tolist() == [optimal(member).objective for member in common]
    assert nash_q(stack(zero_sum)).v.T.tolist() == [nash_q(member).v[:, 0].tolist() for member in zero_sum]


@given(SEEDS, SIZES, st.sampled_from(["common-payoff", "general-sum"]), TEMPERATURES)
def test_games_with_different_actions_are_stacked(seeds, num_actions, structure, temperature):
    shares = [0.3, 1.0, 0.6, 0.0]
    members = [
        random_matrix(num_actions, structure=structure, seed=seed, available=share)
        for seed, share in zip(seeds, shares, strict=False)
    ]
    game = stack(members)
    for k, member in enumerate(members):
        assert [own[k].tolist() for own in game.available] == [own[0].tolist() for own in member.available]
    together = soft_evaluation(game, policy=uniform_policy(game), temperature=temperature)
    states = together.q.ndim - len(num_actions) - 1
    for k, member in enumerate(members):
        alone = soft_evaluation(member, policy=uniform_policy(member), temperature=temperature)
        assert np.array_equal(together.q.take([k], axis=states), alone.q)


def test_a_stack_is_one_game_of_discount_0():
    first, second = load("climbing"), load("climbing-rommeo")
    game = stack([first, second])
    assert (game.num_states, game.discount, game.common_payoff) == (2, 0, False)
    assert np.array_equal(game.rewards[:, 0], [first.rewards[0]] * 2)
    assert np.array_equal(game.rewards[:, 1], second.rewards[:, 0])
    assert np.array_equal(game.csr_xt.toarray(), np.repeat(np.eye(2), 9, axis=0))
    same = stack(iter([first, first]))
    assert same.common_payoff
    assert same.rewards.shape == (2, 3, 3)
    assert stack([first]).num_states == 1


@pytest.mark.parametrize(
    ("games", "message"),
    [
        ([], "^games is "),
        (5, "^games is 5, expected matrix games"),
        (load("climbing"), "^games is <Game"),
        ([load("climbing"), np.eye(3)], r"^games\[1\] is of type ndarray"),
        ([load("climbing"), load("opt-in")], r"^games\[1\] has 6 states and discount 0.9"),
        ([Game.stochastic(np.eye(2)[None], np.ones((1, 2, 2, 1)), 0.5)], r"^games\[0\] has 1 states and discount 0.5"),
        (
            [Game.stochastic(np.zeros((1, 1)), np.ones((1, 1, 1)), 0.0, terminal=[1])],
            r"^games\[0\] has a terminal state",
        ),
        ([load("climbing"), load("chicken")], r"^games\[1\] has 2×2 actions, expected 3×3"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(games, message):
    with pytest.raises(InvalidInput, match=message):
        stack(games)
