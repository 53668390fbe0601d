"""Plain critics, at temperature 0: the numbers of plain returns, and no others."""

import numpy as np
import pytest

from mathrl.games import random_policy, random_stochastic
from mathrl.oracle import assert_qre, assert_soft_q, assert_soft_v, assert_td_target, compare, one_step_target
from mathrl.solvers import optimal, soft_evaluation
from tests.critics import Critic, said

GAMES = {
    structure: random_stochastic(4, (2, 3), structure=structure, discount=0.8, seed=2)
    for structure in ("common-payoff", "general-sum")
}
POLICY = random_policy(GAMES["common-payoff"], np.random.default_rng(2))
SOFT = {"qre_gap", "actor_gap", "exploitability", "soft_return"}


@pytest.mark.parametrize("structure", GAMES)
@pytest.mark.parametrize("entropy", ["team", "own", "none"])
def test_it_is_the_report_without_entropy(structure, entropy):
    game = GAMES[structure]
    q = Critic(game, POLICY, 1.0, "none").q()
    v = Critic(game, POLICY, 1.0, "none").v()
    for shift in (0.0, 0.3):
        given = {"policy": POLICY, "q": q + shift, "v": v + shift}
        plain = compare(game, temperature=0, entropy=entropy, **given)
        same = compare(game, temperature=1.0, entropy="none", **given)
        assert (plain.temperature, plain.entropy) == (0, "none")
        assert all(getattr(plain, name) is None for name in SOFT)
        assert {measure.name for measure in same.measures} - {measure.name for measure in plain.measures} == SOFT
        for measure in plain.measures:
            np.testing.assert_array_equal(measure.value, getattr(same, measure.name))
        assert {entry.array for entry in plain.worst} <= {"q", "v"}
        assert plain.diagnosis == same.diagnosis
        assert str(plain)


def test_without_a_policy_it_is_the_plain_optimum():
    game = GAMES["common-payoff"]
    best = optimal(game)
    report = compare(game, temperature=0, q=best.q, v=best.v)
    assert report.optimal_q_distance == report.optimal_v_distance == 0
    assert "correct to within" in str(report)


@pytest.mark.parametrize("structure", GAMES)
def test_assertions_take_temperature_0(structure):
    game, critic = GAMES[structure], Critic(GAMES[structure], POLICY, 1.0, "none")
    kind = {"policy": POLICY, "temperature": 0}
    assert_soft_q(game, critic.q(), **kind)
    assert_soft_v(game, critic.v(), **kind)
    q = np.random.default_rng(0).normal(size=critic.q().shape)
    assert_td_target(game, one_step_target(game, q=q, **kind), q=q, **kind)
    with pytest.raises(ValueError, match=r"^temperature is 0, expected a number > 0"):
        assert_qre(game, POLICY, temperature=0)


@pytest.mark.parametrize("structure", GAMES)
@pytest.mark.parametrize("entropy", ["team", "own"])
@pytest.mark.parametrize("temperature", [1.0, 0.2])
def test_entropy_that_was_left_in_is_named_with_its_temperature(structure, entropy, temperature):
    if structure == "common-payoff" and entropy == "own":
        return  # such values have an axis of agents, plain ones have none
    game = GAMES[structure]
    soft = {"policy": POLICY, "temperature": temperature, "entropy": entropy}
    kind = {"policy": POLICY, "temperature": 0}
    q = np.random.default_rng(0).normal(size=game.rewards.shape)
    found, which = soft_evaluation(game, **soft), "each agent's own " if entropy == "own" else ""
    for message in (
        said(assert_soft_q, game, found.q, **kind),
        said(assert_soft_v, game, found.v, **kind),
        said(assert_td_target, game, one_step_target(game, q=q, **soft), q=q, **kind),
    ):
        assert message.endswith(f"theirs are the exact ones with {which}entropy, at temperature {temperature:g}")
