"""ROMMEO in self-play: its map, the games of the paper, cycles, symmetry."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mathrl import Game
from mathrl.games import (
    load,
    opponents_policy,
    permute_actions,
    random_matrix,
    random_stochastic,
    relabel_agents,
)
from mathrl.iteration.iterate import watching
from mathrl.iteration.outcome import Status
from mathrl.proofs_checks.strategies import games, policies, temperatures
from mathrl.solvers import rommeo_q, rommeo_self_play
from tests.examples import costly
from tests.tolerances import EPS

SMALL = {"max_states": 2, "discounts": st.sampled_from([0.0, 0.5])}


@costly
@given(games(**SMALL), temperatures(0.1, 10), temperatures(0.1, 10), st.data())
def test_one_step_is_rommeo_q_against_what_the_others_play(game, alpha, kappa, data):
    first = data.draw(policies(game))
    weights = {"temperature": alpha, "divergence_weight": kappa}
    after = rommeo_self_play(game, **weights, initial_policy=first, averaging=1.0, max_steps=0)
    reply = rommeo_q(game, **weights, prior=opponents_policy(first)).require()
    # Q is exact to 8 floors on one side, 100 on the other; the policies' exponents are Q over a weight
    slack = 4000 * EPS * (1 + (game.reward_scale + 60 * (alpha + kappa)) / min(alpha, kappa))
    for ours, theirs in zip(after.policy, reply.policy, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=slack)
    expected = max(np.abs(ours - theirs).max() for ours, theirs in zip(reply.policy, first, strict=True))
    assert abs(after.residual - expected) <= slack


@costly
@given(games(**SMALL), temperatures(0.3, 10))
def test_where_it_converges_the_policy_answers_itself(game, alpha):
    solution = rommeo_self_play(game, temperature=alpha, max_steps=300)
    assume(solution.converged)  # no theorem says that it does
    reply = rommeo_q(game, temperature=alpha, prior=opponents_policy(solution.policy)).require()
    for ours, theirs in zip(solution.policy, reply.policy, strict=True):
        # F moves a policy by at most a few times its change: 100 floors apart, then 100 more
        np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_each_state_is_judged_by_its_own_rounding():
    """What rounding leaves of a large state says nothing of a small one, nor does an action that nobody plays."""
    rewards = np.full((2, 3, 3), -1e5)
    rewards[0], rewards[1, :2, :2] = np.diag([1e12, 0.0, 0.0]), [[1.0, 0.0], [0.0, 0.8]]
    game = Game.stochastic(rewards, np.eye(2)[:, None, None].repeat(3, axis=1).repeat(3, axis=2), 0.5)
    early = rommeo_self_play(game, temperature=1.0, max_steps=8)
    assert early.status is Status.MAX_STEPS
    assert 1e-6 < early.residual < 1e-3
    assert rommeo_self_play(game, temperature=1.0).converged


@pytest.mark.parametrize("temperature", [0.1, 1.0])
def test_the_climbing_game_is_climbed(temperature):
    """rommeo §5.1, Figure 1: self-play reaches (A, A)."""
    solution = rommeo_self_play(load("climbing-rommeo"), temperature=temperature).require()
    assert all(agent_policy[0, 0] > 0.99 for agent_policy in solution.policy)


def test_a_game_of_pursuit_cycles():
    """One agent matches, the other mismatches: near temperature 0 each takes over what the other is seen to play."""
    first = [[0.9, 0.1], [0.4, 0.6]]
    solution = rommeo_self_play(load("matching-pennies"), temperature=0.01, initial_policy=first)
    assert (solution.status, solution.period) == (Status.CYCLED, 4)
    assert solution.detail == "period 4"
    averaged = rommeo_self_play(
        load("matching-pennies"), temperature=0.01, averaging=0.5, initial_policy=first
    ).require()
    np.testing.assert_allclose(np.concatenate(averaged.policy), 0.5, atol=1e-11)  # 100 floors of 1/0.01


@costly
@given(st.integers(0, 200), temperatures(0.3, 3), st.data())
def test_relabelled_agents_and_permuted_actions(seed, temperature, data):
    game = random_matrix((2, 3), structure="general-sum", seed=seed)
    solution = rommeo_self_play(game, temperature=temperature, max_steps=20)
    swapped = rommeo_self_play(relabel_agents(game, [1, 0]), temperature=temperature, max_steps=20)
    actions = data.draw(st.permutations(range(3)))
    permuted = rommeo_self_play(permute_actions(game, 1, actions), temperature=temperature, max_steps=20)
    # 20 steps of a map that is not expansive by more than a few: roundings of 1e-15 stay far below
    np.testing.assert_allclose(swapped.policy[0], solution.policy[1], atol=1e-8)
    np.testing.assert_allclose(permuted.policy[1], solution.policy[1][:, actions], atol=1e-8)


def test_agents_that_never_meet_are_each_optimal():
    """A payoff that is a sum of the agents' own: at the fixed point each plays the soft-max of its own part."""
    own, other = np.array([1.0, 0.0, 2.0]), np.array([0.5, -0.5])
    game = Game.matrix([own[:, None] + 0 * other, 0 * own[:, None] + other])
    solution = rommeo_self_play(game, temperature=0.7).require()
    for agent_policy, payoff in zip(solution.policy, (own, other), strict=True):
        weights = np.exp(payoff / 0.7)
        np.testing.assert_allclose(agent_policy[0], weights / weights.sum(), atol=1e-13)


@pytest.mark.parametrize("averaging", [0.1, 0.01, pytest.param(0.003, marks=pytest.mark.long)])
def test_short_steps_towards_a_fixed_point_are_no_cycle(averaging):
    game = Game.matrix([np.array([[3.0, 0.0], [5.0, 1.0]]), np.array([[3.0, 5.0], [0.0, 1.0]])])
    assert rommeo_self_play(game, temperature=5.0, averaging=averaging).status is Status.CONVERGED


@pytest.mark.parametrize(
    ("num_actions", "structure", "seed", "temperature", "weight"),
    [
        ((3, 2), "zero-sum", 350509046, 0.03716734764589922, 0.35546576490552095),
        ((3, 3), "common-payoff", 85553449, 0.02334934565181272, 1.4052779724114202),
        ((3, 2), "general-sum", 569921213, 0.036835943140609735, 0.014401878451283965),
    ],
)
def test_a_run_that_nears_its_fixed_point_from_both_sides_is_no_cycle(
    num_actions, structure, seed, temperature, weight
):
    """Found by search: each came within 100 floors of an earlier point on its way."""
    game = random_matrix(num_actions, structure=structure, seed=seed)
    solution = rommeo_self_play(game, temperature=temperature, divergence_weight=weight)
    assert solution.status is Status.CONVERGED


def test_its_inner_runs_report_to_nobody():
    seen = []
    with watching(lambda step, residual: seen.append(step)):
        solution = rommeo_self_play(random_stochastic(3, (2, 2), discount=0.9, seed=0), temperature=0.5)
    assert seen == list(range(1, solution.steps + 1))
