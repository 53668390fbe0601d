"""The page and the README's table say what came out."""

from dataclasses import replace
from pathlib import Path

from mathrl.base.papers import TITLES
from mathrl.base.printed import PaperStatement, printed
from mathrl.base.reproduction import Computed, paper_of, reproduce
from mathrl.figures.page import BEGIN, END, page, summary, with_summary
from mathrl.figures.reproductions import reproductions

ROOT = Path(__file__).parents[2]


def made():
    """Two entries: one of which things do and do not come out, and one that is not computed."""
    entries = reproductions()
    paper = {"a": {"same": printed("0.5"), "other": printed("0.6")},
             "text": {"so": PaperStatement(), "not so": PaperStatement(), "open": PaperStatement()}}  # fmt: skip
    found = {("a", "same"): 0.5, ("a", "other"): 0.5, ("text", "so"): 1.0, ("text", "not so"): 0.0}
    values = {**found, ("text", "open"): None, ("more", "unprinted"): 3.0}
    told = Computed(values, ("why: because",))
    entry = replace(entries["hasac-table-3"], paper=paper, compute=lambda seed, budget, runs: told)
    return [reproduce(entry), reproduce(entries["hasac-table-2"])]


def row(results, paper):
    table = summary(results)
    return {column.head: column.cell(paper) for column in table.columns}


def test_the_table_counts_numbers_statements_and_entries():
    results = made()
    expected = dict(zip(row(results, "hasac"), ("HASAC", 1, 2, 1, 1, 3, 1, 1, 1, 1), strict=True))
    assert row(results, "hasac") == expected
    assert set(row(results, "dmac").values()) == {"DMAC", 0}


def test_the_page_has_what_does_not_come_out_and_why():
    text = page(made())
    assert "| a" in text
    assert "other" in text
    assert "not so" in text
    assert "same" not in text
    assert "- why: because" in text
    assert "`hasac-table-2`" in text


def test_the_readme_keeps_all_but_its_table():
    readme = f"before\n{BEGIN}old\n{END}after\n"
    new = with_summary(readme, made())
    assert new.startswith("before\n" + BEGIN)
    assert new.endswith(END + "after\n")
    assert "old" not in new
    assert with_summary(new, made()) == new


def test_the_readme_counts_the_entries_that_there_are():
    lines = (ROOT / "README.md").read_text().partition(BEGIN)[2].partition(END)[0].splitlines()
    rows = {cells[1]: cells for cells in ([cell.strip() for cell in line.split("|")] for line in lines if "|" in line)}
    for paper, title in TITLES.items():
        kinds = [entry.kind for id, entry in reproductions().items() if paper_of(id) == paper]
        missing = kinds.count("unavailable")
        assert (rows[title][2], rows[title][-2]) == (str(len(kinds) - missing), str(missing))
