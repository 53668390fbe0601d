"""Simulations in parts: the same numbers however they are run, and nothing lost of what was finished."""

import importlib
import linecache
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from mathrl.base.checks import InvalidInput
from mathrl.base.jobs import ItemError, each, processors
from mathrl.base.runs import Runs

EXACT = {"whole": 2**62 + 1, "float": 0.1 + 0.2, "true": True, "nan": float("nan"), "negative zero": -0.0}


def walked(part):
    """A random walk of a seed: arrays and numbers of several types."""
    rng = np.random.default_rng(part["seed"])
    walk = rng.standard_normal((part["steps"], 2)).cumsum(axis=0)
    return {"walk": walk, "single": walk.astype(np.float32), "last": walk[-1, 0], "seed": part["seed"], **EXACT}


def logged(part):
    """A number that says who computed it: a line in a file for each time that it is."""
    log, number = part
    with open(log, "a") as file:
        file.write(f"{number}\n")
    return {"square": number**2}


def late(part):
    """The earlier a part is begun the later it ends."""
    time.sleep(0.3 / (1 + part))
    return {"part": part}


def failing(part):
    """An error in one part."""
    return {"inverse": 1 / part}


def refusing(part):
    """Bad input in one part."""
    return {"jobs": Runs(jobs=part).jobs}


def bare(part):
    """A result that has no name."""
    return part


def dying(part):
    """A part whose process is killed, as the system does where memory is short."""
    if part == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"part": part}


def textual(part):
    """A result that is no number."""
    return {"text": "a"}


WALKS = [{"seed": seed, "steps": 5} for seed in range(4)]


def identical(one, other):
    """Whether two lists of results are the same bit for bit."""
    assert len(one) == len(other)
    for ours, theirs in zip(one, other, strict=True):
        assert list(ours) == list(theirs)
        for name, value in ours.items():
            assert type(value) is type(theirs[name])
            assert np.asarray(value).dtype == np.asarray(theirs[name]).dtype
            assert np.asarray(value).tobytes() == np.asarray(theirs[name]).tobytes()


def counted(log):
    """Which numbers were computed, each time that one was."""
    return sorted(map(int, log.read_text().split())) if log.exists() else []


def test_results_depend_neither_on_processes_nor_on_whether_they_are_kept(tmp_path):
    alone = Runs().map(walked, WALKS, name="walks")
    assert [result["seed"] for result in alone] == [0, 1, 2, 3]
    assert {name: alone[0][name] for name in EXACT} == pytest.approx(EXACT, rel=0, abs=0, nan_ok=True)
    assert type(alone[0]["last"]) is float
    identical(alone, Runs(jobs=2).map(walked, WALKS, name="walks"))
    identical(alone, Runs(jobs=2, folder=tmp_path).map(walked, WALKS, name="walks"))
    identical(alone, Runs(jobs=1, folder=tmp_path).map(walked, WALKS, name="walks"))  # read back


def test_results_come_in_the_order_of_parts():
    assert [result["part"] for result in Runs(jobs=2).map(late, [0, 5, 3], name="late")] == [0, 5, 3]


def test_a_part_that_is_there_is_not_computed_again(tmp_path):
    log, kept = str(tmp_path / "log"), Runs(folder=tmp_path / "kept")
    first = kept.map(logged, [(log, 1), (log, 2)], name="squares")
    more = kept.map(logged, [(log, 3), (log, 2), (log, 1), (log, 3)], name="squares")
    assert counted(tmp_path / "log") == [1, 2, 3]  # of equal parts one
    assert [result["square"] for result in more] == [9, 4, 1, 9]
    identical(first, more[2:0:-1])
    kept.map(logged, [(log, 1)], name="others")
    assert counted(tmp_path / "log") == [1, 1, 2, 3]


def test_parts_that_differ_only_in_the_type_of_a_number_are_two(tmp_path):
    kept = Runs(folder=tmp_path)
    found = kept.map(failing, [1, 1.0, 2], name="inverse")
    assert len(list(tmp_path.iterdir())) == 3
    identical(found, kept.map(failing, [1, 1.0, 2], name="inverse"))


@pytest.mark.parametrize("broken", [lambda data: data[:-30], lambda data: b"", lambda data: flipped(data)])
def test_a_torn_file_is_computed_again(tmp_path, broken):
    log, kept = str(tmp_path / "log"), Runs(folder=tmp_path / "kept")
    whole = kept.map(logged, [(log, 1), (log, 2)], name="squares")
    path = next((tmp_path / "kept").iterdir())
    data = path.read_bytes()
    path.write_bytes(broken(data))
    identical(whole, kept.map(logged, [(log, 1), (log, 2)], name="squares"))
    assert len(counted(tmp_path / "log")) == 3
    assert path.read_bytes() == data


def flipped(data):
    """A bit of the first number is another."""
    at = data.index(b"NUMPY") + 122
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def test_the_result_of_something_else_is_refused(tmp_path):
    kept = Runs(folder=tmp_path)
    kept.map(walked, WALKS[:1], name="walks")
    kept.map(failing, [4], name="inverse")
    (other,), (own,) = tmp_path.glob("walks-*"), tmp_path.glob("inverse-*")
    own.write_bytes(other.read_bytes())
    with pytest.raises(InvalidInput, match=own.name):
        kept.map(failing, [4], name="inverse")
    assert own.read_bytes() == other.read_bytes()


MODULE = '''
"""A module."""
SCALE = {scale}


def scaled(part):
    """{said}"""
    return {{"scaled": SCALE * part}}
'''


@pytest.mark.parametrize(
    ("scale", "said", "again"), [(3, "Scale.", True), (2, "Say it in other words.", False), (2, "Scale.", False)]
)
def test_changed_code_is_computed_again_and_changed_words_are_not(tmp_path, monkeypatch, scale, said, again):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    results = []
    for text in (MODULE.format(scale=2, said="Scale."), MODULE.format(scale=scale, said=said)):
        (tmp_path / "changing.py").write_text(text)
        monkeypatch.delitem(sys.modules, "changing", raising=False)
        linecache.clearcache()
        changing = importlib.import_module("changing")

        results += Runs(folder=tmp_path / "kept").map(changing.scaled, [5], name="scaled")
    assert [result["scaled"] for result in results] == [10, 5 * scale]
    assert len(list((tmp_path / "kept").iterdir())) == 1 + again


@pytest.mark.parametrize("how", ["import within.inner", "from within import inner", "from within.inner import SCALE"])
def test_changed_code_that_is_imported_is_computed_again(tmp_path, monkeypatch, how):
    """Of modules of the same package, directly or through another one; not of others."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "within").mkdir()
    (tmp_path / "within/__init__.py").write_text("")
    (tmp_path / "within/outer.py").write_text(
        "import within.between\nimport beside\n" + MODULE.format(scale=2, said="")
    )
    (tmp_path / "within/between.py").write_text(f"{how}\n")
    counts = []
    for inner, beside in ((1, 1), (1, 2), (2, 2)):
        (tmp_path / "within/inner.py").write_text(f"SCALE = {inner}\n")
        (tmp_path / "beside.py").write_text(f"SCALE = {beside}\n")
        for name in ("within", "within.outer", "within.between", "within.inner", "beside"):
            monkeypatch.delitem(sys.modules, name, raising=False)
        linecache.clearcache()
        outer = importlib.import_module("within.outer")
        Runs(folder=tmp_path / "kept").map(outer.scaled, [5], name="scaled")
        counts.append(len(list((tmp_path / "kept").iterdir())))
    assert counts == [1, 1, 2]


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_names_the_part_and_keeps_what_was_finished(tmp_path, jobs):
    with pytest.raises(ItemError, match=r"inverse, part 0 ended in ZeroDivisionError.*test_runs.py, line"):
        Runs(jobs, tmp_path).map(failing, [1, 2, 0, 4], name="inverse")
    assert len(list(tmp_path.iterdir())) >= 1
    with pytest.raises(InvalidInput, match=r"refused, part 0: jobs is 0"):
        Runs(jobs).map(refusing, [0, 1], name="refused")


def test_a_killed_process_names_its_part():
    with pytest.raises(ItemError, match=r"dying, part 2 has no result.*killed by signal 9"):
        Runs(jobs=2).map(dying, [1, 2, 3], name="dying")


@pytest.mark.parametrize(
    ("function", "part", "named"),
    [
        (lambda part: {}, 1, "function"),
        (walked, {1: 2}, r"parts\[0\]"),
        (walked, [np.float64(1)], r"parts\[0\]\[0\]"),
        (walked, {"seed": {1, 2}}, r"parts\[0\]\['seed'\]"),
        (time.sleep, 0, "function"),
        (textual, 1, "result 'text'"),
        (bare, 1, "result"),
    ],
)
def test_bad_input_is_named(function, part, named):
    with pytest.raises(InvalidInput, match=named):
        Runs().map(function, [part], name="bad")


def test_a_function_within_another_is_refused():
    def inner(part):
        return {}

    with pytest.raises(InvalidInput, match="function"):
        Runs().map(inner, [1], name="inner")


@pytest.mark.parametrize("name", ["", "a/b", "a b"])
def test_names_are_those_of_files(name):
    with pytest.raises(InvalidInput, match="name"):
        Runs().map(walked, [], name=name)


def test_progress_counts_parts_that_are_there_too(tmp_path):
    told = []
    Runs(folder=tmp_path).map(failing, [1, 2], name="inverse")
    Runs(folder=tmp_path, advance=lambda *said: told.append(said)).map(failing, [1, 2, 4], name="inverse")
    assert [done for _, done in told].count(True) == 3
    assert told[-1] == ("inverse: 3 of 3", True)


PROGRAM = """
import os, signal, sys, time
from mathrl.base.runs import Runs
from slow import slow

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has background jobs ignore it
    folder, jobs = sys.argv[1], int(sys.argv[2])
    found = Runs(jobs, folder).map(slow, [(folder, seed) for seed in range(6)], name="slow")
    print([result["seed"] for result in found])
"""
SLOW = """
import pathlib, time

def slow(part):
    folder, seed = part
    with open(folder + ".log", "a") as log:
        log.write(f"{seed}\\n")
    while seed >= 3 and not pathlib.Path(folder + ".go").exists():
        time.sleep(0.01)
    return {"seed": seed}
"""


def started(tmp_path, jobs):
    """A process that computes six parts, of which the last three wait until they may go on."""
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "program.py").write_text(PROGRAM)
    paths = os.pathsep.join([str(tmp_path), *sys.path])
    return subprocess.Popen(
        [sys.executable, "program.py", str(tmp_path / "kept"), str(jobs)],
        env={**os.environ, "PYTHONPATH": paths},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def until(condition):
    """Wait for what must come, a minute at most."""
    for _ in range(6000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come")


def alive(group):
    """Whether a process of the group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_after_a_kill_only_what_is_missing_is_computed(tmp_path, jobs, how):
    log, kept = tmp_path / "kept.log", tmp_path / "kept"
    process = started(tmp_path, jobs)
    until(lambda: kept.exists() and len(list(kept.glob("*.npz"))) == 3 and len(counted(log)) == 3 + jobs)
    os.kill(process.pid, how) if how == signal.SIGKILL else os.killpg(process.pid, how)
    _, said = process.communicate(timeout=60)
    until(lambda: not alive(process.pid))  # those that it had started are gone too
    assert said.count("Traceback") == (how == signal.SIGINT)  # of the one that was asked, none of the others
    begun = counted(log)
    (tmp_path / "kept.go").touch()
    process = started(tmp_path, jobs)
    out, said = process.communicate(timeout=60)
    assert (out.strip(), said) == ("[0, 1, 2, 3, 4, 5]", "")
    assert counted(log) == sorted([*begun, 3, 4, 5])
    assert sorted(kept.glob("*.npz")) == sorted(kept.iterdir())


def test_each_gives_what_is_done_and_is_told_the_names():
    told = []
    done = each(abs, [-1, -2, -3], ["a", "b", "c"], jobs=2, advance=lambda *said: told.append(said))
    assert sorted(done) == [(0, 1), (1, 2), (2, 3)]
    assert sorted(told) == [(name, done) for name in "abc" for done in (False, True)]
    assert processors() >= 1


def test_what_keeps_itself_has_a_place_beside_the_parts(tmp_path):
    runs = Runs(folder=tmp_path)
    part = {"seed": 1, "steps": 2}
    place = runs.place(walked, part, name="walk")
    assert not place.exists()
    runs.map(walked, [part], name="walk")
    assert [path.with_suffix("") for path in tmp_path.iterdir()] == [place]
    others = [(walked, part | {"seed": 2}, "walk"), (failing, part, "walk"), (walked, part, "other")]
    assert len({place, *(runs.place(function, one, name=name) for function, one, name in others)}) == 4
    assert Runs().place(walked, part, name="walk") is None
    with pytest.raises(InvalidInput, match="name is 'a/b'"):
        Runs().place(walked, part, name="a/b")
    with pytest.raises(InvalidInput, match="part is"):
        Runs().place(walked, {1, 2}, name="walk")
