"""The batch and the single call give one answer, in games that are symmetric and nearly so."""

import numpy as np
import pytest

from benchmarks.families import FAMILIES, payoffs
from mathrl import batch
from mathrl.games import Game
from mathrl.solvers import qre_branch

SIZES = [(3, 3), (4, 4), (2, 2, 2), (3, 3, 3), (2, 2, 2, 2)]


@pytest.mark.parametrize("num_actions", SIZES, ids=str)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("noise", [0.0, 1e-2, 1e-4, 1e-6])
def test_alone_and_together(family, num_actions, noise):
    r = payoffs(family, num_actions, 4, noise, np.random.default_rng(len(num_actions)))
    for temperature in (0.5, 0.05, 0.002):
        together = batch.qre_branch(r, temperature=temperature)
        for b, game in enumerate(r):
            alone = qre_branch(Game.matrix(list(game)), temperature=temperature)
            assert alone.status == together.status[b]
            apart = max(np.abs(own - rows[b]).max() for own, rows in zip(alone.policy, together.policy, strict=True))
            assert apart <= 1e-7  # rounding, times the condition of equilibria beside folds and forks
