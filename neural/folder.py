"""A study on disk: what it is, all its measurements so far, and a checkpoint from which it goes on."""

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mathrl.base.checks import fail
from mathrl.base.document import parse
from mathrl.base.files import decode, read, remove_leftovers, write_text
from mathrl.base.text import shown
from mathrl.neural.algorithm import Run
from mathrl.neural.checkpoint import restore, save

__all__ = ["FILES", "Folder", "Row"]

Row = Mapping[str, float]
"""What is known of one seed at one time: `step`, `seed`, and what was measured, nan where there is no number."""

FILES = ("study.json", "metrics.jsonl", "checkpoint.npz")
"""What a study keeps in its folder: what it is, a line for each measurement of a seed, and how to go on."""


_OF_GAME = frozenset(("states", "actions", "digest"))
"""What a study knows of its game beside the name."""


class Folder:
    """A study on disk. The rows after the last checkpoint are cut off, as they are measured again.

    A study's folder has one writer. Where it goes on, the unfinished files of one that was killed are removed.
    """

    def __init__(self, folder: Path, told: Mapping[str, Any]) -> None:
        self._folder, self._told = folder, told
        self._description, self._metrics, self._checkpoint = (folder / name for name in FILES)
        self.stored = os.path.exists(self._checkpoint)  # also of names that no file can have
        measured = os.path.exists(self._metrics)
        if not self.stored and not measured:
            return  # what was begun here before was never measured
        expected = "the description of a study"
        before = read(self._description, lambda data: parse(decode(data), expected), expected)
        if not isinstance(before, dict):
            fail(str(self._description), f"is not {expected}", expected)
        changed = _changes(before, told)
        if changed:
            fail(str(folder), f"holds another study ({'; '.join(changed)})", "a new folder, or the same study")
        rows = [] if self.stored else read(self._metrics, bytes.splitlines, "measurements")
        if len(rows) > len(told["seeds"]):  # of one measurement they may be those of a run that was killed then
            fail(str(folder), f"has lost {self._checkpoint.name}", "all files of the study, or a new folder")

    def begin(self) -> None:
        """Write what the study is. Rows of one that was killed before its first checkpoint do not count."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError) as error:  # a ValueError if no folder can have this name
            why = error.strerror if isinstance(error, OSError) else error
            fail(str(self._folder), f"cannot be made ({why})", "a folder that can be written to")
        if self._description.exists():
            remove_leftovers(self._folder)
        write_text(self._description, json.dumps(self._told, indent=1) + "\n")
        self._metrics.unlink(missing_ok=True)

    def load(self, like: Any) -> tuple[Any, int, list[Row]]:
        """The runs, how many iterations they have had, and the rows up to then."""
        runs, counts = restore(self._checkpoint, like, "iterations", "bytes")
        expected = f"the measurements up to {self._checkpoint.name}"

        def parsed(data: bytes) -> list[Row]:
            if len(data) < counts["bytes"]:
                fail("content", f"has {len(data)} bytes", f"the {counts['bytes']} up to {self._checkpoint.name}")
            try:
                return [_read_back(json.loads(line)) for line in data[: counts["bytes"]].splitlines()]
            except ValueError as error:
                fail("content", f"is not readable ({error})", expected)

        rows = read(self._metrics, parsed, expected)
        os.truncate(self._metrics, counts["bytes"])
        remove_leftovers(self._folder)
        return runs, counts["iterations"], rows

    def store(self, rows: Sequence[Row], runs: Sequence[Run], iterations: int) -> None:
        """Add rows, then let the checkpoint say that they count."""
        text = "".join(json.dumps(_written(row)) + "\n" for row in rows).encode()
        with open(self._metrics, "ab") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            length = file.tell()
        save(self._checkpoint, runs, iterations=iterations, bytes=length)


def _changes(before: Mapping[str, Any], told: Mapping[str, Any]) -> list[str]:
    """In what a study differs from the one in its folder, in words; if the algorithm does, settings go unsaid."""
    names = [name for name in {**told, **before} if told.get(name) != before.get(name)]
    said = [_change(name, before, told) for name in names if name not in _OF_GAME and name != "settings"]
    old, new = before.get("settings"), told.get("settings")
    if isinstance(old, dict) and isinstance(new, dict) and "algorithm" not in names:
        said += [_change(name, old, new) for name in {**new, **old} if new.get(name) != old.get(name)]
    elif "settings" in names and not said:
        said.append(_change("settings", before, told))
    if "environment" not in names and not _OF_GAME.isdisjoint(names):
        said.append("the game has changed since")
    return said


def _change(name: str, before: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    new, old = (shown(known[name]) if name in known else "not given" for known in (told, before))
    return f"{name} is {new}, and {old} in the study"


def _written(row: Row) -> dict[str, float | None]:
    """A row as JSON has it, null for a number that is not finite."""
    return {name: number if math.isfinite(number) else None for name, number in row.items()}


def _read_back(row: Mapping[str, float | None]) -> Row:
    """What `_written` wrote."""
    return {name: math.nan if number is None else number for name, number in row.items()}
