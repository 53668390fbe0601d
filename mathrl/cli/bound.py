"""`mathrl bound`: what AORPO's bounds are worth on a game, a learned model of it, policies and opponent models."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mathrl.cli import output
from mathrl.cli.arguments import Parser, add_output

if TYPE_CHECKING:
    from argparse import Namespace

__all__ = ["run"]

DESCRIPTION = """\
How far the return in a learned model is from the real one, exactly, beside what AORPO's theorems say that it is at
most. FILE describes the game, the model, the policies and the opponent models; --example prints one to start from."""

EXAMPLES = """\
examples:
  mathrl bound --example > setup.json
  mathrl bound setup.json
  mathrl bound setup.json --branch-length 1:50 --dynamics-error uniform --format csv
  mathrl bound setup.json --show rollouts --branch-length 3,6,9
  mathrl bound setup.json --plot setup.png

what to show:
  bounds     each theorem and lemma: what it bounds, and its bounds
  errors     every ε that enters: of the dynamics by reading, shifts of policies, opponent models
  returns    the returns that are compared
  distances  lemmas C.1 and C.2 after K steps: laws of states and actions, real and modelled
  schedule   for how many of K steps each opponent is its model (§5.1), and what that adds to the bound
  rollouts   the schemes of §5.1 and G.5: communications, distances from the real law, returns, bounds

columns of bounds:
  discrepancy    |return in reality − return in the model|, exact
  printed        the bound as printed, with r_max = max r: no bound where rewards are negative
  corrected      the same with max |r|
  coupling       a sharper bound from the same errors: of two processes that stay together while they can
  value          a bound from exact values too (not of branched returns)
  trivial        max r − min r: no two returns lie farther apart
  printed_bound  holds; says nothing, where it is not below the trivial one; FAILS, where the discrepancy is larger
Returns are sums times 1 − discount, as in the proofs; --returns unnormalised divides them and the bounds by that.

readings of --dynamics-error, the expected total variation between real and learned transitions:
  real       at the worst time step, along the real dynamics (the paper's words)
  model      at the worst time step, along the learned dynamics; not enough for theorems 2, 5 and B.2
  uniform    at the worst state and joint action: the largest
  occupancy  the discounted average over time, along the real dynamics: what a replay buffer gives
  branched   at the worst step after a branch, along the rollouts; real for theorems without a branch

columns of rollouts: model_steps is the number of steps of each opponent's model; compounding_error is that of §6.3,
compounding_floor what it is for perfect models; bound is theorem 2 with the budget of §5.1, and max |r|.

A bound that fails is a finding, not an error: the exit status is 0. Agents, states and actions are numbered from 0."""

BRANCH_LENGTHS = "1,5,20"
PLOTTED = "1:50"
MOST_LENGTHS = 1000
"""More would take minutes to compare."""

PLOT_HEEDS = ("branch_lengths", "dynamics_error")
DATA = ("json", "csv")
"""Formats that programs read, in all digits."""

OPTIONS = {"branch_lengths": "--branch-length", "dynamics_error": "--dynamics-error", "returns": "--returns"}
"""Those that not every view takes, by what they are called in Python."""


def run(argv: Sequence[str]) -> int:
    """Run the command with these arguments and return its exit status."""
    parser = Parser("bound", DESCRIPTION, EXAMPLES)
    parser.add_argument("file", nargs="?", metavar="FILE", help="a setup as --example prints it, in JSON")
    parser.add_argument("--example", action="store_true", help="print a small setup to start from, and do nothing else")
    parser.add_argument(
        "--show",
        metavar="WHAT",
        default="bounds",
        help="bounds|errors|returns|distances|schedule|rollouts (default: bounds)",
    )
    parser.add_argument(
        "--branch-length",
        metavar="K[,K…]",
        dest="branch_lengths",
        help=f"steps of a rollout, as in 1,2,5 or 1:50 (default: {BRANCH_LENGTHS}; for --plot {PLOTTED})",
    )
    parser.add_argument("--agent", metavar="N", help="from whose side all is seen (default: the file's, else 0)")
    parser.add_argument("--dynamics-error", metavar="READING", help="real|model|uniform|occupancy|branched (see below)")
    parser.add_argument("--returns", metavar="WHICH", help="normalised|unnormalised (default: normalised)")
    parser.add_argument("--plot", metavar="FILE", help="also draw all over K to this .png, .svg or .pdf file")
    add_output(parser)
    arguments = parser.parse(argv)
    format = output.format_of(arguments.format, arguments.out)
    output.check_out("--out", arguments.out)
    output.check_out("--plot", arguments.plot)
    text, interrupted = (_example(arguments), "") if arguments.example else _answer(arguments, format)
    output.deliver(text, arguments.out)
    if interrupted:
        output.say(interrupted)
    return int(bool(interrupted))


def _example(arguments: "Namespace") -> str:
    from mathrl.bounds.setup_file import example
    from mathrl.games.validate import fail

    if arguments.file is not None:
        fail("FILE", f"is {arguments.file!r}", "none with --example")
    return example()


def _answer(arguments: "Namespace", format: str) -> tuple[str, str]:
    """What was asked for, as text, and what is to be said where it is not complete.

    A plot is drawn as soon as nothing else can fail.
    """
    from mathrl.bounds import DYNAMICS_ERRORS, load_setup
    from mathrl.cli.bound_views import RETURNS, VIEWS, Asked, Interrupted
    from mathrl.games.validate import choice, fail

    if arguments.file is None:
        fail("FILE", "is missing", "a setup, as mathrl bound --example prints one")
    view = VIEWS[choice("--show", arguments.show, VIEWS)]
    heeded = {*view.heeds, *(PLOT_HEEDS if arguments.plot else ())}
    for name, option in OPTIONS.items():
        if getattr(arguments, name) is not None and name not in heeded:
            fail(option, f"is no option of --show {arguments.show}", "the views that mathrl bound --help names")
    asked = Asked(
        branch_lengths=_branch_lengths(arguments.branch_lengths or BRANCH_LENGTHS),
        dynamics_error=choice("--dynamics-error", arguments.dynamics_error or "real", DYNAMICS_ERRORS),
        normalised=choice("--returns", arguments.returns or "normalised", RETURNS) == "normalised",
        readable=format not in DATA,
    )
    if arguments.plot:
        from mathrl.figures.plot import check

        check(Path(arguments.plot))
    setup = load_setup(arguments.file, _agent(arguments.agent))
    try:
        text = output.render([view.table(setup, asked)], format)
    except Interrupted as stopped:
        return output.render([stopped.table], format), str(stopped)
    if arguments.plot:
        from mathrl.figures.bounds import draw
        from mathrl.figures.plot import save

        lengths = _branch_lengths(arguments.branch_lengths or PLOTTED)
        save(draw(setup, branch_lengths=lengths, dynamics_error=asked.dynamics_error), Path(arguments.plot))
    return text, ""


def _branch_lengths(text: str) -> tuple[int, ...]:
    """1,2,5 and 1:50, whose end counts, in rising order."""
    from mathrl.games.validate import fail

    lengths: set[int] = set()
    for part in text.split(","):
        first, colon, last = part.partition(":")
        if not first.strip().isdecimal() or (colon and not last.strip().isdecimal()):
            fail("--branch-length", f"is {text!r}", "whole numbers, as in 1,2,5 or 1:50")
        numbers = range(int(first), int(last if colon else first) + 1)
        if len(numbers) > MOST_LENGTHS:
            fail("--branch-length", f"{part} is {len(numbers)} lengths", f"at most {MOST_LENGTHS}")
        lengths.update(numbers)
    if not lengths:
        fail("--branch-length", f"{text} is no length", "a range that does not fall, as in 1:50")
    return tuple(sorted(lengths))


def _agent(text: str | None) -> int | None:
    from mathrl.games.validate import fail

    if text is not None and not text.strip().isdecimal():
        fail("--agent", f"is {text!r}", "the number of an agent, the first is 0")
    return None if text is None else int(text)
