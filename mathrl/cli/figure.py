"""`mathrl figure`: a figure as a file."""

import argparse
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mathrl.base.text import shown
from mathrl.cli import output
from mathrl.cli.arguments import Parser, game_file, whole_number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mathrl.games import Game

__all__ = ["run"]

DESCRIPTION = "Draw a figure into a file, and print the path of the file. The same version always draws the same file."

EXAMPLES = """\
examples:
  mathrl figure --list
  mathrl figure hasac-table-3                 writes hasac-table-3.png here
  mathrl figure hasac-table-3 --out table.pdf
  mathrl figure qre --game chicken            writes chicken.png here
  mathrl figure qre --game 'penalty(k=-50)' --temperatures 1,60 --agent 0 --out penalty.svg
  mathrl figure qre --game mine.nfg --data curves.csv

The figure "qre" shows the quantal response equilibria (QRE, also called logit equilibria) of a matrix game: all that a
search from many starting points finds, each followed over all temperatures. There may be others.
docs/how-to/draw-the-equilibria.md explains the picture. Agents and actions are numbered from 0.
Where temperatures are below 1e-7 times the payoffs' largest difference, rounding hides the curves; the picture then
says where they end.
Small games take a second or two, the largest ones minutes. On a terminal a line shows what is being done."""

QRE = "qre"
QRE_CAPTION = "the equilibria (QRE) of a matrix game, chosen by --game, against temperature: all that a search finds"

HASPI_RUNS = 12


def run(argv: Sequence[str]) -> int:
    """Run the command with these arguments and return its exit status."""
    arguments = _parser().parse(argv)
    from mathrl.base.checks import choice, fail
    from mathrl.figures.reproductions import figures, reproductions

    captions = {id: entry.caption for id, entry in figures().items()} | {QRE: QRE_CAPTION}
    if arguments.list:
        output.show(_listed(captions))
        return 0
    if arguments.id is None:
        fail("ID", "is missing", f"one of {', '.join(captions)}")
    if arguments.id in reproductions() and arguments.id not in captions:
        fail(
            "ID",
            f"{arguments.id!r} has no picture",
            "an ID of mathrl figure --list",
            f"mathrl reproduce {arguments.id}",
        )
    id = choice("ID", arguments.id, captions, see="mathrl figure --list")
    _check_options(arguments, id)
    out = _default_out(id, arguments.game) if arguments.out is None else arguments.out
    output.check_out({"--out": out, "--data": arguments.data}, read={"--game": game_file(arguments.game)})
    from mathrl.figures.plot import check, save

    check(Path(out), "--out")
    with output.progress(1, "figure") as advance:
        figure, note = _qre(arguments, advance) if id == QRE else (figures()[id].draw(), "")
        advance("drawing", False)
        save(figure, Path(out))
    if note:
        output.say(note)
    output.show(f"{out}\n")
    return 0


def _parser() -> Parser:
    parser = Parser("figure", DESCRIPTION, EXAMPLES)
    parser.add_argument("id", nargs="?", metavar="ID", help="the id of the figure, as --list shows it")
    parser.add_argument("--list", action="store_true", help="list the ids of all figures, and draw nothing")
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="a .png, .svg or .pdf file (default: ID.png in this folder; for qre GAME.png, if GAME is a plain name)",
    )
    qre = parser.add_argument_group("options of the figure qre")
    qre.add_argument("--game", metavar="GAME", help="a matrix game: a name that mathrl games lists, or a file")
    qre.add_argument(
        "--temperatures",
        metavar="LOW,HIGH",
        help="the temperatures to search and draw (default: chosen by the payoffs)",
    )
    qre.add_argument("--agent", metavar="I", help="draw this agent only, by its number (default: all agents)")
    qre.add_argument("--data", metavar="FILE", help="write the points of the curves to this .csv or .json file")
    return parser


def _listed(captions: dict[str, str]) -> str:
    from mathrl.base.table import Column, Table

    columns = (Column("id", lambda row: row[0]), Column("caption", lambda row: row[1]))
    return output.render([Table(columns, list(captions.items()))], "table")


def _default_out(id: str, game: str | None) -> str:
    """Named after the game, so that the next game's picture does not replace this one's."""
    plain = id == QRE and re.fullmatch(r"[\w-]+", game or "")
    return f"{game if plain else id}.png"


def _check_options(arguments: argparse.Namespace, id: str) -> None:
    """Refuse what `qre` alone takes, and a file of data in an unknown form, before any work is done."""
    from mathrl.base.checks import fail

    for option in ("game", "temperatures", "agent", "data"):
        if id != QRE and getattr(arguments, option) is not None:
            fail(f"--{option}", f"is not an option of the figure {id}", f"the figure {QRE} with this option")
    if id == QRE and arguments.game is None:
        fail("--game", "is missing", "a matrix game", "give a name that mathrl games lists, or a file")
    if arguments.data is not None and Path(arguments.data).suffix.lower() not in (".csv", ".json"):
        fail(f"--data {arguments.data}", f"ends in {Path(arguments.data).suffix!r}", ".csv or .json")


def _qre(arguments: argparse.Namespace, advance: Callable[[str, bool], None]) -> "tuple[Figure, str]":
    """The picture, and what is to be said where it is not complete."""
    from mathrl.figures.portrait import ends_of_haspi, portrait, table
    from mathrl.figures.qre import draw
    from mathrl.games import load

    temperatures = None if arguments.temperatures is None else _range(arguments.temperatures)
    chosen = None if arguments.agent is None else whole_number("--agent", arguments.agent)
    game = load(arguments.game)
    agents = None if chosen is None else [_agent(chosen, game)]
    advance("following the principal branch", False)
    shown = portrait(game, temperatures, watch=lambda found: advance(f"searching: {found} curves found", False))
    if arguments.data is not None:
        output.deliver(output.render([table(shown)], output.format_of(None, arguments.data)), arguments.data)
    advance("drawing", False)
    ends = ends_of_haspi(game, shown.temperatures, HASPI_RUNS) if game.common_payoff else []
    note = f"curves are followed down to temperature {shown.followed[0]:.3g}; below, rounding hides them"
    complete = shown.followed == shown.temperatures
    return draw(shown, agents=agents, ends=ends, title=Path(arguments.game).name), "" if complete else note


def _range(text: str) -> tuple[float, float]:
    from mathrl.base.checks import fail, positive
    from mathrl.values.overflow import check_range

    try:
        low, high = map(float, text.split(","))
    except ValueError:
        fail("--temperatures", f"is {shown(text)}", "two numbers, as in 0.1,10")
    for value in (low, high):
        check_range("game", 0.0, positive("--temperatures", value), "--temperatures")
    if low >= high:
        fail("--temperatures", f"is {shown(text)}", "two temperatures, the lowest first")
    return low, high


def _agent(agent: int, game: "Game") -> int:
    from mathrl.base.checks import fail

    if agent >= game.num_agents:
        fail("--agent", f"is {agent}", f"an agent of the game, {' or '.join(map(str, range(game.num_agents)))}")
    return agent
