"""What the commands print, and the table of bad calls."""

import csv
import inspect
import io
import json
import re
import warnings
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from mathrl import load, solvers
from mathrl.cli import COMMANDS, main
from mathrl.figures.reproductions import reproductions
from mathrl.games import Game, save
from mathrl.neural.reproductions import of_networks
from mathrl.solution import Solution, load_solutions
from mathrl.solvers import haspi, soft_evaluation
from tests.drawn import drawn

START = [[[0.6, 0.2, 0.2]], [[0.6, 0.2, 0.2]]]


@pytest.fixture
def start(tmp_path):
    file = tmp_path / "start.json"
    file.write_text(json.dumps(START))
    return str(file)


def run(capsys, *arguments):
    status = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def bad(*arguments, names):
    return pytest.param(arguments, names, id=" ".join(arguments))


SOLVE = ("solve", "hasac", "--solver")
HASPI = (*SOLVE, "haspi", "--temperature", "1")
QRE = ("figure", "qre", "--out", "written.png", "--game")


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        bad("reprodcue", names="reproduce"),
        bad("--verison", names="--version"),
        bad("reproduce", "hasac-table-33", names="appendix-b"),
        bad("reproduce", "hasac.theorem-1", names="mathrl check hasac.theorem-1"),
        bad("figure", "hasac.theorem-1", names="mathrl check hasac.theorem-1"),
        bad("check", "hasac-table-3", names="mathrl reproduce hasac-table-3"),
        bad("check", "hasac-theorem-1", names="did you mean hasac.theorem-1"),
        bad("reproduce", "hasac-table-3", "--format", "jsn", names="json"),
        bad("reproduce", "--fromat", "json", names="--format"),
        bad("reproduce", "--form", "json", names="--form"),
        bad("games", "climbign", names="climbing"),
        bad("games", "missing.json", names="missing.json"),
        bad("games", "penalty(q=1)", names="q"),
        bad("games", "hasac", "climbing", names="climbing"),
        bad("games", "--save", "x.json", names="--save"),
        bad("games", "climbign", "--save", "x.txt", names="--save x.txt ends in"),
        bad("fit", names="GAME DATA is missing"),
        bad("fit", "chicken", names="a file of observations after each game"),
        bad("fit", "chicken", "missing.json", names="missing.json"),
        bad("fit", "chicken", "x.txt", names="x.txt"),
        bad("fit", "chicken", "x.json", "--out", "x.png", names="use --plot to draw"),
        bad("fit", "--example", "--level", "0.9", names="--level"),
        bad("fit", "--example", "chicken", names="GAME DATA"),
        bad("figure", names="ID"),
        bad("figure", "hasac-table-33", names="hasac-table-3"),
        bad("figure", "hasac-table-3", "--out", "x.gif", names="x.gif"),
        bad("figure", "hasac-table-3", "--game", "hasac", names="--game"),
        bad("figure", "hasac-table-3", "--data", "x.csv", names="--data"),
        bad("figure", "qre", "--out", "written.png", names="--game"),
        bad(*QRE, "hasca", names="hasac"),
        bad(*QRE, "dmac", names="30 states"),
        bad(*QRE, "random-matrix(num_actions=(30, 30))", names="at most 40"),
        bad(*QRE, "hasac", "--temperatures", "1", names="--temperatures"),
        bad(*QRE, "hasac", "--temperatures", "1,2,3", names="--temperatures"),
        bad(*QRE, "hasac", "--temperatures", "0,2", names="--temperatures"),
        bad(*QRE, "hasac", "--temperatures", "-1,2", names="-1"),
        bad(*QRE, "hasac", "--temperatures", "1,inf", names="inf"),
        bad(*QRE, "hasac", "--temperatures", "2,1", names="2,1"),
        bad(*QRE, "hasac", "--agent", "2", names="0 or 1"),
        bad(*QRE, "hasac", "--agent", "-1", names="--agent"),
        bad("figure", "qre", "--game", "hasac", "--out", "", names="--out is empty"),
        bad(*QRE, "hasac", "--data", "x.txt", names="x.txt"),
        bad(*QRE, "hasac", "--data", "missing/x.csv", names="missing/x.csv"),
        bad(*QRE, "hasac", "--out", "x.gif", names="x.gif"),
        bad("solve", "--solver", "haspi", names="GAME"),
        bad("solve", "hasac", names="--solver"),
        bad("solve", "hasca", "--solver", "haspi", "--temperature", "1", names="hasac"),
        bad(*SOLVE, "hapsi", "--temperature", "1", names="haspi"),
        bad(*SOLVE, "haspi", names="--temperature"),
        bad(*SOLVE, "haspi", "--temperature", "hot", names="hot"),
        bad(*SOLVE, "haspi", "--temperature", "1,,2", names="--temperature"),
        bad(*SOLVE, "haspi", "--temperature", "-1", names="-1"),
        bad(*SOLVE, "haspi", "--temperature", "-1e-3", names="-0.001"),
        bad(*SOLVE, "haspi", "--temperature", "0", names="--temperature"),
        bad(*SOLVE, "haspi", "--temperature", "1,nan", names="nan"),
        bad(*SOLVE, "haspi", "--temperature", "1,1e999", names="1e999"),
        bad(*SOLVE, "optimal", "--temperature", "1", names="--temperature"),
        bad(*SOLVE, "soft-evaluation", "--temperature", "1", names="--policy"),
        bad(*HASPI, "--policy", "x.json", names="--policy"),
        bad(*HASPI, "--initial-policy", "x.json", names="x.json"),
        bad(*HASPI, "--order", "0,0", names="--order"),
        bad(*HASPI, "--order", "2,1", names="--order"),
        bad(*HASPI, "--entropy", "everybody", names="--entropy"),
        bad(*HASPI, "--entropy", "own", names="own"),
        bad(*HASPI, "--seed", "-1", names="--seed"),
        bad(*HASPI, "--seed", "1.5", names="1.5"),
        bad(*HASPI, "--tol", "-1e-8", names="--tol"),
        bad(*HASPI, "--max-steps", "many", names="many"),
        bad(*HASPI, "--discount", "0.9", names="--discount"),
        bad("solve", "chicken", "--solver", "haspi", "--temperature", "1", names="general-sum"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(arguments, names, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    out = [] if "--out" in arguments or arguments[0].startswith("-") else ["--out", "written"]
    status, printed, errors = run(capsys, *arguments, *out)
    assert status == 2
    assert printed == ""
    assert errors.startswith("mathrl: ")
    assert len(errors.splitlines()) == 1
    assert names in errors
    assert list(tmp_path.iterdir()) == []


NEVER = ("solve", "never", "--temperature", "1", "--solver")


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        bad(*NEVER, "qre", "--temperature", "-1", names="--temperature is -1"),
        bad(*NEVER, "qre", "--temperature", "1,1e-310", names="--temperature is 1e-310"),
        bad(*NEVER, "optimal", names="--temperature is not an option"),
        bad(*NEVER, "soft-evaluation", names="--policy is missing"),
        bad(*NEVER, "haspi", "--mixer", "additive", names="--mixer is not an option"),
        bad(*NEVER, "haspi", "--entropy", "own", names="--entropy is 'own'"),
        bad(*NEVER, "mehaml", "--entropy", "none", names="--entropy is 'none'"),
        bad(*NEVER, "qre", "--entropy", "everybody", names="everybody"),
        bad(*NEVER, "haspi", "--initial-policy", "missing.json", names="missing.json"),
        bad(*NEVER, "haspi", "--initial-policy", "joint.json", names="correlated"),
        bad(*NEVER, "divergence-policy-iteration", "--target-policy", "missing.json", names="missing.json"),
        bad(*NEVER, "rommeo-q", "--prior", "empty.json", names="empty.json"),
        bad(*NEVER, "haspi", "--order", "0,0", names="--order"),
        bad(*NEVER, "haspi", "--order", "first", names="--order"),
        bad(*NEVER, "divergence-iteration", "--averaging", "2", names="--averaging is 2"),
        bad(*NEVER, "divergence-iteration", "--averaging", "0", names="--averaging is 0"),
        bad(*NEVER, "soft-qmix", "--trace-decay", "2", names="--trace-decay is 2"),
        bad(*NEVER, "soft-qmix", "--weights", "none", names="--weights"),
        bad(*NEVER, "mehaml", "--drift", "kl:-1", names="weight is -1"),
        bad(*NEVER, "haspi", "--tol", "0", names="--tol"),
        bad("figure", "qre", "--game", "never", "--temperatures", "2,1", names="--temperatures"),
        bad("figure", "qre", "--game", "never", "--agent", "x", names="--agent"),
        bad("games", "never", "--save", "x.txt", names="x.txt"),
        bad("fit", "never", "x.json", "--level", "95", names="--level is 95"),
        bad("fit", "never", "x.json", "--level", "most", names="--level"),
        bad("fit", "never", "x.json", "--entropy", "everybody", names="everybody"),
        bad("fit", "never", "x.json", "--largest", "0", names="--largest"),
        bad("fit", "never", "x.json", "--max-steps", "0", names="--max-steps"),
        bad("fit", "never", "x.json", "--plot", "x.txt", names="x.txt"),
        bad("bound", "never.json", "--branch-length", "2:1", names="--branch-length"),
        bad("bound", "never.json", "--plot", "x.txt", names="x.txt"),
    ],
)
def test_options_are_refused_before_the_game_is_built(arguments, names, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.json").write_text("{}")
    (tmp_path / "joint.json").write_text('{"joint_policy": [[1]], "policy": [[[1]]]}')
    status, printed, errors = run(capsys, *arguments)
    assert (status, printed, len(errors.splitlines())) == (2, "", 1)
    assert names in errors
    assert "'never'" not in errors


def test_no_temperature_is_solved_before_one_that_the_game_refuses(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("mathrl.solvers.haspi", None)
    monkeypatch.setattr("mathrl.cli.options._taken", lambda solver: inspect.signature(haspi).parameters)
    solve = ("solve", "penalty(k=-1e20)", "--solver", "haspi", "--temperature", "1,1e-290")
    status, printed, errors = run(capsys, *solve)
    assert (status, printed) == (2, "")
    assert "--temperature is 1e-290, expected at least 1e-280" in errors


def test_a_whole_number_is_read_exactly(capsys):
    many = 2**53 + 1  # no float
    options = ["--max-steps", many, "--order", "random", "--format", "json"]
    assert json.loads(run(capsys, *HASPI, *options)[1])["parameters"]["max_steps"] == many


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("[[0.6, 0.2", "line 1"),
        ("{}", "policy"),
        ("7", "policy"),
        ("[[0.6, 0.2, 0.2]]", "2, one per agent"),
        ("[[0.6, 0.2, 0.3], [1, 0, 0]]", "sums to"),
        ("[[NaN, 0.2, 0.3], [1, 0, 0]]", "nan"),
        ('[{"policy": 1}, {"policy": 2}]', "2 solutions"),
    ],
)
def test_a_broken_policy_file_is_named(text, names, tmp_path, capsys):
    file = tmp_path / "broken.json"
    file.write_text(text)
    status, printed, errors = run(capsys, *HASPI, "--initial-policy", file)
    assert (status, printed, len(errors.splitlines())) == (2, "", 1)
    assert names in errors
    assert "broken.json" in errors


@pytest.mark.parametrize("out", [".", "no/such/folder/x", "new/", "", "n" * 300, "a\0b", "start.json/x"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("reproduce", "--out"),
        ("solve", "never", "--solver", "haspi", "--temperature", "1", "--out"),
        ("games", "never", "--out"),
        ("games", "never", "--save"),
        ("figure", "hasac-table-3", "--out"),
        ("figure", "qre", "--game", "never", "--data"),
        ("bound", "never.json", "--out"),
        ("bound", "never.json", "--plot"),
        ("fit", "never", "x.json", "--out"),
        ("fit", "never", "x.json", "--plot"),
    ],
)
def test_an_out_that_cannot_be_written_is_refused_before_the_work(arguments, out, start, capsys, monkeypatch):
    monkeypatch.chdir(Path(start).parent)
    status, _, errors = run(capsys, *arguments, out)
    assert (status, len(errors.splitlines())) == (2, 1)
    assert errors.startswith(f"mathrl: {arguments[-1]} {out[:200]}".rstrip().replace("\0", r"\x00"))
    assert "never" not in errors


def test_no_result_is_written_over_another(capsys, tmp_path):
    status, _, errors = run(capsys, "games", "hasac", "--save", tmp_path / "x.json", "--out", tmp_path / "x.json")
    assert (status, list(tmp_path.iterdir())) == (2, [])
    assert "is --save too" in errors


@pytest.mark.parametrize("ending", [".npz", ".nfg", ".gam", ".PNG", ".svg", ".pdf"])
@pytest.mark.parametrize(
    ("arguments", "mend"),
    [
        (("games", "never"), ": use --save to write a game file"),
        (("solve", "never", "--solver", "optimal", "--format", "json"), ""),
        (("reproduce",), ": mathrl figure draws"),
        (("bound", "never.json"), ": use --plot to draw"),
    ],
)
def test_a_table_is_written_to_no_picture_and_no_archive(arguments, mend, ending, capsys, tmp_path):
    status, _, errors = run(capsys, *arguments, "--out", tmp_path / f"x{ending}")
    assert (status, list(tmp_path.iterdir())) == (2, [])
    expected = f"ends in {ending.lower()!r}, expected a file of text, .json, .csv, .md, .tex for example{mend}\n"
    assert errors.endswith(expected)


def test_a_game_is_shown_without_minus_0_and_its_missing_rewards_are_empty_cells(capsys, tmp_path):
    save(Game.matrix(np.array([[-0.0, 1.0], [2.0, 3.0]]), available=[[1, 1], [1, 0]]), tmp_path / "x.json")
    assert "-0" not in run(capsys, "games", tmp_path / "x.json")[1]
    rows = run(capsys, "games", tmp_path / "x.json", "--format", "csv")[1].splitlines()
    assert rows[1:] == ["0,0,0,0.0", "0,0,1,", "0,1,0,2.0", "0,1,1,"]
    step = Game.stochastic(np.array([[1.0], [0.0]]), np.array([[[0, 1]], [[0, 1]]]), 0.5, start=[1, 0])
    save(step, tmp_path / "x.json")
    assert "  start: state 0\n" in run(capsys, "games", tmp_path / "x.json")[1]


def test_a_dash_is_standard_output(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(capsys, "games", "climbing", "--out", "-") == run(capsys, "games", "climbing")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [("games",), ("solve", "--solver", "optimal")])
def test_the_game_is_not_written_over(arguments, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(capsys, "games", "chain", "--save", "mine.json")
    before = (tmp_path / "mine.json").read_bytes()
    status, _, errors = run(capsys, *arguments, "mine.json", "--out", tmp_path / "mine.json")
    assert (status, (tmp_path / "mine.json").read_bytes()) == (2, before)
    assert "is GAME too" in errors
    assert run(capsys, "games", "mine.json", "--save", "mine.json")[0] == 0  # this is the same game again
    assert run(capsys, "games", "chain", "--out", "chain")[0] == 0


FILES = {
    "--policy": "soft-evaluation",
    "--initial-policy": "haspi",
    "--target-policy": "divergence-policy-iteration",
    "--prior": "rommeo-q",
    "--opponent-model": "soft-q-iteration",
}


@pytest.mark.parametrize("option", FILES)
def test_a_file_that_an_option_reads_is_not_written_over(option, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    held = "[[[0.5, 0.5]], [[0.5, 0.5]]]"
    (tmp_path / "held.json").write_text(held)
    arguments = ("solve", "chicken" if option == "--opponent-model" else "coordination", "--solver", FILES[option])
    status, _, errors = run(capsys, *arguments, "--temperature", 1, option, "held.json", "--out", "./held.json")
    assert (status, (tmp_path / "held.json").read_text()) == (2, held)
    assert f"--out ./held.json is {option} too" in errors


def test_the_game_of_a_picture_is_not_written_over_by_its_data(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(capsys, "games", "chicken", "--save", "mine.json")
    before = (tmp_path / "mine.json").read_bytes()
    status, _, errors = run(capsys, "figure", "qre", "--game", "mine.json", "--data", "mine.json")
    assert (status, (tmp_path / "mine.json").read_bytes()) == (2, before)
    assert "--data mine.json is --game too" in errors


@pytest.mark.parametrize("arguments", [[], ["--help"], *([command, "--help"] for command in COMMANDS)])
def test_help_teaches(arguments, capsys):
    status, printed, _ = run(capsys, *arguments)
    assert status == 0
    assert "examples:" in printed


def test_version(capsys):
    assert run(capsys, "--version")[:2] == (0, "mathrl 1.0.0\n")


KEYS = ("id", "kind", "row", "column", "paper", "computed", "low", "high", "seeds", "difference", "agrees")


@pytest.fixture
def few_reproductions(monkeypatch):
    """Only some that are computed at once: all of them take a minute, and have tests of their own."""
    from mathrl.figures.reproductions import reproductions

    few = {id: reproductions()[id] for id in (*HASAC, "soft-qmix-table-3", "aorpo-table-1", "hasac-table-2")}
    monkeypatch.setattr("mathrl.figures.reproductions.reproductions", lambda: few)
    monkeypatch.setattr("mathrl.neural.reproductions.of_networks", dict)


HASAC = ("hasac-table-3", "hasac-appendix-b", "hasac-figure-1")


def test_reproduce_json_is_the_contracts(capsys, tmp_path, few_reproductions):
    status, printed, _ = run(capsys, "reproduce", "--format", "json")
    cells = json.loads(printed)
    assert status == 0
    assert {tuple(cell) for cell in cells} == {KEYS}
    assert {cell["id"] for cell in cells} == {*HASAC, "soft-qmix-table-3", "aorpo-table-1"}
    final = {(cell["row"], cell["column"]): cell for cell in cells if cell["id"] == "hasac-table-3"}
    exact = haspi(load("hasac"), temperature=10, initial_policy=START).policy[0][0, 2]
    assert final["alpha=10", "final p3"]["computed"] == exact
    assert final["alpha=10", "final p3"]["difference"] == exact - 0.9555
    assert final["alpha=10", "final p3"]["agrees"] is True
    assert any(cell["agrees"] is None and cell["paper"] is None for cell in cells)
    assert run(capsys, "reproduce", "--format", "json", "--out", tmp_path / "cells.json")[:2] == (0, "")
    assert (tmp_path / "cells.json").read_text(encoding="utf-8") == printed


def test_reproduce_csv_has_the_same_numbers_to_all_digits(capsys):
    cells = json.loads(run(capsys, "reproduce", "hasac-table-3", "--format", "json")[1])
    rows = list(csv.DictReader(io.StringIO(run(capsys, "reproduce", "hasac-table-3", "--format", "csv")[1])))
    assert [float(row["computed"]) for row in rows] == [cell["computed"] for cell in cells]


def test_reproduce_shows_a_number_that_does_not_come_out(capsys, monkeypatch):
    import dataclasses

    from mathrl.base.printed import PaperValue
    from mathrl.figures import reproductions

    entry = reproductions.reproductions()["hasac-table-3"]
    paper = {row: dict(columns) for row, columns in entry.paper.items()}
    paper["alpha=5"]["final p1"] = PaperValue("0.9848")
    wrong = dataclasses.replace(entry, paper=paper)
    monkeypatch.setattr(reproductions, "reproductions", lambda: {entry.id: wrong})
    status, printed, _ = run(capsys, "reproduce", "hasac-table-3")
    assert status == 0
    assert "DIFFERS" in printed
    assert (
        "35 of 36 printed numbers agree to their last digit, 1 differs (the first: hasac-table-3, alpha=5, final p1)"
        in printed
    )


def test_reproduce_takes_a_paper(capsys, few_reproductions):
    status, printed, _ = run(capsys, "reproduce", "hasac", "--format", "json")
    everything = json.loads(run(capsys, "reproduce", "--format", "json")[1])
    assert (status, json.loads(printed)) == (0, [cell for cell in everything if cell["id"].startswith("hasac-")])
    assert {cell["id"] for cell in everything} > set(HASAC)


@pytest.mark.parametrize(("option", "value"), [("--budget", "slow"), ("--seed", "-1"), ("--seed", "x")])
def test_reproduce_refuses_an_unknown_budget_and_a_seed_that_is_none(capsys, option, value):
    status, printed, said = run(capsys, "reproduce", "hasac-figure-1", option, value)
    assert (status, printed) == (2, "")
    assert option in said


def test_reproduce_list_computes_nothing(capsys, monkeypatch):
    monkeypatch.setattr("mathrl.base.reproduction.reproduce", None)
    status, printed, _ = run(capsys, "reproduce", "--list", "--format", "json")
    assert status == 0
    ids = [entry["id"] for entry in json.loads(printed)]
    assert "hasac-appendix-b" in ids
    of_soft_qmix = [id for id in ids if id.startswith("soft-qmix-table")]
    assert of_soft_qmix[:4] == [f"soft-qmix-table-{n}" for n in ("1", "2", "2a", "3")]
    assert of_soft_qmix[-1] == "soft-qmix-table-10"


def test_solve_json_is_the_solution(capsys, start, tmp_path):
    status, printed, _ = run(capsys, *HASPI, "--initial-policy", start, "--format", "json")
    expected = haspi(load("hasac"), temperature=1, initial_policy=START)
    assert (status, json.loads(printed)) == (0, expected.to_dict())
    (tmp_path / "solution.json").write_text(printed)
    assert np.array_equal(Solution.load(tmp_path / "solution.json").q, expected.q)


def test_solve_goes_on_from_a_solution(capsys, start, tmp_path):
    first = tmp_path / "first.json"
    assert run(capsys, *HASPI, "--max-steps", 1, "--initial-policy", start, "--format", "json", "--out", first)[0] == 1
    status, printed, _ = run(capsys, *HASPI, "--initial-policy", first, "--format", "json")
    assert (status, json.loads(printed)["converged"]) == (0, True)


def test_solve_several_temperatures_gives_an_array_in_their_order(capsys):
    _, printed, _ = run(capsys, *SOLVE, "HASPI".lower(), "--temperature", "1e1,5,.5e0", "--format", "json")
    assert [solution["parameters"]["temperature"] for solution in json.loads(printed)] == [10.0, 5.0, 0.5]


def test_games_may_stand_behind_options(capsys):
    options = ("--solver", "optimal", "--format", "json")
    first = run(capsys, "solve", "climbing", "hasac", *options)
    assert first[0] == 0
    assert run(capsys, "solve", "climbing", *options, "hasac") == first


def test_solve_passes_order_seed_and_tolerance(capsys, start):
    options = ["--order", "1,0", "--seed", "3", "--tol", "1e3", "--max-steps", "1e4", "--initial-policy", start]
    parameters = json.loads(run(capsys, *HASPI, *options, "--format", "json")[1])["parameters"]
    assert [parameters[key] for key in ("order", "seed", "tol", "max_steps")] == [[1, 0], 3, 1000.0, 10000]
    assert (
        json.loads(run(capsys, *HASPI, "--order", "random", "--format", "json")[1])["parameters"]["order"] == "random"
    )


def test_solve_evaluates_a_policy(capsys, start):
    for name in ("soft-evaluation", "soft_evaluation"):
        options = ["--temperature", "2", "--entropy", "none", "--policy", start, "--format", "json"]
        status, printed, _ = run(capsys, *SOLVE, name, *options)
        expected = soft_evaluation(load("hasac"), policy=START, temperature=2, entropy="none")
        assert (status, json.loads(printed)["objective"]) == (0, expected.objective)


def test_solve_csv_has_a_row_per_probability(capsys, start):
    _, printed, _ = run(capsys, *HASPI, "--initial-policy", start, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(printed)))
    heads = ["solver", "temperature", "agent", "state", "action", "probability", "objective", "residual", "status"]
    assert list(rows[0]) == heads
    policy = haspi(load("hasac"), temperature=1, initial_policy=START).policy
    found = np.array([float(row["probability"]) for row in rows]).reshape(2, 1, 3)
    assert np.array_equal(found, np.stack(policy))


@pytest.mark.parametrize("format", ["table", "json", "csv", "markdown", "latex"])
def test_not_converging_is_status_1_and_the_result_is_printed(format, capsys, start):
    status, printed, errors = run(capsys, *HASPI, "--initial-policy", start, "--max-steps", "1", "--format", format)
    assert status == 1
    assert printed
    assert len(errors.splitlines()) == 1
    assert "residual" in errors
    assert "max_steps" in errors


def test_a_long_policy_is_cut_off_with_a_hint(capsys):
    options = ["--temperature", "1", "--tol", "1e6"]
    _, printed, _ = run(capsys, "solve", "random-stochastic(num_states=50)", "--solver", "qre", *options)
    assert "100 rows of 2 actions in all" in printed


def test_solve_general_sum_shows_each_agents_objective(capsys):
    _, printed, _ = run(capsys, "solve", "stag-hunt", "--solver", "qre", "--temperature", "1", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(printed)))
    assert len({(row["agent"], row["objective"]) for row in rows}) == 2


def test_games_lists_the_catalogue(capsys):
    from mathrl.games import names

    status, printed, _ = run(capsys, "games", "--format", "json")
    assert status == 0
    assert [row["name"] for row in json.loads(printed)] == list(names())


MASKED = "random-matrix(num_actions=(2, 3), structure='general-sum', available=0.3)"
ENDING = "random-stochastic(available=0.7, ending=0.1, discount=1)"


@pytest.mark.parametrize(
    "name", ["hasac", "stag-hunt", "dmac", "big-match", "random-stochastic(sparse=True)", MASKED, ENDING]
)
def test_a_printed_game_loads_again(name, capsys, tmp_path):
    status, printed, _ = run(capsys, "games", name, "--format", "json")
    (tmp_path / "again.json").write_text(printed)
    assert status == 0
    again = load(tmp_path / "again.json")
    assert np.array_equal(again.rewards, load(name).rewards)
    assert repr(again) == repr(load(name))


NAMED = Game.matrix(
    [np.array([[6.0, 2.0], [7.0, 0.0]]), np.array([[6.0, 7.0], [2.0, 0.0]])],
    agent_names=["driver", "walker"],
    action_names=[["yield", "dare"], ["wait", "cross"]],
    title="A crossing",
)


def test_agents_and_actions_are_shown_by_their_names(capsys, tmp_path):
    file = tmp_path / "crossing.nfg"
    save(NAMED, file)
    printed = run(capsys, "games", file)[1]
    lines = [line.split() for line in printed.splitlines()]
    assert "  title: A crossing\n  rewards from 0 to 7\n  agents: driver, walker\n" in printed
    assert "  actions of driver: yield, dare\n  actions of walker: wait, cross\n" in printed
    assert "payoff of driver\n" in printed
    assert ["driver", "\\", "walker", "wait", "cross"] in lines
    assert ["yield", "6", "2"] in lines
    solved = ("solve", file, "--solver", "qre", "--temperature", "1")
    lines = [line.split() for line in run(capsys, *solved)[1].splitlines()]
    assert ["agent", "state", "yield/wait", "dare/cross"] in lines
    assert ["walker", "0"] in [line[:2] for line in lines]
    assert "| driver  |       0 | yield    |" in run(capsys, *solved, "--format", "markdown")[1]
    assert "|       0 | yield      | wait       |" in run(capsys, "games", file, "--format", "markdown")[1]


def test_states_are_shown_by_their_names_where_people_read_them(capsys, tmp_path):
    file = tmp_path / "way.json"
    moves = np.zeros((3, 2, 3))
    moves[..., 2] = 1
    rewards = np.array([[1.0, 0.0], [2.0, 1.0], [0.0, 0.0]])
    there = [[True, True], [False, True], [True, True]]
    names = {"state_names": ["home", "road", "work"], "action_names": [["go", "stay"]]}
    save(Game.stochastic(rewards, moves, 0.9, [0.5, 0.5, 0], terminal=[0, 0, 1], available=[there], **names), file)
    printed = run(capsys, "games", file)[1]
    assert "not available: action 'go' of agent 0 in state 'road'\n" in printed
    assert "  states: home, road, work\n" in printed
    assert "  start: states 'home', 'road', uniform\n  terminal: state 2, 'work'\n" in printed
    assert "| road    | False      | stay       |" in run(capsys, "games", file, "--format", "markdown")[1]
    solved = ("solve", file, "--solver", "qre", "--temperature", "1")
    assert [line.split()[:2] for line in run(capsys, *solved)[1].splitlines()[-3:-1]] == [["0", "home"], ["0", "road"]]
    assert "|       0 | road    | stay     |" in run(capsys, *solved, "--format", "markdown")[1]
    for command in (("games", file), solved):
        rows = list(csv.DictReader(io.StringIO(run(capsys, *command, "--format", "csv")[1])))
        assert {row["state"] for row in rows} == {"0", "1", "2"}


def test_csv_has_the_numbers_of_agents_and_actions(capsys, tmp_path):
    file = tmp_path / "crossing.json"
    save(NAMED, file)
    for command in (("games", file), ("solve", file, "--solver", "qre", "--temperature", "1")):
        printed = run(capsys, *command, "--format", "csv")[1]
        assert not [name for name in ("driver", "yield", "cross") if name in printed]
        rows = list(csv.DictReader(io.StringIO(printed)))
        assert {row["action 0" if command[0] == "games" else "action"] for row in rows} == {"0", "1"}


def test_actions_are_numbers_at_the_head_of_a_column_where_not_all_agents_name_them(capsys, tmp_path):
    long = [["a" * 20, "b"], ["c" * 20, "d"]]
    for names, heads in (
        ([["yield", "dare"], None], ["action 0", "action 1"]),
        (long, ["action 0", "b/d"]),
    ):
        save(Game.matrix(np.eye(2), action_names=names), tmp_path / "game.json")
        printed = run(capsys, "solve", tmp_path / "game.json", "--solver", "qre", "--temperature", "1")[1]
        (line,) = [line for line in printed.splitlines() if line.split()[:2] == ["agent", "state"]]
        assert line.split() == ["agent", "state", *" ".join(heads).split()]


def test_what_is_not_available_is_told_by_its_name(capsys, tmp_path):
    names = {"action_names": [["yield", "dare"], None], "agent_names": ["driver", "walker"]}
    save(Game.matrix(np.eye(2), available=[[1, 0], [0, 1]], **names), tmp_path / "game.json")
    printed = run(capsys, "games", tmp_path / "game.json")[1]
    assert "not available: action 'dare' of driver, action 0 of walker\n" in printed


def test_a_table_of_payoffs_is_a_game(capsys, tmp_path):
    (tmp_path / "game.csv").write_text("driver,walker,payoff\nyield,wait,1\nyield,cross,2\n")
    assert run(capsys, "games", tmp_path / "game.csv", "--save", tmp_path / "game.json")[0] == 0
    game = load(tmp_path / "game.json")
    assert (game.agent_names, game.action_names) == (("driver", "walker"), (("yield",), ("wait", "cross")))
    assert (game.rewards.tolist(), game.common_payoff) == ([[[1.0, 2.0]]], True)
    status, _, said = run(capsys, "games", tmp_path / "game.csv", "--save", tmp_path / "game.gam")
    assert (status, said) == (0, "")
    assert np.array_equal(load(tmp_path / "game.gam").rewards, game.rewards)


@pytest.mark.parametrize("suffix", [".json", ".npz", ".nfg", ".gam", ".csv"])
def test_games_saves(suffix, capsys, tmp_path):
    file = tmp_path / f"saved{suffix}"
    assert run(capsys, "games", "climbing", "--save", file)[0] == 0
    assert np.array_equal(load(file).rewards, load("climbing").rewards)


@pytest.mark.parametrize("name", ["hasac", "stag-hunt", "dmac", "chain", "pure-coordination(num_agents=3)"])
def test_a_game_is_shown(name, capsys):
    status, printed, _ = run(capsys, "games", name)
    assert status == 0
    assert name in printed
    assert "rewards from" in printed
    rows = list(csv.DictReader(io.StringIO(run(capsys, "games", name, "--format", "csv")[1])))
    game = load(name)
    rewards = [[float(value) for head, value in row.items() if head.startswith("reward")] for row in rows]
    assert np.array_equal(np.array(rewards).T, game.rewards_isa.reshape(len(rewards[0]), -1))


def test_a_matrix_game_is_shown_as_matrices(capsys):
    printed = run(capsys, "games", "stag-hunt")[1]
    assert [line.split() for line in printed.splitlines() if line.startswith(("stag ", "hare "))] == [
        ["stag", "4", "1"],
        ["hare", "3", "2"],
        ["stag", "4", "3"],
        ["hare", "1", "2"],
    ]


def test_a_dash_stands_for_what_is_not_available(capsys):
    printed = run(capsys, "games", MASKED)[1]
    assert "not available: action 0 of agent 0, action 1 of agent 1\n" in printed
    shown = [line.split() for line in printed.splitlines() if line[:1] in "01" and line]
    assert [[cell == "-" for cell in row] for row in shown] == [
        [False, True, True, True],
        [False, False, True, False],
    ] * 2
    for format, dashes in (("csv", [",,\n"]), ("markdown", ["- |"]), ("latex", ["- &", r"- \\"])):
        printed = run(capsys, "games", MASKED, "--format", format)[1]
        assert all(dash in printed for dash in dashes)
        assert "inf" not in printed


def test_a_reward_that_looks_like_a_mask_is_noted_in_one_line(capsys, monkeypatch):
    monkeypatch.setattr("mathrl.games.mask_hint._said", [])
    with warnings.catch_warnings(action="default"):
        status, _, said = run(capsys, "games", "penalty(k=-1e6)", "--format", "csv")
    assert status == 0
    assert said.splitlines() == [said.strip()]
    assert said.startswith("mathrl: payoffs[0, 2] is -1e+06 and looks like a mask")


def test_ends_are_shown(capsys):
    printed = run(capsys, "games", ENDING)[1]
    assert "not available: action 0 of agent 0 in state 0\n" in printed
    assert "terminal: state 3\n" in printed
    assert (
        "longest play: at most 10 steps on average, whatever is played" in printed
    )  # each step ends it with probability 0.1
    rows = list(csv.DictReader(io.StringIO(run(capsys, "games", ENDING, "--format", "csv")[1])))
    assert [row["terminal"] for row in rows] == ["False"] * 12 + ["True"] * 4
    assert "terminal" not in run(capsys, "games", "chain", "--format", "csv")[1]


def test_a_policy_has_a_dash_where_nothing_can_be_played(capsys):
    printed = run(capsys, "solve", ENDING, "--solver", "haspi", "--temperature", "1")[1]
    rows = {
        tuple(line.split()[:2]): line.split()[2:] for line in printed.splitlines() if line.strip()[:2] in ("0 ", "1 ")
    }
    assert rows["0", "0"] == ["-", "1.000000"]
    assert rows["0", "3"] == rows["1", "3"] == ["-", "-"]


def test_figure_writes_into_the_current_folder(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(capsys, "figure", "hasac-table-3")[:2] == (0, "hasac-table-3.png\n")
    assert (tmp_path / "hasac-table-3.png").read_bytes().startswith(b"\x89PNG")
    listed = run(capsys, "figure", "--list")[1]
    assert all(id in listed for id in ("hasac-table-3", "qre"))
    status, _, errors = run(capsys, "figure", "hasac-appendix-b")
    assert (status, "has no picture" in errors, "mathrl reproduce hasac-appendix-b" in errors) == (2, True, True)


@pytest.mark.parametrize(
    ("game", "file"),
    [
        ("chicken", "chicken.png"),
        ("random-matrix(num_actions=(2, 2), seed=1)", "qre.png"),
        ("chicken.nfg", "qre.png"),
    ],
)
def test_a_picture_of_equilibria_is_named_after_the_game(capsys, tmp_path, monkeypatch, game, file):
    monkeypatch.chdir(tmp_path)
    assert run(capsys, "games", "chicken", "--save", "chicken.nfg")[0] == 0
    drawn, heard = [], []
    monkeypatch.setattr("mathrl.figures.plot.save", lambda figure, path: drawn.append((figure, str(path), len(heard))))
    monkeypatch.setattr("mathrl.cli.output.progress", lambda *_: nullcontext(lambda what, done: heard.append(what)))
    assert run(capsys, "figure", "qre", "--game", game, "--temperatures", "1,2") == (0, f"{file}\n", "")
    ((figure, path, before),) = drawn
    assert path == file
    assert figure.legends[0].get_title().get_text() == game
    assert before == len(heard)
    assert {"following the principal branch", "searching: 1 curves found", "drawing"} <= set(heard)


def test_figure_draws_the_equilibria_of_any_matrix_game(capsys, tmp_path):
    """A file as well as a name; the data are the points that are drawn."""
    game, out, points = (tmp_path / name for name in ("game.nfg", "out.svg", "points.csv"))
    assert run(capsys, "games", "random-matrix(num_actions=(2, 3), seed=1)", "--save", game)[0] == 0
    options = ("--game", game, "--agent", "1", "--temperatures", "0.1,3", "--data", points)
    assert run(capsys, "figure", "qre", *options, "--out", out) == (0, f"{out}\n", "")
    assert "agent 1, action 2" in out.read_text()
    assert "agent 0" not in out.read_text()
    rows = list(csv.DictReader(io.StringIO(points.read_text())))
    assert float(rows[0]["temperature"]) == 3.0
    total = [float(row["agent 0 action 0"]) + float(row["agent 0 action 1"]) for row in rows]
    assert total == pytest.approx([1] * len(rows), abs=1e-15)  # a few roundings


def test_a_correlated_target_comes_from_a_solution_and_is_no_product(capsys, tmp_path):
    """The answer regularised towards itself moves on to where the target was going."""
    target = tmp_path / "target.json"
    assert run(capsys, *SOLVE, "soft-q-iteration", "--temperature", "5", "--format", "json", "--out", target)[0] == 0
    towards = (
        *SOLVE,
        "divergence-policy-iteration",
        "--temperature",
        "5",
        "--target-policy",
        target,
        "--format",
        "json",
    )
    status, printed, _ = run(capsys, *towards)
    solution, held = json.loads(printed), json.loads(target.read_text())
    assert status == 0
    joint, before = np.array(solution["joint_policy"]), np.array(held["joint_policy"])
    weights = before * np.exp(load("hasac").rewards / 5)  # dmac Eq. 5, in a matrix game
    np.testing.assert_allclose(joint, weights / weights.sum(), atol=1e-12)  # exponents up to 8, rounded
    status, printed, errors = run(capsys, *towards, "--policy-class", "product")
    assert (status, printed) == (2, "")
    assert "joint policy" in errors


def test_the_summary_names_what_it_leaves_out(capsys):
    _, printed, _ = run(capsys, *SOLVE, "soft-q-iteration", "--temperature", "5")
    assert "also       joint_policy; --format json prints them" in printed
    assert "the marginals of joint_policy" in printed


def test_a_cycle_and_a_stage_game_out_of_class_say_where(capsys, tmp_path):
    first = tmp_path / "first.json"
    first.write_text("[[[0.9, 0.1]], [[0.4, 0.6]]]")
    pursuit = ("solve", "matching-pennies", "--solver", "rommeo-self-play", "--temperature", "0.01")
    status, printed, errors = run(capsys, *pursuit, "--initial-policy", first)
    assert status == 1
    assert "CYCLED" in printed
    assert "period 4" in errors
    status, _, errors = run(capsys, "solve", "chicken", "--solver", "nash-q")
    assert status == 1
    assert "sweep 0, state 0" in errors


@pytest.mark.parametrize("name", solvers.__all__)
def test_every_solver_solves_from_the_command_line(name, capsys, tmp_path):
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps([[[1 / 3] * 3]] * 2))
    taken = inspect.signature(getattr(solvers, name)).parameters
    options = [("temperature", "2"), ("policy", policy), ("target_policy", policy)]
    given = [word for key, value in options if key in taken for word in (f"--{key.replace('_', '-')}", value)]
    status, printed, _ = run(capsys, *SOLVE, name.replace("_", "-"), *given, "--format", "json")
    assert status == 0
    assert json.loads(printed)["solver"] == name


def test_a_correlated_policy_is_not_taken_for_its_marginals(capsys, tmp_path):
    file = tmp_path / "correlated.json"
    run(capsys, *SOLVE, "soft-q-iteration", "--temperature", "10", "--out", file)
    for call in (("soft-evaluation", "--policy"), ("haspi", "--initial-policy")):
        status, printed, errors = run(capsys, *SOLVE, call[0], "--temperature", "10", call[1], file)
        assert (status, printed) == (2, "")
        assert "correlated" in errors
    went_on = (*SOLVE, "divergence-iteration", "--temperature", "10", "--format", "json", "--initial-policy", file)
    _, printed, _ = run(capsys, *went_on, "--max-steps", "0")
    before, after = (np.array(held["joint_policy"]) for held in (json.loads(file.read_text()), json.loads(printed)))
    np.testing.assert_allclose(after, before, rtol=1e-14)  # through its logarithm


def test_a_prior_is_read_off_the_policies_of_a_solution(capsys, tmp_path):
    file = tmp_path / "played.json"
    run(capsys, *SOLVE, "haspi", "--temperature", "10", "--out", file)
    status, printed, _ = run(capsys, *SOLVE, "rommeo-q", "--temperature", "1", "--prior", file, "--format", "json")
    assert status == 0
    prior, policy = json.loads(printed)["parameters"]["prior"], json.loads(file.read_text())["policy"]
    assert prior == [policy[1], policy[0]]  # two agents: each agent's prior is the other's policy


def test_what_agents_expect_is_not_called_what_they_earn(capsys):
    _, printed, _ = run(capsys, "solve", "chicken", "--solver", "rommeo-q", "--temperature", "1")
    assert "what each agent expects" in printed
    _, printed, _ = run(capsys, *SOLVE, "haspi", "--temperature", "1")
    assert "expects" not in printed


def test_a_ragged_joint_policy_is_named(capsys, tmp_path):
    file = tmp_path / "bad.json"
    file.write_text('{"joint_policy": [[1, [2]]], "policy": [[1]]}')
    solver = ("divergence-iteration", "--temperature", "1", "--initial-policy", file)
    status, printed, errors = run(capsys, *SOLVE, *solver)
    assert (status, printed) == (2, "")
    assert "joint_policy is ragged" in errors


def test_reproduce_computes_parts_once_and_the_same_however_they_are_run(capsys, monkeypatch, tmp_path):
    from mathrl.base.intervals import estimate
    from mathrl.base.reproduction import Computed, Reproduction
    from mathrl.figures import reproductions

    log = tmp_path / "log"

    def compute(seed, budget, runs):
        results = runs.map(drawn, [(seed + k, str(log)) for k in range(4)], name="hasac-figure-99")
        return Computed({("row", "column"): estimate([result["drawn"] for result in results])})

    entry = Reproduction("hasac-figure-99", "simulated", "a simulation", {}, compute)
    monkeypatch.setattr(reproductions, "reproductions", lambda: {entry.id: entry})
    kept = ("--runs", tmp_path / "kept")
    options = [("--jobs", 1), ("--jobs", 2), ("--jobs", 2, *kept), ("--jobs", 1, *kept), kept]
    printed = [run(capsys, "reproduce", entry.id, *given, "--format", "json") for given in options]
    assert {(status, said) for status, _, said in printed} == {(0, "")}
    assert len({text for _, text, _ in printed}) == 1
    assert sorted(log.read_text().split()) == sorted("0123" * 3)  # those of the last two were kept


@pytest.mark.parametrize(
    ("option", "value"), [("--jobs", "0"), ("--jobs", "two"), ("--runs", "/dev/null/kept"), ("--runs", "")]
)
def test_reproduce_refuses_wrong_jobs_and_folders(capsys, option, value):
    status, printed, said = run(capsys, "reproduce", "hasac-figure-1", option, value)
    assert (status, printed) == (2, "")
    assert option in said


def rows_of(printed):
    return list(csv.DictReader(io.StringIO(printed)))


def test_a_range_of_temperatures_is_geometric_and_holds_both_ends(capsys):
    printed = run(capsys, *SOLVE, "haspi", "--temperature", "0.5:8:5,3", "--format", "json")[1]
    temperatures = [solution["temperature"] for solution in json.loads(printed)]
    assert temperatures == pytest.approx([0.5, 1, 2, 4, 8, 3], rel=1e-15, abs=0)
    assert (temperatures[0], temperatures[4]) == (0.5, 8.0)
    falling = run(capsys, *SOLVE, "haspi", "--temperature", "8:0.5:5", "--format", "json")[1]
    assert [s["temperature"] for s in json.loads(falling)] == pytest.approx(temperatures[4::-1], rel=1e-15, abs=0)


@pytest.mark.parametrize(("text", "names"), [
    ("0.1:10", "expected FROM:TO:COUNT for a range, as in 0.1:10:50"),
    ("0.1:10:50:2", "FROM:TO:COUNT"),
    ("0:10:50", "is 0"),
    ("0.1:10:1", "is 1"),
    ("0.1:10:2.5", "2.5"),
    ("0.1::5", "''"),
    ("0.1:10:1e9", "at most 10,000 numbers"),
])  # fmt: skip
@pytest.mark.parametrize("option", ["--temperature", "--rationality"])
def test_a_range_that_is_none_says_the_form(option, text, names, capsys):
    status, printed, said = run(capsys, "solve", "never", "--solver", "qre", option, text)
    assert (status, printed, len(said.splitlines())) == (2, "", 1)
    assert option in said
    assert names in said


def test_a_rationality_is_1_over_the_temperature(capsys):
    ours = run(capsys, *SOLVE, "qre-branch", "--rationality", "0.25:4:3", "--format", "csv")[1]
    theirs = run(capsys, *SOLVE, "qre-branch", "--temperature", "4,1,0.25", "--format", "csv")[1]
    assert ours == theirs


@pytest.mark.parametrize(("arguments", "names"), [
    (("haspi", "--rationality", "1", "--temperature", "1"), "--rationality is given beside --temperature"),
    (("optimal", "--rationality", "1"), "--rationality is not an option of optimal"),
    (("qre", "--rationality", "0"), "--rationality is 0"),
    (("qre", "--rationality", "1e-310"), "--rationality is 1e-310"),
    (("qre",), "--temperature is missing"),
])  # fmt: skip
def test_one_of_temperature_and_rationality_is_given(arguments, names, capsys):
    status, printed, said = run(capsys, "solve", "never", "--solver", *arguments)
    assert (status, printed) == (2, "")
    assert names in said


@pytest.mark.parametrize("format", ["table", "csv", "json"])
def test_several_games_are_told_apart(format, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("chicken", "stag-hunt"):
        assert run(capsys, "games", name, "--save", f"{name}.nfg")[0] == 0
    options = ("--solver", "qre", "--temperature", "1,2", "--format", format)
    status, printed, said = run(capsys, "solve", "chicken.nfg", "stag-hunt.nfg", *options)
    assert (status, said) == (0, "")
    alone = [run(capsys, "solve", f"{name}.nfg", *options)[1] for name in ("chicken", "stag-hunt")]
    if format == "table":
        assert printed == "\n".join(alone)
    elif format == "csv":
        assert [row.pop("game") for row in rows_of(printed)] == ["chicken.nfg"] * 8 + ["stag-hunt.nfg"] * 8
        assert printed.splitlines()[0] == f"game,{alone[0].splitlines()[0]}"
        without = [{key: row[key] for key in row if key != "game"} for row in rows_of(printed)]
        assert without == [row for one in alone for row in rows_of(one)]
    else:
        both = json.loads(printed)
        assert [one.pop("game") for one in both] == ["chicken.nfg"] * 2 + ["stag-hunt.nfg"] * 2
        assert both == [solution for one in alone for solution in json.loads(one)]
        (tmp_path / "both.json").write_text(printed)
        assert [one.to_dict() for one in load_solutions(tmp_path / "both.json")] == both


def test_all_games_are_read_before_any_is_solved(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("mathrl.cli.solve._solve", None)
    status, printed, said = run(capsys, "solve", "chicken", tmp_path / "missing.nfg", "--solver", "nash-q")
    assert (status, printed) == (2, "")
    assert "missing.nfg" in said


def test_of_several_games_the_one_that_is_not_solved_is_named(capsys):
    status, _, said = run(capsys, "solve", "rock-paper-scissors", "chicken", "--solver", "nash-q")
    assert status == 1
    assert said.startswith("mathrl: chicken, nash_q did not converge")


@pytest.mark.parametrize(("command", "id", "names"), [
    ("reproduce", "hasac-table-99", "expected a table or figure of hasac: there are appendix-b, "),
    ("reproduce", "dmac-figure-99", "expected a table or figure of dmac: there are "),
    ("figure", "hasac-table-99", "expected a picture of hasac: there are "),
    ("figure", "dmac-figure-99", "expected a picture of dmac: there are "),
    ("figure", "hasac-appendix-b", "has no picture"),
    ("figure", "hasac-networks-table-3", "--list: see mathrl reproduce hasac-networks-table-3 for its"),
])  # fmt: skip
def test_an_unknown_id_of_a_paper_is_answered_with_those_that_there_are(command, id, names, capsys):
    status, printed, said = run(capsys, command, id)
    assert (status, printed, len(said.splitlines())) == (2, "", 1)
    assert names in said
    for name in re.findall(r"(?:table|figure)-\d+[a-z]?", said.partition("there are ")[2]):
        assert f"{id.partition('-')[0]}-{name}" in KNOWN


KNOWN = {**reproductions(), **of_networks()}


@pytest.mark.parametrize("id", [id for id, entry in KNOWN.items() if entry.kind == "unavailable"])
def test_what_is_not_computed_says_what_it_would_need(id, capsys):
    assert f"what it would take: {KNOWN[id].needs.split()[0]}" in run(capsys, "figure", id)[2]
    assert "what it would take: " in run(capsys, "reproduce", id)[1]


def test_a_game_without_a_choice_says_so(capsys, tmp_path):
    save(Game.matrix(np.ones((1, 1)), common_payoff=True), tmp_path / "one.json")
    status, printed, said = run(capsys, "figure", "qre", "--game", tmp_path / "one.json", "--out", tmp_path / "x.svg")
    assert (status, printed) == (0, f"{tmp_path / 'x.svg'}\n")
    assert "nothing to choose" in said
    assert "nothing to choose" in (tmp_path / "x.svg").read_text()


def test_a_picture_has_the_size_and_the_axis_that_are_asked_for(capsys, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr("mathrl.figures.plot.save", lambda figure, path: drawn.append(figure))
    monkeypatch.chdir(tmp_path)
    qre = ("figure", "qre", "--game", "chicken", "--size", "3.5x2")
    assert run(capsys, *qre, "--axis", "rationality", "--rationalities", "1,10")[0] == 0
    assert run(capsys, *qre, "--temperatures", "0.1,1")[0] == 0
    assert [figure.get_size_inches().tolist() for figure in drawn] == [[3.5, 2.0]] * 2
    ranges = [figure.axes[0].get_xlim() for figure in drawn]
    assert ranges == [pytest.approx((1, 10)), pytest.approx((0.1, 1))]


@pytest.mark.parametrize(("size", "crowded"), [("7x3.1", False), ("9x4", False), ("3.5x3.1", True), ("7x2", True)])
def test_a_picture_in_less_room_than_it_is_laid_out_for_says_so(size, crowded, capsys, tmp_path):
    status, _, said = run(capsys, "figure", "aorpo-figure-4", "--size", size, "--out", tmp_path / "x.png")
    assert (status, "laid out for 7 by 3.1 inches" in said) == (0, crowded)


@pytest.mark.parametrize(("options", "names"), [
    (("--size", "3.5"), "as in 3.5x2.5"),
    (("--size", "3.5xtall"), "tall"),
    (("--size", "0x2"), "--size[0] is 0"),
    (("--size", "2x1000"), "--size[1] is 1000 inches, expected from 1 to 100"),
    (("--axis", "heat"), "'temperature' or 'rationality'"),
    (("--rationalities", "2,1"), "--rationalities is '2,1'"),
    (("--rationalities", "1,2", "--temperatures", "1,2"), "--rationalities are given beside --temperatures"),
])  # fmt: skip
def test_a_size_or_an_axis_that_is_none_is_refused(options, names, capsys, tmp_path):
    status, printed, said = run(capsys, *QRE, "chicken", "--out", tmp_path / "x.png", *options)
    assert (status, printed, list(tmp_path.iterdir())) == (2, "", [])
    assert names in said
