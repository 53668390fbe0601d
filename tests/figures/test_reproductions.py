"""The registry, and that a wrong number is noticed."""

from dataclasses import replace

import pytest

from mathrl.figures.reproductions import (
    KINDS,
    Computed,
    drawing,
    figures,
    reproduce,
    reproduction,
    reproductions,
)
from mathrl.figures.table import PaperBound, PaperValue, printed
from mathrl.games.validate import InvalidInput

ENTRIES = [pytest.param(entry, id=entry.id) for entry in reproductions().values()]


def wrong(paper):
    """The same kind of printed number, off by a few units of its last digit."""
    if isinstance(paper, PaperBound):
        further = paper.value + (0.1 if paper.printed.startswith(">") else -0.1)
        return PaperBound(f"{paper.printed[0]} {further:.1f}")
    decimals = len(paper.printed.partition(".")[2])
    return PaperValue(f"{paper.value + 2 * 10.0**-decimals:.{decimals}f}", paper.exact)


@pytest.mark.parametrize("entry", ENTRIES)
def test_ids_kinds_and_cells_are_well_formed(entry):
    assert entry.kind in KINDS
    result = reproduce(entry)
    keys = [(cell.row, cell.column) for cell in result.cells]
    assert len(set(keys)) == len(keys)
    assert all(cell.agrees is None for cell in result.cells if cell.printed is None)


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_wrong_number_is_reported(entry):
    deceived = {row: {head: wrong(paper) for head, paper in columns.items()} for row, columns in entry.paper.items()}
    cells = reproduce(replace(entry, paper=deceived)).cells
    assert {cell.verdict for cell in cells if cell.printed is not None} == {"DIFFERS"}


def test_a_printed_number_that_is_not_computed_is_a_mistake():
    entry = next(iter(reproductions().values()))
    with pytest.raises(ValueError, match="nowhere"):
        reproduce(replace(entry, paper={"nowhere": {"at all": PaperValue("1")}}))


def test_an_unavailable_table_compares_nothing():
    entry = replace(
        next(iter(reproductions().values())),
        kind="unavailable",
        paper={"row": {"column": PaperValue("1")}},
        compute=lambda: Computed({}, ("needs the authors' data",)),
    )
    (cell,) = reproduce(entry).cells
    assert (cell.agrees, cell.difference, cell.verdict) == (None, None, "not computed")


def test_an_id_is_used_once():
    with pytest.raises(InvalidInput, match=r"hasac-table-3.*table_3.*second"):

        @reproduction("hasac-table-3", kind="exact", caption="", paper={})
        def second() -> Computed:
            return Computed({})

    with pytest.raises(InvalidInput, match=r"hasac-table-3.*draw.*another"):

        @drawing("hasac-table-3", caption="")
        def another():
            raise NotImplementedError


def test_an_unknown_kind_is_refused():
    with pytest.raises(InvalidInput, match="kind"):
        reproduction("x-table-1", kind="exakt", caption="", paper={})


def test_figures_have_ids_of_reproductions():
    assert set(figures()) <= set(reproductions())
    assert printed("1") == PaperValue("1")
