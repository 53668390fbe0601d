"""The tests of packages that could end a worker, each in a process of its own."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.interop.packages import APART

FOLDER = Path(__file__).parent
FROM_OUTSIDE = ("PYTEST_", "COV_CORE_")
"""Variables that speak of the process that runs this test."""


def run(*arguments, **environment):
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(FROM_OUTSIDE)}
    return subprocess.run(
        [sys.executable, "-X", "faulthandler", *arguments],
        cwd=FOLDER.parents[1],
        env=inherited | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=600,
        check=False,
    )


@pytest.mark.skipif("MATHRL_INTEROP" in os.environ, reason="their tests run in this process")
@pytest.mark.parametrize("name", APART)
def test_in_a_process_of_its_own(name):
    if find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    files = [str(FOLDER / file) for file in (APART[name], "test_page.py")]
    done = run("-m", "pytest", "-q", *files, MATHRL_INTEROP=name)
    if done.returncode < 0 and (alone := run("-c", f"import {name}")).returncode < 0:
        pytest.skip(f"{name} does not run here: its import alone ends Python\n{alone.stdout}")
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
