"""Every solver takes an `initial_policy` in single precision, as trained actors are, and nothing less exact."""

import numpy as np
import pytest

from mathrl import batch
from mathrl.games import random_policy, random_stochastic
from mathrl.solvers import (
    divergence_iteration,
    divergence_limit,
    divergence_policy_iteration,
    haspi,
    mehaml,
    qre,
    rommeo_self_play,
    soft_qmix,
)

GAME = random_stochastic(2, (3, 2), discount=0.5, seed=0)
SINGLE = [own.astype(np.float32) for own in random_policy(GAME, np.random.default_rng(0))]
DOUBLE = [own.astype(np.float64) / own.astype(np.float64).sum(axis=1, keepdims=True) for own in SINGLE]
PAYOFFS = np.random.default_rng(0).normal(size=(3, 1, 3, 2))
TARGET = random_policy(GAME, np.random.default_rng(1))
SOLVERS = {
    "haspi": lambda first: haspi(GAME, temperature=1.0, initial_policy=first),
    "mehaml": lambda first: mehaml(GAME, temperature=1.0, initial_policy=first),
    "qre": lambda first: qre(GAME, temperature=1.0, initial_policy=first),
    "soft_qmix": lambda first: soft_qmix(GAME, temperature=1.0, initial_policy=first),
    "rommeo_self_play": lambda first: rommeo_self_play(GAME, temperature=1.0, initial_policy=first),
    "divergence_iteration": lambda first: divergence_iteration(GAME, temperature=1.0, initial_policy=first),
    "divergence_limit": lambda first: divergence_limit(GAME, initial_policy=first),
    "divergence_policy_iteration": lambda first: divergence_policy_iteration(
        GAME, temperature=1.0, target_policy=TARGET, initial_policy=first
    ),
}


def test_the_rows_are_such_as_games_refuse():
    assert max(np.abs(own.astype(np.float64).sum(axis=1) - 1).max() for own in SINGLE) > 1e-9


@pytest.mark.parametrize("solver", SOLVERS)
def test_single_precision_starts_where_its_normalised_rows_do(solver):
    single, double = SOLVERS[solver](SINGLE), SOLVERS[solver](DOUBLE)
    for ours, theirs in zip(single.policy, double.policy, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("solver", SOLVERS)
def test_what_is_no_rounding_is_refused(solver):
    off = [DOUBLE[0] * (1 + 2e-5), DOUBLE[1]]
    with pytest.raises(ValueError, match=r"^initial_policy\[0\]\[0\] sums to 1.0000"):
        SOLVERS[solver](off)


@pytest.mark.parametrize("solver", [batch.haspi, batch.qre])
def test_batches_take_it_too(solver):
    found = [solver(PAYOFFS, temperature=1.0, initial_policy=[own[:1] for own in given]) for given in (SINGLE, DOUBLE)]
    for ours, theirs in zip(*(each.policy for each in found), strict=True):
        np.testing.assert_array_equal(ours, theirs)
