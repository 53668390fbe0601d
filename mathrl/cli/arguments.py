"""argparse as all commands use it: whole option names, numbers that begin with a minus, errors in one line."""

import argparse
import math
import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from mathrl.base.table import FORMATS
from mathrl.base.text import shown
from mathrl.cli import output

__all__ = ["Parser", "add_jobs", "add_output", "add_size", "game_file", "jobs_of", "number", "size_of", "whole_number"]


class Parser(argparse.ArgumentParser):
    """A parser whose errors are `InvalidInput`. `more_help` is asked for more text when somebody asks for help."""

    def __init__(self, command: str, description: str, examples: str, more_help: Callable[[], str] = str) -> None:
        super().__init__(
            prog=f"mathrl {command}",
            description=description,
            epilog=examples,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        self._more_help = more_help

    def parse(self, argv: Sequence[str]) -> argparse.Namespace:
        """Parse all of `argv`, in which options stand anywhere; an unknown one is refused with the nearest ones."""
        arguments, unknown = self.parse_known_intermixed_args(_joined(argv))
        if unknown:
            from mathrl.base.checks import choice, fail

            name = unknown[0].partition("=")[0]
            if not name.startswith("-"):
                found, mend = "is not one that this command takes", f"see {self.prog} --help"
                fail(f"argument {name!r}", found, "no further argument", mend)
            choice("option", name, self._option_string_actions, see=f"{self.prog} --help")
        return arguments

    def format_help(self) -> str:
        """The usual help, with the text of `more_help` at its end."""
        more = self._more_help()
        return super().format_help() + (f"\n{more}\n" if more else "")

    def print_help(self, file: Any = None) -> None:
        """Show the help as other results are shown."""
        output.show(self.format_help())

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage and leaving."""
        from mathrl.base.checks import InvalidInput

        raise InvalidInput(f"{message} (see {self.prog} --help)")


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add `--format` and `--out`."""
    choices = "|".join(FORMATS)
    parser.add_argument(
        "--format",
        metavar="FORMAT",
        help=f"{choices} (default: by the ending of --out FILE, .json, .csv, .md or .tex; else table)",
    )
    parser.add_argument(
        "--out", metavar="FILE", type=_no_dash, help="write the result to this file (default, and for -: print it)"
    )


def add_jobs(parser: argparse.ArgumentParser) -> None:
    """Add `--jobs`."""
    parser.add_argument("--jobs", metavar="N", help="how many processors to use; results are the same (default: all)")


def add_size(parser: argparse._ActionsContainer) -> None:
    """Add `--size`."""
    parser.add_argument("--size", metavar="WxH", help="width and height of the picture in inches, as in 3.5x2.5")


def size_of(text: str | None) -> tuple[float, float] | None:
    """The width and the height that `--size` says, None where it is not given."""
    from mathrl.base.checks import InvalidInput, fail

    if text is None:
        return None
    parts = text.replace("×", "x").split("x")
    if len(parts) != 2:
        fail("--size", f"is {shown(text)}", "width and height in inches, as in 3.5x2.5")
    width, height = (number("--size", part) for part in parts)
    from mathrl.figures.plot import checked_size

    try:
        return checked_size((width, height), (width, height))
    except InvalidInput as error:
        raise InvalidInput(f"--{error}") from error


def jobs_of(text: str | None) -> int:
    """How many processors `--jobs` asks for."""
    from mathrl.base.jobs import processors

    return processors() if text is None else whole_number("--jobs", text, 1)


def _no_dash(out: str) -> str | None:
    """The name of a file, None for the dash that stands for standard output."""
    return None if out == "-" else out


def game_file(game: str | None) -> str | None:
    """The file that a game is to be read from, None where there is none or the game is a name."""
    from mathrl.games.files import names_file

    return game if game is not None and names_file(game) else None


def number(flag: str, text: str) -> float:
    """The finite number that an option's text says."""
    from mathrl.base.checks import fail

    try:
        value = float(text)
    except ValueError:
        fail(flag, f"is {shown(text)}", "a number")
    if not math.isfinite(value):
        fail(flag, f"is {shown(text)}", "a finite number")
    return value


def whole_number(flag: str, text: str, least: int = 0) -> int:
    """The whole number, at least `least`, that an option's text says."""
    from mathrl.base.checks import count

    try:
        exact: float = int(text)
    except ValueError:
        value = number(flag, text)
        exact = int(value) if value == int(value) else value
    return count(flag, exact, least)


def _joined(argv: Sequence[str]) -> list[str]:
    """`--option -1e3` as `--option=-1e3`: argparse takes what begins with a minus for an option."""
    joined: list[str] = []
    for argument in argv:
        previous = joined[-1] if joined else ""
        if re.match(r"-[\d.]", argument) and previous.startswith("--") and "=" not in previous and len(previous) > 2:
            joined[-1] = f"{previous}={argument}"
        else:
            joined.append(argument)
    return joined
