"""What a reproduction is: printed numbers, a function that computes ours, and the comparison of the two."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from mathrl.base.checks import choice, count, fail
from mathrl.base.printed import Printed, printed
from mathrl.base.registry import Registry
from mathrl.base.table import Column, Table

__all__ = [
    "BUDGETS",
    "KINDS",
    "REPRODUCTIONS",
    "Cell",
    "Computed",
    "Estimate",
    "Reproduced",
    "Reproduction",
    "comparison",
    "data",
    "exact",
    "reproduce",
    "reproduction",
]

KINDS = ("exact", "simulated", "neural", "unavailable")
"""How a reproduction is computed: exactly; from simulated learning; from networks; or not at all."""

BUDGETS = ("fast", "paper")
"""How much work is done where work buys accuracy: minutes at most, or as much as the paper did."""

Exact = Callable[[], "Computed"]
Sampled = TypeVar("Sampled", bound=Callable[[int, str], "Computed"])
Paper = Mapping[str, Mapping[str, str | Printed]]


@dataclass(frozen=True)
class Estimate:
    """A number that was estimated from `seeds` independent runs, with the interval from `low` to `high` around it.

    The caption or a note of the reproduction says of what kind the interval is.
    """

    value: float
    low: float
    high: float
    seeds: int

    def __post_init__(self) -> None:
        if not self.low <= self.value <= self.high:
            fail("value", f"is {self.value!r}", f"a number from low = {self.low!r} to high = {self.high!r}")
        count("seeds", self.seeds, 1)


@dataclass(frozen=True)
class Computed:
    """What a reproduction computes: an exact number or an estimate for each (row, column), and what is to be said."""

    values: Mapping[tuple[str, str], float | Estimate]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reproduction:
    """A table or figure of a paper: what is printed there, per row and column, and how it is computed here.

    `compute` takes a seed and one of `BUDGETS`; exact numbers depend on neither.
    """

    id: str
    kind: str
    caption: str
    paper: Mapping[str, Mapping[str, Printed]]
    compute: Callable[[int, str], Computed]


@dataclass(frozen=True)
class Cell:
    """One number: as printed (None where the paper gives none) and as computed (None where nobody can)."""

    id: str
    kind: str
    row: str
    column: str
    printed: Printed | None
    found: float | Estimate | None

    @property
    def paper(self) -> float | None:
        """The printed number."""
        return None if self.printed is None else self.printed.value

    @property
    def computed(self) -> float | None:
        """Our number; of an estimate its value."""
        return self.found.value if isinstance(self.found, Estimate) else self.found

    @property
    def low(self) -> float | None:
        """The lower end of an estimate's interval; None for exact numbers."""
        return self.found.low if isinstance(self.found, Estimate) else None

    @property
    def high(self) -> float | None:
        """The upper end of an estimate's interval; None for exact numbers."""
        return self.found.high if isinstance(self.found, Estimate) else None

    @property
    def seeds(self) -> int | None:
        """From how many runs an estimate was made; None for exact numbers."""
        return self.found.seeds if isinstance(self.found, Estimate) else None

    @property
    def difference(self) -> float | None:
        """Computed − printed."""
        return None if self.paper is None or self.computed is None else self.computed - self.paper

    @property
    def agrees(self) -> bool | None:
        """Whether the printed number comes out; None where there is nothing to compare.

        An exact number must round to the printed one; the interval of an estimate must hold the printed one.
        """
        if self.printed is None or self.found is None:
            return None
        if isinstance(self.found, Estimate):
            return self.found.low <= self.printed.value <= self.found.high
        return self.printed.agrees(self.found)

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


REPRODUCTIONS = Registry[Reproduction]("id", "reproduction")
"""All reproductions that the modules imported so far declare; `mathrl.figures.reproductions` imports all modules."""


def reproduction(id: str, *, kind: str, caption: str, paper: Paper) -> Callable[[Sampled], Sampled]:
    """Enter a function of a seed and a budget that computes a printed table, and return it unchanged.

    `paper` holds the numbers as printed, by row and column. The same seed and budget must give the same numbers.
    """
    choice("kind", kind, KINDS)
    values = _printed(paper)
    return REPRODUCTIONS.declare(id, lambda compute: Reproduction(id, kind, caption, values, compute))


def exact(id: str, *, caption: str, paper: Paper) -> Callable[[Exact], Exact]:
    """Enter a function without arguments that computes a printed table exactly, and return it unchanged."""
    values = _printed(paper)

    def described(compute: Exact) -> Reproduction:
        return Reproduction(id, "exact", caption, values, lambda seed, budget: compute())

    return REPRODUCTIONS.declare(id, described)


def reproduce(entry: Reproduction, *, seed: int = 0, budget: str = "fast") -> Reproduced:
    """Compute and compare. The printed cells come first, in the order of print, then those that only we give.

    Raises `ValueError` where a printed cell is left out, unless the kind is `unavailable`.
    """
    computed = entry.compute(count("seed", seed), choice("budget", budget, BUDGETS))
    printed_cells = {(row, column): cell for row, columns in entry.paper.items() for column, cell in columns.items()}
    left_out = [key for key in printed_cells if key not in computed.values]
    if left_out and entry.kind != "unavailable":
        raise ValueError(f"{entry.id}: {left_out[0]} is printed and was not computed")
    keys = [*printed_cells, *(key for key in computed.values if key not in printed_cells)]
    cells = tuple(Cell(entry.id, entry.kind, *key, printed_cells.get(key), computed.values.get(key)) for key in keys)
    return Reproduced(entry, cells, computed.notes)


def comparison(reproduced: Reproduced) -> Table:
    """The table for readers: paper, ours, difference and verdict per cell, with the notes; intervals of estimates."""
    interval = (
        Column("low", lambda cell: cell.low, spec=".4g"),
        Column("high", lambda cell: cell.high, spec=".4g"),
        Column("seeds", lambda cell: cell.seeds),
    )
    estimated = any(cell.seeds is not None for cell in reproduced.cells)
    columns = (
        Column("row", lambda cell: cell.row),
        Column("column", lambda cell: cell.column),
        Column("paper", lambda cell: None if cell.printed is None else cell.printed.printed, number=True),
        Column("ours", lambda cell: cell.computed, spec=".7g"),
        *(interval if estimated else ()),
        Column("difference", lambda cell: cell.difference, spec="+.2g"),
        Column("verdict", lambda cell: cell.verdict),
    )
    entry = reproduced.entry
    return Table(columns, reproduced.cells, f"{entry.id} ({entry.kind}): {entry.caption}", reproduced.notes)


def data(cells: tuple[Cell, ...]) -> Table:
    """The table for programs, with the keys that `mathrl reproduce --format json` promises, and all digits."""
    names = ("id", "kind", "row", "column", "paper", "computed", "low", "high", "seeds", "difference", "agrees")
    return Table(tuple(_attribute(name) for name in names), cells)


def _attribute(name: str) -> Column:
    return Column(name, lambda cell: getattr(cell, name))


def _printed(paper: Paper) -> dict[str, dict[str, Printed]]:
    return {row: {column: printed(text) for column, text in columns.items()} for row, columns in paper.items()}
