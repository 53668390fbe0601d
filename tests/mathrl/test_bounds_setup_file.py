"""Setups in files: they read back exactly, what is left out is perfect, and what is broken is named."""

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.base.checks import InvalidInput
from mathrl.bounds import Setup, load_setup, save_setup
from mathrl.bounds.setup_file import example, schema
from mathrl.games import load, random_stochastic, save, to_dense, uniform_policy
from mathrl.proofs_checks.strategies import setups


def arrays_of(setup):
    stored = [game.transitions for game in (setup.game, setup.model)]
    transitions = [
        part for P in stored for part in ([P] if isinstance(P, np.ndarray) else [P.data, P.indices, P.indptr])
    ]
    features = [] if setup.features is None else [setup.features]
    policies = (*setup.policy, *setup.data_policy, *setup.opponent_models)
    return [setup.game.rewards, setup.game.start, *transitions, *policies, *features]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("setups")


@given(setup=setups(), left_out=st.sets(st.sampled_from(["model", "data_policy", "opponent_models", "features"])))
def test_setups_read_back_exactly(setup, left_out, folder):
    others = tuple(setup.policy[j] for j in setup.opponents)
    perfect = {"model": setup.game, "data_policy": setup.policy, "opponent_models": others, "features": None}
    features = {"features": np.arange(setup.game.num_states)[:, None] / 3}
    setup = dataclasses.replace(setup, **features | {part: perfect[part] for part in left_out})
    save_setup(setup, folder / "setup.json")
    back = load_setup(folder / "setup.json")
    assert (back.agent, back.game.discount) == (setup.agent, setup.game.discount)
    assert (back.game.sparse, back.game.common_payoff) == (setup.game.sparse, setup.game.common_payoff)
    written = json.loads((folder / "setup.json").read_text())
    # A game without opponents has no models to write.
    assert perfect.keys() - written.keys() == left_out | ({"opponent_models"} if not others else set())
    for array, same in zip(arrays_of(setup), arrays_of(back), strict=True):
        assert (array.shape, array.dtype, array.tobytes()) == (same.shape, same.dtype, same.tobytes())


def test_a_large_sparse_setup_reads_back_exactly(folder):
    game = random_stochastic(300, (2, 3), successors=4, structure="general-sum", discount=0.9, seed=1)
    model = random_stochastic(300, (2, 3), successors=4, structure="general-sum", discount=0.9, seed=2)
    save_setup(Setup.of(game, policy=uniform_policy(game), model=model.transitions, agent=1), folder / "large.json")
    back = load_setup(folder / "large.json").model
    assert back.sparse
    np.testing.assert_array_equal(to_dense(back).transitions, to_dense(model).transitions)


def test_a_game_may_be_a_name_or_a_file_beside_the_setup(folder, monkeypatch):
    monkeypatch.chdir("/")
    save(load("chicken"), folder / "mine.nfg")
    for name in ("chicken", "mine.nfg", str(folder / "mine.nfg")):
        (folder / "setup.json").write_text(minimal(game=name))
        np.testing.assert_array_equal(load_setup(folder / "setup.json").game.rewards, load("chicken").rewards)


def test_the_example_has_everything_and_nothing_is_perfect(folder):
    (folder / "example.json").write_text(example(), encoding="utf-8")
    setup = load_setup(folder / "example.json")
    assert set(json.loads(example())) == set(schema()["properties"])
    assert not np.array_equal(setup.model.transitions, setup.game.transitions)
    for j, model in zip(setup.opponents, setup.opponent_models, strict=True):
        assert not np.array_equal(model, setup.policy[j])
    for one, other in zip(setup.policy, setup.data_policy, strict=True):
        assert not np.array_equal(one, other)


def test_the_page_describes_every_key():
    page = (Path(__file__).parents[2] / "docs/how-to/is-my-bound-worth-anything.md").read_text(encoding="utf-8")
    described = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", page, re.MULTILINE))
    assert list(described) == list(schema()["properties"])
    assert {key for key, left_out in described.items() if left_out == "required"} == set(schema()["required"])


def test_another_agent_may_look_where_its_opponents_are_not_modelled(folder):
    (folder / "setup.json").write_text(minimal())
    assert load_setup(folder / "setup.json").agent == 0
    assert load_setup(folder / "setup.json", agent=1).agent == 1
    (folder / "setup.json").write_text(minimal(opponent_models=[[0.5, 0.5]], agent=1))
    assert load_setup(folder / "setup.json", agent=1).agent == 1
    with pytest.raises(InvalidInput, match=r"setup.json: agent is 0, expected 1, whose opponents"):
        load_setup(folder / "setup.json", agent=0)


def test_an_agent_that_the_game_lacks_is_named_first(folder):
    (folder / "setup.json").write_text(minimal(opponent_models=[[0.5, 0.5]]))
    with pytest.raises(InvalidInput, match="agent is 7, expected an agent 0 … 1"):
        load_setup(folder / "setup.json", agent=7)


def minimal(**changes):
    values = {"format": "mathrl-bound", "version": 1, "game": "chicken", "policy": [[0.5, 0.5], [0.9, 0.1]]}
    return json.dumps({key: value for key, value in (values | changes).items() if value is not ...}, indent=0)


GAME = {"format": "mathrl-game", "version": 1, "kind": "matrix", "common_payoff": True, "payoffs": [[1, 2], [3, 4]]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1,", "line 1, column 4 is not JSON"),
        ("[]", r"the JSON is \[\], expected {…}"),
        ("[" * 100_000, "the JSON cannot be read .* expected a setup"),
        (minimal().replace('"version"', '"game"'), "key 'game' is given twice"),
        (minimal(policy=[float("nan")]), "line 6 holds NaN"),
        (minimal(format="mathrl-game"), "key 'format' is 'mathrl-game', expected 'mathrl-bound'"),
        (minimal(version=2), "key 'version' is 2, expected 1"),
        (minimal(policy=...), "key 'policy' is missing"),
        (minimal(game=...), "key 'game' is missing"),
        (minimal(polcy=[]), "key 'polcy' is unknown, .* did you mean policy"),
        (minimal(agent="0"), "key 'agent' is '0', expected a whole number"),
        (minimal(agent=True), "key 'agent' is True, expected a whole number"),
        (minimal(agent=0.5), "key 'agent' is 0.5, expected a whole number"),
        (minimal(agent=-1), "agent is -1, expected a whole number, at least 0"),
        (minimal(agent=2), "agent is 2, expected an agent"),
        (minimal(game=3), "key 'game' is 3, expected text in quotes or {…}"),
        (minimal(game="chikcen"), "key 'game': game 'chikcen' is unknown, .* did you mean chicken"),
        (minimal(game="missing.json"), r"key 'game': .*missing\.json cannot be read"),
        (minimal(game=GAME | {"kind": "tree"}), "key 'game': key 'kind' is 'tree', expected matrix or stochastic"),
        (minimal(game=GAME | {"payoffs": [[1], [2, 3]]}), "key 'game': payoffs is ragged"),
        (minimal(policy=[[0.5, 0.5]]), "policy has 1 arrays, expected 2, one per agent"),
        (minimal(policy=[[0.5, 0.6], [1, 0]]), r"policy\[0\]\[0\] sums to 1.1, expected 1"),
        (minimal(data_policy=[[1, 0, 0], [1, 0]]), r"data_policy\[0\] has shape"),
        (minimal(opponent_models=[]), "opponent_models has 0 arrays, expected 1, one per opponent"),
        (minimal(opponent_models=3), "key 'opponent_models' is 3, expected a list"),
        (json.dumps([[[[0.125] * 40] * 40] * 4] * 4), r"the JSON is \[\[\.\.\.\](, \[\.\.\.\]){3}\], expected {…}$"),
        (minimal(model=GAME | {"transitions": []}), "key 'model' is a whole game, expected its transitions alone"),
        (minimal(model=[]), r"model has shape \(0,\)"),
        (minimal(model={"data": []}), "key 'indices' is missing in 'model'"),
        (minimal(model={"data": [1], "indices": [1], "indptr": [0, 1]}), "model.indices are from 1 to 1"),
        (minimal(model={"data": [1], "indices": [0], "indptr": [0, 1]}), r"model has shape \(1, 1\)"),
        (minimal(features=[[1], [2]]), r"features has shape \(2, 1\), expected \(1, d\)"),
        (minimal(features=[1]), r"features has shape \(1,\)"),
    ],
)
def test_a_broken_setup_is_refused_by_file_and_key(text, message, tmp_path):
    (tmp_path / "setup.json").write_text(text)
    with pytest.raises(InvalidInput, match=message) as caught:
        load_setup(tmp_path / "setup.json")
    assert str(caught.value).startswith(str(tmp_path / "setup.json"))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path):
    with pytest.raises(InvalidInput, match=r"gone\.json cannot be read .* expected a file that holds a setup"):
        load_setup(tmp_path / "gone.json")
    (tmp_path / "bytes.json").write_bytes(b"{\n\xff}")
    with pytest.raises(InvalidInput, match=r"bytes\.json: line 2 is not UTF-8"):
        load_setup(tmp_path / "bytes.json")
