import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.base.checks import InvalidInput
from mathrl.games import Game, load, random_stochastic, save
from mathrl.games.files import SUFFIXES
from mathrl.games.model import names_of
from mathrl.proofs_checks.strategies import episodic, games, masked, matrix_games
from tests.names import named

MATRIX_ONLY = (".nfg", ".gam", ".csv")


def assert_equal_bit_for_bit(game, other):
    assert (game.sparse, game.common_payoff, game.discount) == (other.sparse, other.common_payoff, other.discount)
    assert game.num_actions == other.num_actions
    assert (game.masks is None, game.ended is None) == (other.masks is None, other.ended is None)
    assert repr(game.state_names) == repr(other.state_names)
    assert names_of(game) == names_of(other)
    for array, same in zip(arrays_of(game), arrays_of(other), strict=True):
        assert (array.shape, array.dtype, array.tobytes()) == (same.shape, same.dtype, same.tobytes())


def arrays_of(game):
    stored = game.transitions
    parts = (stored.data, stored.indices, stored.indptr) if game.sparse else (stored,)
    return (game.rewards, game.start, *game.available, game.terminal, *parts)


def through(game, folder, suffix):
    save(game, folder / f"game{suffix}")
    return load(folder / f"game{suffix}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("games")


@given(
    game=games() | matrix_games() | masked(matrix_games()) | episodic(masked(games())),
    suffix=st.sampled_from([".json", ".npz"]),
)
def test_games_read_back_exactly(game, suffix, folder):
    assert_equal_bit_for_bit(through(game, folder, suffix), game)


@given(game=matrix_games(), suffix=st.sampled_from(SUFFIXES))
def test_matrix_games_read_back_exactly(game, suffix, folder):
    assert_equal_bit_for_bit(through(game, folder, suffix), game)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("value", [-0.0, 5e-324, 0.1, 1e16, 1.7976931348623157e308, 2**53 + 2.0, 1e-7])
def test_awkward_numbers_read_back_exactly(value, suffix, folder):
    game = Game.matrix([np.array([value, 1.0])])
    assert_equal_bit_for_bit(through(game, folder, suffix), game)


@pytest.mark.parametrize("suffix", [".json", ".npz"])
def test_large_sparse_games_read_back_exactly(suffix, folder):
    game = random_stochastic(300, (5,), successors=7, structure="general-sum")
    assert_equal_bit_for_bit(through(game, folder, suffix), game)


NAMES = st.recursive(
    st.text() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | st.none(),
    lambda parts: st.lists(parts, max_size=3).map(tuple),
)


@given(names=st.lists(NAMES, min_size=1, max_size=3), suffix=st.sampled_from([".json", ".npz"]))
def test_names_of_states_read_back_exactly(names, suffix, folder):
    game = Game.stochastic(np.ones((len(names), 1)), np.eye(len(names))[:, None], 0.0, state_names=names)
    assert_equal_bit_for_bit(through(game, folder, suffix), game)


@pytest.mark.parametrize("suffix", [".json", ".npz"])
def test_names_that_numpy_made_read_back_equal(suffix, folder):
    names = ((np.int64(1), np.float32(0.1)), np.str_("a"), np.bool_(True))
    game = Game.stochastic(np.ones((3, 1)), np.eye(3)[:, None], 0.0, state_names=names)
    assert through(game, folder, suffix).state_names == names


@pytest.mark.parametrize("suffix", [".json", ".npz"])
@pytest.mark.parametrize("name", [frozenset({1}), ["a"], float("nan"), 1j, np.datetime64("2020-01-01")], ids=str)
def test_names_that_would_not_read_back_are_refused_with_a_mend(name, suffix, tmp_path):
    game = Game.stochastic(np.ones((1, 1)), np.ones((1, 1, 1)), 0.5, state_names=[(0, name)])
    with pytest.raises(InvalidInput, match=r"^state_names\[0\]\[1\] is .*, expected a text, .*: dataclasses\.replace"):
        save(game, tmp_path / f"game{suffix}")
    game = replace(game, state_names=tuple(map(str, game.state_names)))
    assert through(game, tmp_path, suffix).state_names == game.state_names


def test_the_same_game_is_written_in_the_same_bytes(folder):
    for suffix in SUFFIXES:
        for name in ("one", "other"):
            save(load("shapley"), folder / f"{name}{suffix}")
        assert (folder / f"one{suffix}").read_bytes() == (folder / f"other{suffix}").read_bytes()


def test_json_start_and_title_are_optional(folder):
    document = {"format": "mathrl-game", "version": 1, "kind": "stochastic", "title": "a title", "discount": 0}
    document |= {"common_payoff": True, "rewards": [[1], [2]], "transitions": [[[1, 0]], [[0, 1]]]}
    (folder / "titled.json").write_text("\ufeff" + json.dumps(document), encoding="utf-8")
    np.testing.assert_array_equal(load(folder / "titled.json").start, [0.5, 0.5])
    assert load(folder / "titled.json").title == "a title"


def test_the_files_that_the_readme_shows_are_read(folder):
    blocks = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8").split("```\n")
    (documents,) = (block for block in blocks if block.startswith('{"format"'))
    (table,) = (block for block in blocks if block.startswith("driver,walker,"))
    found = []
    for document in documents.strip().replace("\n {", "\n{").split('\n{"format"'):
        (folder / "shown.json").write_text(document if document.startswith("{") else '{"format"' + document)
        found.append(load(folder / "shown.json"))
    assert found[-1].agent_names == ("Ann", "Bob")
    assert {game.num_states for game in found} == {1, 2}
    (folder / "shown.csv").write_text(table)
    assert load(folder / "shown.csv").action_names == (("yield", "dare"),) * 2


@given(game=named(), suffix=st.sampled_from([".json", ".npz"]))
def test_names_read_back_exactly(game, suffix, folder):
    assert_equal_bit_for_bit(through(game, folder, suffix), game)


def test_a_title_alone_needs_no_new_version_in_json(folder):
    save(Game.matrix(np.eye(2), title="a title"), folder / "titled.json")
    document = json.loads((folder / "titled.json").read_text())
    assert (document["version"], document["title"]) == (1, "a title")
    (folder / "titled.json").write_text(json.dumps(document | {"title": ""}))
    assert load(folder / "titled.json").title is None


STOCHASTIC = {
    "format": "mathrl-game",
    "version": 1,
    "kind": "stochastic",
    "common_payoff": True,
    "rewards": [[1], [2]],
    "transitions": {"data": [1, 1], "indices": [0, 1], "indptr": [0, 1, 2]},
    "discount": 0.5,
}
MATRIX = {"format": "mathrl-game", "version": 1, "kind": "matrix", "common_payoff": True, "payoffs": [[1, 2], [3, 4]]}


def document(base, /, **changes):
    return json.dumps({key: value for key, value in (base | changes).items() if value is not ...}, indent=0)


def csr(**changes):
    return document(STOCHASTIC, transitions=STOCHASTIC["transitions"] | changes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1, column 1 is not JSON"),
        ('{\n"format": }', "line 2, column 11 is not JSON"),
        ("[]", r"the JSON is \[\], expected {…}"),
        ("[" * 100_000, "the JSON cannot be read"),
        ("1" * 5000, "the JSON cannot be read"),
        ('{"version": 1, "version": 1}', "key 'version' is given twice"),
        (document(MATRIX, format=...), "key 'format' is missing"),
        (document(MATRIX, kind=...), "key 'kind' is missing"),
        (document(MATRIX, format="other"), "key 'format' is 'other', expected 'mathrl-game'"),
        (document(MATRIX, version=4), "key 'version' is 4, expected 1 or 2 or 3"),
        (document(MATRIX, available=[[True], [True]]), "key 'version' is 1, expected 2 or 3: 'available' needs"),
        (document(MATRIX, version=2, agent_names=["a", "b"]), "key 'version' is 2, expected 3: 'agent_names' needs"),
        (document(MATRIX, version=2, action_names=[None, None]), "key 'version' is 2, expected 3"),
        (document(MATRIX, version=3, agent_names="ab"), "key 'agent_names' is 'ab', expected a list"),
        (document(MATRIX, version=3, agent_names=["a", 1]), r"key 'agent_names\.1' is 1, expected text in quotes"),
        (document(MATRIX, version=3, agent_names=["a"]), "agent_names has 1 name, expected 2"),
        (document(MATRIX, version=3, action_names=[["a", "a"], None]), r"action_names\[0\]\[1\] is 'a', as is"),
        (
            document(MATRIX, version=3, action_names=[["a", "b"], 2]),
            r"key 'action_names\.1' is 2, expected a list or null",
        ),
        (document(MATRIX, version=2, terminal=[False]), "key 'terminal' is unknown"),
        (document(MATRIX, version=2, available=3), "key 'available' is 3, expected a list"),
        (document(MATRIX, version=2, available=[[1, 1]]), "available has 1 array, expected 2"),
        (document(MATRIX, version=2, available=[[1, 0], [1, 0, 0]]), r"available\[1\] has shape \(1, 3\)"),
        (document(MATRIX, version=2, available=[[0, 0], [1, 1]]), r"available\[0\]\[0\] has no available action"),
        (
            document(MATRIX, version=2, available=[[1, 0], [1, 1]], payoffs=[[1, None], [3, 4]]),
            "payoffs.0, 1. is null, exp",
        ),
        (document(STOCHASTIC, terminal=[False, True]), "key 'version' is 1, expected 2"),
        (document(STOCHASTIC, version=2, terminal=[False]), r"terminal has shape \(1,\)"),
        (document(STOCHASTIC, version=2, terminal=[False, True]), r"rewards\[1, 0\] is 2, and the state is terminal"),
        (document(STOCHASTIC, state_names=["a", "b"]), "key 'version' is 1, expected 2"),
        (document(STOCHASTIC, version=2, state_names=["a"]), "state_names has 1 names, expected 2"),
        (document(STOCHASTIC, version=2, state_names="ab"), "key 'state_names' is 'ab', expected a list"),
        (document(STOCHASTIC, version=2, state_names=["a", [{}]]), r"key 'state_names\.1\.0' is \{\}, expected text"),
        (document(STOCHASTIC, version=2, available=[[[2], [1]]]), r"available\[0\] is .*, expected an array of true"),
        (document(MATRIX, kind="other"), "key 'kind' is 'other', expected matrix or stochastic"),
        (document(MATRIX, payoffs=...), "key 'payoffs' is missing"),
        (document(MATRIX, payoffs=..., payofs=[1]), "key 'pay(off|of)s' is (missing|unknown)"),
        (document(STOCHASTIC, transitions=[[[1, 0]], [[0, None]]]), r"transitions\[1, 0, 1\] is null"),
        (document(MATRIX, players=2), r"key 'players' is unknown, expected a known name: see format, .* payoffs"),
        (document(MATRIX, payofs=[1]), "key 'payofs' is unknown, .* did you mean payoffs"),
        (document(MATRIX, discount=0.5), "key 'discount' is unknown"),
        (document(MATRIX, payoffs=3), "key 'payoffs' is 3, expected a list"),
        (document(MATRIX, common_payoff=1), "key 'common_payoff' is 1, expected true or false"),
        (document(MATRIX, title=1), "key 'title' is 1, expected text in quotes"),
        (document(MATRIX, payoffs=[[1, 2], [3]]), "payoffs is ragged"),
        (document(MATRIX, payoffs=[["1", 2]]), "payoffs has dtype"),
        (document(MATRIX, payoffs=[1, None]), r"payoffs\[1\] is null, expected a finite number"),
        (document(MATRIX, payoffs=[]), "payoffs has shape"),
        (document(MATRIX, common_payoff=False), r"payoffs\[0\] has shape"),
        (document(MATRIX, payoffs=[0, float("nan")], title="NaN"), "line 8 holds NaN"),
        (document(MATRIX, payoffs=[0, -float("inf")]), "line 8 holds -Infinity"),
        (document(MATRIX, payoffs=[0, 77]).replace("77", "1e999"), r"payoffs\[1\] is inf"),
        (document(STOCHASTIC, transitions=...), "key 'transitions' is missing"),
        (document(STOCHASTIC, transitions="dense"), "key 'transitions' is 'dense', expected a list or {…}"),
        (document(STOCHASTIC, transitions=[[[1, 0]], [[0, 0.5]]]), r"transitions\[1, 0\] sums to 0.5"),
        (document(STOCHASTIC, transitions={"data": []}), "key 'indices' is missing in 'transitions'"),
        (document(STOCHASTIC, discount="0.5"), "key 'discount' is '0.5', expected a number"),
        (document(STOCHASTIC, discount=1), "discount is 1, expected"),
        (document(STOCHASTIC, start=[1]), r"start has shape \(1,\)"),
        (document(STOCHASTIC, rewards=[]), "rewards has shape"),
        (document(STOCHASTIC, rewards=[], common_payoff=False), "rewards is an empty list"),
        (document(STOCHASTIC, rewards=[1, 2], common_payoff=False), r"rewards\[0\] has shape"),
        (csr(extra=[]), "key in 'transitions' 'extra' is unknown"),
        (csr(data=5), r"key 'transitions.data' is 5, expected a list"),
        (csr(data=[0.5, 1]), r"transitions\[0, 0\] sums to 0.5"),
        (csr(data=[1]), "transitions.indptr ends at 2"),
        (csr(data=[[1], [1]]), "transitions.indptr ends at 2"),
        (csr(indices=[0, 2]), "transitions.indices are from 0 to 2"),
        (csr(indices=[-1, 1]), "transitions.indices are from -1 to 1"),
        (csr(indices=[0, 0.5]), "transitions.indices is"),
        (csr(indices=[0, 1e308]), "transitions.indices is"),
        (csr(indptr=[0, 2, 1]), "transitions.indptr does not rise"),
        (csr(indptr=[]), "transitions.indptr does not rise"),
        (csr(indptr=[0, 1]), "transitions.indptr ends at 1"),
        (csr(indptr=[0, 1, 2, 2]), r"transitions has shape \(3, 2\)"),
    ],
)
def test_broken_json_is_refused_by_file_and_key(text, message, tmp_path):
    path = tmp_path / "game.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput, match=f"^{path}: .*({message})") as raised:
        load(path)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 400


def test_the_broken_rows_differ_from_a_good_one(tmp_path):
    for text in (document(MATRIX), document(STOCHASTIC)):
        (tmp_path / "game.json").write_text(text, encoding="utf-8")
        assert load(tmp_path / "game.json").num_agents in (1, 2)


@given(game=games() | matrix_games(), suffix=st.sampled_from([".json", ".npz"]))
def test_a_game_without_masks_and_ends_is_written_for_older_programs(game, suffix, folder):
    save(game, folder / f"plain{suffix}")
    if suffix == ".json":
        document = json.loads((folder / "plain.json").read_text())
        assert document["version"] == 1
        assert not {"available", "terminal"} & set(document)
    else:
        with np.load(folder / "plain.npz") as archive:
            assert archive["version"] == 1
            assert not {"available_0", "terminal"} & set(archive)


def test_null_stands_for_the_rewards_of_what_is_not_available(folder):
    game = Game.matrix(np.array([[1.0, 2.0], [3.0, 4.0]]), available=[[True, False], [True, True]])
    save(game, folder / "masked.json")
    document = json.loads((folder / "masked.json").read_text())
    assert (document["version"], document["payoffs"]) == (2, [[1.0, 2.0], [None, None]])
    assert document["available"] == [[True, False], [True, True]]
    document["payoffs"] = [[1, 2], [9, None]]  # what stands there is ignored
    (folder / "masked.json").write_text(json.dumps(document))
    assert_equal_bit_for_bit(load(folder / "masked.json"), game)


def npz(folder, **changes):
    game = random_stochastic(2, (1,), successors=1)
    save(game, folder / "game.npz")
    with np.load(folder / "game.npz") as archive:
        arrays = dict(archive)
    np.savez(folder / "game.npz", **{name: a for name, a in (arrays | changes).items() if a is not ...})
    return folder / "game.npz"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rewards": ...}, "array 'rewards' is missing"),
        ({"transitions_indptr": ...}, "array 'transitions_indptr' is missing"),
        ({"transitions_data": ...}, "array 'transitions' is missing"),
        ({"extra": np.ones(1)}, "array 'extra' is unknown"),
        ({"version": np.array(4)}, "array 'version' is 4, expected 1 or 2 or 3"),
        ({"version": np.array(2), "title": np.array('"t"')}, "array 'title' is unknown"),
        ({"version": np.array(3), "title": np.array("3")}, "title is 3, expected a text"),
        ({"version": np.array(3), "agent_names": np.array('["a", "b"]')}, "agent_names has 2 names, expected 1"),
        ({"version": np.array(3), "action_names": np.array("no list")}, "line 1, column 1 is not JSON"),
        ({"version": np.array([2, 2])}, r"array 'version' has shape \(2,\)"),
        ({"terminal": np.zeros(2, bool)}, "array 'terminal' is unknown"),
        ({"version": np.array(2), "available_1": np.ones((2, 1), bool)}, "array 'available_1' is unknown"),
        (
            {"version": np.array(2), "available_0": np.zeros((2, 1), bool)},
            r"available\[0\]\[0\] has no available action",
        ),
        ({"version": np.array(2), "terminal": np.ones(3, bool)}, r"terminal has shape \(3,\)"),
        ({"version": np.array("one")}, "array 'version' is one"),
        ({"discount": np.ones(1)}, r"array 'discount' has shape \(1,\)"),
        ({"discount": np.array(1.0)}, "discount is 1"),
        ({"discount": np.array("x")}, "discount is 'x'"),
        ({"rewards": np.array([["a"], ["b"]])}, "rewards has dtype"),
        ({"rewards": np.array(1.0)}, "rewards has shape"),
        ({"rewards": np.array(1.0), "common_payoff": np.array(False)}, "rewards has shape"),
        ({"rewards": np.array([[None], [None]])}, "no .npz archive of plain arrays"),
        ({"transitions_indices": np.array([0, 7])}, "transitions_indices are from 0 to 7"),
        ({"start": np.array(1.0)}, "start has shape"),
        ({"version": np.array(2), "state_names": np.array("no list")}, "line 1, column 1 is not JSON"),
        ({"version": np.array(2), "state_names": np.array("3")}, "state_names is 3, expected"),
    ],
    ids=str,
)
def test_broken_archives_are_refused_by_file_and_array(changes, message, tmp_path):
    path = npz(tmp_path, **changes)
    with pytest.raises(InvalidInput, match=f"^{path}: .*{message}"):
        load(path)


def test_damaged_archives_are_refused(tmp_path):
    whole = npz(tmp_path).read_bytes()
    for data in (b"", b"text", whole[: len(whole) // 2], whole[:100] + b"damage" + whole[106:], b"PK\x03\x04"):
        (tmp_path / "game.npz").write_bytes(data)
        with pytest.raises(InvalidInput, match=r"the file is no \.npz archive"):
            load(tmp_path / "game.npz")


def test_other_encodings_are_refused_by_line(tmp_path):
    (tmp_path / "game.json").write_bytes(b"\n\xff\xfe")
    with pytest.raises(InvalidInput, match=r"game\.json: line 2 is not UTF-8"):
        load(tmp_path / "game.json")


def test_gambit_files_of_the_time_before_utf8_are_read(tmp_path):
    text = 'NFG 1 R "Spiel f\u00fcr zwei" { "Andr\u00e9" "b" } { 2 1 } 1 2 3 4'
    for encoding in ("utf-8", "utf-8-sig", "latin-1"):
        (tmp_path / "game.nfg").write_bytes(text.encode(encoding))
        assert load(tmp_path / "game.nfg").rewards.ravel().tolist() == [1, 3, 2, 4]


@pytest.mark.parametrize("suffix", MATRIX_ONLY)
def test_a_stochastic_game_does_not_fit_into_a_file_of_matrix_games(suffix, tmp_path):
    with pytest.raises(InvalidInput, match=r"^game .*matrix game.*\.json"):
        save(load("chain"), tmp_path / f"chain{suffix}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", MATRIX_ONLY)
@pytest.mark.parametrize(
    ("game", "message"),
    [
        (
            Game.matrix(np.eye(2), available=[[1, 0], [1, 1]]),
            r"^game is .*some unavailable.*all actions, leave these out",
        ),
        (Game.stochastic(np.zeros((1, 1)), np.ones((1, 1, 1)), 0.0, terminal=[1]), r"^game is .*no states.*\.json"),
    ],
    ids=str,
)
def test_what_a_file_of_matrix_games_cannot_hold_is_refused(game, message, suffix, tmp_path):
    with pytest.raises(InvalidInput, match=message):
        save(game, tmp_path / f"game{suffix}")
    assert list(tmp_path.iterdir()) == []
