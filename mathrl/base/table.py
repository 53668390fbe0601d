"""What a table is: rows that were computed, and the columns that show them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["FORMATS", "Column", "Table"]

FORMATS = ("table", "json", "csv", "markdown", "latex")
"""In what forms `mathrl.base.render` shows a table."""


@dataclass(frozen=True)
class Column:
    """A column: its head, the cell of a row, and the format of the cell (`spec`, as in `format`).

    Columns of numbers are set flush right; `number` says so of a column of numbers that are kept as text.
    """

    head: str
    cell: Callable[[Any], Any]
    spec: str = ""
    tex: str | None = None
    number: bool = False


@dataclass(frozen=True)
class Table:
    """Rows that were computed, and the columns that show them. Renderers format, and compute nothing.

    A caption may have several lines.
    """

    columns: Sequence[Column]
    rows: Sequence[Any]
    caption: str = ""
    notes: Sequence[str] = ()
