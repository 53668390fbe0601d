"""The registry of reproductions and figures, and the comparison of what is computed with what is printed."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from mathrl.figures.table import Column, Printed, Table, printed
from mathrl.games.validate import choice, fail

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "KINDS",
    "Cell",
    "Computed",
    "Drawing",
    "Reproduced",
    "Reproduction",
    "comparison",
    "data",
    "drawing",
    "figures",
    "reproduce",
    "reproduction",
    "reproductions",
]

KINDS = ("exact", "simulated", "neural", "unavailable")

PAPERS = ("mathrl.figures.hasac",)
"""The modules that declare reproductions and figures; imported here and nowhere else."""

Compute = TypeVar("Compute", bound=Callable[[], "Computed"])
Draw = TypeVar("Draw", bound=Callable[[], "Figure"])


@dataclass(frozen=True)
class Computed:
    """What a reproduction computes: a number per (row, column), and what is to be said about them."""

    values: Mapping[tuple[str, str], float]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reproduction:
    """A table or figure of a paper: what is printed there, per row and column, and how it is computed here."""

    id: str
    kind: str
    caption: str
    paper: Mapping[str, Mapping[str, Printed]]
    compute: Callable[[], Computed]


@dataclass(frozen=True)
class Drawing:
    """A figure of ours: its id, what it shows, and the function that draws it."""

    id: str
    caption: str
    draw: Callable[[], "Figure"]


@dataclass(frozen=True)
class Cell:
    """One number: as printed (None where the paper gives none) and as computed (None where nobody can)."""

    id: str
    row: str
    column: str
    printed: Printed | None
    computed: float | None

    @property
    def paper(self) -> float | None:
        """The printed number."""
        return None if self.printed is None else self.printed.value

    @property
    def difference(self) -> float | None:
        """Computed − printed."""
        return None if self.paper is None or self.computed is None else self.computed - self.paper

    @property
    def agrees(self) -> bool | None:
        """Whether the printed number comes out; None where there is nothing to compare."""
        return None if self.printed is None or self.computed is None else self.printed.agrees(self.computed)

    @property
    def verdict(self) -> str:
        """`agrees` in words."""
        missing = "not printed" if self.printed is None else "not computed"
        return {True: "agrees", False: "DIFFERS", None: missing}[self.agrees]


@dataclass(frozen=True)
class Reproduced:
    """A reproduction that was run."""

    entry: Reproduction
    cells: tuple[Cell, ...]
    notes: tuple[str, ...]


_REPRODUCTIONS: dict[str, Reproduction] = {}
_FIGURES: dict[str, Drawing] = {}


def reproductions() -> Mapping[str, Reproduction]:
    """All reproductions by id."""
    _import_papers()
    return MappingProxyType(_REPRODUCTIONS)


def figures() -> Mapping[str, Drawing]:
    """All figures by id."""
    _import_papers()
    return MappingProxyType(_FIGURES)


def reproduction(
    id: str, *, kind: str, caption: str, paper: Mapping[str, Mapping[str, str | Printed]]
) -> Callable[[Compute], Compute]:
    """Enter a function that computes a printed table, and return it unchanged. `paper` holds the numbers as printed."""
    choice("kind", kind, KINDS)
    values = {row: {column: printed(text) for column, text in columns.items()} for row, columns in paper.items()}

    def enter(compute: Compute) -> Compute:
        _enter(_REPRODUCTIONS, id, Reproduction(id, kind, caption, values, compute), lambda entry: entry.compute)
        return compute

    return enter


def drawing(id: str, *, caption: str) -> Callable[[Draw], Draw]:
    """Enter a function that draws a figure, and return it unchanged."""

    def enter(draw: Draw) -> Draw:
        _enter(_FIGURES, id, Drawing(id, caption, draw), lambda entry: entry.draw)
        return draw

    return enter


def reproduce(entry: Reproduction) -> Reproduced:
    """Compute and compare. The printed cells come first, in the order of print, then those that only we give.

    Raises `ValueError` where a printed cell is left out, unless the kind is `unavailable`.
    """
    computed = entry.compute()
    printed_cells = {(row, column): cell for row, columns in entry.paper.items() for column, cell in columns.items()}
    left_out = [key for key in printed_cells if key not in computed.values]
    if left_out and entry.kind != "unavailable":
        raise ValueError(f"{entry.id}: {left_out[0]} is printed and was not computed")
    keys = [*printed_cells, *(key for key in computed.values if key not in printed_cells)]
    cells = tuple(Cell(entry.id, *key, printed_cells.get(key), computed.values.get(key)) for key in keys)
    return Reproduced(entry, cells, computed.notes)


def comparison(reproduced: Reproduced) -> Table:
    """The table for readers: paper, ours, difference and verdict per cell, with the notes."""
    columns = (
        Column("row", lambda cell: cell.row),
        Column("column", lambda cell: cell.column),
        Column("paper", lambda cell: None if cell.printed is None else cell.printed.printed, number=True),
        Column("ours", lambda cell: cell.computed, spec=".7g"),
        Column("difference", lambda cell: cell.difference, spec="+.2g"),
        Column("verdict", lambda cell: cell.verdict),
    )
    entry = reproduced.entry
    return Table(columns, reproduced.cells, f"{entry.id} ({entry.kind}): {entry.caption}", reproduced.notes)


def data(cells: tuple[Cell, ...]) -> Table:
    """The table for programs, with the keys that `mathrl reproduce --format json` promises, and all digits."""
    columns = (
        Column("id", lambda cell: cell.id),
        Column("row", lambda cell: cell.row),
        Column("column", lambda cell: cell.column),
        Column("paper", lambda cell: cell.paper),
        Column("computed", lambda cell: cell.computed),
        Column("difference", lambda cell: cell.difference),
        Column("agrees", lambda cell: cell.agrees),
    )
    return Table(columns, cells)


def _import_papers() -> None:
    for module in PAPERS:
        importlib.import_module(module)


def _enter(registry: dict[str, Any], id: str, entry: Any, function_of: Callable[[Any], Callable[..., Any]]) -> None:
    if id in registry:
        both = [function_of(other) for other in (registry[id], entry)]
        names = " and ".join(f"{function.__module__}.{function.__qualname__}" for function in both)
        fail(f"id {id!r}", f"is used by {names}", "an id of its own for each")
    registry[id] = entry
