"""Instances go from doubles to fractions, to files and back, and into balls."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mathrl.balls import contains
from mathrl.games import Game
from mathrl.proofs_checks.families import policies, stochastic_games
from mathrl.proofs_checks.instances import Tables, in_balls, in_doubles, rational, read, written
from tests.examples import costly


@st.composite
def drawn(draw):
    game = draw(stochastic_games(structure=draw(st.sampled_from(["common-payoff", "general-sum"]))))
    return {"game": game, "policy": draw(policies(game)), "temperature": 0.3, "agent": 1, "order": (1, 0)}


@costly
@given(drawn(), st.sampled_from([10, 100, None]))
def test_fractions_are_near_and_sum_to_1(instance, denominator):
    found = rational(instance, denominator)
    game = found["game"]
    for rows in (game.transitions, *found["policy"], game.start):
        assert np.all(rows.sum(axis=-1) == 1)
    assert found["agent"] == 1
    assert found["order"] == (1, 0)
    near = 0.5 if denominator is None else 2 / denominator
    assert np.abs(np.asarray(game.transitions, dtype=float) - instance["game"].transitions).max() <= near


@costly
@given(drawn())
def test_a_file_gives_the_same_instance(instance):
    exact = rational(instance)
    again = read(written(exact))
    assert written(again) == written(exact)
    doubles = in_doubles(again)
    assert isinstance(doubles["game"], Game)
    assert doubles["game"].common_payoff == instance["game"].common_payoff
    assert all(own.dtype == np.float64 for own in doubles["policy"])
    enclosed = in_balls(again)
    assert isinstance(enclosed["game"], Tables)
    assert contains(enclosed["game"].rewards, again["game"].rewards).all()
    assert contains(enclosed["temperature"], again["temperature"]).all()


def test_one_number_stays_a_number():
    assert read({"discount": "1/3", "steps": 4, "order": [1, 0]}) == {
        "discount": Fraction(1, 3),
        "steps": 4,
        "order": (1, 0),
    }
