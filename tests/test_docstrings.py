"""The examples of all docstrings, of README.md and of the pages in docs/how-to are executed."""

import doctest
import importlib
import os
import re
from pathlib import Path

import pytest

import mathrl
from tests.shell import shell

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


@pytest.mark.parametrize(
    "name", ["mathrl.solvers", "mathrl.exploitability", "mathrl.values.linear_system", "mathrl.games.catalogue"]
)
def test_there_are_examples_to_execute(name):
    """A finder that found nothing would pass the test above."""
    modules = [importlib.import_module(module) for module in MODULES if module.startswith(name)]
    found = [test for module in modules for test in doctest.DocTestFinder().find(module)]
    assert sum(len(test.examples) for test in found) > 1


ROOT = PACKAGE.parent
ELSEWHERE = {"bring-your-game"}  # tests/interop/test_page.py runs it, part by part
HOW_TO = sorted(page for page in (ROOT / "docs" / "how-to").glob("*.md") if page.stem not in ELSEWHERE)
PAGES = [ROOT / "README.md", *HOW_TO]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_examples_of_a_page_come_out_as_printed(page, tmp_path, monkeypatch):
    """First those in Python, then the shell's, in one folder: what the one writes the other reads."""
    monkeypatch.chdir(tmp_path)
    done = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert done.attempted > 3
    assert done.failed == 0
    for command, printed in shell_examples(page.read_text(encoding="utf-8")):
        assert matches(printed, *shell(command)), command


def shell_examples(text):
    """The commands of a page behind `$ ` in its console blocks, each with what it prints."""
    blocks = re.findall(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [pair for block in blocks for pair in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)]


def matches(printed, status, got):
    """As in doctest, with ... for what is left out; of a command of which nothing is printed, whether it succeeds."""
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    return doctest.OutputChecker().check_output(printed, got, options) if printed else status == 0


def test_commands_of_a_page_are_found_run_and_compared():
    page = "text\n```console\n$ mathrl --version\nmathrl ...\n$ mathrl games > list\n```\n```\n$ other\n```\n"
    (command, printed), (silent, nothing) = shell_examples(page)
    assert (command, silent, nothing) == ("mathrl --version", "mathrl games > list", "")
    assert matches(printed, *shell(command))
    assert not matches("mathrl 0.0.0\n", *shell(command))
    assert not matches("", *shell("mathrl gmaes"))
    assert matches("mathrl: command 'gmaes' is unknown, ...\n", *shell("mathrl gmaes"))
