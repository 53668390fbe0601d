"""`mathrl figure`: a figure as a file."""

import argparse
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mathrl.base.text import shown
from mathrl.cli import output
from mathrl.cli.arguments import Parser, add_size, game_file, size_of, whole_number
from mathrl.cli.ids import check_of_paper

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
  mathrl figure qre --game stag-hunt --axis rationality --size 3.5x2.5 --out stag-hunt.pdf
  mathrl games prisoners-dilemma --save mine.nfg
  mathrl figure qre --game mine.nfg --data curves.csv

The figure "qre" shows the quantal response equilibria (QRE, also called logit equilibria) of a matrix game: all that a
search from many starting points finds, each followed over all temperatures. There may be others.
docs/how-to/draw-the-equilibria.md explains the picture, and how to draw it from Python. Agents and actions are
numbered from 0.
Where temperatures are below 1e-7 times the payoffs' largest difference, rounding hides the curves; the picture then
says where they end.
Small games take a second or two, the largest ones minutes. On a terminal a line shows what is being done."""

QRE = "qre"
QRE_CAPTION = "the equilibria (QRE) of a matrix game, chosen by --game, against temperature: all that a search finds"


def run(argv: Sequence[str]) -> int:
    """Run the command with these arguments and return its exit status."""
    arguments = _parser().parse(argv)
    from mathrl.base.checks import choice, fail
    from mathrl.figures.reproductions import figures, reproductions
    from mathrl.neural.reproductions import of_networks

    captions = {id: entry.caption for id, entry in figures().items()} | {QRE: QRE_CAPTION}
    if arguments.list:
        output.show(_listed(captions))
        return 0
    if arguments.id is None:
        fail("ID", "is missing", f"one of {', '.join(captions)}")
    known = {**reproductions(), **of_networks()}
    if arguments.id not in captions and arguments.id in known:
        needs = known[arguments.id].needs
        more = f"mathrl reproduce {arguments.id}"
        mend = f"what it would take: {needs}; see {more}" if needs else f"see {more} for its numbers"
        fail("ID", f"{arguments.id!r} has no picture", "an ID of mathrl figure --list", mend)
    check_of_paper(arguments.id, captions, "a picture", "mathrl reproduce --list has its other tables and figures")
    id = choice("ID", arguments.id, captions, see="mathrl figure --list")
    _check_options(arguments, id)
    out = _default_out(id, arguments.game) if arguments.out is None else arguments.out
    output.check_out({"--out": out, "--data": arguments.data}, read={"--game": game_file(arguments.game)})
    from mathrl.figures.plot import check, save

    check(Path(out), "--out")
    size = size_of(arguments.size)
    with output.progress(1, "figure") as advance:
        figure, note = _qre(arguments, size, advance) if id == QRE else (figures()[id].draw(), "")
        if size is not None:
            note = note or _cramped(id, figure.get_size_inches().tolist(), size)
            figure.set_size_inches(size)
        advance("drawing", False)
        save(figure, Path(out))
    if note:
        output.say(note)
    output.show(f"{out}\n")
    return 0


def _cramped(id: str, own: Sequence[float], size: Sequence[float]) -> str:
    """What to say of a picture that gets less room than it was laid out for; nothing of others."""
    if all(given >= needed for given, needed in zip(size, own, strict=True)):
        return ""
    of, asked = (" by ".join(f"{length:g}" for length in lengths) for lengths in (own, size))
    return f"{id} is laid out for {of} inches: in {asked} its texts may overlap"


def _parser() -> Parser:
    parser = Parser("figure", DESCRIPTION, EXAMPLES)
    parser.add_argument("id", nargs="?", metavar="ID", help="the id of the figure, as --list shows it")
    parser.add_argument("--list", action="store_true", help="list the ids of all figures, and draw nothing")
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="a .png, .svg or .pdf file (default: ID.png in this folder; for qre GAME.png, if GAME is a plain name)",
    )
    add_size(parser)
    qre = parser.add_argument_group("options of the figure qre")
    qre.add_argument("--game", metavar="GAME", help="a matrix game: a name that mathrl games lists, or a file")
    qre.add_argument(
        "--temperatures",
        metavar="LOW,HIGH",
        help="the temperatures to search and draw (default: chosen by the payoffs)",
    )
    qre.add_argument("--rationalities", metavar="LOW,HIGH", help="the same by rationality, which is 1/temperature")
    qre.add_argument(
        "--axis", metavar="WHAT", help="temperature|rationality: the horizontal axis (default: temperature)"
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

    for option in ("game", "temperatures", "rationalities", "axis", "agent", "data"):
        if id != QRE and getattr(arguments, option) is not None:
            fail(f"--{option}", f"is not an option of the figure {id}", f"the figure {QRE} with this option")
    if id == QRE and arguments.game is None:
        fail("--game", "is missing", "a matrix game", "give a name that mathrl games lists, or a file")
    if arguments.data is not None and Path(arguments.data).suffix.lower() not in (".csv", ".json"):
        fail(f"--data {arguments.data}", f"ends in {Path(arguments.data).suffix!r}", ".csv or .json")


def _qre(
    arguments: argparse.Namespace, size: tuple[float, float] | None, advance: Callable[[str, bool], None]
) -> "tuple[Figure, str]":
    """The picture, and what is to be said where it is not complete."""
    from mathrl.base.checks import choice
    from mathrl.figures.portrait import ends_of_haspi, has_choice, portrait, table
    from mathrl.figures.qre import AXES, HASPI_RUNS, NO_CHOICE, draw
    from mathrl.games import load

    axis = "temperature" if arguments.axis is None else choice("--axis", arguments.axis, AXES)
    temperatures = _asked(arguments)
    chosen = None if arguments.agent is None else whole_number("--agent", arguments.agent)
    game = load(arguments.game)
    agents = None if chosen is None else [_agent(chosen, game)]
    advance("following the principal branch", False)
    shown = portrait(game, temperatures, watch=lambda found: advance(f"searching: {found} curves found", False))
    if arguments.data is not None:
        output.deliver(output.render([table(shown)], output.format_of(None, arguments.data)), arguments.data)
    advance("drawing", False)
    ends = ends_of_haspi(game, shown.temperatures, HASPI_RUNS) if game.common_payoff else []
    title = game.title or Path(arguments.game).name
    figure = draw(shown, axis=axis, size=size, agents=agents, ends=ends, title=title)
    if not has_choice(game):
        return figure, NO_CHOICE
    note = f"curves are followed down to temperature {shown.followed[0]:.3g}; below, rounding hides them"
    return figure, "" if shown.followed == shown.temperatures else note


def _asked(arguments: argparse.Namespace) -> tuple[float, float] | None:
    """The range of temperatures that is asked for, by one of two options."""
    from mathrl.base.checks import fail

    if arguments.rationalities is None:
        return None if arguments.temperatures is None else _range("--temperatures", arguments.temperatures)
    if arguments.temperatures is not None:
        fail("--rationalities", "are given beside --temperatures", "one of both", "rationalities are 1/temperatures")
    low, high = _range("--rationalities", arguments.rationalities)
    return 1 / high, 1 / low


def _range(option: str, text: str) -> tuple[float, float]:
    from mathrl.base.checks import fail, positive
    from mathrl.values.overflow import check_range

    try:
        low, high = map(float, text.split(","))
    except ValueError:
        fail(option, f"is {shown(text)}", "two numbers, as in 0.1,10")
    for value in (low, high):
        check_range("game", 0.0, positive(option, value), option)
    if low >= high:
        fail(option, f"is {shown(text)}", f"two {option.lstrip('-')}, the lowest first")
    return low, high


def _agent(agent: int, game: "Game") -> int:
    from mathrl.base.checks import fail

    if agent >= game.num_agents:
        fail("--agent", f"is {agent}", f"an agent of the game, {' or '.join(map(str, range(game.num_agents)))}")
    return agent
