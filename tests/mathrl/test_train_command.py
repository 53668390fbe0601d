"""`mathrl train`: what it prints and keeps, what it refuses, and that a study goes on in the same bytes.

To compile the training loop takes seconds. All studies here that train have the same shapes, and share what one of them
compiled, by JAX's cache on disk. A study that is done compiles nothing.
"""

import csv
import io
import json
import math
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress

import jax
import numpy as np
import pytest
from jax.experimental.compilation_cache.compilation_cache import reset_cache

from mathrl import load
from mathrl.base.intervals import estimate
from mathrl.cli import main, train, train_results
from mathrl.cli.train_results import Plan, rendered, without_numbers
from mathrl.games import save
from mathrl.neural import study as studies
from mathrl.neural.algorithms import ALGORITHMS
from mathrl.neural.folder import Folder
from mathrl.neural.named import described, environment
from mathrl.neural.settings import begin_of_actors
from mathrl.oracle import compare
from mathrl.solvers import soft_evaluation

SMALL = ["hidden=8", "batch=8", "copies=2", "explore=8", "prepare=2", "capacity=64"]
SET = [part for text in SMALL for part in ("--set", text)]
STUDY = ["train", "hasac", "climbing", "--steps", "320", "--seeds", "2", "--measurements", "16", *SET]
MEASURES = ["return", "objective", "residual", "critic_error", "entropy", "temperature"]


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    """JAX's cache in a folder that the tests of this file share."""
    changed = {"jax_compilation_cache_dir": str(tmp_path_factory.mktemp("cache"))}
    changed |= {"jax_persistent_cache_min_compile_time_secs": 0.1, "jax_persistent_cache_min_entry_size_bytes": -1}
    before = {name: getattr(jax.config, name) for name in changed}
    for name, value in changed.items():
        jax.config.update(name, value)
    reset_cache()
    yield {name.upper(): str(value) for name, value in changed.items()}
    for name, value in before.items():
        jax.config.update(name, value)
    reset_cache()


@pytest.fixture(scope="module")
def whole(cache, tmp_path_factory):
    """The folder of a study that was never interrupted."""
    folder = tmp_path_factory.mktemp("studies") / "whole"
    assert main([*STUDY, "--out", str(folder)]) == 0
    return folder


def run(capsys, *arguments):
    status = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def again(capsys, folder, format):
    """What a study that is done prints."""
    status, printed, errors = run(capsys, *STUDY, "--out", folder, "--resume", "--format", format)
    assert (status, errors) == (0, "")
    return printed


def contents(folder):
    """All files; what a killed run was just writing is removed an hour later."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".mathrl-")}


def last(folder):
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines[-2:]]


def test_a_folder_holds_all_that_help_says(whole):
    files = {"study.json", "metrics.jsonl", "checkpoint.npz", "curve.png", "learned-0.json", "learned-1.json"}
    assert {path.name for path in whole.iterdir()} == files
    assert len((whole / "metrics.jsonl").read_text().splitlines()) == 2 * 16
    assert json.loads((whole / "study.json").read_text())["environment"] == "climbing"


def test_json_is_the_last_measurements_and_what_they_have_in_common(whole, capsys):
    told = json.loads(again(capsys, whole, "json"))
    assert list(told) == ["algorithm", "environment", "steps", "settings", "seeds", "summary"]
    assert told["settings"]["hidden"] == [8]
    assert told["seeds"] == last(whole)
    assert list(told["summary"]) == MEASURES
    for name, found in told["summary"].items():
        known = estimate([row[name] for row in last(whole)])
        assert found == {"interquartile_mean": known.value, "low": known.low, "high": known.high}


def test_csv_has_a_row_for_each_seed_and_the_same_numbers_to_all_digits(whole, capsys):
    rows = list(csv.DictReader(io.StringIO(again(capsys, whole, "csv"))))
    assert [row["seed"] for row in rows] == ["0", "1", "IQM", "low", "high"]
    for row, measured in zip(rows, last(whole), strict=False):
        assert {name: float(row[name]) for name in MEASURES} == {name: measured[name] for name in MEASURES}


@pytest.mark.parametrize("format", ["table", "markdown", "latex"])
def test_what_people_read_says_what_the_last_rows_are(whole, format, capsys):
    printed = again(capsys, whole, format)
    assert "hasac on climbing" in printed
    assert "bootstrap interval" in printed
    assert all(name.replace("_", "\\_") if format == "latex" else name in printed for name in MEASURES)


def test_what_was_learned_is_worth_what_was_measured(whole, capsys):
    game = load("climbing")
    for row in last(whole):
        file = whole / f"learned-{row['seed']}.json"
        learned = json.loads(file.read_text())
        assert learned["temperature"] == pytest.approx(row["temperature"], rel=1e-6)  # a mean in single precision
        report = compare(game, temperature=learned["temperature"], policy=learned["policy"], q=learned["q"])
        exact = soft_evaluation(game, policy=learned["policy"], temperature=learned["temperature"])
        # 1e-12: the same numbers in another order, of size 10
        assert float(exact.objective) == pytest.approx(row["objective"], rel=1e-12, abs=0)
        assert report.q_distance / np.ptp(exact.q) == pytest.approx(row["critic_error"], rel=1e-12, abs=0)
        status, printed, _ = run(
            capsys, *("solve", "climbing", "--solver", "haspi", "--temperature", 1, "--initial-policy", file)
        )
        assert (status, "CONVERGED" in printed) == (0, True)


def test_a_study_that_is_killed_then_interrupted_ends_in_the_same_bytes(whole, cache, tmp_path, capsys, monkeypatch):
    folder, seen = tmp_path / "run", []
    training = subprocess.Popen(
        [sys.executable, "-m", "mathrl", *STUDY, "--out", str(folder)],
        env=os.environ | cache,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    metrics = folder / "metrics.jsonl"
    while training.poll() is None and not (metrics.exists() and metrics.stat().st_size):
        time.sleep(0.001)
    training.send_signal(signal.SIGKILL)
    errors = training.stderr.read()
    training.stderr.close()
    assert training.wait(timeout=60) == -signal.SIGKILL, errors
    assert not (folder / "curve.png").exists()

    def interrupted(*arguments):
        if len(seen) == 6:  # two seeds, three times
            raise KeyboardInterrupt
        seen.append(arguments)
        return row(*arguments)

    row = studies._row
    with monkeypatch.context() as patched:
        patched.setattr(studies, "_row", interrupted)
        status, printed, errors = run(capsys, *STUDY, "--out", folder, "--resume", "--format", "json")
    told = json.loads(printed)
    assert status == 1
    assert errors == f"mathrl: interrupted at step {told['steps']}: go on with --resume\n"
    assert told["seeds"] == last(folder)
    assert [row["seed"] for row in told["seeds"]] == [0, 1]
    assert told["steps"] < last(whole)[0]["step"]
    assert not (folder / "curve.png").exists()
    assert run(capsys, *STUDY, "--out", folder, "--resume")[0] == 0
    assert contents(folder) == contents(whole)


def test_an_interrupt_that_python_ignores_ends_a_study_at_the_next_measurement(cache, tmp_path, capsys, monkeypatch):
    """Python raises it wherever it comes, and ignores what is raised in a callback of the garbage collector."""

    def interrupted(*arguments):
        if not seen:
            seen.append(arguments)
            with suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
        return row(*arguments)

    row, seen = studies._row, []
    monkeypatch.setattr(studies, "_row", interrupted)
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has background jobs ignore it
    try:
        status, printed, errors = run(capsys, *STUDY, "--out", tmp_path / "run", "--format", "json")
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, inherited)
    assert (status, errors) == (1, f"mathrl: interrupted at step {json.loads(printed)['steps']}: go on with --resume\n")


def test_rows_without_a_checkpoint_do_not_count(whole, tmp_path):
    """A study that was killed between writing its first rows and its first checkpoint begins anew."""
    folder = tmp_path / "run"
    folder.mkdir()
    shutil.copy(whole / "study.json", folder)
    (folder / "metrics.jsonl").write_text("{}\n{}\n")
    kept = Folder(folder, json.loads((whole / "study.json").read_text()))
    assert not kept.stored
    kept.begin()
    assert [path.name for path in folder.iterdir()] == ["study.json"]


def test_numbers_that_are_not_finite_are_none(capsys):
    row = dict.fromkeys(MEASURES, 1.0) | {"step": 16}
    rows = [{"seed": 0, **row}, {"seed": 3, **row, "return": math.nan}]
    plan = Plan(ALGORITHMS["hasac"], "climbing", None, ALGORITHMS["hasac"].settings(), 16, (0, 3), 1, None)
    told = json.loads(rendered(plan, rows, "json"))
    assert told["seeds"][1]["return"] is None
    assert told["summary"]["return"] is None
    assert told["summary"]["objective"] == {"interquartile_mean": 1.0, "low": 1.0, "high": 1.0}
    assert "nan" in rendered(plan, rows, "table")
    assert without_numbers(plan, rows) == [3]


@pytest.mark.parametrize(("explore", "prepare", "updates"), [(8, 2, 1), (9, 3, 2), (0, 0, 1)])
def test_the_curve_shows_from_which_step_on_actors_learn(explore, prepare, updates):
    """Counted as the training loop does, one step of all copies after another."""
    settings = ALGORITHMS["hasac"].settings(copies=2, explore=explore, prepare=prepare, updates=updates)
    number, done = 0, 0
    while number * settings.copies < explore or done < prepare:
        done += updates if number * settings.copies >= explore else 0
        number += 1
    assert begin_of_actors(settings) == number * settings.copies


def diverged(*arguments, seeds, **named):
    row = dict.fromkeys(MEASURES, 1.0) | {"step": 16}
    rows = ({"seed": seeds[0], **row}, {"seed": seeds[1], **row, "return": math.nan})
    named["measured"](rows)
    return studies.Study(rows, (None, None))


def test_where_learning_went_astray_the_mend_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(studies, "study", diverged)
    monkeypatch.setattr(train_results, "keep", lambda plan, study: None)
    status, _, errors = run(capsys, *STUDY)
    said = "mathrl: learning went astray, and numbers are not finite: seed 1"
    mend = "; a smaller critic_rate or actor_rate may help\n"
    assert (status, errors) == (1, said + mend)
    status, _, errors = run(capsys, *STUDY, "--out", tmp_path / "run")
    assert (status, errors) == (1, f"{said}, for which no learned-K.json is written{mend}")


def test_out_of_memory_is_one_line_with_the_mend(capsys, monkeypatch):
    def exhausted(*arguments, **named):
        raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes.\nOut of memory")

    monkeypatch.setattr(studies, "study", exhausted)
    mend = "a smaller batch, capacity, hidden or copies, or a smaller game"
    assert run(capsys, *STUDY) == (2, "", f"mathrl: out of memory, expected {mend}\n")


def bad(*arguments, names):
    return pytest.param(arguments, names, id=" ".join(arguments))


CLIMBING = ("train", "hasac", "climbing")


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        bad("train", names="ALGORITHM is missing"),
        bad("train", "hasac", names="GAME is missing"),
        bad("train", "hasak", "climbing", names="hasac"),
        bad("train", "hasac", "climbign", names="climbing"),
        bad("train", "hasac", "max-of-two-quadratic", names="max-of-two-quadratics"),
        bad("train", "hasac", "missing.json", names="missing.json"),
        bad("train", "hasac", "chicken", names="expected a common payoff"),
        bad("train", "mehaml", "max-of-two-quadratics", names="continuous actions"),
        bad(
            "train",
            "hasac",
            "max-of-two-quadratics",
            "--set",
            "actions=gumbel",
            names="discrete ones for actions=gumbel",
        ),
        bad(*CLIMBING, "--steps", "0", names="--steps"),
        bad(*CLIMBING, "--steps", "100", names="explore"),
        bad(*CLIMBING, "--steps", "1e12", names="steps"),
        bad(*CLIMBING, "--seeds", "0", names="--seeds"),
        bad(*CLIMBING, "--jobs", "0", names="--jobs"),
        bad(*CLIMBING, "--seeds", "1,x", names="--seeds"),
        bad(*CLIMBING, "--seeds", "1,1", names="1 twice"),
        bad(*CLIMBING, "--seeds", "1,4294967296", names="4294967295"),
        bad(*CLIMBING, "--measurements", "0", names="--measurements"),
        bad(*CLIMBING, "--format", "jsn", names="json"),
        bad(*CLIMBING, "--resume", names="--out"),
        bad(*CLIMBING, "--resume", "--out", "nothing", names="finds no study"),
        bad(*CLIMBING, "--out", "", names="--out is empty"),
        bad(*CLIMBING, "--set", "temperature", names="has no ="),
        bad(*CLIMBING, "--set", "temprature=1", names="temperature"),
        bad(*CLIMBING, "--set", "temperature=1", "--set", "temperature=2", names="twice"),
        bad(*CLIMBING, "--set", "temperature=hot", names="hot"),
        bad(*CLIMBING, "--set", "clip=0.1", names="--set clip is a setting of mehaml, expected one of this algorithm"),
        bad("train", "mehaml", "climbing", "--set", "relaxation=1", names="is a setting of hasac and masac,"),
        bad(*CLIMBING, "--set", "temperature=0", names="temperature is 0"),
        bad(*CLIMBING, "--set", "actor-rate=-1", names="actor_rate is -1"),
        bad(*CLIMBING, "--set", "temperature=1e39", names="as networks compute in float32"),
        bad(*CLIMBING, "--set", "batch=2.5", names="2.5"),
        bad(*CLIMBING, "--set", "batch=0", names="batch is 0"),
        bad(*CLIMBING, "--set", "hidden=", names="hidden is empty"),
        bad(*CLIMBING, "--set", "hidden=8,0", names="hidden[1] is 0"),
        bad(*CLIMBING, "--set", "tuned=yes", names="'true' or 'false'"),
        bad(*CLIMBING, "--set", "polyak=0", names="polyak"),
        bad(*CLIMBING, "--set", "final_rate=1.5", names="final_rate"),
        bad(*CLIMBING, "--set", "actions=gumble", names="gumbel"),
        bad(*CLIMBING, "--set", "drift=kl", names="drift"),
        bad(*CLIMBING, "--set", "capacity=4", "--set", "n-step=5", names="capacity"),
        bad(*CLIMBING, "--set", "time_limit=4294967296", names="time_limit"),
        bad("train", "mehaml", "climbing", "--set", "drift=lk", names="'kl'"),
        bad("train", "mehaml", "climbing", "--set", "clip=1", names="clip"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(arguments, names, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    out = [] if {"--out", "--resume"} & set(arguments) else ["--out", "written"]
    status, printed, errors = run(capsys, *arguments, *out)
    assert (status, printed) == (2, "")
    assert errors.startswith("mathrl: ")
    assert len(errors.splitlines()) == 1
    assert names in errors
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_a_study_is_not_begun_again_and_goes_on_as_itself_only(whole, capsys):
    before = contents(whole)
    for arguments, names in (
        ([*STUDY], "--resume, which goes on with it"),
        ([*STUDY, "--set", "temperature=2", "--resume"], "(temperature is 2.0, and 1.0 in the study)"),
        ([*STUDY, "--set", "polyak=1", "--set", "epochs=2", "--resume"], "(epochs is 2, and 1 in the study; "),
        ([*STUDY, "--seeds", "1", "--resume"], "(seeds is [0], and [0, 1] in the study)"),
        (["train", "masac", *STUDY[2:], "--resume"], "(algorithm is 'masac', and 'hasac' in the study)"),
        (["train", "mehaml", *STUDY[2:], "--resume"], "(algorithm is 'mehaml', and 'hasac' in the study)"),
        (["train", "hasac", "penalty", *STUDY[3:], "--resume"], "(environment is 'penalty', and 'climbing' in the"),
    ):
        status, printed, errors = run(capsys, *arguments, "--out", whole)
        assert (status, printed, len(errors.splitlines())) == (2, "", 1)
        assert names in errors
    assert contents(whole) == before


def test_a_game_is_known_by_what_it_holds_not_by_its_folder(tmp_path):
    save(load("climbing"), tmp_path / "mine.json")
    save(load("penalty"), tmp_path / "other.json")
    mine, other = (described(environment(str(tmp_path / f"{name}.json"))) for name in ("mine", "other"))
    assert mine == described(environment("climbing"))
    assert (mine["states"], mine["actions"]) == (other["states"], other["actions"]) == (1, [3, 3])
    assert mine["digest"] != other["digest"]
    plan = Plan(ALGORITHMS["hasac"], str(tmp_path / "mine.json"), None, None, 16, (0,), 1, None)
    assert plan.told()["environment"] == "mine.json"
    assert described(environment("max_of_two_quadratics")) == {}


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("study.json", lambda data: data[:-9]),
        ("study.json", lambda data: b"[]"),
        ("metrics.jsonl", lambda data: data[:-9]),
        ("metrics.jsonl", lambda data: b"x" + data[1:]),
        ("metrics.jsonl", None),
        ("checkpoint.npz", lambda data: data[:-9]),
        ("checkpoint.npz", lambda data: b"x" * len(data)),
        ("checkpoint.npz", lambda data: b""),
        ("checkpoint.npz", None),
        ("study.json", None),
    ],
)
def test_a_damaged_folder_is_named_in_one_line(whole, file, damage, tmp_path, capsys):
    folder = shutil.copytree(whole, tmp_path / "copy")
    if damage is None:
        (folder / file).unlink()
    else:
        (folder / file).write_bytes(damage((whole / file).read_bytes()))
    before = contents(folder)
    status, printed, errors = run(capsys, *STUDY, "--out", folder, "--resume")
    assert (status, printed, len(errors.splitlines())) == (2, "", 1)
    assert str(folder) in errors
    assert "pickle" not in errors
    assert contents(folder) == before


def test_a_game_that_has_changed_is_said_in_words(whole):
    told = json.loads((whole / "study.json").read_text())
    for changed in ({"digest": "0"}, {"digest": "0", "states": 2}):
        with pytest.raises(
            ValueError, match=r"holds another study \(the game has changed since\), expected a new folder"
        ):
            Folder(whole, told | changed)
    named = told | {"environment": "mine", "digest": "0"}
    with pytest.raises(ValueError, match=r"\(environment is 'mine', and 'climbing' in the study\)"):
        Folder(whole, named)


def test_a_damaged_checkpoint_is_mended_by_a_new_folder(whole, tmp_path, capsys):
    folder = shutil.copytree(whole, tmp_path / "copy")
    (folder / "checkpoint.npz").write_bytes(b"no archive")
    errors = run(capsys, *STUDY, "--out", folder, "--resume")[2]
    assert "content is not readable, expected" in errors
    assert errors.endswith(": begin again in a new folder\n")


def test_a_study_that_was_never_measured_does_not_hold_its_folder(tmp_path):
    (tmp_path / "study.json").write_text("{}")
    assert train._folder(str(tmp_path), resume=False) == train._folder(str(tmp_path), resume=True) == tmp_path
    (tmp_path / "metrics.jsonl").write_text("")
    with pytest.raises(ValueError, match="holds a study"):
        train._folder(str(tmp_path), resume=False)


def test_seeds_are_so_many_or_those_that_are_named(whole, capsys):
    for text in ("0,1", "0,1,"):
        assert run(capsys, *STUDY, "--seeds", text, "--out", whole, "--resume")[0] == 0
    status, _, errors = run(capsys, *STUDY, "--seeds", "1,", "--out", whole, "--resume")
    assert (status, "seeds is [1], and [0, 1] in the study" in errors) == (2, True)


def test_the_list_has_every_algorithm_setting_and_environment(capsys):
    told = json.loads(run(capsys, "train", "--list", "--format", "json")[1])
    assert [entry["name"] for entry in told["algorithms"]] == list(ALGORITHMS)
    for entry in told["algorithms"]:
        settings = {setting["name"]: setting for setting in entry["settings"]}
        assert set(settings) == set(ALGORITHMS[entry["name"]].settings.__dataclass_fields__)
        assert all(setting["meaning"] for setting in settings.values())
    environments = [entry["name"] for entry in told["environments"]]
    assert {"climbing", "max-of-two-quadratics"} <= set(environments)
    assert "chicken" not in environments  # no common payoff
    rows = list(csv.DictReader(io.StringIO(run(capsys, "train", "--list", "--format", "csv")[1])))
    epochs = {row["algorithm"]: row["default"] for row in rows if row["setting"] == "epochs"}
    assert epochs == {"hasac": "1", "masac": "1", "mehaml": "5", "dmac": "1"}
    for format in ("table", "markdown", "latex"):
        status, printed, _ = run(capsys, "train", "--list", "--format", format)
        assert status == 0
        assert "soft actor-critic" in printed
        assert "max-of-two-quadratics" in printed


def examples():
    """The commands that help shows, and not what it says of them."""
    lines = re.findall(r"(?m)^  mathrl train (.*?)(?: {3,}.*)?$", train.EXAMPLES)
    return [shlex.split(line) for line in lines if "--list" not in line and "--resume" not in line]


@pytest.mark.parametrize("arguments", examples(), ids=" ".join)
def test_the_examples_of_help_fit(arguments, tmp_path, monkeypatch):
    """All that is checked before the first step; to train takes minutes."""
    monkeypatch.chdir(tmp_path)
    parsed = train._parser().parse(arguments)
    plan = train._plan(parsed, 20_000, train._seeds(parsed.seeds), 20)
    assert plan.algorithm.name == arguments[0]


def test_there_are_examples_in_help():
    assert len(examples()) == 5


@pytest.mark.parametrize("name", list(ALGORITHMS))
def test_every_default_on_the_list_can_be_set(name):
    from mathrl.cli.train_settings import _settings, assigned

    kind = ALGORITHMS[name].settings
    texts = [f"{setting}={default}" for setting, default, _ in _settings(kind)]
    assert assigned(kind, texts) == kind()


@pytest.mark.parametrize("module", ["jax", "optax"])
def test_without_jax_one_line_says_what_to_install(module, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    for arguments in (STUDY, ["train", "--list", "--format", "csv"], ["reproduce", "hasac-networks-gumbel"]):
        status, printed, errors = run(capsys, *arguments)
        assert (status, printed, len(errors.splitlines())) == (2, "", 1)
        assert "pip install 'mathrl[neural]'" in errors
    assert run(capsys, "train", "--help")[0] == 0


def test_without_jax_the_list_has_the_same_names_and_no_settings(capsys, monkeypatch):
    whole = json.loads(run(capsys, "train", "--list", "--format", "json")[1])
    for name in [name for name in sys.modules if name.startswith(("mathrl.neural.", "mathrl.cli.train_"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "jax", None)
    status, printed, _ = run(capsys, "train", "--list", "--format", "json")
    assert status == 0
    for algorithm in whole["algorithms"]:
        algorithm["settings"] = None
    assert json.loads(printed) == whole
    status, printed, errors = run(capsys, "train", "--list")
    assert (status, len(errors.splitlines())) == (0, 1)
    assert "pip install 'mathrl[neural]'" in errors
    assert all(algorithm["summary"] in printed for algorithm in whole["algorithms"])
