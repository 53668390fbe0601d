"""`mathrl reproduce`: the papers' numbers beside ours."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mathrl.cli import output
from mathrl.cli.arguments import Parser, add_output

if TYPE_CHECKING:
    from mathrl.figures.reproductions import Cell, Reproduced, Reproduction

__all__ = ["run"]

DESCRIPTION = """\
Recompute tables and figures of the papers, and compare every printed number with ours: it agrees when ours rounds
to its last printed digit. A printed number that does not come out is a finding, not an error: the exit status is 0."""

EXAMPLES = """\
examples:
  mathrl reproduce                                  everything exact
  mathrl reproduce hasac-table-3 --format latex
  mathrl reproduce --format json --out cells.json   one array of {id, row, column, paper, computed, difference, agrees}
  mathrl reproduce --list"""

HUMAN = ("table", "markdown", "latex")


def run(argv: Sequence[str]) -> int:
    """Run the command with these arguments and return its exit status."""
    parser = Parser("reproduce", DESCRIPTION, EXAMPLES)
    parser.add_argument("ids", nargs="*", metavar="ID", help="what to reproduce (default: everything exact)")
    parser.add_argument("--list", action="store_true", help="list the ids, and compute nothing")
    add_output(parser)
    arguments = parser.parse(argv)
    arguments.format = output.format_of(arguments.format, arguments.out)
    output.check_out("--out", arguments.out)
    chosen = _chosen(arguments.ids, everything=arguments.list)
    if arguments.list:
        output.deliver(_listing(chosen, arguments.format), arguments.out)
        return 0
    results, interrupted = _reproduce(chosen)
    output.deliver(_rendered(results, arguments.format), arguments.out)
    if interrupted:
        output.say(f"interrupted: {len(results)} of {len(chosen)} reproductions were done")
    return 1 if interrupted else 0


def _chosen(ids: Sequence[str], everything: bool) -> "list[Reproduction]":
    from mathrl.figures.reproductions import reproductions
    from mathrl.games.validate import choice

    known = reproductions()
    if not ids:
        return [entry for entry in known.values() if everything or entry.kind == "exact"]
    return [known[choice("ID", id, known, see="mathrl reproduce --list")] for id in dict.fromkeys(ids)]


def _reproduce(chosen: "Sequence[Reproduction]") -> "tuple[list[Reproduced], bool]":
    from mathrl.figures.reproductions import reproduce

    results: list[Reproduced] = []
    try:
        with output.progress(len(chosen), "table") as advance:
            for entry in chosen:
                advance(entry.id, False)
                results.append(reproduce(entry))
                advance(entry.id, True)
    except KeyboardInterrupt:
        if not results:
            raise
        return results, True
    return results, False


def _rendered(results: "Sequence[Reproduced]", format: str) -> str:
    from mathrl.figures.reproductions import comparison, data

    if format not in HUMAN:
        return output.render([data(tuple(cell for result in results for cell in result.cells))], format)
    text = output.render([comparison(result) for result in results], format)
    return f"{text}\n{_summary([cell for result in results for cell in result.cells])}\n" if format == "table" else text


def _summary(cells: "Sequence[Cell]") -> str:
    agree, differ = (sum(cell.agrees is verdict for cell in cells) for verdict in (True, False))
    first = next((f", first {cell.id} {cell.row} {cell.column}" for cell in cells if cell.agrees is False), "")
    rest = len(cells) - agree - differ
    unprinted = f"; {rest} not compared" if rest else ""
    return f"{agree} of {agree + differ} printed numbers agree to their last digit, {differ} differ{first}{unprinted}"


def _listing(entries: "Sequence[Reproduction]", format: str) -> str:
    from mathrl.figures.table import Column, Table

    columns = (
        Column("id", lambda entry: entry.id),
        Column("kind", lambda entry: entry.kind),
        Column("numbers", lambda entry: sum(map(len, entry.paper.values()))),
        Column("caption", lambda entry: entry.caption),
    )
    return output.render([Table(columns, entries)], format)
