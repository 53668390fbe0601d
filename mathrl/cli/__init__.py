"""The command line: dispatch and exit codes. Each command's module is imported when the command is chosen."""

import importlib
import sys
from collections.abc import Sequence

from mathrl.cli import output

__all__ = ["COMMANDS", "main"]

COMMANDS = {
    "reproduce": "recompute tables and figures of the papers, and compare them with the printed numbers",
    "check": "say which claims of the papers hold, and show the evidence",
    "solve": "solve a game with any of the solvers of the five papers",
    "fit": "find the rationality that makes observed play most likely",
    "bound": "compute AORPO's bounds for a game with learned models, and what they bound",
    "games": "list the games that come with mathrl, or show one, or save it in another format",
    "train": "train networks on a game, and measure them with the exact solver",
    "figure": "draw a figure to a .png, .svg or .pdf file",
}

HELP = """usage: mathrl COMMAND …

Exact, tabular ground truth for maximum-entropy multi-agent reinforcement learning.

commands:
{commands}

  mathrl COMMAND --help     what the command takes, with examples
  mathrl --version

examples:
  mathrl reproduce hasac-table-3
  mathrl solve hasac --solver haspi --temperature 1,5,10
  mathrl games climbing
  mathrl train hasac climbing

exit status:
  0    everything was done
  1    a solver did not converge, the evidence does not support a claim's verdict, or the run was interrupted and a
       part of the results is printed
  2    the input is wrong, as one line explains
  130  the run was interrupted before there was any result
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    try:
        try:
            status = _run(list(sys.argv[1:] if argv is None else argv))
        except SystemExit:  # argparse leaves so after --help
            status = 0
        output.flush()
    except output.ClosedPipeError:
        return 0
    except KeyboardInterrupt:
        output.say("interrupted")
        return 130
    except MemoryError as error:
        output.say(f"out of memory, expected a smaller game{f': {error}' if str(error) else ''}")
        return 2
    except ValueError as error:
        from mathrl.base.checks import InvalidInput

        if not isinstance(error, InvalidInput):
            raise
        output.say(str(error))
        return 2
    return status


def _run(argv: list[str]) -> int:
    command, *rest = argv or ["--help"]
    if command in ("-h", "--help"):
        output.show(HELP.format(commands="\n".join(f"  {name:12}{summary}" for name, summary in COMMANDS.items())))
        return 0
    if command == "--version":
        from mathrl import __version__

        output.show(f"mathrl {__version__}\n")
        return 0
    if command not in COMMANDS:
        from mathrl.base.checks import choice

        choice("option" if command.startswith("-") else "command", command, [*COMMANDS, "--help", "--version"])
    module = importlib.import_module(f"mathrl.cli.{command}")
    with output.compiling(), output.warnings_in_a_line():
        status: int = module.run(rest)
    return status
