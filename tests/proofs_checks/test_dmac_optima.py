"""What the claims on DMAC take for known: limits and optima, and the scripts that decide its counterexamples."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.games import Game
from mathrl.proofs_checks.counterexamples import redecide_dmac
from mathrl.proofs_checks.counterexamples.decide import FOLDER, decide_by
from mathrl.proofs_checks.divergence_limits import nearest_optimal, proportional
from mathrl.proofs_checks.dmac.distance import pairs
from mathrl.proofs_checks.dmac.product_optima import best_on_a_grid, is_product_optimum, product_optima
from mathrl.proofs_checks.dmac.target_limit import joint_starts, tied_decisions
from mathrl.proofs_checks.joint_control import iterates, optimal_values, optimum, outer
from mathrl.proofs_checks.policy_value import divergence_v
from mathrl.solvers import divergence_limit

ROUNDING = 1e-8
"""Soft values of numbers below 100 at temperatures above 1/10: a thousand roundings of exponents up to 1,000."""


@given(tied_decisions)
def test_the_limit_is_that_of_the_solver(instance):
    game, first = instance["game"], instance["joint_first_policy"]
    found, _ = nearest_optimal(game, first, optimal_values(game)[1])
    solved = divergence_limit(game, initial_policy=first)
    assert np.abs(found - solved.joint_policy.reshape(first.shape)).max() < 1e-6  # the solver stops at 100 roundings


@given(joint_starts)
def test_an_optimum_has_no_better_policy_between_it_and_its_target(instance):
    game, target, temperature = instance["game"], instance["joint_first_policy"], instance["temperature"]
    policy, v = optimum(game, target, temperature=temperature)
    for share in (0.01, 0.5, 1.0):
        mixed = (1 - share) * policy + share * target
        value = divergence_v(game, mixed, target, temperature=temperature)
        assert (value <= v + ROUNDING * (1 + np.abs(v).max())).all()


@given(joint_starts)
def test_three_updates_are_one_at_a_third_of_the_temperature(instance):
    game, first, temperature = instance["game"], instance["joint_first_policy"], instance["temperature"]
    in_turn = iterates(game, first, temperature=temperature, steps=3)
    at_once, v = optimum(game, first, temperature=temperature / 3)
    assert np.abs(in_turn[-1][0] - at_once).max() < ROUNDING
    mean = np.mean([value for _, value in in_turn], axis=0)
    assert np.abs(mean - v).max() < ROUNDING * (1 + np.abs(v).max())


@given(product_optima, st.integers(0, 2**32 - 1))
def test_no_product_policy_is_better_than_a_known_optimum(instance, seed):
    game, policy, target, temperature = (instance[name] for name in ("game", "policy", "target_policy", "temperature"))
    assert is_product_optimum(game, policy, target, temperature=temperature)
    best = divergence_v(game, outer(policy), outer(target), temperature=temperature)
    rng = np.random.default_rng(seed)
    for share in (0.05, 0.3, 1.0):
        drawn = [rng.dirichlet(np.full(own.shape[1], 0.3), len(own)) for own in policy]
        rival = [(1 - share) * own + share * other for own, other in zip(policy, drawn, strict=True)]
        value = divergence_v(game, outer(rival), outer(target), temperature=temperature)
        assert (value <= best + ROUNDING * (1 + np.abs(best).max())).all()


def test_a_strong_interaction_is_not_taken_for_harmless():
    same = Game.stochastic(np.eye(2)[None], np.ones((1, 2, 2, 1)), 0.5)
    uniform = (np.full((1, 2), 0.5),) * 2
    assert is_product_optimum(same, uniform, uniform, temperature=0.51)
    assert not is_product_optimum(same, uniform, uniform, temperature=0.49)


@given(pairs)
def test_the_grid_misses_no_deterministic_policy(instance):
    game, temperature = instance["game"], instance["temperature"]
    uniform = tuple(np.full((game.num_states, 2), 0.5) for _ in range(2))
    found = outer(best_on_a_grid(game, uniform, temperature=temperature))
    value = divergence_v(game, found, outer(uniform), temperature=temperature)
    for action in range(4):
        sure = np.tile(np.eye(4)[action], (game.num_states, 1))
        rival = divergence_v(game, sure, outer(uniform), temperature=temperature)
        assert (rival <= value + ROUNDING * (1 + np.abs(value).max())).all()


def a_lead(second_pays=0.0):
    """State 0 leads to 1, where both actions pay 1, or to 2, where they pay 1 and `second_pays`; then all is over."""
    rewards = np.array([[0, 0], [1, 1], [1, second_pays], [0, 0]], dtype=float)
    transitions = np.zeros((4, 2, 4))
    transitions[0, 0, 1] = transitions[0, 1, 2] = 1
    transitions[1:, :, 3] = 1
    return Game.stochastic(rewards, transitions, 0.5)


def test_the_limit_favours_the_action_after_which_less_is_to_be_learned():
    game, uniform = a_lead(), np.full((4, 2), 0.5)
    _, optimal = optimal_values(game)
    found, _ = nearest_optimal(game, uniform, optimal)
    assert found[0, 0] / found[0, 1] == pytest.approx(np.sqrt(2), rel=1e-12, abs=0)
    assert proportional(uniform, optimal)[0].tolist() == [0.5, 0.5]


def test_the_printed_limit_is_right_where_nothing_is_left_to_choose():
    game, uniform = a_lead(second_pays=1.0), np.full((4, 2), 0.5)
    _, optimal = optimal_values(game)
    assert np.allclose(nearest_optimal(game, uniform, optimal)[0], proportional(uniform, optimal), atol=1e-12)


@pytest.mark.parametrize(
    ("key", "place", "value"),
    [
        ("dmac.proposition-2", ("game", "rewards", 2, 1), "1"),  # then the limit is as printed
        ("dmac.proposition-2", ("game", "rewards", 0, 1), "1"),  # then the second first action alone is optimal
        ("dmac.proposition-2", ("temperature",), "0"),
        ("dmac.proposition-2@support", ("temperature",), "1/2"),
        ("dmac.proposition-4", ("game", "rewards", 0, 0, 0), "2"),
        ("dmac.proposition-5@equation-19", ("target_policy", 0, 0), ["1/3", "2/3"]),
        ("dmac.proposition-5@equation-20", ("policy", 0, 0), ["1/2", "1/3"]),
        ("dmac.proposition-5@equation-21", ("temperature",), "1"),
        ("dmac.theorem-2@agents-in-turn", ("temperature",), "2"),
        ("dmac.theorem-2@policies", ("game", "rewards", 0, 0, 0), "2"),
    ],
)
def test_a_changed_counterexample_is_refused(key, place, value):
    instance = json.loads((FOLDER / f"{key}.json").read_text(encoding="utf-8"))["instance"]
    function = getattr(redecide_dmac, key.replace("@", "__").replace(".", "_").replace("-", "_"))
    assert decide_by(function, instance).violated
    *way, last = place
    changed = instance
    for step in way:
        changed = changed[step]
    changed[last] = value
    assert not decide_by(function, instance).violated
