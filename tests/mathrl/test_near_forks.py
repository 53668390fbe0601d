"""Games that are symmetric and nearly so: batch and single call give one answer, and the length of steps no other."""

import numpy as np
import pytest

from benchmarks.families import FAMILIES, payoffs
from mathrl import batch
from mathrl.games import Game
from mathrl.solvers import qre_branch
from tests.examples import diagonal

SIZES = [(3, 3), (4, 4), (2, 2, 2), (3, 3, 3), (2, 2, 2, 2)]


@pytest.mark.parametrize(
    ("family", "num_actions", "noise"), diagonal(tuple(FAMILIES), SIZES, [0.0, 1e-2, 1e-4, 1e-6]), ids=str
)
def test_alone_and_together(family, num_actions, noise):
    r = payoffs(family, num_actions, 4, noise, np.random.default_rng(len(num_actions)))
    for temperature in (0.5, 0.05, 0.002):
        together = batch.qre_branch(r, temperature=temperature)
        for b, game in enumerate(r):
            alone = qre_branch(Game.matrix(list(game)), temperature=temperature)
            assert alone.status == together.status[b]
            apart = max(np.abs(own - rows[b]).max() for own, rows in zip(alone.policy, together.policy, strict=True))
            assert apart <= 1e-7  # rounding, times the condition of equilibria beside folds and forks


@pytest.mark.parametrize(("family", "seed", "noise"), [("circulant", 1, 1e-3), ("circulant-common", 0, 1e-4)])
def test_a_branch_that_stays_near_uniform_is_not_left_and_not_lost(family, seed, noise):
    """At λ = 500 log ratios are below 0.3, and folds as wide as 0.02. With corrections of up to 0.1 one game of the
    first 200 was wrong and 2 stalled, with lengths that counted λ as log ratios nearly all of the second.
    """
    r = payoffs(family, (3, 3, 3), 200, noise, np.random.default_rng((seed, 0)))
    usual = batch.qre_branch(r, temperature=0.002)
    fine = batch.qre_branch(r, temperature=0.002, step_length=0.1, max_steps=100_000)
    assert usual.converged.all()
    assert fine.converged.all()
    assert max(np.abs(a - b).max() for a, b in zip(usual.policy, fine.policy, strict=True)) <= 1e-7


def test_agents_near_uniform_beside_one_that_is_not():
    """Log ratios of the third agent are some fifty times as large as those of the others, among which the curve turns.
    With corrections compared with the largest, both answers were wrong, and the others' policies nearly uniform.
    """
    r = payoffs("circulant-common", (3, 3, 3), 5_000, 1e-2, np.random.default_rng((0, 0)))[1947]
    alone = qre_branch(Game.matrix(list(r)), temperature=0.002)
    usual = batch.qre_branch(r[None], temperature=0.002)
    fine = batch.qre_branch(r[None], temperature=0.002, step_length=0.1, max_steps=100_000)
    assert alone.converged
    assert usual.converged.all()
    assert fine.converged.all()
    for own, rows, fine_rows in zip(alone.policy, usual.policy, fine.policy, strict=True):
        assert max(np.abs(own - fine_rows[0]).max(), np.abs(rows - fine_rows).max()) <= 1e-7
