"""`mathrl fit`: the examples of its help run as they stand, and every form says what the fit in Python says."""

import csv
import io
import json
import re
import shlex

import numpy as np
import pytest

from mathrl.cli import fit as command
from mathrl.cli import main
from mathrl.estimate import fit
from mathrl.games import Game, load, random_stochastic, save, simulate

COUNTS = [[38, 62], [35, 65]]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the example that the command prints."""
    monkeypatch.chdir(tmp_path)
    assert main(["fit", "--example", "--out", "play.json"]) == 0
    return tmp_path


def run(capsys, *arguments):
    status = main(["fit", *map(str, arguments)])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def examples():
    return re.findall(r"(?m)^  mathrl (fit .*)$", command.EXAMPLES)


def test_the_examples_of_help_run_in_their_order(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert len(examples()) == 6
    for line in examples():
        words, _, redirected = line.partition(" > ")
        status, printed, errors = run(capsys, *shlex.split(words)[1:])
        assert (status, errors) == (0, ""), line
        if redirected:
            (tmp_path / redirected).write_text(printed)
    assert {path.name for path in tmp_path.iterdir()} == {"play.json", "fit.csv", "fit.json", "fit.png"}


def test_the_forms_that_help_shows_can_be_read(folder, capsys):
    blocks = re.findall(r"(?m)^  (\{.*?\})$", command.EXAMPLES.replace('1,\n   "traj', '1, "traj'))
    assert len(blocks) == 2
    (folder / "counts.json").write_text(blocks[0])
    assert run(capsys, "prisoners-dilemma", "counts.json")[0] == 0
    save(random_stochastic(3, (2, 2), discount=0.5, seed=0), folder / "three.json")
    (folder / "trajectories.json").write_text(blocks[1])
    assert run(capsys, "three.json", "trajectories.json")[0] == 0
    lines = re.search(r"(?m)^  (agent,state,action,count)\n  (.*)$", command.EXAMPLES)
    (folder / "counts.csv").write_text(f"{lines[1]}\n{lines[2]}\n")
    assert run(capsys, "prisoners-dilemma", "counts.csv")[0] == 0


def test_every_form_says_the_same(folder, capsys):
    found = fit(load("prisoners-dilemma"), COUNTS)
    status, printed, errors = run(capsys, "prisoners-dilemma", "play.json")
    assert (status, errors) == (0, "")
    assert printed == f"{fit([load('prisoners-dilemma')], [COUNTS])}\n"
    values = json.loads(run(capsys, "prisoners-dilemma", "play.json", "--format", "json")[1])
    assert values["rationality"] == found.rationality
    assert values["interval"] == list(found.interval)
    rows = list(csv.DictReader(io.StringIO(run(capsys, "prisoners-dilemma", "play.json", "--format", "csv")[1])))
    assert [float(row["count"]) for row in rows] == [38, 62, 35, 65]
    assert [float(row["probability"]) for row in rows] == [row.probability for row in found.rows]
    assert {(float(row["rationality"]), float(row["low"]), float(row["high"])) for row in rows} == {
        (found.rationality, *found.interval)
    }
    for format in ("markdown", "latex"):
        assert f"{found.rationality:.6g}" in run(capsys, "prisoners-dilemma", "play.json", "--format", format)[1]


def test_options_reach_the_fit(folder, capsys):
    game = random_stochastic(3, (2, 2), discount=0.6, structure="general-sum", seed=1)
    save(game, folder / "mine.json")
    episodes = simulate(game, [np.full((3, 2), 0.5)] * 2, num_episodes=5, num_steps=10, seed=0)
    trajectories = [
        {"states": states.tolist(), "actions": actions.tolist()}
        for states, actions in zip(episodes.states, episodes.actions, strict=True)
    ]
    values = {"format": "mathrl-observations", "version": 1, "trajectories": trajectories}
    (folder / "data.json").write_text(json.dumps(values))
    options = ("--entropy", "none", "--level", "0.9", "--largest", "20", "--max-steps", "500", "--format", "json")
    printed = json.loads(run(capsys, "mine.json", "data.json", *options)[1])
    found = fit([game], [episodes], entropy="none", level=0.9, largest=20.0, max_steps=500)
    assert printed == json.loads(json.dumps(found.to_dict()))
    assert (printed["entropy"], printed["level"], printed["curve"][0][-1]) == ("none", 0.9, 20.0)


def test_a_size_is_that_of_the_picture(folder, capsys):
    status, _, errors = run(capsys, "prisoners-dilemma", "play.json", "--plot", "fit.svg", "--size", "3x4")
    assert (status, errors) == (0, "")
    assert 'width="216pt" height="288pt"' in (folder / "fit.svg").read_text()  # of 72 to an inch
    status, _, errors = run(capsys, "prisoners-dilemma", "play.json", "--size", "3x4")
    assert (status, errors) == (
        2,
        "mathrl: --size is '3x4', expected no size without --plot: only a picture has one\n",
    )


def test_no_estimate_is_said_and_is_status_1(folder, capsys):
    save(Game.matrix(np.ones((2, 2))), folder / "flat.json")
    status, printed, errors = run(capsys, "flat.json", "play.json")
    assert status == 1
    assert "FLAT" in printed
    assert errors.startswith("mathrl: no rationality was found: nothing can be said")
    assert len(errors.splitlines()) == 1


@pytest.mark.parametrize("option", ["--out", "--plot"])
def test_data_are_not_written_over(option, folder, capsys):
    before = (folder / "play.json").read_bytes()
    status, _, errors = run(capsys, "prisoners-dilemma", "play.json", option, "./play.json")
    assert (status, (folder / "play.json").read_bytes()) == (2, before)
    assert "is DATA play.json too" in errors
