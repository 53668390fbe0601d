"""The campaign of `make hard` in short: what says that it converged is right."""

import pytest

from benchmarks.hard import COUNTED_BY_THE_LARGEST, SOLVERS, verdict

pytestmark = pytest.mark.filterwarnings("ignore::mathrl.games.MaskLikeReward")


LONG = ("divergence_iteration", "qre_branch")
"""Many steps lead to the answers of these; what they have not reached within a few hundred is refused."""


@pytest.mark.parametrize("name", [name for name in SOLVERS if name not in COUNTED_BY_THE_LARGEST])
def test_no_answer_is_wrong_and_converged(name):
    for seed in range(5 if name in LONG else 12):
        kind, line = verdict(name, seed)
        assert kind == "right" or (kind == "refused" and name in LONG), line
