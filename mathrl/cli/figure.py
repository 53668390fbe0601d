"""`mathrl figure`: a figure as a file."""

from collections.abc import Sequence
from pathlib import Path

from mathrl.cli import output
from mathrl.cli.arguments import Parser

__all__ = ["run"]

DESCRIPTION = "Draw a figure to a file, and print the file's path. The same version draws the same bytes."

EXAMPLES = """\
examples:
  mathrl figure hasac-table-3                 writes hasac-table-3.png here
  mathrl figure hasac-table-3 --out path.pdf
  mathrl figure --list"""


def run(argv: Sequence[str]) -> int:
    """Run the command with these arguments and return its exit status."""
    parser = Parser("figure", DESCRIPTION, EXAMPLES)
    parser.add_argument("id", nargs="?", metavar="ID", help="what to draw")
    parser.add_argument("--list", action="store_true", help="list the ids, and draw nothing")
    parser.add_argument("--out", metavar="FILE", help="a .png, .svg or .pdf file (default: ID.png in this folder)")
    arguments = parser.parse(argv)
    from mathrl.figures.reproductions import figures
    from mathrl.figures.table import Column, Table
    from mathrl.games.validate import choice, fail

    known = figures()
    if arguments.list:
        columns = (Column("id", lambda entry: entry.id), Column("caption", lambda entry: entry.caption))
        output.show(output.render([Table(columns, list(known.values()))], "table"))
        return 0
    if arguments.id is None:
        fail("ID", "is missing", f"one of {', '.join(known)}")
    entry = known[choice("ID", arguments.id, known, see="mathrl figure --list")]
    out = arguments.out or f"{entry.id}.png"
    output.check_out("--out", out)
    from mathrl.figures.plot import check, save

    check(Path(out), "--out")
    save(entry.draw(), Path(out))
    output.show(f"{out}\n")
    return 0
