"""How files are read, with errors that name the file, and written: whole or not at all, also where power is lost.

A result is first written to a temporary file in the same folder, `.mathrl-….tmp`, and reaches the disk. Then it takes
the place, and the mode, of what was there. Links are written through. Pipes, devices and what a program has open
(`/dev/stdout`) are written to as they are.
"""

import math
import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from mathrl.base.checks import InvalidInput, fail
from mathrl.base.text import shown

__all__ = ["as_path", "check_writable", "decode", "read", "remove_leftovers", "write_bytes", "write_text"]

T = TypeVar("T")

_LONG_DEAD = 3600.0
"""Seconds after which a temporary file belongs to no run that is still writing it."""

_EXPECTED = "a file to write"

_LINKS = 40
"""Links that lead on from each other: no system follows more."""


def as_path(argument: str, path: Any) -> Path:
    """Require the path of a file, a text or what stands for one."""
    try:
        return Path(path)
    except TypeError:
        fail(argument, f"is {shown(path)}", "the path of a file")


def read(path: Path, parse: Callable[[bytes], T], expected: str) -> T:
    """What `parse` makes of the file's bytes; errors name the file, which was to hold `expected`."""
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:  # a ValueError if no file can have this name
        fail(str(path), f"cannot be read ({_why(error)})", f"a file that holds {expected}")
    try:
        return parse(data)
    except InvalidInput as error:
        raise InvalidInput(f"{path}: {error}") from error


def decode(data: bytes, otherwise: str | None = None) -> str:
    """The text of bytes in UTF-8, with or without a byte-order mark; others are in the encoding `otherwise`, if any."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if otherwise is not None:
            return data.decode(otherwise)
        line = data.count(b"\n", 0, error.start) + 1
        fail(f"line {line}", "is not UTF-8", "text in UTF-8")


def check_writable(argument: str, path: str | Path) -> None:
    """Refuse what no file can be written to: folders, names that no file can have, folders that do not let us."""
    name = os.fspath(path)
    if not name:
        fail(argument, "is empty", _EXPECTED)
    try:
        mode = _mode(name)
        target = os.path.realpath(name)
    except (OSError, ValueError) as error:  # a ValueError if no file can have this name
        fail(argument, f"cannot be written ({_why(error)})", _EXPECTED)
    folder = os.path.dirname(target)
    if name.endswith("/") or (mode is not None and stat.S_ISDIR(mode)):
        fail(argument, "is a folder", _EXPECTED)
    if not os.path.isdir(folder):
        fail(argument, "lies in a folder that does not exist", _EXPECTED)
    replaced = mode is None or stat.S_ISREG(mode)
    if replaced and _descriptor(Path(name)) is None and not os.access(folder, os.W_OK | os.X_OK):
        fail(argument, "lies in a folder in which no file can be written", _EXPECTED)
    if not replaced and not os.access(name, os.W_OK):
        fail(argument, "cannot be written (Permission denied)", _EXPECTED)


def write_text(path: Path, text: str) -> None:
    """Write `text` in UTF-8, whole or not at all."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data`, whole or not at all: nobody sees half a file, nor does a loss of power leave one."""
    check_writable(str(path), path)
    try:
        opened, mode = _descriptor(path), _mode(path)
        if opened is not None:
            with open(opened, "wb", closefd=False) as file:
                file.write(data)
        elif mode is None or stat.S_ISREG(mode):
            _replace(Path(os.path.realpath(path)), data, mode)
        else:  # a pipe or a device: renaming over it would remove it
            path.write_bytes(data)
    except OSError as error:
        fail(str(path), f"cannot be written ({_why(error)})", _EXPECTED)


def remove_leftovers(folder: Path) -> None:
    """Remove what killed writers left in a folder, however new it is: only the caller may be writing there."""
    _clear(folder, math.inf)


def _mode(path: str | Path) -> int | None:
    """What kind of file a path leads to and who may read it, None where there is nothing yet."""
    try:
        return os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None


def _descriptor(path: Path) -> int | None:
    """The number of the open file of this process that a path names, as `/dev/stdout` does, else None."""
    for _ in range(_LINKS):
        folder = os.path.realpath(path.parent)
        if folder in ("/dev/fd", f"/proc/{os.getpid()}/fd") and path.name.isdecimal():
            return int(path.name)
        if not path.is_symlink():
            return None
        path = Path(folder, os.readlink(path))
    return None


def _replace(target: Path, data: bytes, mode: int | None) -> None:
    """Put the data on the disk beside the target, then in its place, with its `mode` if it had one."""
    temporary = target.with_name(f".mathrl-{secrets.token_hex(8)}.tmp")
    first = 0o666 if mode is None else 0o600  # nobody reads what is private before its mode is set
    try:
        with open(temporary, "xb", opener=lambda name, flags: os.open(name, flags, first)) as file:
            if mode is not None:
                os.chmod(temporary, stat.S_IMODE(mode))
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    with suppress(OSError):  # not every system lets one open a folder, or has more to do for it
        _sync(target.parent)
    with suppress(OSError):
        _clear(target.parent, target.stat().st_mtime)


def _sync(folder: Path) -> None:
    """Put the names of a folder's files on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _clear(folder: Path, now: float) -> None:
    """Remove the temporary files of runs that were killed; `now` is by the clock of the disk."""
    for stray in folder.glob(f".mathrl-{'[0-9a-f]' * 16}.tmp"):
        with suppress(OSError):  # another run may be removing it
            if now - stray.lstat().st_mtime > _LONG_DEAD:
                stray.unlink()


def _why(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)
