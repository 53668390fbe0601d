"""`mathrl reproduce`: the papers' numbers beside ours."""

import re
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mathrl.cli import output
from mathrl.cli.arguments import Parser, add_jobs, add_output, jobs_of, whole_number
from mathrl.cli.ids import check_of_paper

if TYPE_CHECKING:
    from mathrl.base.reproduction import Cell, Reproduced, Reproduction

__all__ = ["run"]

DESCRIPTION = """\
Recompute tables and figures of the papers, and compare every printed number with ours. It agrees if ours, rounded to as
many digits, is the same. Where ours is an estimate from random runs, the printed number agrees if a number in the
interval of the estimate does. A printed number that differs is a finding, not an error: the exit status is 0.
What a paper says in words, without a number, is marked "(said)": ours is the share or the number of the cases in which
it is so, and the statement comes out if that is the number before the mark.
What is not computed here is known too: it says what computing it would take."""

EXAMPLES = """\
examples:
  mathrl reproduce                                  everything but the training of networks
  mathrl reproduce hasac-table-3 --format latex
  mathrl reproduce hasac                            the same of one paper
  mathrl reproduce hasac-networks-table-3           networks, which need JAX: pip install 'mathrl[neural]'
  mathrl reproduce --format json --out cells.json   an array with an object for each number
  mathrl reproduce hasac --budget paper --runs hasac-runs      hours: after an interrupt the same command goes on
  mathrl reproduce aorpo-figure-1                   what it would take
  mathrl reproduce --list
  mathrl reproduce --list dmac"""

_WIDEST = 60
"""The most characters of a caption in the list."""

HUMAN = ("table", "markdown", "latex")


def run(argv: Sequence[str]) -> int:
    """Run the command with these arguments and return its exit status."""
    parser = Parser("reproduce", DESCRIPTION, EXAMPLES)
    parser.add_argument(
        "ids",
        nargs="*",
        metavar="ID or PAPER",
        help="what to reproduce (default: everything of kind exact or simulated, as --list shows; what networks learn "
        "is computed only where its id is given, and so is shown what is unavailable)",
    )
    parser.add_argument(
        "--list",
        action="store_true",
        help="list the ids of all tables and figures, and compute nothing; numbers: how many the paper "
        "prints, or says in words, to compare with",
    )
    parser.add_argument(
        "--budget",
        default="fast",
        metavar="B",
        help="fast|paper: how long random runs may take, minutes or as long as in the paper (default: fast)",
    )
    parser.add_argument("--seed", default="0", metavar="K", help="the seed of random runs, a whole number (default: 0)")
    add_jobs(parser)
    parser.add_argument(
        "--runs",
        metavar="DIR",
        help="keep each part of a long simulation in DIR as soon as it is finished, and take from there those that are",
    )
    add_output(parser)
    arguments = parser.parse(argv)
    arguments.format = output.format_of(arguments.format, arguments.out, "mathrl figure draws")
    output.check_out({"--out": arguments.out})
    from mathrl.base.checks import choice
    from mathrl.base.reproduction import BUDGETS

    jobs = jobs_of(arguments.jobs)
    budget, seed = choice("--budget", arguments.budget, BUDGETS), whole_number("--seed", arguments.seed)
    chosen = _chosen(arguments.ids, everything=arguments.list)
    if arguments.list:
        output.deliver(_listing(chosen, arguments.format), arguments.out)
        return 0
    folder = None if arguments.runs is None else output.make_folder("--runs", arguments.runs)
    results, interrupted = _reproduce(chosen, seed, budget, jobs, folder)
    output.deliver(_rendered(results, arguments.format), arguments.out)
    if interrupted:
        output.say(f"interrupted: {len(results)} of {len(chosen)} reproductions were done{_kept(folder)}")
    return 1 if interrupted else 0


def _chosen(ids: Sequence[str], everything: bool) -> "list[Reproduction]":
    from mathrl.base.checks import choice, fail
    from mathrl.base.reproduction import paper_of
    from mathrl.figures.reproductions import reproductions
    from mathrl.neural.reproductions import of_networks

    known = {**reproductions(), **of_networks()}
    if not ids:
        return [entry for entry in known.values() if everything or _cheap(entry)]
    papers = {paper_of(id) for id in known}
    for id in ids:
        check_of_paper(id, known, "a table or figure")
        choice("ID", id, [*known, *papers], see="mathrl reproduce --list")
    wanted = [
        entry for id, entry in known.items() if id in ids or (paper_of(id) in ids and (everything or _cheap(entry)))
    ]
    if not wanted:
        fail(
            "PAPER",
            f"{ids[0]!r} has only entries that are not computed",
            "the ID of one of them",
            f"see mathrl reproduce --list {ids[0]}",
        )
    return wanted


def _cheap(entry: "Reproduction") -> bool:
    """Whether an entry is computed without being named."""
    return entry.kind in ("exact", "simulated")


def _reproduce(
    chosen: "Sequence[Reproduction]", seed: int, budget: str, jobs: int, folder: Path | None
) -> "tuple[list[Reproduced], bool]":
    from mathrl.base.reproduction import reproduce
    from mathrl.base.runs import Runs

    results: list[Reproduced] = []
    try:
        with output.progress(len(chosen), "table") as advance:
            runs = Runs(jobs, folder, lambda what, done: advance(what, False))  # the bar counts tables
            for entry in chosen:
                advance(entry.id, False)
                results.append(reproduce(entry, seed=seed, budget=budget, runs=runs))
                advance(entry.id, True)
    except KeyboardInterrupt:
        if not results:
            raise
        return results, True
    return results, False


def _kept(folder: Path | None) -> str:
    """How to go on after an interrupt."""
    return "" if folder is None else f"; finished parts are in {folder}, and the same command goes on"


def _rendered(results: "Sequence[Reproduced]", format: str) -> str:
    from mathrl.base.reproduction import comparison, data

    if format not in HUMAN:
        return output.render([data(tuple(cell for result in results for cell in result.cells))], format)
    text = output.render([comparison(result) for result in results], format)
    cells = [cell for result in results for cell in result.cells]
    return f"{text}\n{_summary(cells)}\n" if format == "table" and cells else text


def _summary(cells: "Sequence[Cell]") -> str:
    from mathrl.base.printed import PaperStatement

    if all(cell.printed is None for cell in cells):
        return f"{len(cells)} numbers, none of which a paper prints"
    said = [cell for cell in cells if isinstance(cell.printed, PaperStatement)]
    decided = [cell for cell in said if cell.agrees is not None]
    numbers = [cell for cell in cells if not isinstance(cell.printed, PaperStatement)]
    statements = f"{sum(cell.agrees is True for cell in decided)} of {len(decided)} statements in words come out"
    if left := len(said) - len(decided):
        what = f"{'is' if left == 1 else 'are'} not decided at this budget"
        alone = f"{left} statement{'' if left == 1 else 's'} in words {what}"
        statements = f"{statements}, {left} more {what}" if decided else alone
    if all(cell.agrees is None for cell in numbers):
        return statements
    return f"{_of_numbers(numbers)}; {statements}" if said else _of_numbers(numbers)


def _of_numbers(cells: "Sequence[Cell]") -> str:
    agree, differ = (sum(cell.agrees is verdict for cell in cells) for verdict in (True, False))
    first = next((f" (the first: {cell.id}, {cell.row}, {cell.column})" for cell in cells if cell.agrees is False), "")
    rest = len(cells) - agree - differ
    unprinted = f"; {rest} more cannot be compared" if rest else ""
    verb = "differs" if differ == 1 else "differ"
    ranges = any(cell.agrees and cell.low is not None for cell in cells)
    how = "to their last digit" + (", or with the interval of ours" if ranges else "")
    return f"{agree} of {agree + differ} printed numbers agree {how}, {differ} {verb}{first}{unprinted}"


def _listing(entries: "Sequence[Reproduction]", format: str) -> str:
    from mathrl.base.table import Column, Table

    def short(text: str) -> str:
        """A text that fits a terminal; the entry itself says all of it."""
        return textwrap.shorten(text, _WIDEST, placeholder=" …", break_on_hyphens=False) if format == "table" else text

    columns = (
        Column("id", lambda entry: entry.id),
        Column("kind", lambda entry: entry.kind),
        Column("numbers", lambda entry: sum(map(len, entry.paper.values()))),
        Column("caption", lambda entry: short(entry.caption)),
        Column("needs", lambda entry: short(entry.needs) or None),
    )
    return output.render([Table(columns, sorted(entries, key=_place))], format)


def _place(entry: "Reproduction") -> tuple[int, list[tuple[str, int]]]:
    """Where an entry stands in the list: by paper in the order of their years, then by name, with numbers by size."""
    from mathrl.base.papers import TITLES
    from mathrl.base.reproduction import paper_of

    paper = paper_of(entry.id)
    words = re.findall(r"([^0-9]*)([0-9]*)", entry.id.removeprefix(paper))
    return list(TITLES).index(paper), [(text, int(number or 0)) for text, number in words]
