"""The campaign of `make hard` in short: what says that it converged is right."""

import pytest

from benchmarks.hard import SOLVERS, verdict
from tests.examples import LONG

pytestmark = pytest.mark.filterwarnings("ignore::mathrl.games.MaskLikeReward")


SLOW = {"divergence_iteration": (0, 1, 2), "qre_branch": (0, 1, 2), "soft_qmix": (0, 5)}
"""Many steps lead to the answers of these; what they have not reached within a few hundred is refused. The games that
every run tries.
"""


@pytest.mark.parametrize("name", SOLVERS)
def test_no_answer_is_wrong_and_converged(name):
    seeds = (*range(11), 11 if LONG else 19) if name not in SLOW else range(5) if LONG else SLOW[name]
    for seed in seeds:
        kind, line = verdict(name, seed)
        assert kind == "right" or (kind == "refused" and name in SLOW), line
