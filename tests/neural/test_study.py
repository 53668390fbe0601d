"""Studies: runs side by side are runs alone, and a study that was stopped ends in the same bytes."""

import json
import shutil
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mathrl.base.printed import PaperValue
from mathrl.base.runs import Runs
from mathrl.figures.hasac.statements import MOST_SEEDS
from mathrl.figures.reproductions import reproductions
from mathrl.games import random_stochastic
from mathrl.neural import folder as folders
from mathrl.neural import matrix_game
from mathrl.neural import study as studies
from mathrl.neural.algorithms import HASAC, MASAC
from mathrl.neural.checkpoint import restore, save
from mathrl.neural.loops.off_policy import advanced, begun
from mathrl.neural.quadratics import Quadratics
from mathrl.neural.reproductions import TABLE_3, of_networks
from mathrl.neural.runs import check_runs, of_runs
from mathrl.neural.study import Study, study
from mathrl.neural.tabular import tabular
from tests.neural.enumeration import QUICK

ENVIRONMENT = tabular(random_stochastic(3, (2, 2), discount=0.9, ending=0.1, seed=1))

EXPLORED, UPDATES, COPIES = 10, 100, 2
"""Iterations that are played at random, and then 100 with one update each."""

SETTINGS = HASAC.settings(
    hidden=(4,), batch=8, copies=COPIES, capacity=EXPLORED + UPDATES, explore=EXPLORED * COPIES, prepare=20, n_step=2
)
SEEDS = (0, 3, 5)

PRINTED = {alpha: TABLE_3[alpha] for alpha in (1, 10)}
"""Two rows of Table 3."""

FILES = ("study.json", "metrics.jsonl", "checkpoint.npz")


def learn(folder, seeds=SEEDS, settings=SETTINGS, algorithm=HASAC, environment=ENVIRONMENT, **more):
    """The study of these tests."""
    steps = (EXPLORED + UPDATES) * COPIES
    arguments = {"steps": steps, "seeds": seeds, "measurements": 5, "folder": folder} | more
    return study(algorithm, environment, settings, **arguments)


@pytest.fixture(scope="module", autouse=True)
def _compile_quickly():
    """Compile without optimising: studies are short here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(studies, "COMPILER", QUICK)
        yield


@pytest.fixture(name="whole", scope="module")
def _whole(tmp_path_factory):
    """The folder of a study that was not stopped, and what it returned."""
    folder = tmp_path_factory.mktemp("studies") / "whole"
    return folder, learn(folder)


def runs_of(folder, seeds):
    """The runs at the end, of each seed."""
    like = jax.eval_shape(lambda: begun(HASAC, ENVIRONMENT, SETTINGS, jax.random.key(0)))
    return restore(folder / "checkpoint.npz", [like] * len(seeds))[0]


def test_a_seed_alone_is_the_seed_beside_others_bit_for_bit(whole, tmp_path):
    folder, of_all = whole
    alone = learn(tmp_path / "alone", (3,), jobs=1)
    (run,), runs = runs_of(tmp_path / "alone", (3,)), runs_of(folder, SEEDS)
    assert same(run._replace(key=jax.random.key_data(run.key)), runs[1]._replace(key=jax.random.key_data(runs[1].key)))
    assert alone.rows == tuple(row for row in of_all.rows if row["seed"] == 3)
    networks = [jax.tree.leaves(one.learner.critics)[0] for one in runs]
    assert np.abs(networks[0] - networks[1]).max() > 0.1  # other seeds are other networks


def test_a_mapped_run_is_the_run_alone(whole):
    """A loop is a function of arrays, which may be mapped over seeds.

    Draws are the same numbers, so what is played at random is equal in every bit. Networks are not: XLA may sum in
    another order where several runs are one product. The bound is a hundred times the difference of 3e-8 that was
    measured after the 100 updates; larger networks may differ by more.
    """
    total = EXPLORED + UPDATES

    def whole_run(key):
        run = begun(HASAC, ENVIRONMENT, SETTINGS, key)
        return advanced(HASAC, ENVIRONMENT, run, total, SETTINGS, jnp.asarray(0), jnp.asarray(total))[0]

    keys = jax.vmap(jax.random.key)(jnp.asarray(SEEDS, jnp.uint32))
    mapped = jax.jit(jax.vmap(whole_run), compiler_options=QUICK)(keys)
    for k, alone in enumerate(runs_of(whole[0], SEEDS)):
        beside = jax.tree.map(lambda x, k=k: x[k], mapped)
        rows, others = (jax.tree.map(lambda x: x[:EXPLORED], run.buffer.rows) for run in (alone, beside))
        assert same(rows, others)
        networks, others = ((run.learner.actors, run.learner.critics) for run in (alone, beside))
        pairs = zip(jax.tree.leaves(networks), jax.tree.leaves(others), strict=True)
        assert max(float(np.abs(one - other).max()) for one, other in pairs) <= 3e-6


def test_runs_may_differ_in_a_number_that_was_given_as_a_whole_one():
    settings, each = replace(SETTINGS, temperature=1), {"temperature": [1, 0.5]}
    check_runs(HASAC, ENVIRONMENT, settings, (0, 0), each)
    assert [one.temperature for one in of_runs(settings, 2, each)] == [1.0, 0.5]


def test_continuous_actions_have_no_first_policy():
    with pytest.raises(ValueError, match="initial_policy is given, expected None: the environment has continuous"):
        study(HASAC, Quadratics(), SETTINGS, steps=220, initial_policy=[[0.5, 0.5]] * 2)


class Stopped(Exception):
    """What stops a study."""


def after(number):
    """A `progress` that stops the study when so many measurements are stored, and how it saves."""
    seen = []

    def progress(text, done):
        assert text == f"step {44 * (len(seen) // 2 + 1)}"
        seen.append(done)
        if seen.count(False) > number:
            raise Stopped

    return progress, save


def while_storing(number):
    """No `progress`, and a `save` that stops the study when measurement `number` is written, but no checkpoint."""
    calls = []

    def stopping(*arguments, **named):
        calls.append(arguments)
        if len(calls) == number:
            raise Stopped
        save(*arguments, **named)

    return None, stopping


@pytest.mark.parametrize("stopped", [after(3), while_storing(1)])
def test_a_stopped_study_ends_in_the_same_bytes(stopped, whole, tmp_path, monkeypatch):
    """Stopped between measurements, or between the rows of one and its checkpoint, the first one's too."""
    progress, saving = stopped
    with monkeypatch.context() as patch:
        patch.setattr(folders, "save", saving)
        with pytest.raises(Stopped):
            learn(tmp_path, progress=progress)
    (tmp_path / ".mathrl-0123456789abcdef.tmp").touch()  # as `kill -9` leaves while a checkpoint is written
    again = learn(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(FILES)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (whole[0] / name).read_bytes()
    assert again.rows == whole[1].rows
    assert same(again.learners, whole[1].learners)


def test_rows_are_in_the_order_of_steps_then_seeds(whole):
    folder, found = whole
    assert [(row["step"], row["seed"]) for row in found.rows] == [(44 * k, seed) for k in range(1, 6) for seed in SEEDS]
    assert [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()] == list(found.rows)
    told = json.loads((folder / "study.json").read_text())
    assert (told["seeds"], told["steps"], told["measurements"]) == ([0, 3, 5], 220, 5)
    assert told["settings"]["hidden"] == [4]


def test_a_reproduction_of_networks_goes_on_where_it_was_stopped(tmp_path, monkeypatch):
    """Stopped after 3 of 10 stretches, it takes the other 7, and the end is that of one that was not stopped."""
    settings = replace(SETTINGS, n_step=1, hidden=(4, 4))
    for name, value in {"SEEDS": {"fast": 1}, "STEPS": {"fast": 220}, "SETTINGS": settings}.items():
        monkeypatch.setattr(matrix_game, name, value)

    def computed(most, folder):
        stretches = []

        def advance(text, done):
            stretches.append(text)
            if len(set(stretches)) > most:
                raise Stopped

        learned = matrix_game.learned_table_3(PRINTED, ("A", "B", "C"), 0, "fast", Runs(2, folder, advance))
        return learned, len(set(stretches))

    with pytest.raises(Stopped):
        computed(3, tmp_path)
    again, stretches = computed(10, tmp_path)
    assert stretches == 7
    assert again == computed(10, None)[0]
    assert computed(0, tmp_path) == (again, 0)
    verdicts = [PaperValue(text) for row in PRINTED.values() for text in row]
    differ = [not of.agrees(found.value) for of, found in zip(verdicts, again.values.values(), strict=True)]
    note = next(note for note in again.notes if note.startswith("of the 6 printed numbers"))  # of one seed, no interval
    assert f"numbers {sum(differ)} differ" in note
    assert [f"alpha={alpha}, {name}" in note for alpha in PRINTED for name in "ABC"] == differ
    nearly = next(note for note in again.notes if "on the last of the way" in note)
    assert nearly.startswith("at alpha=1 the exact end")  # HASPI's ends have 1 − 3e-11 and 0.956


@pytest.mark.parametrize(
    "computed",
    [
        lambda seed: matrix_game.learned_table_3(PRINTED, ("A", "B", "C"), seed, "fast", Runs()),
        lambda seed: matrix_game.learned_figure_3a(("text", ""), 7.0, seed, "fast", Runs()),
    ],
)
def test_each_seed_of_a_reproduction_is_a_fresh_sample(computed, monkeypatch):
    """No run of `--seed 1` is one of `--seed 0`, and a seed may be larger than one of a run is."""
    asked = []

    def asking(*arguments, seeds, each, **named):
        check_runs(HASAC, ENVIRONMENT, SETTINGS, seeds, each)
        asked.append(seeds)
        raise Stopped

    monkeypatch.setattr(matrix_game, "study", asking)
    for seed in (0, 1, 2**70):
        with pytest.raises(Stopped):
            computed(seed)
    several = len(set(asked[0]))
    assert several in (matrix_game.SEEDS["fast"], matrix_game.SEEDS_OF_FIGURE["fast"])
    assert [len(set(seeds)) for seeds in asked] == [several] * 3
    assert len(set().union(*asked)) == 3 * several
    assert all(seeds[:several] == seeds[several : 2 * several] for seeds in asked)  # alike at all temperatures


def test_what_is_said_of_figure_3a_is_said_of_networks_in_the_same_words():
    printed = {**of_networks(), **reproductions()}
    in_tables, learned = (printed[id].paper["text"] for id in ("hasac-figure-3a", "hasac-networks-figure-3a"))
    assert learned.items() <= in_tables.items()
    assert matrix_game.MOST_SEEDS == MOST_SEEDS


@pytest.mark.parametrize(("hits", "so"), [(12, 1.0), (11, None), (7, None), (6, 0.0), (0, 0.0)])
def test_of_networks_a_statement_is_decided_by_the_interval_of_its_seeds(hits, so, monkeypatch):
    """Of 12 seeds Wilson's interval begins at 0.757 where all are at (C, C), and ends at 0.746 where 6 are."""
    monkeypatch.setattr(matrix_game, "WARMTHS", (7.0, 10.0))
    ends = ([0.1, 0.1, 0.8], [0.1, 0.2, 0.7]), ([0.1, 0.2, 0.7], [0.1, 0.2, 0.7])  # (C, C) has 0.56 and 0.49
    joint = [ends[k >= hits] for k in range(12)] + [ends[1]] * 12
    learned = Study(rows=({"return": 0.0},) * (24 * 4), learners=tuple(joint))
    monkeypatch.setattr(matrix_game, "study", lambda *arguments, **named: learned)
    monkeypatch.setattr(matrix_game, "policy_tables", lambda game, policies: [np.array([own]) for own in policies])
    computed = matrix_game.learned_figure_3a(("text", "it"), 7.0, 0, "fast", Runs())
    found = computed.values
    assert found["text", "it"] == so
    words = {1.0: "it is so at alpha = 7", 0.0: "it is not at alpha = 7", None: "it is not decided at alpha = 7"}[so]
    assert any(words in note for note in computed.notes)
    assert found["alpha=7", "seeds at (C,C)"].value == hits / 12
    assert found["alpha=10", "(C,C) likeliest"].value == 1.0


def same(one, other):
    """Whether two trees of arrays are equal in every bit."""
    return all(
        np.array_equal(np.asarray(x), np.asarray(y))
        for x, y in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    )


def test_a_study_that_has_ended_is_read(whole, tmp_path):
    folder = shutil.copytree(whole[0], tmp_path / "copy")
    again = learn(folder, progress=lambda text, done: pytest.fail("nothing is left to do"))
    assert again.rows == whole[1].rows
    assert same(again.learners, whole[1].learners)


def test_a_study_takes_and_tells_numbers_of_numpy_and_names_of_folders(whole, tmp_path):
    settings = replace(SETTINGS, temperature=np.float32(1.0), batch=np.int64(8), tuned=np.bool_(False))
    learn(str(tmp_path / "run"), tuple(map(np.int64, SEEDS)), settings)
    for name in FILES:
        assert (tmp_path / "run" / name).read_bytes() == (whole[0] / name).read_bytes()


def test_a_study_is_also_made_in_double_precision(tmp_path):
    with jax.enable_x64(True):
        done = learn(tmp_path, (0, 3))
        again = learn(tmp_path, (0, 3))
    assert again.rows == done.rows
    assert {leaf.dtype for one in done.learners for leaf in jax.tree.leaves(one.critics)} == {np.dtype(np.float64)}


@pytest.mark.parametrize(
    ("name", "kept", "message"),
    [
        ("checkpoint.npz", 0.7, "checkpoint.npz: content is not readable"),
        ("checkpoint.npz", 0.0, "checkpoint.npz: content is not readable"),
        ("metrics.jsonl", 0.9, r"metrics.jsonl: content has \d+ bytes, expected the \d+ up to checkpoint.npz"),
        ("study.json", 0.5, "study.json: line .* is not JSON"),
    ],
)
def test_truncated_files_are_refused(whole, tmp_path, name, kept, message):
    folder = shutil.copytree(whole[0], tmp_path / "copy")
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: int(kept * len(data))])
    with pytest.raises(ValueError, match=message):
        learn(folder)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"seeds": (0, 3)}, r"holds another study \(seeds is \[0, 3\], and "),
        ({"measurements": 10}, r"holds another study \(measurements is 10, and "),
        ({"steps": 500}, r"holds another study \(steps is \d+, and \d+ in the study\)"),
        ({"settings": HASAC.settings()}, r"steps is .*; .*batch is 256, and \d+ in the study"),
        ({"each": {"temperature": [0.1, 0.2, 0.3]}}, r"each is {'temperature': \[0.1, 0.2, 0.3\]}, and "),
        ({"description": {"game": "another"}}, r"game is 'another', and "),
        ({"algorithm": MASAC}, r"\(algorithm is 'masac', and 'hasac' in the study\)"),
        (
            {"environment": tabular(random_stochastic(3, (2, 2), discount=0.9, ending=0.1, seed=2))},
            "the game has changed",
        ),
        ({"initial_policy": [[0.5, 0.5]] * 2}, "initial_policy is .*, and not given in the study"),
        ({"seeds": ()}, "seeds is empty, expected a whole number for each run"),
        ({"steps": 0}, "steps is 0"),
        ({"measurements": 1.5}, "measurements is 1.5"),
        ({"jobs": 0}, "jobs is 0"),
        ({"each": {"batch": [1.0] * 3}}, r"each\['batch'\] is no setting in which runs may differ"),
        ({"each": {"temperature": [1.0]}}, r"each\['temperature'\] has 1 numbers, expected 3"),
        ({"each": {"temperature": 1.0}}, r"each\['temperature'\] is 1.0, expected a number for each seed"),
        ({"each": {"temperature": [1.0, "hot", 2.0]}}, r"each\['temperature'\] is 'hot', expected a number"),
        ({"each": {"temperature": [1.0, 0.0, 2.0]}}, "temperature is 0"),
        ({"each": {"temperature": [1.0, 1e39, 2.0]}}, r"temperature is 1e\+39, .* networks compute in float32"),
        (
            {"each": {"temperature": [1.0, 1e38, 2.0]}},
            r"game has values of up to 1.*e\+39, expected a size from 1.2e-38",
        ),
        ({"settings": replace(SETTINGS, temperature=1e-46)}, "temperature is 1e-46, expected a size from 1.2e-38"),
        (
            {"settings": replace(SETTINGS, tuned=True), "each": {"target_entropy": [0.1, 0.2, 0.7]}},
            "target_entropy is 0.7, expected a number from 0 to 0.6931",
        ),
        ({"initial_policy": [[0.5, 0.5]]}, r"initial_policy has shape \(1, 2\), expected \(2, 2\)"),
        ({"initial_policy": [[0.5, 0.5], [1.5, -0.5]]}, r"initial_policy\[1, 1\] is -0.5, expected a probability"),
        ({"initial_policy": [[0.5, 0.5], [0.5, 0.6]]}, r"initial_policy\[1\] sums to 1.1"),
    ],
)
def test_what_is_refused(whole, changed, message):
    before = [(whole[0] / name).read_bytes() for name in FILES]
    with pytest.raises(ValueError, match=message):
        learn(whole[0], **changed)
    assert [(whole[0] / name).read_bytes() for name in FILES] == before
