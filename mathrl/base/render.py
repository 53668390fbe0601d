"""One table, five renderings. Text forms hold the formatted cells; JSON holds the raw values."""

import csv
import io
import json
import re
import textwrap
from typing import Any

from tabulate import DataRow, Line, TableFormat, tabulate

from mathrl.base.checks import choice
from mathrl.base.document import plain
from mathrl.base.table import FORMATS, Table

__all__ = ["WIDTH", "render"]

WIDTH = 100
"""The most characters of a line of a caption or a note in the form "table"; words and rows are not broken."""

LATEX_CHARACTERS = {
    "\\": r"\textbackslash{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": "$<$",
    ">": "$>$",
    "α": r"$\alpha$",
    "π": r"$\pi$",
    "×": r"$\times$",
    "−": "$-$",
    "≤": r"$\le$",
    "≥": r"$\ge$",
    "…": r"\dots{}",
}


def render(table: Table, format: str = "table") -> str:
    """Show a table as text, in one of five forms.

    `table`   the table
    `format`  one of `FORMATS`: "table" for a terminal, "markdown", "latex", "csv" or "json"

    Returns text that ends in a newline. The forms "table", "markdown" and "latex" show caption and notes as well (LaTeX
    as comments); "table" has them in lines of at most `WIDTH` characters. JSON is one array of objects, whose keys are
    the heads of the columns; numbers that are not finite are null, and others read back exactly. Raises `ValueError`
    where the format is unknown.
    """
    choice("format", format, FORMATS)
    if format == "json":
        rows = [{column.head: plain(column.cell(row)) for column in table.columns} for row in table.rows]
        return json.dumps(rows, ensure_ascii=False, indent=1) + "\n"
    if format == "csv":
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([[column.head for column in table.columns], *_cells(table)])
        return text.getvalue()
    return {"table": _terminal, "markdown": _markdown, "latex": _latex}[format](table)


def _cells(table: Table) -> list[list[str]]:
    """The formatted cells of all rows."""
    return [[_formatted(column.cell(row), column.spec) for column in table.columns] for row in table.rows]


def _formatted(value: Any, spec: str) -> str:
    """A value as text: None is empty, and text and booleans stand as they are."""
    if value is None:
        return ""
    return value if isinstance(value, str) else str(value) if isinstance(value, bool) else format(value, spec)


def _numeric(table: Table) -> list[bool]:
    """For each column, whether it holds numbers and nothing else."""
    return [column.number or _holds_numbers([column.cell(row) for row in table.rows]) for column in table.columns]


def _holds_numbers(values: list[Any]) -> bool:
    """Whether there are values other than None, and all of these are numbers."""
    filled = [value for value in values if value is not None]
    return bool(filled) and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in filled)


def _tabulated(table: Table, heads: list[str], cells: list[list[str]], tablefmt: str | TableFormat) -> str:
    """By tabulate, which is told not to parse numbers: it would format them anew."""
    if not cells:
        return tabulate([], headers=heads, tablefmt=tablefmt)
    alignment = ["right" if numeric else "left" for numeric in _numeric(table)]
    return tabulate(cells, headers=heads, tablefmt=tablefmt, disable_numparse=True, colalign=alignment)


def _terminal(table: Table) -> str:
    body = _tabulated(table, [column.head for column in table.columns], _cells(table), "simple")
    body = "\n".join(line.rstrip() for line in body.splitlines())
    caption = "\n".join(_wrapped(line, "", "  ") for line in table.caption.splitlines())
    notes = (_wrapped(note, "  note: ", "        ") for note in table.notes)
    return "\n".join([*filter(None, [caption, body]), *notes]) + "\n"


def _wrapped(line: str, first: str, others: str) -> str:
    """A line as lines of at most `WIDTH` characters: the first begins with `first`, and the others with `others`."""
    return textwrap.fill(
        line,
        WIDTH,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _markdown(table: Table) -> str:
    def escaped(cell: str) -> str:
        return cell.replace("\\", "\\\\").replace("|", "\\|")

    heads = [escaped(column.head) for column in table.columns]
    body = _tabulated(table, heads, [[escaped(cell) for cell in row] for row in _cells(table)], "github")
    caption = ["  \n".join(f"**{line}**" for line in table.caption.splitlines()) + "\n"] if table.caption else []
    notes = ["", *(f"- {note}" for note in table.notes)] if table.notes else []
    return "\n".join([*caption, *filter(None, [body]), *notes]) + "\n"


def _latex(table: Table) -> str:
    numeric = _numeric(table)
    alignment = "".join("r" if column else "l" for column in numeric)
    booktabs = TableFormat(
        lineabove=lambda widths, aligns: f"\\begin{{tabular}}{{{alignment}}}\n\\toprule",
        linebelowheader=Line("\\midrule", "", "", ""),
        linebetweenrows=None,
        linebelow=Line("\\bottomrule\n\\end{tabular}", "", "", ""),
        headerrow=DataRow("", " & ", r" \\"),
        datarow=DataRow("", " & ", r" \\"),
        padding=0,
        with_header_hide=None,
    )
    heads = [column.tex or _latex_text(column.head) for column in table.columns]
    cells = [[_latex_cell(cell) for cell in row] for row in _cells(table)]
    comments = [f"% {line}" for line in [*table.caption.splitlines(), *table.notes]]
    return "\n".join([*comments, _tabulated(table, heads, cells, booktabs)]) + "\n"


def _latex_cell(cell: str) -> str:
    number = re.fullmatch(r"([+-]?\d+\.?\d*)(?:e([+-]?\d+))?", cell)
    if not number:
        return _latex_text(cell)
    mantissa, exponent = number.groups()
    return f"${mantissa}$" if exponent is None else f"${mantissa} \\times 10^{{{int(exponent)}}}$"


def _latex_text(text: str) -> str:
    return "".join(LATEX_CHARACTERS.get(character, character) for character in text)
