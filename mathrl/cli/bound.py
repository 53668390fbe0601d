"""`mathrl bound`: what AORPO's bounds are worth on a game, a learned model of it, policies and opponent models."""

import re
import reprlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mathrl.base.text import shown
from mathrl.cli import output
from mathrl.cli.arguments import Parser, add_output, add_size, size_of
from mathrl.cli.bound_help import DESCRIPTION, EXAMPLES, explanations

if TYPE_CHECKING:
    from argparse import Namespace

    from mathrl.bounds import Setup
    from mathrl.cli.bound_views import Asked

__all__ = ["run"]

BRANCH_LENGTHS = "1,5,20"
PLOTTED = "1:50"
MOST_LENGTHS = 1000
LONGEST = 10_000
"""More lengths, or steps of one, would take minutes, and say no more."""

OPTIONS = {
    "branch_lengths": "--branch-length",
    "dynamics_error": "--dynamics-error",
    "returns": "--returns",
    "start": "--start",
}
"""Those that not every view takes, by what they are called in Python. A plot takes all."""


def run(argv: Sequence[str]) -> int:
    """Run the command with these arguments and return its exit status."""
    parser = Parser("bound", DESCRIPTION, EXAMPLES, explanations)
    parser.add_argument(
        "file", nargs="?", metavar="FILE", help="a setup in JSON, in the form that --example prints (see below)"
    )
    parser.add_argument("--example", action="store_true", help="print a small setup to start from, and do nothing else")
    parser.add_argument(
        "--show",
        metavar="WHAT",
        help="the table to print: bounds|errors|returns|distances|schedule|rollouts (default: bounds)",
    )
    parser.add_argument(
        "--branch-length",
        metavar="K[,K…]",
        dest="branch_lengths",
        help=f"model steps in a rollout, as in 1,2,5 or 1:50 (default: {BRANCH_LENGTHS}; for --plot {PLOTTED})",
    )
    parser.add_argument(
        "--agent",
        metavar="N",
        help="the agent whose returns and opponents are meant (default: that of the file, else 0)",
    )
    parser.add_argument(
        "--dynamics-error",
        metavar="READING",
        help="how the error of the model is measured: real|model|uniform|occupancy|branched (default: real; see below)",
    )
    parser.add_argument(
        "--returns", metavar="WHICH", help="normalised|unnormalised: times 1 − discount, or not (default: normalised)"
    )
    parser.add_argument(
        "--start",
        metavar="WHERE",
        help="where rollouts start: game (its start) or data (states of a replay buffer) (default: game)",
    )
    parser.add_argument(
        "--plot", metavar="FILE", help="also draw the bounds and rollouts over K into this .png, .svg or .pdf file"
    )
    add_size(parser)
    add_output(parser)
    arguments = parser.parse(argv)
    written = {"--out": arguments.out, "--plot": arguments.plot}
    output.check_out(written, read={"FILE": arguments.file})
    if arguments.file is not None and any(written.values()):
        from mathrl.bounds.setup_file import game_of

        output.check_out(written, read={"the game of FILE": game_of(arguments.file)})
    format = output.format_of(arguments.format, arguments.out, "use --plot to draw")
    text, interrupted = (_example(arguments), "") if arguments.example else _answer(arguments, format)
    output.deliver(text, arguments.out)
    if interrupted:
        output.say(interrupted)
    return int(bool(interrupted))


def _example(arguments: "Namespace") -> str:
    from mathrl.base.checks import fail
    from mathrl.bounds.setup_file import example

    for name, given in vars(arguments).items():
        if given is not None and name not in ("example", "out"):
            fail(
                OPTIONS.get(name, "FILE" if name == "file" else f"--{name}"),
                f"is {shown(given)}",
                "none with --example",
            )
    return example()


def _answer(arguments: "Namespace", format: str) -> tuple[str, str]:
    """What was asked for, as text, and what is to be said where it is not complete.

    A plot is drawn as soon as nothing else can fail.
    """
    from mathrl.base.checks import choice, fail
    from mathrl.bounds import DYNAMICS_ERRORS
    from mathrl.cli.bound_views import RETURNS, VIEWS, Asked, Interrupted
    from mathrl.figures.bounds import STARTS

    if arguments.file is None:
        fail("FILE", "is missing", "a setup, as mathrl bound --example prints one")
    name = choice("--show", arguments.show or "bounds", VIEWS)
    view = VIEWS[name]
    for given, option in OPTIONS.items():
        if getattr(arguments, given) is not None and given not in view.heeds and not arguments.plot:
            heeding = [f"--show {other}" for other in VIEWS if given in VIEWS[other].heeds]
            fail(option, f"is not an option of --show {name}", " or ".join([*heeding, "--plot"]))
    asked = Asked(
        branch_lengths=_branch_lengths(arguments.branch_lengths, BRANCH_LENGTHS),
        dynamics_error=choice("--dynamics-error", arguments.dynamics_error or "real", DYNAMICS_ERRORS),
        normalised=choice("--returns", arguments.returns or "normalised", RETURNS) == "normalised",
        start=choice("--start", arguments.start or "game", STARTS),
        format=format,
    )
    if name == "rollouts" and 0 in asked.branch_lengths:
        fail("--branch-length", "holds 0", "at least 1 with --show rollouts", "a rollout has at least one step")
    size = size_of(arguments.size)
    if arguments.plot:
        from mathrl.figures.plot import check

        check(Path(arguments.plot), "--plot")
    elif size is not None:
        fail("--size", f"is {shown(arguments.size)}", "no size without --plot", "only a picture has one")
    setup = _setup(arguments.file, arguments.agent)
    try:
        text = output.render([view.table(setup, asked)], format)
    except Interrupted as stopped:
        return output.render([stopped.table], format), str(stopped)
    if arguments.plot:
        lengths = _branch_lengths(arguments.branch_lengths, PLOTTED)
        _plot(setup, asked, lengths, Path(arguments.file).name, size, Path(arguments.plot))
    return text, ""


def _plot(
    setup: "Setup",
    asked: "Asked",
    lengths: tuple[int, ...],
    title: str,
    size: tuple[float, float] | None,
    path: Path,
) -> None:
    from mathrl.figures.bounds import draw
    from mathrl.figures.plot import save

    with output.progress(len(lengths), "rollout") as advance:
        figure = draw(
            setup,
            branch_lengths=lengths,
            dynamics_error=asked.dynamics_error,
            normalised=asked.normalised,
            start=asked.start,
            title=title,
            size=size,
            advance=lambda k: advance(f"k = {k}", True),
        )
    save(figure, path)


def _setup(file: str, agent: str | None) -> "Setup":
    """The setup of a file, from the side of an agent."""
    from mathrl.base.checks import InvalidInput, fail
    from mathrl.bounds import load_setup

    if agent is None:
        return load_setup(file)
    if not re.fullmatch(r"\s*\d{1,9}\s*", agent, re.ASCII):
        fail("--agent", f"is {reprlib.repr(agent)}", "the number of an agent, the first is 0")
    try:
        return load_setup(file, int(agent))
    except InvalidInput as error:
        raise InvalidInput(str(error).replace(": agent is", ": --agent is", 1)) from error


def _branch_lengths(given: str | None, default: str) -> tuple[int, ...]:
    """1,2,5 and 1:50, whose end counts, in rising order."""
    from mathrl.base.checks import fail

    lengths: set[int] = set()
    for piece in (default if given is None else given).split(","):
        holds = f"holds {reprlib.repr(piece)}"
        ends = re.fullmatch(r"\s*(\d+)\s*(?::\s*(\d+)\s*)?", piece, re.ASCII)
        if not ends:
            fail("--branch-length", holds, "whole numbers, at least 0, as in 1,2,5 or 1:50")
        first, last = (_length(digits, holds) for digits in (ends[1], ends[2] or ends[1]))
        if last < first:
            fail("--branch-length", f"{holds}, which is empty", "a range that rises, as in 1:50")
        lengths.update(range(first, last + 1))
    if len(lengths) > MOST_LENGTHS:
        fail("--branch-length", f"holds {len(lengths)} lengths", f"at most {MOST_LENGTHS}", "more would take minutes")
    return tuple(sorted(lengths))


def _length(digits: str, holds: str) -> int:
    from mathrl.base.checks import fail

    digits = digits.lstrip("0") or "0"
    if len(digits) > len(str(LONGEST)) or int(digits) > LONGEST:
        fail("--branch-length", holds, f"at most {LONGEST}", "each step is computed, more would take minutes")
    return int(digits)
