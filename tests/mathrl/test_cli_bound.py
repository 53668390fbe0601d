"""What `mathrl bound` prints: the numbers of mathrl.bounds, findings in words, and one line for bad input."""

import csv
import dataclasses
import io
import json
import re
from contextlib import contextmanager

import numpy as np
import pytest

from mathrl.base.table import FORMATS
from mathrl.bounds import (
    DYNAMICS_ERRORS,
    SCHEMES,
    Setup,
    best_branch_length,
    branch_law,
    branched_return,
    compare_distances,
    compare_returns,
    compare_schemes,
    load_setup,
    measure,
    returns,
    save_setup,
)
from mathrl.bounds.setup_file import example, schema
from mathrl.cli import main
from mathrl.cli.bound_help import COLUMNS
from mathrl.cli.bound_views import VIEWS
from mathrl.games import Game, load, shift_rewards, uniform_policy


@pytest.fixture
def file(tmp_path, monkeypatch):
    """The example, in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "setup.json").write_text(example(), encoding="utf-8")
    return "setup.json"


def run(capsys, *arguments):
    status = main(["bound", *map(str, arguments)])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def said(capsys, *arguments):
    """What is printed, with captions and notes that were broken into lines as one line each."""
    return re.sub(r"(?<=\S)\n {2}(?: {6})?(?=[^\s-])(?!note: )", " ", run(capsys, *arguments)[1])


def rows(capsys, *arguments):
    status, printed, errors = run(capsys, *arguments, "--format", "json")
    assert (status, errors) == (0, "")
    return json.loads(printed)


def test_the_example_is_a_file_that_it_reads(capsys, tmp_path):
    status, printed, _ = run(capsys, "--example")
    assert (status, printed) == (0, example())
    assert run(capsys, "--example", "--out", tmp_path / "mine.json")[:2] == (0, "")
    assert run(capsys, tmp_path / "mine.json")[0] == 0


@pytest.mark.parametrize("reading", DYNAMICS_ERRORS)
def test_bounds_are_the_comparisons(reading, capsys, file):
    found = rows(capsys, file, "--branch-length", "2,1:3", "--dynamics-error", reading)
    expected = compare_returns(load_setup(file), branch_lengths=(1, 2, 3), dynamics_error=reading)
    assert [{key: row[key] for key in row if key != "printed_bound"} for row in found] == [
        {key: getattr(each, key) for key in found[0] if key != "printed_bound"} for each in expected
    ]


def test_unnormalised_bounds_are_larger_by_the_horizon(capsys, file):
    pairs = zip(rows(capsys, file), rows(capsys, file, "--returns", "unnormalised"), strict=True)
    for normalised, unnormalised in pairs:
        for key in ("discrepancy", "printed", "corrected", "coupling", "trivial"):
            assert unnormalised[key] == pytest.approx(10 * normalised[key], rel=1e-14, abs=0)  # one rounded division
        assert unnormalised["printed_bound"] == normalised["printed_bound"]


def test_the_verdict_says_what_a_printed_bound_is_worth(capsys, file):
    for row in rows(capsys, file, "--branch-length", "1,30"):
        assert row["printed_bound"] == ("holds" if row["printed"] < row["trivial"] else "says nothing")
    printed = said(capsys, file, "--branch-length", "1:30")
    assert re.search(
        r"note: printed bounds that say nothing, .*theorem-1, 3.*; theorem-2, b.2, .*\(k = 19 to 30\)", printed
    )


def test_a_bound_that_fails_is_a_finding_and_no_error(capsys, file):
    """Rewards below 0: r_max = max r is negative, and so is what is printed."""
    setup = load_setup(file)
    save_setup(
        Setup.of(shift_rewards(setup.game, -2.0), policy=setup.policy, model=setup.model.transitions), "low.json"
    )
    assert {row["printed_bound"] for row in rows(capsys, "low.json", "--agent", 1)} == {"FAILS"}
    assert run(capsys, "low.json")[0] == 0
    printed = said(capsys, "low.json")
    assert (
        "note: printed bounds that FAIL, as the discrepancy is larger: theorem-1, 3, 4, a.1, b.1, lemma-c.3, "
        "extended c.3; theorem-2, 5, b.2, lemma-c.4, extended c.4 (k = 1, 5, 20)"
    ) in printed
    assert "printed at" not in printed  # its least value means nothing


def test_what_is_no_theorem_is_said(capsys, file):
    printed = said(capsys, file, "--dynamics-error", "model", "--branch-length", "3")
    assert re.search(r"corrected and coupling are not proved.*: theorem-2, 5, b.2 \(k = 3\)\n", printed)
    assert "not proved" not in run(capsys, file)[1]


def test_the_return_of_section_3_1_is_told_apart(capsys, tmp_path):
    """The opponent's action, modelled wrongly by 0.1, is the reward of each step: the sum is off by 0.1 / (1 − γ)."""
    game = Game.stochastic(np.array([[[0.0, 1.0]]]), np.ones((1, 1, 2, 1)), 0.99)
    save_setup(Setup.of(game, policy=[[1], [0.5, 0.5]], opponent_models=[[0.4, 0.6]]), tmp_path / "bandit.json")
    printed = said(capsys, tmp_path / "bandit.json")
    assert (
        "note: printed bounds that fail for returns as §3.1 defines them (not normalised, from t = 1): theorem-2, 5, "
        in printed
    )
    assert "FAIL" not in printed


def test_the_lines_above_the_bounds_say_what_enters_them(capsys, file):
    found = measure(load_setup(file))
    above = said(capsys, file).partition("claim")[0]
    assert "agent 0 of <Game: 3 states, 3 agents" in above
    assert "rewards from -0.2 to 1" in above
    assert "discount 0.9" in above
    assert f"dynamics error (real) {found.data_dynamics['real']:.4g}" in above
    assert "policy shift 0.03, of the opponents 0.01, 0.01; errors of the opponent models 0.005, 0.015" in above


def test_the_best_branch_lengths_are_noted(capsys, file):
    found, best = measure(load_setup(file)), {}
    for bound in ("printed", "linear", "coupling"):
        best[bound] = best_branch_length(
            bound,
            discount=0.9,
            dynamics_error=found.current_dynamics["uniform"],
            policy_shift=found.policy_shift,
            opponent_shifts=found.opponent_shifts,
            opponent_errors=found.opponent_errors,
        )
    of_all = f"printed at k = {best['printed']}, linear as k → ∞, coupling at k = {best['coupling']}"
    assert best["linear"] == np.inf
    printed = said(capsys, file, "--dynamics-error", "uniform")
    assert f"smallest over all k ≥ 1 for theorem-2, b.2: {of_all}\n" in printed


@pytest.mark.parametrize(
    ("reading", "claims", "bounds"),
    [
        ("real", "lemma-c.4, extended c.4", ["printed", "coupling"]),
        ("branched", "theorem-2, 5, b.2, lemma-c.4, extended c.4", ["printed", "coupling"]),
        ("occupancy", "theorem-2, 5, b.2", ["coupling"]),  # which takes an average: its best k is not known
    ],
)
def test_where_the_best_length_is_not_known_it_is_that_of_those_shown(reading, claims, bounds, capsys, file):
    compared = compare_returns(load_setup(file), branch_lengths=(2, 5, 9), dynamics_error=reading)
    rows = [row for row in compared if row.claim == claims.partition(",")[0]]
    least = {bound: min(rows, key=lambda row: getattr(row, bound)).branch_length for bound in bounds}
    where = ", ".join(f"{bound} at k = {k}" for bound, k in least.items())
    printed = said(capsys, file, "--dynamics-error", reading, "--branch-length", "2,5,9")
    assert f"note: smallest of the k shown for {claims}: {where}\n" in printed
    assert "smallest of the k shown" not in run(capsys, file, "--branch-length", "5")[1]


def test_the_best_lengths_of_rollouts_are_noted(capsys, file):
    printed = said(capsys, file, "--show", "rollouts", "--branch-length", "1,5,20")
    rows = [row for row in compare_schemes(load_setup(file), (1, 5, 20)) if row.scheme == "all-model"]
    best = {name: min(rows, key=lambda row: getattr(row, name)).branch_length
            for name in ("discrepancy", "coupling", "bound")}  # fmt: skip
    where = ", ".join(f"{name} at k = {k}" for name, k in best.items())
    assert re.search(rf"smallest of the k shown for .*all-model: {where}\n", printed)


def test_a_bound_that_falls_for_ever_is_least_in_the_limit(capsys, tmp_path):
    """The model is wrong where only the data policy goes: the error that counts after a branch is 0."""
    game, data = load("chain"), [[[0.9, 0.1]] * 5]
    model = np.array(game.transitions)
    model[:, 1] = np.eye(5)[4]
    save_setup(Setup.of(game, policy=[[[1, 0]] * 5], data_policy=data, model=model), tmp_path / "setup.json")
    assert (
        "smallest over all k ≥ 1 for theorem-2, 5, b.2: printed as k → ∞, linear as k → ∞, coupling as k → ∞"
        in said(capsys, tmp_path / "setup.json")
    )


def test_errors_are_those_that_are_measured(capsys, file):
    found = measure(load_setup(file), (1, 4))
    shown = {
        (row["error"], row["of"]): row["value"]
        for row in rows(capsys, file, "--show", "errors", "--branch-length", "1,4")
    }
    assert shown == {
        **{("dynamics, data policies", reading): value for reading, value in found.data_dynamics.items()},
        **{("dynamics, policies", reading): value for reading, value in found.current_dynamics.items()},
        ("dynamics, opponent models", "model"): found.modelled_dynamics,
        **{("dynamics, branched rollouts", f"k = {k}"): value for k, value in found.branched_dynamics.items()},
        ("policy shift", "agent 0"): found.policy_shift,
        ("policy shift", "agent 1"): found.opponent_shifts[0],
        ("policy shift", "agent 2"): found.opponent_shifts[1],
        ("policy shift", "all opponents"): found.opponents_shift,
        ("opponent model", "agent 1"): found.opponent_errors[0],
        ("opponent model", "agent 2"): found.opponent_errors[1],
        ("opponent model", "all opponents"): found.opponents_error,
    }


def test_an_error_is_used_in_the_claims_whose_bounds_it_changes(capsys, file, monkeypatch):
    """Each field of `Errors` is changed in turn; a claim follows under one of the readings at least."""
    setup, found = load_setup(file), measure(load_setup(file), (3,))
    exact = bounds_of(setup)
    used_in = {}
    for name, value in vars(found).items():
        if isinstance(value, bool):
            continue
        changed = dataclasses.replace(found, **{name: moved(value)})
        with monkeypatch.context() as patched:
            patched.setattr("mathrl.bounds.compare.measure", lambda *_, changed=changed: changed)
            patched.setattr("mathrl.bounds.compare.policy_distances", lambda *_, changed=changed: vars(changed))
            used_in[name] = {claim for claim, bounds in bounds_of(setup).items() if bounds != exact[claim]}
    used_in["modelled_dynamics"] |= {"lemma-c.2", "extended-lemma-c.2"}  # theirs is its maximum up to the step
    fields = {
        ("dynamics, data policies", "real"): "data_dynamics",
        ("dynamics, policies", "real"): "current_dynamics",
        ("dynamics, opponent models", "model"): "modelled_dynamics",
        ("dynamics, branched rollouts", "k = 3"): "branched_dynamics",
        ("policy shift", "agent 0"): "policy_shift",
        ("policy shift", "agent 1"): "opponent_shifts",
        ("policy shift", "all opponents"): "opponents_shift",
        ("opponent model", "agent 2"): "opponent_errors",
        ("opponent model", "all opponents"): "opponents_error",
    }
    shown = rows(capsys, file, "--show", "errors", "--branch-length", "3")
    of = {fields[row["error"], row["of"]]: set(row["used_in"]) for row in shown if (row["error"], row["of"]) in fields}
    assert of == used_in


def moved(value):
    if isinstance(value, dict):
        return {key: x / 2 for key, x in value.items()}
    return tuple(x / 2 for x in value) if isinstance(value, tuple) else value / 2


def bounds_of(setup):
    found = {}
    for reading in DYNAMICS_ERRORS:
        for row in compare_returns(setup, branch_lengths=(3,), dynamics_error=reading):
            found.setdefault(row.claim, []).append(row.printed)
    for row in compare_distances(setup, 3):
        found.setdefault(row.claim, []).append(row.printed)
    return found


def test_returns_are_the_exact_ones(capsys, file):
    setup = load_setup(file)
    exact = vars(returns(setup)) | {"branched": branched_return(setup.data, setup.modelled, 7, setup.agent)}
    sums = rows(capsys, file, "--show", "returns", "--branch-length", "7", "--returns", "unnormalised")
    assert {row["return"]: row["value"] for row in sums} == exact
    assert {row["return"]: row["minus_real"] for row in sums} == {key: exact[key] - exact["real"] for key in exact}
    for row in rows(capsys, file, "--show", "returns", "--branch-length", "7"):
        assert row["value"] == (1 - 0.9) * exact[row["return"]]


def test_distances_are_at_the_steps_asked_for(capsys, file):
    expected = [vars(each) for each in compare_distances(load_setup(file), 4) if each.step in (0, 4)]
    assert rows(capsys, file, "--show", "distances", "--branch-length", "0,4") == expected


def test_the_schedule_is_exact(capsys, file):
    """Errors 0.005 and 0.015 are a third of each other, which floats are not: 3 · 0.005 / 0.015 is 1."""
    found = rows(capsys, file, "--show", "schedule", "--branch-length", "3,5")
    assert [(row["branch_length"], row["opponent"], row["model_steps"]) for row in found] == [
        (3, "agent 1", 3),
        (3, "agent 2", 1),
        (3, "all", 4),
        (5, "agent 1", 5),
        (5, "agent 2", 1),
        (5, "all", 6),
    ]
    assert [row["budget"] for row in found[:3]] == [0.02, 0.03, 0.05]
    assert [row["printed_budget"] for row in found[:3]] == [0.015, 0.015, 0.03]
    assert [row["all_model_budget"] for row in found[:3]] == [0.02, 0.06, 0.08]


def test_rollouts_are_the_comparisons(capsys, file):
    for row, each in zip(
        rows(capsys, file, "--show", "rollouts", "--branch-length", "2,6"),
        compare_schemes(load_setup(file), (2, 6)),
        strict=True,
    ):
        assert row["model_steps"] == list(each.lengths)
        assert {key: row[key] for key in row if key != "model_steps"} == {
            key: getattr(each, key) for key in row if key != "model_steps"
        }
    sums = rows(capsys, file, "--show", "rollouts", "--branch-length", "2,6", "--returns", "unnormalised")
    assert sums[0]["bound"] == pytest.approx(10 * compare_schemes(load_setup(file), (2,))[0].bound, rel=1e-14, abs=0)


def test_rollouts_may_start_where_a_replay_buffer_does(capsys, file):
    setup = load_setup(file)
    found = rows(capsys, file, "--show", "rollouts", "--branch-length", "3", "--start", "data")
    expected = compare_schemes(setup, (3,), start=branch_law(setup))
    assert [row["total_variation"] for row in found] == [each.total_variation for each in expected]
    assert found != rows(capsys, file, "--show", "rollouts", "--branch-length", "3")


def test_claims_whose_rows_are_the_same_share_them(capsys, tmp_path):
    """With one opponent its policy is the opponents' joint policy."""
    game = load("chicken")
    data = [[0.3, 0.7], [0.9, 0.1]]
    save_setup(
        Setup.of(game, policy=uniform_policy(game), data_policy=data, opponent_models=[[0.4, 0.6]]),
        tmp_path / "game.json",
    )
    printed = run(capsys, tmp_path / "game.json", "--branch-length", "2")[1]
    table = printed.partition("\n---")[2].partition("  note")[0].splitlines()[1:]
    assert [line.partition("   ")[0] for line in table] == [
        "theorem-1, 4, b.1",
        "theorem-2, 5, b.2, lemma-c.4, extended c.4",
        "theorem-3, a.1",
        "lemma-c.3, extended c.3",
    ]


def test_another_agent_looks_with_its_own_rewards(capsys, tmp_path):
    game = load("chicken")
    save_setup(Setup.of(game, policy=uniform_policy(game), data_policy=[[1, 0], [0.3, 0.7]]), tmp_path / "game.json")
    shown = {
        (row["of"], row["value"]) for row in rows(capsys, tmp_path / "game.json", "--show", "errors", "--agent", 1)
    }
    assert {("agent 1", 0.2), ("agent 0", 0.5)} <= {(of, round(value, 12)) for of, value in shown}


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_the_same_in_every_format(view, capsys, file):
    data = rows(capsys, file, "--show", view)
    printed = {format: run(capsys, file, "--show", view, "--format", format)[1] for format in FORMATS}
    for row, cells in zip(data, csv.DictReader(io.StringIO(printed["csv"])), strict=True):
        assert {key: as_cell(value) for key, value in row.items()} == cells
    shared = 4 if view == "bounds" else 0  # theorem B.2, three times, and B.1 share their rows with 2 and 1
    assert len(re.findall(r"^\|", printed["markdown"], re.MULTILINE)) == len(data) - shared + 2  # the head and its rule
    assert len(re.findall(r"\\\\$", printed["latex"], re.MULTILINE)) == len(data) - shared + 1
    below = re.split(r"^-[- ]*$", printed["table"], flags=re.MULTILINE)[1].strip("\n").partition("  note")[0]
    assert len(below.splitlines()) == len(data) - shared


def as_cell(value):
    return " ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("arguments", ["chain", "chicken", "dmac"])
def test_every_view_takes_one_agent_matrix_games_and_perfect_parts(view, arguments, capsys, tmp_path):
    game = load(arguments)
    save_setup(Setup.of(game, policy=uniform_policy(game)), tmp_path / "setup.json")
    assert run(capsys, tmp_path / "setup.json", "--show", view, "--branch-length", "1:2")[::2] == (0, "")


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ([], "FILE is missing"),
        (["gone.json"], "gone.json cannot be read"),
        (["setup.json", "--show", "bound"], "did you mean bounds"),
        (["setup.json", "--example"], "FILE is 'setup.json', expected none"),
        (["--example", "--plot", "x.png"], "--plot is 'x.png', expected none with --example"),
        (["--example", "--branch-length", "1"], "--branch-length is '1', expected none with --example"),
        (["setup.json", "--branch-length", "0.5"], "--branch-length holds '0.5', expected whole numbers, at least 0"),
        (["setup.json", "--branch-length", "1,,2"], "--branch-length holds ''"),
        (["setup.json", "--branch-length", ""], "--branch-length holds ''"),
        (["setup.json", "--branch-length", "-3"], "--branch-length holds '-3', expected whole numbers, at least 0"),
        (["setup.json", "--branch-length", "1,5:"], "--branch-length holds '5:'"),
        (["setup.json", "--branch-length", "3,5:1"], "--branch-length holds '5:1', which is empty"),
        (["setup.json", "--branch-length", "1:1001"], "--branch-length holds 1001 lengths, expected at most 1000"),
        (["setup.json", "--branch-length", "1,10001"], "--branch-length holds '10001', expected at most 10000: each"),
        (["setup.json", "--branch-length", "9" * 5000], "expected at most 10000"),
        (
            ["setup.json", "--show", "rollouts", "--branch-length", "0:3"],
            "--branch-length holds 0, expected at least 1",
        ),
        (["setup.json", "--agent", "one"], "--agent is 'one'"),
        (["setup.json", "--agent", "7"], "--agent is 7, expected an agent 0 … 2"),
        (["setup.json", "--agent", "9" * 5000], "--agent is '999"),
        (["setup.json", "--agent", "2"], "--agent is 2, expected 0, whose opponents"),
        (["setup.json", "--dynamics-error", "reel"], "did you mean real"),
        (["setup.json", "--returns", "normalized"], "did you mean normalised"),
        (["setup.json", "--show", "errors", "--returns", "normalised"], "--returns is not an option of --show errors"),
        (
            ["setup.json", "--show", "rollouts", "--dynamics-error", "real"],
            "rollouts, expected --show bounds or --plot",
        ),
        (
            ["setup.json", "--start", "data"],
            "--start is not an option of --show bounds, expected --show rollouts or --plot",
        ),
        (["setup.json", "--show", "rollouts", "--start", "gme"], "did you mean game"),
        (["gone.json", "--plot", "x.bmp"], "--plot x.bmp ends in '.bmp'"),
        (["setup.json", "--plot", "no/such/folder.png"], "--plot no/such/folder.png lies in a folder that does not"),
        (["setup.json", "--plot", "."], "--plot . is a folder, expected a file"),
        (["setup.json", "--format", "jsn"], "did you mean json"),
    ],
    ids=lambda value: " ".join(value)[:80] if isinstance(value, list) else "",
)
def test_bad_input_is_one_line_and_nothing_is_written(arguments, names, capsys, file, tmp_path):
    status, printed, errors = run(capsys, *arguments, "--out", "written")
    assert (status, printed, len(errors.splitlines())) == (2, "", 1)
    assert names in errors
    assert [path.name for path in tmp_path.iterdir()] == [file]


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["setup.json", "--out", "./setup.json"], "--out ./setup.json is FILE too"),
        (["setup.json", "--out", "link"], "--out link is FILE too"),
        (["setup.json", "--out", "new.png", "--plot", "new.png"], "--plot new.png is --out too"),
    ],
)
def test_no_file_is_written_over_another(arguments, names, capsys, file, tmp_path):
    (tmp_path / "link").symlink_to("setup.json")
    status, printed, errors = run(capsys, *arguments)
    assert (status, printed, len(errors.splitlines())) == (2, "", 1)
    assert names in errors
    assert (tmp_path / file).read_text(encoding="utf-8") == example()
    assert not (tmp_path / "new.png").exists()


def test_the_game_that_a_setup_names_is_not_written_over(capsys, file, tmp_path):
    values = json.loads(example())
    (tmp_path / "mine.json").write_text(json.dumps(values["game"]), encoding="utf-8")
    (tmp_path / file).write_text(json.dumps(values | {"game": "mine.json"}), encoding="utf-8")
    before = (tmp_path / "mine.json").read_bytes()
    status, printed, errors = run(capsys, file, "--out", "mine.json")
    assert (status, printed, (tmp_path / "mine.json").read_bytes()) == (2, "", before)
    assert "--out mine.json is the game of FILE too, expected another file" in errors
    assert run(capsys, file, "--out", "other.json")[0] == 0


@pytest.mark.parametrize("view", VIEWS)
def test_the_help_explains_every_column(view, capsys, file):
    _, text, _ = run(capsys, "--help")
    every = {name.removesuffix("*") for name in COLUMNS[view]}
    assert set(rows(capsys, file, "--show", view)[0]) == every
    head = run(capsys, file, "--show", view)[1].partition("\n---")[0].splitlines()[-1].split()
    assert set(head) == {name for name in COLUMNS[view] if not name.endswith("*")}
    of_view = text.partition(f"--show {view}:")[2].partition("\n\n")[0]
    assert set(re.findall(r"^  (\w+\*?)  ", of_view, re.MULTILINE)) == set(COLUMNS[view])


def test_the_help_explains_readings_schemes_and_the_keys_of_a_file(capsys):
    _, text, _ = run(capsys, "--help")
    for names in (DYNAMICS_ERRORS, SCHEMES, schema()["properties"]):
        assert set(names) <= set(re.findall(r"^  ([\w-]+)  ", text, re.MULTILINE))


def test_the_plot_is_drawn_beside_the_table(capsys, file, tmp_path):
    status, printed, _ = run(capsys, file, "--plot", "plot.png", "--show", "schedule", "--dynamics-error", "uniform")
    assert (status, printed) == run(capsys, file, "--show", "schedule")[:2]
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_the_plot_heeds_the_options(capsys, file, tmp_path):
    drawn = set()
    for options in ([], ["--returns", "unnormalised"], ["--start", "data"], ["--branch-length", "1,5"]):
        assert run(capsys, file, "--plot", "plot.svg", "--branch-length", "1:3", *options)[::2] == (0, "")
        drawn.add((tmp_path / "plot.svg").read_bytes())
    assert len(drawn) == 4


def test_long_work_on_a_plot_shows_its_progress(capsys, file, monkeypatch):
    done = []

    @contextmanager
    def progress(total, unit):
        yield lambda what, finished: done.append((total, what, finished))

    monkeypatch.setattr("mathrl.cli.output.progress", progress)
    run(capsys, file, "--plot", "plot.svg", "--branch-length", "2,7")
    assert done == [(2, "k = 2", True), (2, "k = 7", True)]


def test_an_interrupt_keeps_the_rollouts_that_were_computed(capsys, file, monkeypatch):
    whole = rows(capsys, file, "--show", "rollouts", "--branch-length", "2,3")

    def stopping(setup, branch_lengths, start):
        yield from compare_schemes(setup, branch_lengths, start=start)[:5]
        raise KeyboardInterrupt

    monkeypatch.setattr("mathrl.cli.bound_views.compare_schemes_by_row", stopping)
    status, printed, errors = run(capsys, file, "--show", "rollouts", "--branch-length", "2,3", "--format", "json")
    assert status == 1
    assert json.loads(printed) == whole[:5]
    assert errors == "mathrl: interrupted: 5 of 8 rows were computed\n"
