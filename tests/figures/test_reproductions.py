"""The registry, and that a wrong number is noticed."""

from dataclasses import replace

import pytest

from mathrl.base.checks import InvalidInput
from mathrl.base.drawing import drawing
from mathrl.base.printed import PaperBound, PaperStatement, PaperValue, printed
from mathrl.base.reproduction import (
    BUDGETS,
    KINDS,
    Computed,
    Estimate,
    comparison,
    data,
    exact,
    reproduce,
    reproduction,
)
from mathrl.base.runs import Runs
from mathrl.cli import main
from mathrl.figures.reproductions import figures, reproductions
from tests.reproduced import computed, entries, reproduced

ENTRIES = entries("exact", "simulated")
"""All but what networks learn."""


def wrong(paper):
    """The same kind of printed number, off by a few units of its last digit."""
    if isinstance(paper, PaperBound):
        further = paper.value + (0.1 if paper.printed.startswith(">") else -0.1)
        return PaperBound(f"{paper.printed[0]} {further:.1f}")
    if isinstance(paper, PaperStatement):
        return PaperStatement(paper.value + 1)
    decimals = len(paper.printed.partition(".")[2])
    return PaperValue(f"{paper.value + 2 * 10.0**-decimals:.{decimals}f}", paper.exact)


@pytest.mark.parametrize("entry", ENTRIES)
def test_ids_kinds_and_cells_are_well_formed(entry):
    assert entry.kind in KINDS
    result = reproduced(entry.id)
    keys = [(cell.row, cell.column) for cell in result.cells]
    assert len(set(keys)) == len(keys)
    assert all(cell.agrees is None for cell in result.cells if cell.printed is None)


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_wrong_number_is_reported(entry):
    """Of the numbers that come out: another one may be off by what `wrong` adds."""
    right = [cell for cell in reproduced(entry.id).cells if cell.agrees]
    deceived = {}
    for cell in right:
        deceived.setdefault(cell.row, {})[cell.column] = wrong(cell.printed)
    cells = reproduce(replace(entry, paper=deceived, compute=lambda seed, budget, runs: computed(entry.id))).cells
    assert {cell.agrees for cell in cells if cell.printed is not None} == ({False} if right else set())


def test_statements_have_verdicts_of_their_own_and_are_counted_apart(capsys, monkeypatch):
    entry = next(iter(reproductions().values()))
    paper = {"text": {"so": PaperStatement(), "not so": PaperStatement(3)}, "table": {"number": printed("0.50")}}
    found = {("text", "so"): 1.0, ("text", "not so"): 2.0, ("table", "number"): 0.5}
    entry = replace(entry, paper=paper, compute=lambda seed, budget, runs: Computed(found))
    assert [cell.verdict for cell in reproduce(entry).cells] == ["comes out", "DOES NOT COME OUT", "agrees"]
    monkeypatch.setattr("mathrl.figures.reproductions.reproductions", lambda: {entry.id: entry})
    assert main(["reproduce", entry.id]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == ("1 of 1 printed numbers agree to their last digit, 0 differ; 1 of 2 statements in words come out")


def test_an_interval_that_holds_the_printed_number_is_not_called_agreement_to_the_last_digit(capsys, monkeypatch):
    entry = next(iter(reproductions().values()))
    found = {("table", "number"): Estimate(0.4, 0.3, 0.6, 5)}
    entry = replace(entry, paper={"table": {"number": printed("0.50")}}, compute=lambda *_: Computed(found))
    monkeypatch.setattr("mathrl.figures.reproductions.reproductions", lambda: {entry.id: entry})
    assert main(["reproduce", entry.id]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "1 of 1 printed numbers agree to their last digit, or with the interval of ours, 0 differ"


def test_a_statement_that_the_budget_does_not_decide_is_counted_as_neither(capsys, monkeypatch):
    entry = next(iter(reproductions().values()))
    entry = replace(
        entry,
        paper={"text": {"so": PaperStatement(), "open": PaperStatement()}},
        compute=lambda seed, budget, runs: Computed({("text", "so"): 1.0, ("text", "open"): None}),
    )
    cells = reproduce(entry).cells
    assert [(cell.verdict, cell.agrees) for cell in cells] == [("comes out", True), ("not decided", None)]
    monkeypatch.setattr("mathrl.figures.reproductions.reproductions", lambda: {entry.id: entry})
    assert main(["reproduce", entry.id]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "1 of 1 statements in words come out, 1 more is not decided at this budget"
    left = replace(entry, paper={"text": {"open": PaperStatement()}})
    monkeypatch.setattr("mathrl.figures.reproductions.reproductions", lambda: {entry.id: left})
    assert main(["reproduce", entry.id]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 statement in words is not decided at this budget"


def test_a_printed_number_that_is_not_computed_is_a_mistake():
    entry = next(iter(reproductions().values()))
    with pytest.raises(ValueError, match="nowhere"):
        reproduce(replace(entry, paper={"nowhere": {"at all": PaperValue("1")}}))


def test_an_unavailable_table_compares_nothing():
    entry = replace(
        next(iter(reproductions().values())),
        kind="unavailable",
        paper={"row": {"column": PaperValue("1")}},
        compute=lambda seed, budget, runs: Computed({}, ("needs the authors' data",)),
    )
    (cell,) = reproduce(entry).cells
    assert (cell.agrees, cell.difference, cell.verdict) == (None, None, "not computed")


def test_an_id_is_used_once():
    with pytest.raises(InvalidInput, match=r"hasac-table-3.*table_3.*second"):

        @exact("hasac-table-3", caption="", paper={})
        def second() -> Computed:
            return Computed({})

    with pytest.raises(InvalidInput, match=r"hasac-table-3.*draw.*another"):

        @drawing("hasac-table-3", caption="")
        def another():
            raise NotImplementedError


def test_an_estimate_agrees_where_its_interval_holds_what_rounds_to_the_printed_number():
    seen = []

    def compute(seed, budget, runs):
        seen.append((seed, budget, runs))
        return Computed(
            {("row", head): Estimate(0.5, 0.25, 0.75, 20) for head in ("inside", "edge", "rounded", "outside", "ours")}
        )

    printed_row = {
        "inside": PaperValue("0.6"),
        "edge": PaperValue("0.75"),
        "rounded": PaperValue("0.8"),
        "outside": PaperValue("0.9"),
    }
    entry = replace(next(iter(reproductions().values())), kind="simulated", paper={"row": printed_row}, compute=compute)
    result = reproduce(entry, seed=3, budget="paper", runs=Runs(jobs=2))
    assert seen == [(3, "paper", Runs(jobs=2))]
    assert [cell.agrees for cell in result.cells] == [True, True, True, False, None]
    assert {(cell.computed, cell.low, cell.high, cell.seeds) for cell in result.cells} == {(0.5, 0.25, 0.75, 20)}
    assert [column.head for column in comparison(result).columns[4:7]] == ["low", "high", "seeds"]
    assert [column.head for column in data(result.cells).columns] == [
        "id", "kind", "row", "column", "paper", "computed", "low", "high", "seeds", "difference", "agrees",
    ]  # fmt: skip


def test_exact_numbers_depend_on_neither_seed_nor_budget():
    entry = reproductions()["hasac-figure-1"]
    runs = [reproduce(entry, seed=seed, budget=budget).cells for seed in (0, 7) for budget in BUDGETS]
    assert all(run == runs[0] for run in runs)
    assert all(cell.low is None and cell.seeds is None for cell in runs[0])


@pytest.mark.parametrize(("low", "high"), [(0.6, 0.7), (0.1, 0.4)])
def test_an_estimate_lies_in_its_interval(low, high):
    with pytest.raises(InvalidInput, match="value"):
        Estimate(0.5, low, high, 20)


@pytest.mark.parametrize("wrong", [{"budget": "slow"}, {"seed": -1}])
def test_a_wrong_seed_or_budget_is_named(wrong):
    with pytest.raises(InvalidInput, match=next(iter(wrong))):
        reproduce(reproductions()["hasac-figure-1"], **wrong)


def test_an_unknown_kind_is_refused():
    with pytest.raises(InvalidInput, match="kind"):
        reproduction("x-table-1", kind="exakt", caption="", paper={})


def test_figures_have_ids_of_reproductions():
    assert set(figures()) <= set(reproductions())
    assert printed("1") == PaperValue("1")


def test_an_id_is_no_entry():
    with pytest.raises(InvalidInput, match=r"^entry is of type str, expected an entry: reproductions\(\)\[id\] is one"):
        reproduce("hasac-table-3")
