"""Kernels kept on disk: an edit in what they call is noticed, in a process of its own each time."""

import os
import stat
import subprocess
import sys

import pytest

from mathrl.base.compile import kernel
from mathrl.base.kernel_cache import fingerprint

CALLED = """
from mathrl.base.compile import inner
from package.weights import WEIGHT

@inner
def grown(x: float) -> float:
    return WEIGHT * x + 1.0

@inner
def unused(x: float) -> float:
    return x - 1.0
"""
BETWEEN = """
from package import called
from mathrl.base.compile import inner

@inner
def twice(x: float) -> float:
    return called.grown(x) + called.grown(x)
"""
CALLING = """
from mathrl.base.compile import kernel
from package.between import twice

@kernel
def answer(x: float) -> float:
    return twice(x)
"""
RUN = """
from package.calling import answer
{before}
print(answer(1.0), len(answer.stats.cache_hits))
"""


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / "package"
    folder.mkdir()
    files = {"__init__": "", "weights": "WEIGHT = 2.0\n", "called": CALLED, "between": BETWEEN, "calling": CALLING}
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def started(package, before="", **environment):
    """A fresh process that calls the kernel, and prints the answer and how often it was found on disk."""
    paths = os.pathsep.join([str(package.parent), *sys.path])
    return subprocess.run(
        [sys.executable, "-B", "-c", RUN.format(before=before)],
        env={**os.environ, "PYTHONPATH": paths, "NUMBA_CACHE_DIR": "", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def run(package, before="", **environment):
    """What a fresh process computes, and whether it found the compiled kernel on disk."""
    cache = {} if "HOME" in environment else {"NUMBA_CACHE_DIR": str(package.parent / "cache")}
    done = started(package, before, **cache, **environment)
    assert done.returncode == 0, done.stderr
    answer, hits = done.stdout.split()
    return float(answer), bool(int(hits))


def edit(file, old, new):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_a_kernel_is_compiled_anew_when_what_it_calls_has_changed(package):
    assert run(package) == (6.0, False)
    assert run(package) == (6.0, True)
    edit(package / "called.py", "x + 1.0", "x + 2.0")  # two calls away, in another file
    assert run(package) == (8.0, False)
    edit(package / "weights.py", "2.0", "3.0")  # a constant of the file that is called
    assert run(package) == (10.0, False)
    edit(package / "called.py", "x - 1.0", "x - 2.0")  # nothing that it calls
    assert run(package) == (10.0, True)


def test_an_edit_after_the_import_is_not_taken_for_what_was_compiled(package):
    later = f"from pathlib import Path; file = Path({str(package / 'called.py')!r})\n"
    later += "text = file.read_text(); file.write_text(text.replace('x + 1.0', 'x + 2.0'))"
    assert run(package, later) == (6.0, False)
    assert run(package) == (8.0, False)


MADE = """
from mathrl.base.compile import inner, kernel

@inner
def one(x: float) -> float:
    return x + 1.0

@inner
def two(x: float) -> float:
    return x + 2.0

def made(name, step):
    def run(x: float) -> float:
        return 10.0 * step(x)
    run.__qualname__ = name
    return kernel(run)

first, second = made("first", one), made("second", two)
"""


def test_kernels_that_are_made_of_pieces_are_kept_apart_and_found(package):
    """They are one function around different pieces, which numba alone would not find again in another process."""
    (package / "calling.py").write_text(MADE)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(package.parent), *sys.path])}
    environment["NUMBA_CACHE_DIR"] = str(package.parent / "cache")

    def both():
        code = "from package.calling import first, second; print(first(1.0), second(1.0), "
        code += "*(len(found.stats.cache_hits) for found in (first, second)))"
        command = [sys.executable, "-B", "-c", code]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    assert both() == ["20.0", "30.0", "0", "0"]
    assert both() == ["20.0", "30.0", "1", "1"]
    edit(package / "calling.py", "x + 2.0", "x + 3.0")
    assert both()[:2] == ["20.0", "40.0"]


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="folders are made read-only by their mode")
def test_a_package_that_cannot_be_written_is_kept_in_the_users_cache(package):
    (package / "__pycache__").write_text("a file where numba would make a folder, which not even root can write into")
    package.chmod(stat.S_IRUSR | stat.S_IXUSR)
    home = {"HOME": str(package.parent / "home"), "XDG_CACHE_HOME": str(package.parent / "home")}
    assert run(package, **home) == (6.0, False)
    assert run(package, **home) == (6.0, True)
    package.chmod(stat.S_IRWXU)


def unwritable(package):
    """Files where numba would make folders, which not even root can write into."""
    blocked = package.parent / "blocked"
    for file in (blocked, package / "__pycache__"):
        file.write_text("no folder")
    return {name: str(blocked / "home") for name in ("NUMBA_CACHE_DIR", "HOME", "XDG_CACHE_HOME")}


def test_where_no_folder_can_be_written_kernels_run_and_one_warning_says_that_they_are_not_kept(package):
    done = started(package, **unwritable(package))
    assert (done.returncode, done.stdout) == (0, "6.0 0\n")
    assert done.stderr.count("RuntimeWarning: compiled code cannot be kept (no folder can be written)") == 1
    assert "NUMBA_CACHE_DIR" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_disk_that_fills_up_is_no_error(package):
    full = "import tempfile, errno\ndef fails(*a, **k): raise OSError(errno.ENOSPC, 'No space left on device')\n"
    full += "from numba.core.caching import IndexDataCacheFile as File; File.save = fails"
    done = started(package, full, NUMBA_CACHE_DIR=str(package.parent / "cache"))
    assert (done.returncode, done.stdout) == (0, "6.0 0\n")
    assert done.stderr.count("No space left on device") == 1


def test_the_program_says_it_in_one_line():
    code = "import sys; from numba.core.caching import CacheImpl; CacheImpl._locator_classes = []\n"
    code += "from mathrl.cli import main; sys.exit(main(['solve', 'opt-in', '--solver', 'optimal']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("mathrl: compiled code cannot be kept (no folder can be written)")


def test_the_fingerprint_tells_code_constants_and_options_apart():
    def written(text, **around):
        names = {"kernel": kernel, **around}
        exec(text, names)  # the same name and place: only what is hashed differs
        return fingerprint(names["f"])

    f = "def f(x):\n    return c * x"
    assert written(f, c=1.0) == written(f, c=1.0) == written("def f(x):\n    'What f does.'\n    return c * x", c=1.0)
    others = [
        written(f, c=1),
        written(f, c=2.0),
        written(f, c=(1.0,)),
        written("def f(x):\n    return c + x", c=1.0),
        written("def f(y):\n    return c * 2.0", c=1.0),
        written("def f(y):\n    return c * 3.0", c=1.0),
    ]
    assert len({written(f, c=1.0), *others}) == 7


def test_code_of_an_older_version_is_not_found_under_a_new_index(package):
    """Another process writes its index before the code: what lies there until then must not be taken for it."""
    folder = package.parent / "cache"
    assert run(package) == (6.0, False)
    older = {path: path.read_bytes() for path in folder.rglob("*.nbc")}
    assert older
    edit(package / "weights.py", "2.0", "3.0")
    assert run(package) == (8.0, False)
    for path in folder.rglob("*.nbc"):
        path.unlink()
    for path, code in older.items():
        path.write_bytes(code)
    assert run(package)[0] == 8.0
