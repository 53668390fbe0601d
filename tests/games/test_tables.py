"""Matrix games in GameTracer's files (.gam) and in tables (.csv)."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.base.checks import InvalidInput
from mathrl.games import Game, csv_file, gam_file
from mathrl.proofs_checks.strategies import matrix_games
from tests.names import named

DRIVING = """driver,walker,payoff driver,payoff walker
yield,yield,6,6
yield,dare,2,7
dare,yield,7,2
dare,dare,0,1/3
"""


def test_gam_goes_player_by_player_the_first_fastest():
    numbers = " ".join(str(k) for k in range(36))
    game = gam_file.parse(f"3\n2 3 2\n\n{numbers}\n")
    for i, (a, b, c) in itertools.product(range(3), np.ndindex(2, 3, 2)):
        assert game.rewards[i, 0, a, b, c] == 12 * i + a + 2 * b + 6 * c


@given(matrix_games(), st.sampled_from([" ", "\n", "\t", " , ", "\r\n"]))
def test_gam_reads_back_however_it_is_spaced(game, space):
    text = gam_file.render(game)
    assert gam_file.parse(space.join(text.split())).rewards.tobytes() == game.rewards.tobytes()


def test_a_rational_in_gam_is_read():
    game = gam_file.parse("1 3 1/3 -2 .5")
    np.testing.assert_array_equal(game.rewards.ravel(), [1 / 3, -2, 0.5])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1 has the end of the file, expected the number of players, at least 1"),
        ("0", "line 1 has 0, expected the number of players, at least 1"),
        ("61 " + "1 " * 200, "line 1 has 61, expected the number of players, at least 1 and at most 60"),
        ("2\n3", "line 2 has the end of the file, expected a number of actions"),
        ("2\n3 x 1", "line 2 has x, expected a number of actions"),
        ("2\n2 1\n\n1 2 3", "line 4 has the end of the file, expected 4 payoffs, found 3: 2 players have 2 each"),
        ("2\n2 1\n1 2\n3 4 5", "line 4 has 5, expected the end of the file: 2 players have 2 each"),
        ("2\n2 1\n1 2\n3 x", "line 4 has x, expected a number"),
        ("2\n2 1\n1 2\n3 1e999", "line 4 has 1e999, expected a finite number"),
        ("2\n2 1\n1 2\n3 nan", "line 4 has nan, expected a number"),
        ("2\n999999999 999999999\n1", "payoffs, found 1"),
        ("x" * 10_000, "line 1 has xxx"),
    ],
)
def test_broken_gam_files_are_refused_by_line(text, message):
    with pytest.raises(InvalidInput) as raised:
        gam_file.parse(text)
    assert message in str(raised.value)
    assert len(str(raised.value)) < 200


def test_a_table_names_agents_and_actions():
    game = csv_file.parse(DRIVING)
    assert game.agent_names == ("driver", "walker")
    assert game.action_names == (("yield", "dare"),) * 2
    np.testing.assert_array_equal(game.rewards[:, 0], [[[6, 2], [7, 0]], [[6, 7], [2, 1 / 3]]])


@given(st.permutations(DRIVING.splitlines()[1:]), st.permutations(range(4)), st.sampled_from(["", " ", "\t "]))
def test_rows_and_columns_stand_in_any_order(rows, columns, space):
    """The order of agents is that of their columns, the order of actions that in which they first come."""
    lines = [DRIVING.splitlines()[0], *rows]
    cells = [[line.split(",")[k] for k in columns] for line in lines]
    game = csv_file.parse("\r\n".join(f"{space},{space}".join(row) for row in cells))
    paid = {tuple(row.split(",")[:2]): [float(eval(cell)) for cell in row.split(",")[2:]] for row in rows}
    driver, walker = game.agent_names.index("driver"), game.agent_names.index("walker")
    for joint in np.ndindex(2, 2):
        said = game.action_names[driver][joint[driver]], game.action_names[walker][joint[walker]]
        assert [game.rewards[(i, 0, *joint)] for i in (driver, walker)] == paid[said]


@given(matrix_games())
def test_a_table_reads_back_exactly(game):
    again = csv_file.parse(csv_file.render(game))
    assert again.rewards.tobytes() == game.rewards.tobytes()
    assert (again.num_actions, again.common_payoff) == (game.num_actions, game.common_payoff)
    assert again.agent_names is again.action_names is None


CELLS = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=4)


@given(named(matrix_games(), texts=CELLS.filter(lambda text: not text.isdecimal() and text != "payoff")))
def test_names_in_a_table_read_back(game):
    again = csv_file.parse(csv_file.render(game))
    assert again.rewards.tobytes() == game.rewards.tobytes()
    assert (again.agent_names, again.action_names) == (game.agent_names, game.action_names)


@given(st.permutations(range(12)))
def test_actions_that_are_numbers_are_these_numbers(order):
    rows = "\n".join(f"{action},{action}.5" for action in order)
    game = csv_file.parse(f"action 0,payoff\n{rows}")
    assert game.rewards.ravel().tolist() == [action + 0.5 for action in range(12)]
    assert game.action_names is None


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"agent_names": ["payoff", "b"]}, r"^agent_names\[0\] is 'payoff', expected a text .* no name of payoffs"),
        ({"agent_names": ["a", "payoff b"]}, r"^agent_names\[1\] is 'payoff b'"),
        ({"agent_names": ["a", " b"]}, r"^agent_names\[1\] is ' b', expected a text without spaces around"),
        ({"action_names": [["a", "b\n"], None]}, r"^action_names\[0\]\[1\] is 'b\\n'.*: save the game as \.json"),
        ({"action_names": [["1", "0"], None]}, r"^action_names\[0\] is \('1', '0'\), expected names that are not"),
    ],
)
def test_names_that_a_table_would_not_give_back_are_refused(names, message):
    with pytest.raises(InvalidInput, match=message):
        csv_file.render(Game.matrix(np.eye(2), **names))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1 has the end of the file, expected the names of the columns"),
        ("\n\na,payoff", "line 3 is the last line, expected one more for each joint action"),
        ("a,b\n1,2", "line 1 has 2 columns of actions and 0 of payoffs, expected a column for each agent's actions"),
        ("payoff\n1", "line 1 has 0 columns of actions and 1 of payoffs"),
        (
            "a;payoff\nx;1",
            "line 1 is one cell, 'a;payoff', expected cells with commas between them: save it with commas",
        ),
        ("a,a,payoff\n0,0,1", "line 1 names a column 'a' twice, expected a name of its own"),
        ("a,,payoff\n0,0,1", "line 1 names a column '', expected a name of its own"),
        ("a,b,payoff a,payoff c\n0,0,1,1", "line 1 has the column 'payoff c', expected payoff and the name or number"),
        ("a,b,payoff a,payoff 0\n0,0,1,1", "line 1 has the column 'payoff 0', expected payoff and the name or number"),
        ("a,b,payoff a\n0,0,1", "line 1 has 1 columns of payoffs, expected 2, one for each agent, or payoff alone"),
        ("a,payoff\nx,1\ny", "line 3 has 1 cells, expected 2, one for each column"),
        ("a,payoff\nx,1\ny,z", "line 3 has 'z', expected a finite number, the payoff"),
        ("a,payoff\nx,1\ny,1e999", "line 3 has '1e999', expected a finite number"),
        ("a,payoff\nx,1\nx,1", "line 3 has x again, as line 2, expected each joint action once"),
        ("a,b,payoff\nx,0,1\ny,1,1", "line 3 is the last, and there is no row of x, 1, expected one row for each"),
        (
            ",".join("abcdefghijk") + ",payoff\n" + "\n".join(f"{k}," * 11 + "1" for k in range(100)),
            "no row of 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, expected",  # of more joint actions than an index can count
        ),
        ('a,payoff\n"x,1', "line 2 is no CSV (unexpected end of data), expected cells with commas between them"),
    ],
)
def test_broken_tables_are_refused_by_line(text, message):
    with pytest.raises(InvalidInput) as raised:
        csv_file.parse(text)
    assert message in str(raised.value)


@given(st.text(alphabet='ab,"\n1 /.e-payof\x00', max_size=40), st.integers(0, len(DRIVING)))
def test_no_other_error_escapes(noise, cut):
    for parse, whole in ((csv_file.parse, DRIVING), (gam_file.parse, "2\n2 1\n\n1 2\n3 4\n")):
        for text in (noise, whole[:cut] + noise + whole[cut:], whole[:cut] + noise):
            message = ""
            try:
                parse(text)
            except InvalidInput as error:
                message = str(error)
            assert message == "" or message.startswith("line ")
