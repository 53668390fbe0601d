"""`mathrl reproduce`: the papers' numbers beside ours."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mathrl.cli import output
from mathrl.cli.arguments import Parser, add_output, whole_number

if TYPE_CHECKING:
    from mathrl.base.reproduction import Cell, Reproduced, Reproduction

__all__ = ["run"]

DESCRIPTION = """\
Recompute tables and figures of the papers, and compare every printed number with ours. It agrees if ours, rounded to as
many digits, is the same. Where ours is an estimate from random runs, the printed number agrees if a number in the
interval of the estimate does. A printed number that differs is a finding, not an error: the exit status is 0."""

EXAMPLES = """\
examples:
  mathrl reproduce                                  everything but the training of networks
  mathrl reproduce hasac-table-3 --format latex
  mathrl reproduce hasac                            the same of one paper
  mathrl reproduce hasac-networks-table-3           networks, which need JAX: pip install 'mathrl[neural]'
  mathrl reproduce --format json --out cells.json   an array with an object for each number
  mathrl reproduce --list"""

HUMAN = ("table", "markdown", "latex")


def run(argv: Sequence[str]) -> int:
    """Run the command with these arguments and return its exit status."""
    parser = Parser("reproduce", DESCRIPTION, EXAMPLES)
    parser.add_argument(
        "ids",
        nargs="*",
        metavar="ID or PAPER",
        help="what to reproduce (default: everything of kind exact or simulated, as --list shows; what networks learn "
        "is computed only where its id is given)",
    )
    parser.add_argument(
        "--list", action="store_true", help="list the ids of all tables and figures, and compute nothing"
    )
    parser.add_argument(
        "--budget",
        default="fast",
        metavar="B",
        help="fast|paper: how long random runs may take, minutes or as long as in the paper (default: fast)",
    )
    parser.add_argument("--seed", default="0", metavar="K", help="the seed of random runs, a whole number (default: 0)")
    add_output(parser)
    arguments = parser.parse(argv)
    arguments.format = output.format_of(arguments.format, arguments.out, "mathrl figure draws")
    output.check_out({"--out": arguments.out})
    from mathrl.base.checks import choice
    from mathrl.base.reproduction import BUDGETS

    budget, seed = choice("--budget", arguments.budget, BUDGETS), whole_number("--seed", arguments.seed)
    chosen = _chosen(arguments.ids, everything=arguments.list)
    if arguments.list:
        output.deliver(_listing(chosen, arguments.format), arguments.out)
        return 0
    results, interrupted = _reproduce(chosen, seed, budget)
    output.deliver(_rendered(results, arguments.format), arguments.out)
    if interrupted:
        output.say(f"interrupted: {len(results)} of {len(chosen)} reproductions were done")
    return 1 if interrupted else 0


def _chosen(ids: Sequence[str], everything: bool) -> "list[Reproduction]":
    from mathrl.base.checks import choice
    from mathrl.base.reproduction import paper_of
    from mathrl.figures.reproductions import reproductions

    of_papers = reproductions()
    from mathrl.neural.reproductions import of_networks  # declared after those of the papers, and listed so

    known = {**of_networks(), **of_papers}
    if not ids:
        return [entry for entry in known.values() if everything or entry.kind in ("exact", "simulated")]
    papers = {paper_of(id) for id in known}
    named = [choice("ID", id, [*known, *papers], see="mathrl reproduce --list") for id in ids]
    meant = [id for id, entry in known.items() if paper_of(id) in named and (everything or entry.kind != "neural")]
    return [entry for id, entry in known.items() if id in named or id in meant]


def _reproduce(chosen: "Sequence[Reproduction]", seed: int, budget: str) -> "tuple[list[Reproduced], bool]":
    from mathrl.base.reproduction import reproduce

    results: list[Reproduced] = []
    try:
        with output.progress(len(chosen), "table") as advance:
            for entry in chosen:
                advance(entry.id, False)
                results.append(reproduce(entry, seed=seed, budget=budget))
                advance(entry.id, True)
    except KeyboardInterrupt:
        if not results:
            raise
        return results, True
    return results, False


def _rendered(results: "Sequence[Reproduced]", format: str) -> str:
    from mathrl.base.reproduction import comparison, data

    if format not in HUMAN:
        return output.render([data(tuple(cell for result in results for cell in result.cells))], format)
    text = output.render([comparison(result) for result in results], format)
    return f"{text}\n{_summary([cell for result in results for cell in result.cells])}\n" if format == "table" else text


def _summary(cells: "Sequence[Cell]") -> str:
    if all(cell.agrees is None for cell in cells):
        return f"{len(cells)} numbers, none of which a paper prints"
    agree, differ = (sum(cell.agrees is verdict for cell in cells) for verdict in (True, False))
    first = next((f" (the first: {cell.id}, {cell.row}, {cell.column})" for cell in cells if cell.agrees is False), "")
    rest = len(cells) - agree - differ
    unprinted = f"; {rest} more cannot be compared" if rest else ""
    verb = "differs" if differ == 1 else "differ"
    return f"{agree} of {agree + differ} printed numbers agree to their last digit, {differ} {verb}{first}{unprinted}"


def _listing(entries: "Sequence[Reproduction]", format: str) -> str:
    from mathrl.base.table import Column, Table

    columns = (
        Column("id", lambda entry: entry.id),
        Column("kind", lambda entry: entry.kind),
        Column("numbers", lambda entry: sum(map(len, entry.paper.values()))),
        Column("caption", lambda entry: entry.caption),
    )
    return output.render([Table(columns, entries)], format)
