import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.base.checks import InvalidInput
from mathrl.games import Game, load, random_stochastic, save
from mathrl.games.files import SUFFIXES
from mathrl.proofs_checks.strategies import games, matrix_games


def assert_equal_bit_for_bit(game, other):
    assert (game.sparse, game.common_payoff, game.discount) == (other.sparse, other.common_payoff, other.discount)
    assert game.num_actions == other.num_actions
    for array, same in zip(arrays_of(game), arrays_of(other), strict=True):
        assert (array.shape, array.dtype, array.tobytes()) == (same.shape, same.dtype, same.tobytes())


def arrays_of(game):
    stored = game.transitions
    parts = (stored.data, stored.indices, stored.indptr) if game.sparse else (stored,)
    return (game.rewards, game.start, *parts)


def through(game, folder, suffix):
    save(game, folder / f"game{suffix}")
    return load(folder / f"game{suffix}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("games")


@given(game=games() | matrix_games(), suffix=st.sampled_from([".json", ".npz"]))
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
        (document(MATRIX, version=2), "key 'version' is 2, expected 1"),
        (document(MATRIX, kind="other"), "key 'kind' is 'other', expected matrix or stochastic"),
        (document(MATRIX, payoffs=...), "key 'payoffs' is missing"),
        (document(MATRIX, payoffs=..., payofs=[1]), "key 'pay(off|of)s' is (missing|unknown)"),
        (document(MATRIX, payofs=[1]), "key 'payofs' is unknown, .* did you mean payoffs"),
        (document(MATRIX, discount=0.5), "key 'discount' is unknown"),
        (document(MATRIX, payoffs=3), "key 'payoffs' is 3, expected a list"),
        (document(MATRIX, common_payoff=1), "key 'common_payoff' is 1, expected true or false"),
        (document(MATRIX, title=1), "key 'title' is 1, expected text in quotes"),
        (document(MATRIX, payoffs=[[1, 2], [3]]), "payoffs is ragged"),
        (document(MATRIX, payoffs=[["1", 2]]), "payoffs has dtype"),
        (document(MATRIX, payoffs=[1, None]), "payoffs has dtype"),
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
        ({"version": np.array(2)}, "array 'version' is 2"),
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


def test_a_stochastic_game_does_not_fit_into_nfg(tmp_path):
    with pytest.raises(InvalidInput, match=r"^game .*matrix game.*\.json"):
        save(load("chain"), tmp_path / "chain.nfg")
    assert list(tmp_path.iterdir()) == []
