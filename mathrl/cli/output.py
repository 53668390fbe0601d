"""What reaches the user: results on standard output or in a file, words and progress on standard error."""

import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from mathrl.base.table import FORMATS, Table
from mathrl.base.text import printable

__all__ = [
    "ClosedPipeError",
    "check_out",
    "compiling",
    "deliver",
    "flush",
    "format_of",
    "make_folder",
    "progress",
    "render",
    "say",
    "show",
    "warnings_in_a_line",
    "watcher",
]

SUFFIXES = {".json": "json", ".csv": "csv", ".md": "markdown", ".tex": "latex"}

NO_TABLES = (".npz", ".nfg", ".gam", ".png", ".svg", ".pdf")

_REPORT_EVERY = 0.1
"""Seconds between two updates of a progress bar."""

DELAY = 1.0
"""Seconds that work may take before a progress bar appears, and compiling before a line says so."""


class ClosedPipeError(Exception):
    """Nobody reads standard output any more."""


def format_of(format: str | None, out: str | None, mend: str = "") -> str:
    """The format asked for, or what the name of the file says; an unknown one is refused before any work is done.

    So are names of game files and pictures, which a table is not; the `mend` says what writes these.
    """
    from mathrl.base.checks import choice, fail

    suffix = Path(out or "").suffix.lower()
    if suffix in NO_TABLES:
        fail(f"--out {out}", f"ends in {suffix!r}", f"a file of text, {', '.join(SUFFIXES)} for example", mend)
    if format is None:
        return SUFFIXES.get(suffix, "table")
    return choice("--format", format, FORMATS)


def check_out(written: Mapping[str, str | None], read: Mapping[str, str | None] | None = None) -> None:
    """Refuse, before any work is done, files that cannot be written, and to write over one that is read or written too.

    Both are paths by their options, None where none was given.
    """
    from mathrl.base.checks import fail
    from mathrl.base.files import check_writable

    seen = {_place(path): option for option, path in (read or {}).items() if path is not None}
    for option, path in written.items():
        if path is not None:
            check_writable(f"{option} {path}".rstrip(), path)
            first = seen.setdefault(_place(path), option)
            if first != option:
                fail(f"{option} {path}", f"is {first} too", "another file", "one would be written over the other")


def make_folder(option: str, name: str) -> Path:
    """Make a folder that can be written to, before any work is done. No name is none, not that of this folder."""
    from mathrl.base.checks import fail
    from mathrl.base.files import check_writable

    if not name:
        fail(option, "is empty", "the name of a folder")
    folder = Path(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:  # a ValueError if no folder can have this name
        why = error.strerror if isinstance(error, OSError) else error
        fail(f"{option} {folder}", f"cannot be made ({why})", "a folder that can be written to")
    check_writable(f"{option} {folder}", str(folder / "file"))
    return folder


def _place(path: str) -> str:
    """Where the links of a path lead."""
    try:
        return os.path.realpath(path)
    except ValueError:  # no file can have this name, as whoever reads it will say
        return path


def render(tables: "list[Table]", format: str) -> str:
    """Several tables in one format, an empty line between them."""
    from mathrl.base.render import render as render_one

    return "\n".join(render_one(table, format) for table in tables)


def deliver(text: str, out: str | None) -> None:
    """Write `text` to the file `out`, whole or not at all, or show it."""
    if out is None:
        show(text)
        return
    from mathrl.base.files import write_text

    write_text(Path(out), text)


def show(text: str) -> None:
    """Print `text`; what the terminal's encoding lacks is shown as a question mark."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    with _closed_pipe():
        print(text.encode(encoding, "replace").decode(encoding), end="")


def flush() -> None:
    """Write out what is buffered, so that a closed pipe is noticed here and not while Python shuts down."""
    with _closed_pipe():
        if sys.stdout is not None:
            sys.stdout.flush()


def say(message: str) -> None:
    """One line on standard error."""
    line = printable(" ".join(f"mathrl: {message}".split()))
    with suppress(OSError, AttributeError):
        encoding = sys.stderr.encoding or "utf-8"
        print(line.encode(encoding, "replace").decode(encoding), file=sys.stderr, flush=True)


@contextmanager
def warnings_in_a_line() -> Iterator[None]:
    """Say the warnings of Python within the block as all else is said."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: say(str(message))
        yield


@contextmanager
def progress(total: int, unit: str) -> Iterator[Callable[[str, bool], None]]:
    """A bar on standard error, if that is a terminal and the work takes a second.

    The function that it gives is called with what is going on, and with True when one of `total` units is done.
    """
    from tqdm import tqdm

    terminal = sys.stderr is not None and sys.stderr.isatty()
    with tqdm(total=total, unit=unit, file=sys.stderr, disable=not terminal, delay=DELAY, leave=False) as bar:

        def advance(what: str, done: bool) -> None:
            bar.set_postfix_str(what, refresh=False)
            if done:
                bar.update()
            elif bar.format_dict["elapsed"] > DELAY:
                bar.refresh()

        yield advance


def watcher(
    advance: Callable[[str, bool], None], describe: Callable[[int, float], str]
) -> Callable[[int, float], None]:
    """A function that tells `advance` what `describe` says of a step, ten times a second at most."""
    latest = 0.0

    def watch(step: int, value: float) -> None:
        nonlocal latest
        now = time.monotonic()
        if now - latest > _REPORT_EVERY:
            latest = now
            advance(describe(step, value), False)

    return watch


@contextmanager
def compiling() -> Iterator[None]:
    """Say once on standard error, if that is a terminal, that kernels are compiled, where that takes a second."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    from mathrl.base.compiling import announcing

    with announcing(_say_compiling, after=DELAY):
        yield


def _say_compiling() -> None:
    """By tqdm, which puts the line above a progress bar that stands there."""
    from tqdm import tqdm

    with suppress(OSError):
        tqdm.write("mathrl: compiling (once)", file=sys.stderr)


@contextmanager
def _closed_pipe() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        with suppress(OSError, ValueError, AttributeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise ClosedPipeError from error
    except OSError as error:
        from mathrl.base.checks import InvalidInput

        raise InvalidInput(f"standard output cannot be written ({error.strerror})") from error
