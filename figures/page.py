"""The table in README.md and a page: python -m mathrl.figures.page README.md docs/reproductions.md.

Everything but the entries called `networks` is computed with the budget `fast` and the seed 0, as `mathrl reproduce`
does. Those are of `mathrl.neural`, and need JAX; also `hasac-networks-n-step`, in which nothing learns, is one of them.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from mathrl.base.jobs import processors
from mathrl.base.papers import TITLES
from mathrl.base.printed import PaperStatement
from mathrl.base.render import render
from mathrl.base.reproduction import Cell, Reproduced, paper_of, reproduce
from mathrl.base.runs import Runs
from mathrl.base.table import Column, Table
from mathrl.figures.reproductions import reproductions

__all__ = ["page", "summary", "with_summary"]

BEGIN, END = "<!-- written by make reproductions -->\n", "<!-- to here -->\n"
"""Between these lines README.md has the table."""

_INTRODUCTION = """\
# What of the papers' tables and figures comes out

This page is written by `make reproductions`, which computes everything as `mathrl reproduce` does (budget `fast`, seed
0), but for the entries called `networks`: what networks learn, and `hasac-networks-n-step`, where nothing learns. They
need JAX, and are not counted here. A number agrees if ours rounds to the printed one, or the interval of ours holds a
number that does. Some cannot disagree, as they are printed as inputs, read back or fitted: the notes of their entries
say so. A statement is what a caption or the text says in words, often of a figure whose numbers are not printed.
Short runs do not decide every statement; `--budget paper` decides more. Below are the entries of which a number or a
statement does not come out, with what is known of the reason. `mathrl reproduce ID` shows an entry as a whole.
"""


def summary(results: Sequence[Reproduced]) -> Table:
    """By paper: how many entries there are of each kind, and how many numbers and statements come out.

    `results`  all entries but those of networks, computed
    """

    def entries(paper: str, *, available: bool) -> int:
        return sum((result.entry.kind != "unavailable") is available for result in _of(paper, results))

    def printed(paper: str, *, statements: bool) -> list[Cell]:
        cells = (cell for result in _of(paper, results) for cell in result.cells if cell.printed is not None)
        return [cell for cell in cells if isinstance(cell.printed, PaperStatement) is statements]

    def verdicts(paper: str, verdict: bool | None, *, statements: bool) -> int:
        return sum(cell.agrees is verdict for cell in printed(paper, statements=statements))

    columns = (
        Column("paper", lambda paper: TITLES[paper]),
        Column("computed", lambda paper: entries(paper, available=True)),
        Column("numbers compared", lambda paper: len(printed(paper, statements=False))),
        Column("agree", lambda paper: verdicts(paper, True, statements=False)),
        Column("differ", lambda paper: verdicts(paper, False, statements=False)),
        Column("statements", lambda paper: len(printed(paper, statements=True))),
        Column("come out", lambda paper: verdicts(paper, True, statements=True)),
        Column("do not", lambda paper: verdicts(paper, False, statements=True)),
        Column("not decided", lambda paper: verdicts(paper, None, statements=True)),
        Column("not computed", lambda paper: entries(paper, available=False)),
    )
    return Table(columns, tuple(TITLES))


def page(results: Sequence[Reproduced]) -> str:
    """The page as Markdown.

    `results`  all entries but those of networks, computed
    """
    parts = [_INTRODUCTION, render(summary(results), "markdown")]
    for paper, title in TITLES.items():
        of_paper = _of(paper, results)
        parts.append(f"## {title}\n")
        parts += [_entry(result) for result in of_paper if any(cell.agrees is False for cell in result.cells)]
        missing = [result.entry for result in of_paper if result.entry.kind == "unavailable"]
        if missing:
            parts.append("### Not computed\n")
            parts.append(
                "\n".join(f"- `{entry.id}`, {entry.caption}. It would take: {entry.needs}" for entry in missing) + "\n"
            )
    return "\n".join(parts)


def with_summary(readme: str, results: Sequence[Reproduced]) -> str:
    """README.md with the table between its two lines written anew."""
    before, rest = readme.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{render(summary(results), 'markdown')}\n{END}{after}"


def _entry(result: Reproduced) -> str:
    """What does not come out of an entry, and its notes."""
    columns = (
        Column("row", lambda cell: cell.row),
        Column("column", lambda cell: cell.column),
        Column("paper", lambda cell: None if cell.printed is None else cell.printed.printed, number=True),
        Column("ours", lambda cell: cell.computed, spec=".4g"),
    )
    off = tuple(cell for cell in result.cells if cell.agrees is False)
    notes = "\n".join(f"- {note}" for note in result.notes)
    heading = f"### `{result.entry.id}`: {result.entry.caption}\n"
    return f"{heading}\n{render(Table(columns, off), 'markdown')}\n{notes}\n"


def _of(paper: str, results: Sequence[Reproduced]) -> list[Reproduced]:
    return [result for result in results if paper_of(result.entry.id) == paper]


if __name__ == "__main__":
    readme, target = map(Path, sys.argv[1:])
    runs = Runs(processors())
    computed = [reproduce(entry, runs=runs) for entry in reproductions().values()]
    target.write_text(page(computed))
    readme.write_text(with_summary(readme.read_text(), computed))
