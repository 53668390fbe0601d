"""Standard output and error: closed pipes, progress, encodings, what is imported."""

import io
import os
import subprocess
import sys

import pytest

from mathrl.cli import main, output

MATHRL = [sys.executable, "-m", "mathrl"]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def environment(buffering):
    """What Python buffers it writes while it shuts down: a closed pipe shows then, or at once."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return kept if buffering else kept | {"PYTHONUNBUFFERED": "1"}


@pytest.mark.parametrize(
    ("arguments", "buffering"),
    [
        (["--help"], True),
        (["--help"], False),
        (["games"], True),
        (["games"], False),
        (["reproduce", "hasac-table-3"], True),
        pytest.param(["reproduce", "hasac-table-3"], False, marks=pytest.mark.long),
        pytest.param(["solve", "--help"], True, marks=pytest.mark.long),
        pytest.param(["solve", "--help"], False, marks=pytest.mark.long),
    ],
)
def test_a_closed_pipe_ends_quietly(arguments, buffering):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        done = subprocess.run(
            [*MATHRL, *arguments], stdout=closed, stderr=subprocess.PIPE, env=environment(buffering), timeout=60
        )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_pipe_that_closes_half_way_ends_quietly():
    process = subprocess.Popen(
        [*MATHRL, "games", "dmac", "--format", "json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout.read(10)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=60) == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a full device")
def test_a_full_device_is_said_in_one_line():
    with open("/dev/full", "wb") as full:
        done = subprocess.run([*MATHRL, "--version"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_the_command_line_itself_imports_nothing_heavy():
    heavy = "{'numpy', 'numba', 'matplotlib', 'scipy', 'tabulate', 'tqdm', 'jax', 'hypothesis'}"
    code = f"import sys, mathrl.cli; mathrl.cli.main(['--help']); print({heavy} & set(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == "set()\n"


def test_nothing_is_drawn_without_a_figure():
    code = (
        "import sys; from mathrl.cli import main; main(['reproduce', '--list']); assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)


def test_progress_is_shown_on_a_terminal_alone(monkeypatch):
    monkeypatch.setattr(output, "DELAY", 0.0)
    for stream, shown in [(Terminal(), True), (io.StringIO(), False)]:
        monkeypatch.setattr(sys, "stderr", stream)
        with output.progress(2, "run") as advance:
            advance("step 7", False)
            advance("step 8", True)
        assert ("step 7" in stream.getvalue()) is shown
        assert bool(stream.getvalue()) is shown


def test_what_the_encoding_lacks_is_replaced(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    output.show("3×3 α\n")
    output.flush()
    assert raw.getvalue() == b"3?3 ?\n"


def test_a_message_is_one_line(capsys):
    output.say("two\nlines")
    assert capsys.readouterr().err == "mathrl: two lines\n"


def test_an_interrupt_before_any_result_is_status_130(monkeypatch, capsys):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("mathrl.base.reproduction.reproduce", interrupt)
    assert main(["reproduce", "hasac-table-3"]) == 130
    assert capsys.readouterr().out == ""


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
def test_interrupted_runs_print_what_they_have():
    code = (
        "import os, signal, sys\n"
        "from mathrl.cli import main\n"
        "from mathrl import solvers\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has background jobs ignore it\n"
        "haspi = solvers.haspi\n"
        "def interrupted(game, *, temperature: float, tol: float = 1.0):\n"
        "    if temperature == 2: os.kill(os.getpid(), signal.SIGINT)\n"
        "    return haspi(game, temperature=temperature, tol=tol)\n"
        "solvers.haspi = interrupted\n"
        "sys.exit(main(['solve', 'hasac', '--solver', 'haspi', '--temperature', '1,2,3', '--format', 'csv']))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 1 + 6
    assert "1 of 3 temperatures" in done.stderr
    assert "Traceback" not in done.stderr
