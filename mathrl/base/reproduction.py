"""What a reproduction is: printed numbers, a function that computes ours, and the comparison of the two."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from mathrl.base.checks import choice, count, fail, instance
from mathrl.base.printed import PaperStatement, Printed, printed
from mathrl.base.registry import Registry
from mathrl.base.runs import ALONE, Runs
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
    "is_of_networks",
    "paper_of",
    "reproduce",
    "reproduction",
    "unavailable",
]

KINDS = ("exact", "simulated", "neural", "unavailable")
"""How a reproduction is computed: exactly, from simulated learning, from networks, or not at all."""

BUDGETS = ("fast", "paper")
"""How much work is done where more work makes a number more accurate: minutes at most, or as much as the paper did."""

Exact = Callable[[], "Computed"]
Sampled = TypeVar("Sampled", bound=Callable[[int, str, Runs], "Computed"])
Paper = Mapping[str, Mapping[str, str | Printed]]


@dataclass(frozen=True)
class Estimate:
    """A number that was estimated from several independent runs, with an interval around it.

    `value`  the estimate
    `low`    the lower end of the interval
    `high`   the upper end of the interval
    `seeds`  how many runs it was made from, ≥ 1

    The caption or a note of the reproduction says of what kind the interval is. Raises `ValueError` unless
    low ≤ value ≤ high.
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
    """What a reproduction computes.

    `values`  (row, column) → an exact number or an `Estimate`; None for a statement in words that the budget is too
              small to decide
    `notes`   sentences that are shown below the table
    """

    values: Mapping[tuple[str, str], float | Estimate | None]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reproduction:
    """A table or figure of a paper: what is printed there, and how it is computed here.

    `id`       its name, as in "hasac-table-3"
    `kind`     one of `KINDS`
    `caption`  what it shows
    `paper`    row → column → what is printed there
    `compute`  a function of a seed, one of `BUDGETS` and how simulations are run; exact numbers depend on none of them
    `needs`    what computing it would take, where it is of kind "unavailable"
    """

    id: str
    kind: str
    caption: str
    paper: Mapping[str, Mapping[str, Printed]]
    compute: Callable[[int, str, Runs], Computed]
    needs: str = ""


@dataclass(frozen=True)
class Cell:
    """One number of a reproduction: as printed, as computed, and whether the two agree.

    `id`       the name of the reproduction
    `kind`     its kind, one of `KINDS`
    `row`      the row that the number stands in
    `column`   the column that it stands in
    `printed`  what the paper prints, None where it gives no number
    `found`    what was computed, None where nobody can compute it or the budget does not decide it
    """

    id: str
    kind: str
    row: str
    column: str
    printed: Printed | None
    found: float | Estimate | None

    @property
    def paper(self) -> float | None:
        """The printed number, None where there is none."""
        return None if self.printed is None else self.printed.value

    @property
    def computed(self) -> float | None:
        """Our number, the value itself for an estimate; None where nothing was computed."""
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
        """How many runs an estimate was made from; None for exact numbers."""
        return self.found.seeds if isinstance(self.found, Estimate) else None

    @property
    def difference(self) -> float | None:
        """The computed number less the printed one; None where either is missing."""
        return None if self.paper is None or self.computed is None else self.computed - self.paper

    @property
    def agrees(self) -> bool | None:
        """Whether the printed number comes out; None where there is nothing to compare.

        An exact number must round to the printed one; the interval of an estimate must hold a number that does.
        """
        if self.printed is None or self.found is None:
            return None
        if isinstance(self.found, Estimate):
            low, high = self.found.low, self.found.high
            return low <= self.printed.value <= high or self.printed.agrees(low) or self.printed.agrees(high)
        return self.printed.agrees(self.found)

    @property
    def verdict(self) -> str:
        """What `agrees` says, in words."""
        if self.agrees is None:
            undecided = isinstance(self.printed, PaperStatement) and self.kind != "unavailable"
            return "not printed" if self.printed is None else "not decided" if undecided else "not computed"
        if isinstance(self.printed, PaperStatement):
            return "comes out" if self.agrees else "DOES NOT COME OUT"
        return "agrees" if self.agrees else "DIFFERS"


@dataclass(frozen=True)
class Reproduced:
    """A reproduction that was computed, beside what is printed.

    `entry`  what was reproduced
    `cells`  its numbers, the printed ones first
    `notes`  sentences that are shown below the table
    """

    entry: Reproduction
    cells: tuple[Cell, ...]
    notes: tuple[str, ...]


REPRODUCTIONS = Registry[Reproduction]("id", "reproduction")
"""All reproductions of the modules that were imported so far; `mathrl.figures.reproductions` imports all modules."""


def reproduction(id: str, *, kind: str, caption: str, paper: Paper) -> Callable[[Sampled], Sampled]:
    """Make a decorator that registers a function as the reproduction `id`; it returns the function unchanged.

    `id`       the name of the reproduction
    `kind`     one of `KINDS`
    `caption`  what the table or figure shows
    `paper`    row → column → what is printed there, as text or as a `Printed`

    The function takes a seed, one of `BUDGETS` and the `Runs` that its long simulations go through, and returns a
    `Computed`. The same seed and budget must give the same numbers, however they are run. Raises `ValueError` where the
    kind is unknown, a printed text cannot be read, or the name is taken.
    """
    choice("kind", kind, KINDS)
    values = _printed(paper)
    return REPRODUCTIONS.declare(id, lambda compute: Reproduction(id, kind, caption, values, compute))


def exact(id: str, *, caption: str, paper: Paper) -> Callable[[Exact], Exact]:
    """Make a decorator that registers a function as an exact reproduction; it returns the function unchanged.

    The function takes no arguments and returns a `Computed`. The arguments are those of `reproduction`; the kind is
    "exact".
    """
    values = _printed(paper)

    def described(compute: Exact) -> Reproduction:
        return Reproduction(id, "exact", caption, values, lambda seed, budget, runs: compute())

    return REPRODUCTIONS.declare(id, described)


def unavailable(id: str, *, caption: str, needs: str) -> None:
    """Register a table or figure that is not computed here.

    `caption`  what the table or figure shows
    `needs`    a sentence that says what computing it would take, or why there is nothing to compute

    `reproduce` of it gives no numbers, and what it needs as the note.
    """

    def described(compute: Exact) -> Reproduction:
        return Reproduction(id, "unavailable", caption, {}, lambda seed, budget, runs: compute(), needs)

    REPRODUCTIONS.declare(id, described)(lambda: Computed({}, (f"what it would take: {needs}",)))


def paper_of(id: str) -> str:
    """The paper that a reproduction belongs to, the part of its id before what it is.

    >>> paper_of("hasac-table-3"), paper_of("soft-qmix-appendix-b"), paper_of("rommeo-section-5-1")
    ('hasac', 'soft-qmix', 'rommeo')
    """
    return re.split("-(?:networks|table|figure|appendix|section)-", id, maxsplit=1)[0]


def is_of_networks(id: str) -> bool:
    """Whether a reproduction is one of what networks learn.

    >>> is_of_networks("hasac-networks-table-3"), is_of_networks("hasac-table-3")
    (True, False)
    """
    return "-networks-" in id


def reproduce(entry: Reproduction, *, seed: int = 0, budget: str = "fast", runs: Runs = ALONE) -> Reproduced:
    """Compute a reproduction, and put each number beside the printed one.

    `entry`   what to compute: `mathrl.figures.reproductions.reproductions()["hasac-table-3"]` for example
    `seed`    a whole number, the seed of what is drawn at random
    `budget`  one of `BUDGETS`
    `runs`    in how many processes simulations are run, and where finished parts are kept; no number depends on it

    Returns the printed cells first, in the order of print, then those that only we give. Raises `ValueError` for what
    is no entry, and where a printed cell was not computed, unless the kind is "unavailable".
    """
    instance("entry", entry, Reproduction, "an entry", "reproductions()[id] is one")
    computed = entry.compute(count("seed", seed, maximum=None), choice("budget", budget, BUDGETS), runs)
    printed_cells = {(row, column): cell for row, columns in entry.paper.items() for column, cell in columns.items()}
    left_out = [key for key in printed_cells if key not in computed.values]
    if left_out and entry.kind != "unavailable":
        raise ValueError(f"{entry.id}: {left_out[0]} is printed and was not computed")
    keys = [*printed_cells, *(key for key in computed.values if key not in printed_cells)]
    cells = tuple(Cell(entry.id, entry.kind, *key, printed_cells.get(key), computed.values.get(key)) for key in keys)
    return Reproduced(entry, cells, computed.notes)


def comparison(reproduced: Reproduced) -> Table:
    """Return the table for readers: for each cell the printed number, ours, their difference and the verdict.

    `reproduced`  what `reproduce` returns

    The notes stand below it. Where there are estimates, it also shows their intervals and numbers of seeds. Where
    nothing is printed and nothing computed, there are caption and notes alone.
    """
    interval = (
        Column("low", lambda cell: cell.low, spec=".7g"),
        Column("high", lambda cell: cell.high, spec=".7g"),
        Column("seeds", lambda cell: cell.seeds),
    )
    estimated = any(cell.seeds is not None for cell in reproduced.cells)
    columns: tuple[Column, ...] = (
        Column("row", lambda cell: cell.row),
        Column("column", lambda cell: cell.column),
        Column("paper", lambda cell: None if cell.printed is None else cell.printed.printed, number=True),
        Column("ours", lambda cell: cell.computed, spec=".7g"),
        *(interval if estimated else ()),
        Column("difference", lambda cell: cell.difference, spec="+.2g"),
        Column("verdict", lambda cell: cell.verdict),
    )
    entry = reproduced.entry
    if not reproduced.cells:
        columns = ()
    return Table(columns, reproduced.cells, f"{entry.id} ({entry.kind}): {entry.caption}", reproduced.notes)


def data(cells: tuple[Cell, ...]) -> Table:
    """Return the table for programs, with all digits and the keys that `mathrl reproduce --format json` promises.

    `cells`  the cells of one reproduction, or of several
    """
    names = ("id", "kind", "row", "column", "paper", "computed", "low", "high", "seeds", "difference", "agrees")
    return Table(tuple(_attribute(name) for name in names), cells)


def _attribute(name: str) -> Column:
    """The column that shows this attribute of a cell."""
    return Column(name, lambda cell: getattr(cell, name))


def _printed(paper: Paper) -> dict[str, dict[str, Printed]]:
    """The printed texts of a table, each read by `printed`."""
    return {row: {column: printed(text) for column, text in columns.items()} for row, columns in paper.items()}
