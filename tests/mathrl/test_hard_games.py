"""The campaign of `make hard` in short: what says that it converged is right."""

import pytest

from benchmarks.hard import SOLVERS, verdict
from tests.examples import LONG

pytestmark = pytest.mark.filterwarnings("ignore::mathrl.games.MaskLikeReward")


SLOW = ("divergence_iteration", "qre_branch", "soft_qmix")
"""Many steps lead to the answers of these; what they have not reached within a few hundred is refused."""


@pytest.mark.parametrize("name", SOLVERS)
def test_no_answer_is_wrong_and_converged(name):
    seeds = 12 if name not in SLOW else 5 if LONG else 3
    for seed in range(seeds):
        kind, line = verdict(name, seed)
        assert kind == "right" or (kind == "refused" and name in SLOW), line
