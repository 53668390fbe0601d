"""`mathrl fit`: the rationality that makes observed play most likely."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mathrl.base.text import shown
from mathrl.cli import output
from mathrl.cli.arguments import Parser, add_output, add_size, game_file, number, size_of, whole_number

if TYPE_CHECKING:
    from argparse import Namespace

    from mathrl.base.table import Table
    from mathrl.estimate import Fit

__all__ = ["run"]

DESCRIPTION = """\
Find how rational observed play is: the rationality (1/temperature) at which the quantal response equilibrium on the
principal branch makes the data most likely, with an interval from the profile likelihood, and how good the fit is.
GAME is a name that mathrl games lists, or a .json, .npz, .nfg, .gam or .csv file; DATA is what was observed, a .json or
.csv file. Several pairs GAME DATA share one rationality. If there is no estimate, as where all rationalities fit alike,
a line says why, and the exit status is 1."""

EXAMPLES = """\
examples:
  mathrl fit --example > play.json
  mathrl fit prisoners-dilemma play.json
  mathrl fit prisoners-dilemma play.json --level 0.99 --format csv --out fit.csv
  mathrl fit prisoners-dilemma play.json --plot fit.png --size 3.5x4
  mathrl fit prisoners-dilemma play.json chicken play.json
  mathrl fit prisoners-dilemma play.json --format json --out fit.json

DATA in JSON is an object, with counts per agent and action, or per agent, state and action:
  {"format": "mathrl-observations", "version": 1, "counts": [[38, 62], [35, 65]]}
or with trajectories, for a game with several states; states may also hold the last one, which needs no actions:
  {"format": "mathrl-observations", "version": 1,
   "trajectories": [{"states": [0, 2, 1], "actions": [[0, 1], [1, 1], [0, 0]]}]}
DATA in CSV has a line for each count; the column state may be left out in games of one state:
  agent,state,action,count
  0,0,0,38
Agents, states and actions are numbered from 0; in CSV and in trajectories their names in the game will do as well, as
in Ann,park,38.
Lines of the same action add up. Counts need not be whole numbers. In trajectories -1 stands for the actions after an
end. Tables for readers show names where the game has some; csv and json have the numbers.

A rationality multiplies rewards: with payoffs in cents it is a hundredth of that with payoffs in euros."""


def run(argv: Sequence[str]) -> int:
    """Run the command with these arguments and return its exit status."""
    parser = Parser("fit", DESCRIPTION, EXAMPLES)
    parser.add_argument("pairs", nargs="*", metavar="GAME DATA", help="a game, and a file of what was observed in it")
    parser.add_argument(
        "--example", action="store_true", help="print a small file of data, for the game prisoners-dilemma"
    )
    parser.add_argument(
        "--entropy",
        metavar="WHOSE",
        help="team|own|none: whose entropy is part of an agent's value; matters in games that go on (default: team)",
    )
    parser.add_argument("--level", metavar="P", help="of the interval, in (0, 1) (default: 0.95)")
    parser.add_argument(
        "--largest",
        metavar="X",
        help="the largest rationality to look at (default: 1e4 / difference of values)",
    )
    parser.add_argument("--max-steps", metavar="N", help="follow the branch for N steps at most (default: 10000)")
    parser.add_argument(
        "--plot",
        metavar="FILE",
        help="also draw the likelihood, and data beside the fit, into this .png, .svg or .pdf file",
    )
    add_size(parser)
    add_output(parser)
    arguments = parser.parse(argv)
    if arguments.example:
        return _example(arguments)
    pairs = _pairs(arguments.pairs)
    format = output.format_of(arguments.format, arguments.out, "use --plot to draw")
    read = {f"GAME {game}": game_file(game) for game, _ in pairs} | {f"DATA {data}": data for _, data in pairs}
    output.check_out({"--out": arguments.out, "--plot": arguments.plot}, read=read)
    size = size_of(arguments.size)
    if arguments.plot is not None:
        from mathrl.figures.plot import check

        check(Path(arguments.plot), "--plot")
    elif size is not None:
        from mathrl.base.checks import fail

        fail("--size", f"is {shown(arguments.size)}", "no size without --plot", "only a picture has one")
    with output.progress(1, "fit") as advance:
        watch = output.watcher(advance, lambda steps, at: f"{steps} points of the branch, at rationality {at:.4g}")
        found = _fitted(pairs, arguments, watch)
        advance("", True)
    if arguments.plot is not None:
        from mathrl.figures.fit import draw
        from mathrl.figures.plot import save

        save(draw(found, size=size), Path(arguments.plot))
    output.deliver(_rendered(found, format), arguments.out)
    if not found.converged:
        output.say(f"no rationality was found: {found.outcome}")
    return int(not found.converged)


def _example(arguments: "Namespace") -> int:
    from mathrl.base.checks import fail
    from mathrl.estimate.observations import EXAMPLE

    for name, given in vars(arguments).items():
        if given not in (None, []) and name not in ("example", "out"):
            option = "GAME DATA" if name == "pairs" else f"--{name.replace('_', '-')}"
            fail(option, f"is {shown(given)}", "none with --example")
    output.check_out({"--out": arguments.out})
    output.deliver(EXAMPLE, arguments.out)
    return 0


def _pairs(given: Sequence[str]) -> list[tuple[str, str]]:
    from mathrl.base.checks import fail

    if not given:
        fail("GAME DATA", "is missing", "a game and a file of observations", "mathrl fit --example prints such a file")
    if len(given) % 2:
        fail("GAME DATA", f"has {len(given)} arguments", "a file of observations after each game")
    return list(zip(given[::2], given[1::2], strict=True))


def _fitted(pairs: Sequence[tuple[str, str]], arguments: "Namespace", watch: Callable[[int, float], None]) -> "Fit":
    from mathrl.base.checks import choice, fail, positive
    from mathrl.operators import ENTROPIES

    entropy = choice("--entropy", arguments.entropy or "team", ENTROPIES)
    level = 0.95 if arguments.level is None else number("--level", arguments.level)
    if not 0 < level < 1:
        fail("--level", f"is {level:g}", "a number between 0 and 1")
    largest = None if arguments.largest is None else positive("--largest", number("--largest", arguments.largest))
    max_steps = 10_000 if arguments.max_steps is None else whole_number("--max-steps", arguments.max_steps, 1)
    from mathrl.estimate import fit, load_observations
    from mathrl.games import load
    from mathrl.iteration.iterate import watching

    known = {name: load(name) for name in dict.fromkeys(game for game, _ in pairs)}
    games = [known[game] for game, _ in pairs]
    data = [load_observations(file, known[game]) for game, file in pairs]
    with watching(watch):
        return fit(games, data, entropy=entropy, level=level, largest=largest, max_steps=max_steps)


def _rendered(found: "Fit", format: str) -> str:
    if format == "json":
        return json.dumps(found.to_dict()) + "\n"
    if format == "table":
        return f"{found}\n"
    return output.render([_flat(found, for_programs=format == "csv")], format)


def _flat(found: "Fit", for_programs: bool) -> "Table":
    """A row for each action, with the estimate in every row: a table that stands alone.

    For programs it has all digits, and numbers for agents, states and actions; for readers their names.
    """
    from mathrl.base.table import Column, Table

    spec = "" if for_programs else ".6g"
    table, (low, high) = found.table(spec, named=not for_programs), found.interval
    same = {
        "rationality": found.rationality,
        "low": low,
        "high": high,
        "log_likelihood": found.log_likelihood,
        "deviance": found.deviance,
    }
    columns = [Column(name, _constant(value), spec) for name, value in same.items()]
    return Table([*table.columns, *columns, Column("outcome", lambda row: found.outcome.name)], table.rows)


def _constant(value: float) -> Callable[[Any], float]:
    """The same in every row."""
    return lambda row: value
