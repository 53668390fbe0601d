"""Every table and figure of the five papers is declared: computed, or with what it would take."""

import json
import re
from dataclasses import replace

import pytest

from mathrl.base.reproduction import KINDS, comparison, paper_of, reproduce
from mathrl.cli import main
from mathrl.figures.reproductions import _in_order, reproductions
from mathrl.neural.reproductions import of_networks
from tests.reproduced import computed


def numbered(paper, what, last, **parts):
    """The ids of a paper's tables or figures, those with parts by their parts."""
    return [f"{paper}-{what}-{n}{part}" for n in range(1, last + 1) for part in parts.get(f"_{n}", [""])]


TABLES = [*numbered("aorpo", "table", 5), *numbered("hasac", "table", 20), *numbered("soft-qmix", "table", 10)]
FIGURES = [
    *numbered("aorpo", "figure", 13),
    *numbered("dmac", "figure", 10),
    *numbered("hasac", "figure", 11, _3="abcdefgh", _4="abc"),
    *numbered("rommeo", "figure", 2),
    *numbered("soft-qmix", "figure", 4),
]
"""As counted in the papers: 35 tables, and 40 figures, of which HASAC's Figures 3 and 4 have eight and three parts."""


def declared(id):
    """The entries of a table or figure: itself or its parts, as in table-2-a or figure-1b."""
    known = {**reproductions(), **of_networks()}
    return [name for name in known if re.fullmatch(re.escape(id) + "(-?[a-z])?", name)]


def test_the_papers_have_35_tables_and_40_figures():
    assert len(TABLES) == len(set(TABLES)) == 35
    assert len({id.rstrip("abcdefgh") for id in FIGURES}) == 40


@pytest.mark.parametrize("id", [*TABLES, *FIGURES])
def test_each_is_declared(id):
    assert declared(id)


UNAVAILABLE = [entry for entry in reproductions().values() if entry.kind == "unavailable"]


@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.id) for entry in UNAVAILABLE])
def test_what_is_unavailable_says_what_it_would_take_and_compares_nothing(entry):
    assert entry.caption
    assert entry.needs
    result = reproduce(entry)
    assert (result.cells, result.notes) == ((), (f"what it would take: {entry.needs}",))
    assert not comparison(result).columns


@pytest.mark.parametrize(
    ("id", "said", "unsaid"),
    [
        (
            "hasac-figure-3g",
            "20 million steps a run in one of the two tasks and 25 million",
            "no number of steps",
        ),  # H.2.4
        ("hasac-figure-7", "10 million steps a run in three of the tasks", ""),  # 5.1, H.2.1
        ("hasac-figure-11", "does not name the baselines", "HAPPO"),  # H.2.5
        ("dmac-figure-8", "DAPO in one of them", "DAPO in two"),  # 5.1: in 3m, in Figure 8
        ("dmac-figure-7", "seven maps", "DAPO"),
        ("rommeo-figure-2c", "ROMMEO-AC as networks", "MADDPG"),
        ("aorpo-figure-6", "in Cooperative navigation at two rollout lengths", ""),  # 6.3
        ("aorpo-figure-12", "a task that the text does not name", "communication"),  # G.6
    ],
)
def test_what_it_would_take_is_what_the_text_says(id, said, unsaid):
    needs = reproductions()[id].needs
    assert said in needs
    assert not unsaid or unsaid not in needs


def test_the_program_says_what_it_would_take(capsys):
    entry = UNAVAILABLE[0]
    assert main(["reproduce", entry.id]) == 0
    printed = " ".join(capsys.readouterr().out.split())  # without the breaks of long lines
    assert f"{entry.id} (unavailable): {entry.caption}" in printed
    assert entry.needs in printed
    assert main(["reproduce", entry.id, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_the_order_is_the_papers_whatever_is_imported_first():
    papers = [*dict.fromkeys(map(paper_of, reproductions()))]
    assert papers == ["hasac", "rommeo", "aorpo", "dmac", "soft-qmix"]
    declared = {**reproductions(), **of_networks()}
    later = dict(sorted(declared.items(), key=lambda item: papers.index(paper_of(item[0])), reverse=True))
    assert list(later) != list(declared)
    assert list(_in_order(later)) == list(reproductions())


def test_the_list_shows_kinds_and_needs(capsys):
    assert main(["reproduce", "--list", "--format", "json"]) == 0
    listed = {entry["id"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert {entry["kind"] for entry in listed.values()} <= set(KINDS)
    for entry in reproductions().values():
        assert listed[entry.id]["needs"] == (entry.needs or None)
        assert bool(entry.needs) == (entry.kind == "unavailable")


@pytest.mark.parametrize("id", ["hasac-table-33", "aorpo-figure-14", "hasac-networks-table-5", "dmac-table-1"])
def test_an_unknown_id_of_a_known_paper_says_what_there_is(capsys, id):
    assert main(["reproduce", id]) == 2
    said = capsys.readouterr().err
    assert f"a table or figure of {paper_of(id)}" in said
    assert {"hasac": "appendix-b", "aorpo": "figure-1 to figure-", "dmac": "figure-"}[paper_of(id)] in said


def test_a_paper_is_listed_with_all_that_it_has_and_computed_without_what_is_unavailable(capsys, monkeypatch):
    assert main(["reproduce", "--list", "hasac", "--format", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert "hasac-figure-7" in [entry["id"] for entry in listed]
    assert {paper_of(entry["id"]) for entry in listed} == {"hasac"}
    known = {
        id: entry if entry.kind == "unavailable" else replace(entry, compute=lambda *_, id=id: computed(id))
        for id, entry in reproductions().items()
    }
    monkeypatch.setattr("mathrl.figures.reproductions.reproductions", lambda: known)
    assert main(["reproduce", "hasac", "--format", "json"]) == 0
    assert {cell["kind"] for cell in json.loads(capsys.readouterr().out)} <= {"exact", "simulated"}
