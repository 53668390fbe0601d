"""How files are read, with errors that name the file, and written: whole or not at all."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from mathrl.base.checks import InvalidInput, fail
from mathrl.base.text import shown

__all__ = ["as_path", "decode", "read", "write_bytes", "write_text"]

T = TypeVar("T")


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


def write_text(path: Path, text: str) -> None:
    """Write `text` in UTF-8, whole or not at all."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to a temporary file in the same folder and rename it, so that nobody sees half a file."""
    try:
        target = Path(os.path.realpath(path))
        if target.is_dir() or not target.parent.is_dir():
            found = "is a folder" if target.is_dir() else "lies in a folder that does not exist"
            fail(str(path), found, "a file to write")
        if target.exists() and not target.is_file():  # a pipe or a device: renaming over it would remove it
            target.write_bytes(data)
        else:
            _replace(target, data)
    except InvalidInput:
        raise
    except (OSError, ValueError) as error:  # a ValueError if no file can have this name
        fail(str(path), f"cannot be written ({_why(error)})", "a file that can be written")


def _replace(target: Path, data: bytes) -> None:
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def _why(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)
