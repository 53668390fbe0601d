"""Games in files: `.json`, `.npz`, Gambit's `.nfg`, GameTracer's `.gam` and tables in `.csv`, by their ending.

All of them read back exactly: the arrays of a game that was saved and loaded are equal, bit for bit.
"""

from collections.abc import Callable
from os import PathLike
from pathlib import Path

from mathrl.base.checks import fail
from mathrl.base.files import as_path, decode, read, write_bytes
from mathrl.games import csv_file, gam_file, gambit, json_file, npz_file
from mathrl.games.model import Game, check_game

__all__ = ["SUFFIXES", "check_ending", "load_file", "names_file", "save"]


def load_file(path: str | PathLike[str]) -> Game:
    """Read a game from a `.json`, `.npz`, `.nfg`, `.gam` or `.csv` file.

    `path`  the file; its ending says in which form it is

    Raises `InvalidInput`, a `ValueError`, naming the file and the line, key or array that is broken.
    """
    path = as_path("path", path)
    return read(path, _READERS[check_ending(f"path {str(path)!r}", path)], "a game")


def save(game: Game, path: str | PathLike[str]) -> None:
    """Write a game to a file from which `load` reads exactly the same game.

    `game`  the game
    `path`  where to write it; it ends in `.json`, `.npz` or, for a matrix game only, `.nfg`, `.gam` or `.csv`

    Names of agents and actions are kept, but not in `.gam`; the title is kept in `.json`, `.npz` and `.nfg`. In `.nfg`
    and `.csv` names that are numbers may read back as none (`mathrl.games.gambit`, `mathrl.games.csv_file`). Names of
    states are kept in `.json` and `.npz` where they are texts, numbers, None, or tuples of these. The file is written
    whole or not at all. Raises `ValueError` where the ending is another one, a name is one that the file cannot hold,
    or the game has states or actions that are not available and the ending is that of a matrix game.
    """
    check_game(game)
    path = as_path("path", path)
    write_bytes(path, _WRITERS[check_ending(f"path {str(path)!r}", path)](game))


def check_ending(argument: str, path: Path) -> str:
    """Require a path that ends in one of `SUFFIXES`; the ending."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        fail(argument, f"ends in {suffix!r}", " or ".join(SUFFIXES))
    return suffix


_READERS: dict[str, Callable[[bytes], Game]] = {
    ".json": lambda data: json_file.parse(decode(data)),
    ".npz": npz_file.parse,
    ".nfg": lambda data: gambit.parse(decode(data, otherwise="latin-1")),  # as programs of the 1990s wrote names
    ".gam": lambda data: gam_file.parse(decode(data)),
    ".csv": lambda data: csv_file.parse(decode(data)),
}
_WRITERS: dict[str, Callable[[Game], bytes]] = {
    ".json": lambda game: json_file.render(game).encode(),
    ".npz": npz_file.render,
    ".nfg": lambda game: gambit.render(game).encode(),
    ".gam": lambda game: gam_file.render(game).encode(),
    ".csv": lambda game: csv_file.render(game).encode(),
}

SUFFIXES = tuple(_READERS)
"""The endings of the files that games are kept in."""


def names_file(text: str) -> bool:
    """Say whether a text that stands for a game names a file, by its ending, and not a game of the catalogue."""
    return Path(text).suffix.lower() in SUFFIXES
