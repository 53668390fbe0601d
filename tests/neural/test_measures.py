"""What the exact solver says of networks: the numbers of `mathrl.solvers`, and nan where networks are."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mathrl.neural.algorithms import DMAC, HASAC
from mathrl.neural.measures import critic_table, policy_tables
from mathrl.oracle import compare
from mathrl.solvers import soft_evaluation
from tests.neural.enumeration import GAMES, case


@pytest.mark.parametrize("name", GAMES)
def test_measures_are_those_of_the_solver_and_the_oracle(name):
    """Also with masks and an end; 1e-9 is the rounding of the same numbers in another order."""
    of = case(name)
    game, told = of.environment.game, HASAC.measures(of.environment, of.learner, 0.0)
    policy, q = policy_tables(of.environment, of.learner), critic_table(of.environment, of.learner)
    exact = soft_evaluation(game, policy=policy, temperature=of.temperature)
    plain = soft_evaluation(game, policy=policy, temperature=of.temperature, entropy="none")
    assert not q[game.terminal].any()
    report = compare(game, temperature=of.temperature, policy=policy, q=q)
    assert told["objective"] == pytest.approx(exact.objective, rel=1e-9)
    assert told["return"] == pytest.approx(plain.objective, rel=1e-9)
    assert told["residual"] == pytest.approx(max(report.qre_gap), rel=1e-9)
    assert told["critic_error"] == pytest.approx(report.q_distance / np.ptp(exact.q[of.counts]), rel=1e-9)


@pytest.mark.parametrize("algorithm", [HASAC, DMAC])
def test_networks_that_went_astray_are_measured_as_such(algorithm):
    of = case("ends")
    astray = jax.tree.map(lambda x: jnp.full(x.shape, jnp.nan, x.dtype), of.learner.actors)
    told = algorithm.measures(of.environment, of.learner._replace(actors=astray, followers=astray), 0.0)
    assert list(told) == ["objective", "return", "residual", "critic_error"]
    assert np.isnan(list(told.values())).all()
