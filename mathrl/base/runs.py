"""Long simulations in parts: in several processes, resumed after whatever ended them, with the same numbers always.

A simulation is cut into parts, such as a seed each. A part is a description, and with a function it determines a
result. So neither the number of processes nor an interrupt can change a number. What is finished is kept in a folder
as soon as it is, and is not computed again.
"""

import ast
import inspect
import io
import json
import os
import re
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from mathrl.base.checks import count, fail
from mathrl.base.files import as_path, read, write_bytes
from mathrl.base.jobs import each, nothing
from mathrl.base.text import shown

__all__ = ["ALONE", "Result", "Runs"]

Result = dict[str, Any]
"""What a part results in: names, each with a number or an array of numbers."""

_PART = "part"
"""Under this name a file says what it is the result of; those of results begin with an underscore."""

_UNREADABLE = (EOFError, KeyError, NotImplementedError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error)
"""What reading an archive raises where bytes are missing or changed."""

_ARRAYS = "biufc"
"""The kinds of numbers that NumPy reads back exactly."""


@dataclass(frozen=True)
class Runs:
    """How simulations are run: in how many processes, and where finished parts are kept.

    `jobs`     how many processes, ≥ 1; results do not depend on it
    `folder`   where finished parts are kept, made when the first is; None: nowhere
    `advance`  is told what is going on, and with True when one more part is done
    """

    jobs: int = 1
    folder: Path | None = None
    advance: Callable[[str, bool], None] = nothing

    def __post_init__(self) -> None:
        count("jobs", self.jobs, 1)
        if self.folder is not None:
            object.__setattr__(self, "folder", as_path("folder", self.folder))

    def map(self, function: Callable[[Any], Mapping[str, Any]], parts: Iterable[Any], *, name: str) -> list[Result]:
        """The function of each part, in the order of the parts.

        `function`  a function of a module, not a lambda or one inside another; it gets a part and returns names with
                    numbers or arrays of numbers
        `parts`     numbers, texts, and tuples, lists and dicts of them, which determine the result: seeds are in them
        `name`      letters, digits, `-`, `_` and `.`: what messages and files call these parts

        Where it was computed, a number comes back as a number of Python, and an array as an array of the same type,
        bit for bit; of equal parts one is computed. With a folder a part is written as soon as it is finished, whole or
        not at all, to

            NAME-HASH.npz,   HASH of (part, module and name of the function, its source, version of mathrl),

        and one that is there is not computed again. The source is all code of the module in which the function is
        defined, and of all modules of the same package that it imports by their full names, and so on, as their files
        have it now, without docstrings, comments and layout. Other packages are not in it. After Ctrl-C, an error or
        `kill -9` the finished parts are there; of the others nothing is.

        A file that is not readable, as after a copy that was broken off, is computed anew and replaced: nothing in it
        can be lost. One that is readable and is the result of something else is nobody's to replace: it is refused.
        Raises `ValueError` for that, for a folder that cannot be written, and for functions, parts, results and names
        that are none; `mathrl.base.jobs.ItemError` for an error of the function. It names the part.
        """
        _named(name)
        described = _described(function)
        parts = list(parts)
        keys = [_key(f"parts[{k}]", part, described) for k, part in enumerate(parts)]
        part_of = dict(zip(keys, parts, strict=True))
        paths = {key: self._path(name, key) for key in part_of}
        results = {key: kept for key, path in paths.items() if (kept := _kept(path, key)) is not None}
        missing = [key for key in part_of if key not in results]

        def told(what: str, done: bool) -> None:
            self.advance(f"{name}: {len(results)} of {len(part_of)}", done)

        for _ in results:
            told(name, True)
        if missing and self.folder is not None:
            _make(self.folder)
        items = [(part_of[key], key, paths[key]) for key in missing]
        names = [f"{name}, part {shown(part)}" for part, _, _ in items]
        with closing(each(partial(_computed, function), items, names, jobs=self.jobs, advance=told)) as done:
            for k, data in done:
                results[missing[k]] = _decoded(data)[1]
        return [dict(results[key]) for key in keys]

    def place(self, function: Callable[..., Any], part: Any, *, name: str) -> Path | None:
        """A folder for a simulation that keeps itself while it runs, such as a study of networks; it is not made here.

        Its name is that of the file that `map` would write for this function and part: code that has changed begins in
        another folder. None if nothing is kept. Raises `ValueError` as `map` does.
        """
        path = self._path(_named(name), _key("part", part, _described(function)))
        return None if path is None else path.with_suffix("")

    def _path(self, name: str, key: str) -> Path | None:
        hashed = sha256(key.encode()).hexdigest()[:24]
        return None if self.folder is None else self.folder / f"{name}-{hashed}.npz"


ALONE = Runs()
"""In this process, with nothing kept."""


def _named(name: str) -> str:
    if re.fullmatch(r"[\w.-]+", name) is None:
        fail("name", f"is {shown(name)}", "letters, digits, '-', '_' and '.'")
    return name


def _computed(function: Callable[[Any], Mapping[str, Any]], item: tuple[Any, str, Path | None]) -> bytes:
    """The result of a part as a file has it, and written to its file where it has one: by whichever process has it."""
    part, key, path = item
    data = _encoded(function(part), key)
    if path is not None:
        write_bytes(path, data)
    return data


def _encoded(result: Any, key: str) -> bytes:
    if not isinstance(result, Mapping) or not all(isinstance(name, str) for name in result):
        fail("the result", f"is {shown(result)}", "a dict of names with numbers or arrays of numbers")
    arrays = {}
    for name, value in result.items():
        try:
            array = np.asarray(value)
        except ValueError:  # of lists of unequal lengths
            array = np.asarray(None)
        if array.dtype.kind not in _ARRAYS:
            fail(f"result {name!r}", f"is {shown(value)}", "a number or an array of numbers")
        arrays[f"_{name}"] = array
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays, **{_PART: np.frombuffer(key.encode(), np.uint8)})
    return buffer.getvalue()


def _decoded(data: bytes) -> tuple[str, Result]:
    """What a file is the result of, and the result."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if archive.testzip() is not None:
            raise zipfile.BadZipFile
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    key = arrays.pop(_PART).tobytes().decode()
    return key, {name[1:]: array if array.ndim else array.item() for name, array in arrays.items()}


def _kept(path: Path | None, key: str) -> Result | None:
    """The result in a file; None where there is none, or nothing readable in it."""
    if path is None or not os.path.lexists(path):
        return None

    def parsed(data: bytes) -> Result | None:
        try:
            found, result = _decoded(data)
        except _UNREADABLE:
            return None
        if found != key:
            fail("content", f"is the result of {shown(found)}", f"that of {shown(key)}", "name another folder")
        return result

    return read(path, parsed, "the result of a part")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:  # a ValueError if no folder can have this name
        why = error.strerror if isinstance(error, OSError) else error
        fail(str(folder), f"cannot be made ({why})", "a folder that can be written to")


def _described(function: Callable[..., Any]) -> tuple[str, str, str]:
    """What a function is, beside its part: module and name, hash of the code, version of mathrl."""
    if not inspect.isfunction(function) or not function.__qualname__.isidentifier():
        fail("function", f"is {shown(function)}", "a function of a module")
    version = str(sys.modules["mathrl"].__version__)  # an import would be one of all floors
    return f"{function.__module__}.{function.__qualname__}", _code_of(function.__module__), version


def _code_of(module: str) -> str:
    """A hash of all code of a module and of those of its package that it reaches by imports, as files have it now."""
    found: dict[str, str] = {}
    to_read = [module]
    while to_read:
        name = to_read.pop()
        source = None if name in found else _source(name)
        if source is not None:
            found[name], imported = _read(source)
            to_read += [other for other in imported if other.partition(".")[0] == module.partition(".")[0]]
    if module not in found:  # as where Python was given text instead of a file
        fail("function", f"is in {module!r}, which has no file", "a function of a module in a file")
    return sha256(json.dumps(sorted(found.items())).encode()).hexdigest()[:24]


def _source(module: str) -> str | None:
    """What is in a module's file; None for what is no module of Python."""
    try:
        if module in sys.modules:
            return inspect.getsource(sys.modules[module])
        spec = find_spec(module)
    except (ModuleNotFoundError, OSError, TypeError):  # as of a name that is imported from a module
        return None
    return None if spec is None or spec.origin is None else Path(spec.origin).read_text(encoding="utf-8")


@cache
def _read(source: str) -> tuple[str, tuple[str, ...]]:
    """A hash of code without docstrings, and the names that may be modules which it imports."""
    tree, imported = ast.parse(source), set[str]()
    for node in ast.walk(tree):
        match node:
            case ast.Module() | ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                node.body = node.body[ast.get_docstring(node, clean=False) is not None :]
            case ast.Import():
                imported |= {alias.name for alias in node.names}
            case ast.ImportFrom(module=str(origin)):
                imported |= {origin, *(f"{origin}.{alias.name}" for alias in node.names)}
    return sha256(ast.dump(tree).encode()).hexdigest(), tuple(sorted(imported))


def _key(argument: str, part: Any, described: tuple[str, str, str]) -> str:
    """A text that says of what a result is, the same for equal parts."""
    _check(argument, part)
    return json.dumps([part, *described], sort_keys=True)


def _check(argument: str, part: Any) -> None:
    """Require what JSON tells apart: `1` is not `1.0`, but a tuple is a list."""
    if isinstance(part, tuple | list):
        for k, inner in enumerate(part):
            _check(f"{argument}[{k}]", inner)
    elif isinstance(part, dict):
        for name, inner in part.items():
            if type(name) is not str:
                fail(argument, f"has the key {shown(name)}", "keys that are texts")
            _check(f"{argument}[{name!r}]", inner)
    elif part is not None and type(part) not in (bool, int, float, str):
        fail(argument, f"is {shown(part)}", "numbers and texts of Python, or tuples, lists and dicts of them")
