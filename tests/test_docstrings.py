"""The examples of all docstrings and of README.md are executed."""

import doctest
import importlib
import os
from pathlib import Path

import pytest

import mathrl

PACKAGE = Path(mathrl.__file__).parent
FILES = [  # `rglob` does not follow the links to games, figures, …
    Path(folder, file)
    for folder, _, files in os.walk(PACKAGE, followlinks=True)
    for file in files
    if file.endswith(".py") and file != "__main__.py"
]
MODULES = sorted(
    ".".join(["mathrl", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__") for path in FILES
)


def test_modules_of_all_packages_are_found():
    assert {"mathrl", "mathrl.games", "mathrl.figures", "mathrl.proofs_checks", "mathrl.solvers.qre"} <= set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_examples_come_out_as_printed(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("name", ["mathrl.solvers", "mathrl.exploitability", "mathrl.linear", "mathrl.games.catalogue"])
def test_there_are_examples_to_execute(name):
    """A finder that found nothing would pass the test above."""
    attempted = sum(
        doctest.testmod(importlib.import_module(module)).attempted for module in MODULES if module.startswith(name)
    )
    assert attempted > 1


def test_the_examples_of_the_readme_come_out_as_printed():
    done = doctest.testfile(str(PACKAGE.parent / "README.md"), module_relative=False)
    assert done.attempted > 10
    assert done.failed == 0
