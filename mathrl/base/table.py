"""What a table is: rows that were computed, and the columns that show them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["FORMATS", "Column", "Table"]

FORMATS = ("table", "json", "csv", "markdown", "latex")
"""The forms in which `mathrl.base.render.render` shows a table."""


@dataclass(frozen=True)
class Column:
    """A column of a table: its head, what stands in it for each row, and how that is written.

    `head`    the text at the top, also the key in JSON
    `cell`    a function of a row that returns the value in this column; None leaves the cell empty
    `spec`    how the value is formatted in text, as in `format(value, spec)`; JSON keeps the value itself
    `tex`     the head in LaTeX, where it differs
    `number`  true for numbers that are kept as text; columns of numbers are set flush right
    """

    head: str
    cell: Callable[[Any], Any]
    spec: str = ""
    tex: str | None = None
    number: bool = False


@dataclass(frozen=True)
class Table:
    """Rows that were computed, and the columns that show them. Renderers format, and compute nothing.

    `columns`  the columns, from left to right
    `rows`     the rows, objects of any kind: each `Column.cell` is called with them
    `caption`  what stands above the table; it may have several lines
    `notes`    what stands below the table, one line each
    """

    columns: Sequence[Column]
    rows: Sequence[Any]
    caption: str = ""
    notes: Sequence[str] = ()
