import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.base.checks import InvalidInput
from mathrl.games import Game
from mathrl.games.gambit import parse, render
from mathrl.games.number_text import as_number, plain_numbers
from mathrl.proofs_checks.strategies import matrix_games
from tests.names import named

PAYOFF_FORM = """NFG 1 R "A title with \\"quotes\\",
on two lines" { "Row" "Column" }
{ { "up" "middle" "down" } { "left" "right" } }
"a comment"

1 2, 3 4, 5.5 -6e-1
1/3 .5  7. +8  -9/2 1E2
"""
OUTCOME_FORM = """NFG 1 D "" { "Row" "Column" } { 3 2 }
{
{ "first" 1, 2 }
{ "" 3 4 }
{ 1/3 0.5 }
}
1 2 0 3 3 2
"""


def test_payoff_form():
    game = parse(PAYOFF_FORM)
    np.testing.assert_array_equal(game.rewards[0, 0], [[1, 1 / 3], [3, 7], [5.5, -4.5]])
    np.testing.assert_array_equal(game.rewards[1, 0], [[2, 0.5], [4, 8], [-0.6, 100]])


def test_names_are_kept():
    game = parse(PAYOFF_FORM)
    assert game.title == 'A title with "quotes",\non two lines'
    assert game.agent_names == ("Row", "Column")
    assert game.action_names == (("up", "middle", "down"), ("left", "right"))
    assert parse(OUTCOME_FORM).agent_names == ("Row", "Column")
    assert parse(OUTCOME_FORM).action_names is parse(OUTCOME_FORM).title is None


@given(named(matrix_games(), texts=st.text(min_size=1, max_size=4).filter(lambda text: text[-1] != "\\")))
def test_names_read_back(game):
    """But for players or strategies that are called by the numbers which those without names have."""

    def own(names):
        return None if names is None or names == tuple(str(k + 1) for k in range(len(names))) else names

    again = parse(render(game))
    assert (again.title, again.agent_names) == (game.title, own(game.agent_names))
    assert (again.action_names or (None,) * game.num_agents) == (
        (None,) * game.num_agents if game.action_names is None else tuple(map(own, game.action_names))
    )


@pytest.mark.parametrize(
    ("strategies", "found"),
    [
        ('{ "a" "b" }', ("a", "b")),
        ('{ "" "b" }', ("0", "b")),
        ('{ "a" "" }', ("a", "1")),
        ('{ "1" "2" }', None),
        ('{ "" "" }', None),
        ('{ "a" "a" }', None),
        ('{ "1" "" }', None),
        ("2", None),
    ],
)
def test_a_strategy_without_a_name_of_its_own_stays_a_number(strategies, found):
    game = parse(f'NFG 1 R "" {{ "p" }} {{ {strategies} }} 1 2')
    assert game.action_names == (None if found is None else (found,))
    names = strategies.strip("{}") if "{" in strategies else '"1" "2"'
    players = parse(f'NFG 1 R "" {{ {names} }} {{ 1 1 }} 1 2')
    assert players.agent_names == found


@pytest.mark.parametrize("name", ["a\\", "\ud800"])
def test_names_that_would_not_read_back_are_refused_with_a_mend(name):
    message = r" is '.*', expected a text in Unicode without a backslash at its end: .* as \.json or \.npz"
    for argument, called in (
        ("title", name),
        (r"agent_names\[1\]", ["b", name]),
        (r"action_names\[0\]\[1\]", [["b", name], None]),
    ):
        game = Game.matrix(np.eye(2), **{argument.partition("\\")[0]: called})
        with pytest.raises(InvalidInput, match=f"^{argument}{message}"):
            render(game)


NUMBERS = st.from_regex(r"[+-]?([0-9]{1,20}\.?[0-9]{0,20}|\.[0-9]{1,20})([eE][+-]?[0-9]{1,3})?", fullmatch=True)


@given(st.lists(NUMBERS | st.floats(allow_nan=False).map(repr), min_size=1, max_size=20))
def test_numbers_read_at_once_are_those_read_one_by_one(words):
    """A rational, which is read one by one, does not change the others."""

    def payoffs(words):
        try:
            return parse(f'NFG 1 R "" {{ "a" }} {{ {len(words)} }} ' + " ".join(words)).rewards.ravel()
        except InvalidInput as error:
            return str(error)

    at_once, one_by_one = payoffs(words), payoffs([*words, "1/3"])
    assert at_once == one_by_one if isinstance(at_once, str) else at_once.tobytes() == one_by_one[:-1].tobytes()


@given(st.lists(st.sampled_from("0123456789+-.eE ,\n"), max_size=12).map("".join))
def test_what_is_read_at_once_is_what_the_grammar_of_numbers_takes(text):
    words = text.replace(",", " ").split()
    numbers = [as_number(word) for word in words]
    found = plain_numbers(text)
    if None in numbers or not np.isfinite(np.array(numbers, dtype=float)).all():
        assert found is None
    else:
        assert found.tolist() == numbers


def test_outcome_form():
    game = parse(OUTCOME_FORM)
    np.testing.assert_array_equal(game.rewards[0, 0], [[1, 1 / 3], [3, 1 / 3], [0, 3]])
    np.testing.assert_array_equal(game.rewards[1, 0], [[2, 0.5], [4, 0.5], [0, 4]])


def test_three_players_the_first_varies_fastest():
    numbers = " ".join(f"{k} {10 * k} {100 * k}" for k in range(12))
    game = parse(f'NFG 1 R "" {{ "a" "b" "c" }} {{ 2 3 2 }} {numbers}')
    for a, b, c in np.ndindex(2, 3, 2):
        k = a + 2 * b + 6 * c
        np.testing.assert_array_equal(game.rewards[:, 0, a, b, c], [k, 10 * k, 100 * k])


def test_equal_payoffs_are_a_common_payoff():
    assert parse('NFG 1 R "" { "a" "b" } { 1 2 } 1 1 2 2').common_payoff
    assert not parse('NFG 1 R "" { "a" "b" } { 1 2 } 1 1 2 3').common_payoff


def test_a_quote_behind_a_backslash_is_the_only_escape():
    game = parse('NFG 1 R "x" { "\\\\"z" "\\n" } { 2 1 } 1 2 3 4')  # the first name is \"z, as Gambit 16.7 reads it
    np.testing.assert_array_equal(game.rewards.reshape(2, 2), [[1, 3], [2, 4]])
    with pytest.raises(InvalidInput, match='opens a " that is never closed'):
        parse('NFG 1 R "x" { "a" "b\\\\" } { 2 1 } 1 2 3 4')


def test_rationals_are_rounded_once():
    assert parse(f'NFG 1 R "" {{ "a" }} {{ 1 }} {10**400}/{3 * 10**400}').rewards.item() == 1 / 3


@given(matrix_games(), st.sampled_from([" ", "\n", "\t", " , ", "\r\n"]))
def test_what_is_written_reads_back_however_it_is_spaced(game, space):
    text = render(game)
    head, numbers = text.split("\n\n")
    again = parse(head + space + space.join(numbers.split()))
    assert again.rewards.tobytes() == parse(text).rewards.tobytes() == game.rewards.tobytes()
    assert again.num_actions == game.num_actions


@given(matrix_games())
def test_both_forms_agree(game):
    text = render(game)
    head, numbers = text.split("\n\n")
    rows = numbers.splitlines()
    outcomes = "\n".join(f'{{ "o\\"{k}" {row} }}' for k, row in enumerate(rows))
    indices = " ".join(str(k + 1) for k in range(len(rows)))
    assert parse(f"{head}\n{{\n{outcomes}\n}}\n{indices}").rewards.tobytes() == game.rewards.tobytes()


def test_only_matrix_games_are_written():
    with pytest.raises(InvalidInput, match="expected a matrix game"):
        render(Game.stochastic(np.ones((1, 1)), np.ones((1, 1, 1)), 0.5))


HEAD = 'NFG 1 R "t"\n{ "a" "b" }\n{ 2 1 }\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1 has the end of the file, expected 'NFG'"),
        ("EFG 2 R", "line 1 has EFG, expected 'NFG'"),
        ("NFG 2 R", "line 1 has 2, expected '1'"),
        ("NFG 1\nQ", "line 2 has Q, expected R or D"),
        ("NFG 1 R\n\ntitle", "line 3 has title, expected the title"),
        ('NFG 1 R "t', 'line 1 opens a "'),
        ('NFG 1 R "t\n\n" "x', 'line 3 opens a "'),
        ('NFG 1 R "t" { }\n{ }', "line 2 has the end of the file, expected the strategies of 1 players"),
        ('NFG 1 R "t" { 1', "line 1 has 1, expected a player's name"),
        ('NFG 1 R "t" { "a" "b" }\n{ 2 }\n1', "line 3 has 1, expected the strategies of 2 players, not of 1"),
        ('NFG 1 R "t" { "a" }\n{ 2 2 }\n1', "expected the strategies of 1 players, not of 2"),
        ('NFG 1 R "t" { "a" } {\n0 }', "line 2 has 0, expected a number of strategies"),
        ('NFG 1 R "t" { "a" } { 1.5 }', "line 1 has 1.5, expected a number of strategies"),
        ('NFG 1 R "t" { "a" } { { } }', "expected a strategy before this"),
        ('NFG 1 R "t" { "a" } { { 1 } }', "line 1 has 1, expected a strategy's name"),
        ('NFG 1 R "t" { "a" } { "x" }', "expected a number of strategies"),
        ('NFG 1 R "t" { "a" } { 2', "line 1 has the end of the file, expected a number of strategies"),
        (HEAD + "1 2 3", "line 4 has the end of the file, expected 4 payoffs, found 3"),
        (HEAD + "1 2\n3 4 5", "line 5 has 5, expected the end of the file"),
        (HEAD + "1 2\nx 4", "line 5 has x, expected a number"),
        (HEAD + "1 2\n1.5/2 4", "line 5 has 1.5/2, expected a number"),
        (HEAD + "1 2 nan 4", "line 4 has nan, expected a number"),
        (HEAD + "1 2 1/0 4", "line 4 has 1/0, expected a finite number"),
        (HEAD + "1 2 1e999 4", "line 4 has 1e999, expected a finite number"),
        (HEAD + "1 2 1_0 4", "line 4 has 1_0, expected a number"),
        (HEAD + '"c" "d" 2 3 4', 'line 4 has "d", expected a number'),
        (HEAD + '{ { "x" 1 2 } }\n1', "line 5 has the end of the file, expected 2 outcomes, found 1"),
        (HEAD + '{ { "x" 1 2 } }\n1 2', "line 5 has 2, expected an outcome from 0 to 1"),
        (HEAD + '{ { "x" 1 2 } }\n1 -1', "line 5 has -1, expected an outcome"),
        (HEAD + '{ { "x" 1 2 }\n{ "y" 1 } }\n1 2', "line 5 has an outcome with 1 payoffs, expected 2"),
        (HEAD + '{ { "x" 1 2 }', "line 4 has the end of the file, expected '{'"),
        (HEAD + '{ { "x" 1 "y" } }', 'line 4 has "y", expected a number'),
        ('NFG 1 R "t" { "a" "b" } { 999999999 999999999 } 1', "payoffs, found 1"),
        ("x" * 10_000, "line 1 has xxx"),
        (HEAD + "1\n" * 9, "line 8 has 1, expected the end of the file: there are 2 joint actions"),
        ('NFG 1 R "t" {' + ' "a"' * 61 + " } {" + " 1" * 61 + " } 1", "strategies of at most 60 players, not of 61"),
        ("NFG 1 R title\x1a", r"line 1 has title\x1a, expected the title"),  # the end of a DOS file
        (HEAD + "1 2 \0\x1b[2J\x9b\u202e 4", r"line 4 has \x00\x1b[2J\x9b\u202e, expected a number"),
        (HEAD + '1 "two\nlines"', r'line 4 has "two\nlines", expected a number'),
    ],
)
def test_broken_files_are_refused_by_line(text, message):
    with pytest.raises(InvalidInput) as raised:
        parse(text)
    assert message in str(raised.value)
    assert len(str(raised.value)) < 200


@given(st.text(alphabet='NFG1R"\\{},. /x\n2e-', max_size=60), st.integers(0, len(PAYOFF_FORM)))
def test_no_other_error_escapes(noise, cut):
    for text in (noise, PAYOFF_FORM[:cut] + noise + PAYOFF_FORM[cut:], PAYOFF_FORM[:cut], OUTCOME_FORM[:cut] + noise):
        message = ""
        try:
            parse(text)
        except InvalidInput as error:
            message = str(error)
        assert message == "" or message.startswith("line ")
