"""What is released, tried before it is: `python tests/release.py PYTHON`, with a Python that has build and twine.

It builds the source distribution from what git knows of this checkout, and the wheel from the source distribution. Each
is installed in a new environment, where commands run in an empty folder, without a home that can be written. The tests
in the source distribution are then run on the code beside them. Any failure ends this with status 1.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent

COMMANDS = (
    ("mathrl", "--version"),
    ("mathrl", "games", "climbing"),
    ("mathrl", "solve", "hasac", "--solver", "haspi", "--temperature", "10"),
    ("mathrl", "reproduce", "hasac-table-3"),
    ("mathrl", "figure", "hasac-table-3", "--out", "figure.png"),
    ("mathrl", "check", "hasac.proposition-1"),
    ("mathrl", "train", "--list"),
    ("mathrl", "fit", "--example", "--out", "play.json"),
    ("mathrl", "fit", "prisoners-dilemma", "play.json", "--out", "fit.json"),
    ("mathrl", "bound", "--example", "--out", "setup.json"),
    ("mathrl", "bound", "setup.json", "--branch-length", "3"),
    ("python", "-c", "import mathrl.oracle, mathrl.proofs_checks, mathrl.learners"),
)
"""What works without any extra, and with the schemas and the printed numbers that are in the package."""

TESTS = ("tests/test_contract.py", "tests/games", "tests/test_notebooks.py")
"""Of the tests in the source distribution those that read its other files."""

NO_HOME = {"HOME": os.devnull, "XDG_CACHE_HOME": os.devnull, "XDG_CONFIG_HOME": os.devnull}
"""A home in which nothing can be written, for any user: it is no folder."""


def main() -> None:
    """Build, check and try."""
    builder = Path(sys.argv[1]).absolute()
    with tempfile.TemporaryDirectory() as folder:
        there = Path(folder)
        _export(there / "checkout")
        _run([builder, "-m", "build", "--outdir", there / "dist", there / "checkout"])
        files = sorted((there / "dist").iterdir())
        _run([builder, "-m", "twine", "check", "--strict", *files])
        for file in files:
            _try(file, there / f"environment-{file.suffix[1:]}")
        _test(next(file for file in files if file.name.endswith(".tar.gz")), there / "source")
    print("the release is in order")


def _export(folder: Path) -> None:
    """What git knows of the checkout, as it stands now: links stay links."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout.split(b"\0")
    for name in map(os.fsdecode, filter(None, names)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name, follow_symlinks=False)


def _try(file: Path, environment: Path) -> None:
    """Install a file where nothing else is, and run the commands."""
    _run([sys.executable, "-m", "venv", environment])
    pip = [environment / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "-c", ROOT / "constraints.txt", file])
    empty = environment / "empty"
    empty.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "NUMBA", "MPL"))}
    for name, *arguments in COMMANDS:
        _run([environment / "bin" / name, *arguments], cwd=empty, env=kept | NO_HOME)


def _test(file: Path, folder: Path) -> None:
    """Run tests of the source distribution on its own code."""
    with tarfile.open(file) as archive:
        archive.extractall(folder, filter="data")
    (source,) = folder.iterdir()
    _run([sys.executable, "-m", "pytest", "-q", *TESTS], cwd=source, env=os.environ | {"PYTHONPATH": str(source)})


def _run(command: list[object], **how: object) -> None:
    told = " ".join(Path(word).name if isinstance(word, Path) else str(word) for word in command)
    print("==", told, flush=True)
    if subprocess.run(list(map(str, command)), check=False, **how).returncode:  # type: ignore[call-overload]
        sys.exit(f"failed: {told}")


if __name__ == "__main__":
    main()
