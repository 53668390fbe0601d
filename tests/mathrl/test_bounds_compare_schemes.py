"""Rollout schemes side by side: rows against the parts they are made of, and their bounds against the exact returns."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.bounds import (
    SCHEMES,
    Setup,
    branched_return,
    compare_schemes,
    expected_return,
    measure,
    rollout,
    scheduled_return,
)
from mathrl.bounds.sharper import coupling_theorem_2
from mathrl.bounds.theorems import theorem_2
from mathrl.games import Game, random_policy, random_stochastic
from mathrl.proofs_checks.strategies import setups
from tests.examples import costly
from tests.tolerances import scheme_slack

MILD = setups(discounts=st.sampled_from([0.0, 0.5, 0.9]))


def errors_of(setup, k):
    errors = measure(setup)
    return {
        "discount": setup.game.discount,
        "dynamics_error": errors.current_dynamics["real"],
        "policy_shift": errors.policy_shift,
        "opponent_shifts": errors.opponent_shifts,
        "opponent_errors": errors.opponent_errors,
        "branch_length": k,
    }


@given(MILD)
@costly
def test_both_bounds_hold_and_coupling_is_the_sharper(setup):
    r = setup.game.rewards_isa[0 if setup.game.common_payoff else setup.agent]
    for row in compare_schemes(setup, [1, 4]):
        assert row.discrepancy <= row.coupling + scheme_slack(setup)
        assert row.coupling <= min(row.bound, np.ptp(r)) + scheme_slack(setup)
        assert row.total_variation <= row.coupling_distance + 1e-13  # sums of a few probabilities


@given(MILD)
@costly
def test_a_row_is_what_its_scheme_is_alone(setup):
    """Also where shorter rollouts are taken from the beginning of longer ones."""
    rows = compare_schemes(setup, [4, 1])
    assert [(row.branch_length, row.scheme) for row in rows] == [(k, scheme) for k in (4, 1) for scheme in SCHEMES]
    real = expected_return(setup.real, setup.agent)
    for row in rows:
        k = row.branch_length
        run = rollout(setup, row.scheme, k)
        assert (row.lengths, row.communications) == (run.lengths, run.communications.sum())
        assert (row.total_variation, row.mean_total_variation) == (
            run.total_variation[-1],
            run.total_variation[1:].mean(),
        )
        assert (row.printed_distance, row.coupling_distance) == (run.printed[-1], run.coupling[-1])
        found = row.compounding_error, row.compounding_floor, row.compounding_bias
        assert found == (run.compounding.error[-1], run.compounding.floor[-1], run.compounding.bias[-1])
        policies = rollout(setup, row.scheme, k).policies
        assert row.branched_return == scheduled_return(setup.data, setup.model, policies, setup.agent)
        assert row.discrepancy == (1 - setup.game.discount) * abs(real - row.branched_return)


@given(MILD, st.integers(1, 5))
@costly
def test_with_models_throughout_it_is_theorem_2(setup, k):
    row = next(row for row in compare_schemes(setup, [k]) if row.scheme == "all-model")
    r = setup.game.rewards_isa[0 if setup.game.common_payoff else setup.agent]
    errors = errors_of(setup, k)
    printed = theorem_2(reward_bound=np.abs(r).max(), **errors)
    coupled = coupling_theorem_2(reward_range=np.ptp(r), **errors)
    assert row.bound == pytest.approx(printed, rel=1e-12, abs=0)  # a dozen roundings
    assert row.coupling == pytest.approx(coupled, rel=1e-9, abs=scheme_slack(setup))  # step by step, or closed
    modelled = branched_return(setup.data, setup.modelled, k, setup.agent)
    assert row.branched_return == pytest.approx(modelled, rel=1e-12, abs=scheme_slack(setup))


def test_the_budget_takes_the_place_of_all_errors_together():
    """By hand: one state, k = 3 and errors 1/10, 3/10, so n = (3, 1) and (4 · 0.1 + 2 · 0.3) in place of 4 · 0.4."""
    game = Game.stochastic(np.zeros((1, 1, 2, 2)) - 1, np.ones((1, 1, 2, 2, 1)), 0.5)
    policy = [[1], [1, 0], [1, 0]]
    setup = Setup.of(game, policy=policy, opponent_models=[[0.9, 0.1], [0.7, 0.3]])
    bounds = {row.scheme: row.bound for row in compare_schemes(setup, [3])}
    expected = {"simu-to-real": 2.0, "real-to-simu": 2.0, "all-model": 3.2, "all-real": 0.0}
    assert bounds == pytest.approx(expected, rel=1e-12, abs=0)


def test_a_buffer_as_start_and_no_lengths_at_all():
    game = random_stochastic(5, (2, 2), structure="common-payoff", discount=0.9, seed=0)
    policy = random_policy(game, np.random.default_rng(0))
    setup = Setup.of(game, policy=policy, opponent_models=[np.full((5, 2), 0.5)])
    assert compare_schemes(setup, []) == ()
    row = compare_schemes(setup, [2], start=np.eye(5)[3])[0]
    assert row.total_variation == rollout(setup, "simu-to-real", 2, start=np.eye(5)[3]).total_variation[-1]
    with pytest.raises(ValueError, match="branch_lengths is 0, expected a whole number, at least 1"):
        compare_schemes(setup, [0])
