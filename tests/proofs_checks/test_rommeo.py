"""What ROMMEO's claims are checked with: exact values of pairs, and the best pair, in every arithmetic."""

from contextlib import suppress

import numpy as np
from hypothesis import given

from mathrl.arithmetic import Undecided
from mathrl.operators import own_and_others
from mathrl.proofs_checks.instances import in_balls, rational
from mathrl.proofs_checks.rommeo.optimal_pair import values_satisfy_their_own_equation
from mathrl.proofs_checks.rommeo.pairs import best_pair, own_last, pair_q, pairs, seen_by
from mathrl.solvers import rommeo_q
from mathrl.values.rommeo_objective import opponent_policy_q
from tests.examples import costly


@costly
@given(pairs)
def test_values_of_a_pair_are_those_of_the_library(instance):
    game, agent, prior = (instance[name] for name in ("game", "agent", "prior"))
    conditional, temperature = own_last(instance["conditional_distribution"]), instance["temperature"]
    q, v = pair_q(seen_by(game, agent), conditional, instance["model"], prior, temperature=temperature)
    expected_q, expected_v = opponent_policy_q(
        game,
        agent,
        conditional_policy=conditional,
        opponent_model=instance["model"],
        prior=prior,
        temperature=temperature,
    )
    size = 1 + np.abs(expected_q).max()  # two ways to one linear system
    assert np.abs(q - expected_q).max() <= 1e-11 * size
    assert np.abs(v - expected_v).max() <= 1e-11 * size


@costly
@given(pairs)
def test_the_best_pair_is_the_fixed_point_that_the_solver_finds(instance):
    game, agent, temperature = instance["game"], instance["agent"], instance["temperature"]
    _, _, q, _ = best_pair(seen_by(game, agent), instance["prior"], temperature=temperature)
    shape = [(game.num_states, game.num_joint_actions // actions) for actions in game.num_actions]
    priors = [np.full(each, 1 / each[1]) for each in shape]
    priors[agent] = instance["prior"]
    found = rommeo_q(game, temperature=temperature, prior=priors)
    table = found.q if found.q.ndim == game.num_agents + 1 else found.q[agent]
    assert np.abs(q - own_and_others(table, agent)).max() <= 1e-8 * (1 + np.abs(q).max())  # two iterations' ends


@costly
@given(pairs)
def test_balls_never_deny_what_is_true(instance):
    """An identity of exact numbers: balls leave it open, or agree."""
    with suppress(Undecided):
        assert not values_satisfy_their_own_equation(**in_balls(rational(instance, None))).violated
