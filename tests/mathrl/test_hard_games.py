"""The campaign of `make hard` in short: what says that it converged is right."""

import pytest

from benchmarks.hard import SOLVERS, verdict

pytestmark = pytest.mark.filterwarnings("ignore::mathrl.games.MaskLikeReward")


@pytest.mark.parametrize("name", SOLVERS)
def test_no_answer_is_wrong_and_converged(name):
    for seed in range(12):
        kind, line = verdict(name, seed)
        assert kind == "right", line
