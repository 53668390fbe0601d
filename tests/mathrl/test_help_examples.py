"""Each example of each `--help` runs as it stands, in an empty folder, one after the other.

What takes minutes or hours is not computed here: of `reproduce` only one table is, `check` decides nothing, and `train`
trains nothing. Their arguments are read and checked as always, and other tests look at what they compute.
"""

import doctest
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from mathrl.cli import COMMANDS, check, main, reproduce, train
from tests.shell import ROOT, shell

NOT_OF_A_COMMAND = ""


def examples(command, capsys):
    """The commands below "examples:" in a help, without what is said beside them."""
    assert main([command, "--help"] if command else ["--help"]) == 0
    block = re.search(r"^examples:\n((?:  .*\n|\n(?=  ))+)", capsys.readouterr().out, re.MULTILINE)[1]
    return [re.split(r" {3,}", line.strip())[0] for line in block.splitlines() if line]


@pytest.fixture
def nothing_long(monkeypatch, tmp_path):
    """What is said above; and the file of claims that `mathrl check --help` speaks of."""
    compute, decided = reproduce._reproduce, SimpleNamespace(failed=False)

    def cheap(chosen, *arguments):
        some = [entry for entry in chosen if entry.id == "hasac-table-3" or entry.kind == "unavailable"]
        return compute(some, *arguments)

    def trained(plan, jobs):
        if plan.folder is not None:
            plan.folder.mkdir(exist_ok=True)
            (plan.folder / "study.json").write_text("{}")
        return (), None

    monkeypatch.setattr(reproduce, "_reproduce", cheap)
    monkeypatch.setattr(check, "_checked", lambda entries, *arguments: ([decided] * len(entries), {}))
    monkeypatch.setattr(check, "_rendered", lambda *arguments: "")
    monkeypatch.setattr(check, "_say_slowest", lambda seconds: None)
    monkeypatch.setattr(check, "_campaign", lambda *arguments: 0)
    monkeypatch.setattr(train, "_study", trained)
    monkeypatch.setattr(train, "_report", lambda *arguments: 0)
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "how-to" / "check-your-own-claims.md").read_text(encoding="utf-8")
    for example in doctest.DocTestParser().get_examples(page):
        if example.source.startswith(('written = Path("my_games.py', 'written = Path("my_claims.py')):
            exec(example.source, {"Path": Path})


@pytest.mark.parametrize("command", [NOT_OF_A_COMMAND, *COMMANDS])
def test_each_example_of_help_runs_as_it_stands(command, capsys, nothing_long):
    found = examples(command, capsys)
    assert len(found) > 2
    for line in found:
        status, printed = shell(line)
        assert status == 0, f"{line}\n{printed}"


def test_an_example_that_does_not_run_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert shell("mathrl solve hasac --solver haspi --temperature 1 --initial-policy start.json")[0] == 2
