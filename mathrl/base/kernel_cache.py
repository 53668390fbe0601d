"""Compiled kernels on disk, fresh only while all that was compiled into them is.

numba keeps a kernel beside its source file and compiles it anew when that file changes. But the kernels that it calls
are compiled into it, and so are the constants that they read, from whatever file they come. Here a kernel also carries
the hash of

    its code, the code of all kernels that it calls, of those that they call, …, and the values of their constants,

as they are in memory: what is edited after it was imported is not taken for what was compiled.

Where no folder can be written, as in a read-only installation without a home, nothing is kept: each process compiles
what it needs, and a warning says so once.
"""

import warnings
from collections.abc import Callable, Iterator
from functools import cache, cached_property
from hashlib import sha256
from types import CodeType, ModuleType
from typing import Any

import numpy as np
from numba.core.caching import FunctionCache, NullCache

__all__ = ["KernelCache", "fingerprint"]

_NUMBAS: Any = FunctionCache  # numba has no types
_NONE: Any = NullCache

_PLAIN = (bool, int, float, complex, str, bytes, type(None), np.generic)


class KernelCache:
    """numba's cache of one function, which is opened when it is first needed: most kernels of an import never are."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def load_overload(self, *arguments: Any) -> Any:
        """What is kept for a signature, or None."""
        return self._tried("load_overload", *arguments)

    def save_overload(self, *arguments: Any) -> None:
        """Keep what was compiled for a signature."""
        self._tried("save_overload", *arguments)

    def _tried(self, name: str, *arguments: Any) -> Any:
        try:
            return getattr(self._opened, name)(*arguments)
        except OSError as error:  # a full disk, or a folder that has become read-only
            _warn(str(error))
            self._opened = _NONE()

    @cached_property
    def _opened(self) -> Any:
        try:
            opened = _NUMBAS(self._function)
        except RuntimeError:  # of all folders that numba knows, none can be written
            _warn("no folder can be written")
            return _NONE()
        stamped, said = opened._cache_file, fingerprint(self._function)
        stamped._source_stamp = (stamped._source_stamp, said)
        # numba writes the index before the code that it names: another process would find the code of an older version.
        stamped._data_name_pattern = stamped._data_name_pattern.replace(".{number", f".{said[:16]}.{{number")
        # What a function holds from around it is in the stamp; numba pickles it, kernels too, which differ every time.
        opened._index_key = lambda signature, codegen: (signature, codegen.magic_tuple())
        return opened

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._opened, name)


@cache
def _warn(why: str) -> None:
    """Once for each reason."""
    mend = "set NUMBA_CACHE_DIR to a folder that can be written"
    said = f"compiled code cannot be kept ({why}), so that every process compiles again, for some seconds: {mend}"
    warnings.warn(said, RuntimeWarning, stacklevel=2)


def fingerprint(function: Callable[..., Any]) -> str:
    """A hash of all that is compiled into `function`; the same in every process."""
    hashed, waiting, known = sha256(), [function], set[Callable[..., Any]]()
    while waiting:
        called = waiting.pop()
        if called not in known:
            known.add(called)
            said, callees = _alone(called)
            hashed.update(said)
            waiting += callees
    return hashed.hexdigest()


@cache
def _alone(function: Callable[..., Any]) -> tuple[bytes, list[Callable[..., Any]]]:
    """A hash of one function and of the constants that it reads, and the kernels that it calls."""
    read = list(_read(function))
    said = [_code(function.__code__, function.__doc__), *((name, _described(value)) for name, value in read)]
    callees = [value.py_func for _, value in read if hasattr(value, "py_func")]
    return sha256(repr(said).encode()).digest(), callees


def _code(code: CodeType, docstring: str | None = None) -> tuple[Any, ...]:
    """What a function does, without what it says of itself and where it stands in its file."""
    constants = (None if item == docstring else item for item in code.co_consts)
    inner = [_code(item) if isinstance(item, CodeType) else _described(item) for item in constants]
    return code.co_code, code.co_names, code.co_varnames, code.co_freevars, inner


def _read(function: Any) -> Iterator[tuple[str, Any]]:
    """The names that a function reads from around it with their values, `module.name` for those of a module."""
    names = sorted(_names(function.__code__))
    for name in names:
        value = function.__globals__.get(name)
        if isinstance(value, ModuleType):
            yield from ((f"{name}.{part}", getattr(value, part)) for part in names if hasattr(value, part))
        elif name in function.__globals__:
            yield name, value
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        yield name, cell.cell_contents


def _names(code: CodeType) -> set[str]:
    inner = (_names(item) for item in code.co_consts if isinstance(item, CodeType))
    return set(code.co_names).union(*inner)


def _described(value: Any) -> str:
    """A value in words that are the same in every process: numbers by their digits, functions and classes by name."""
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, tuple):
        return f"{type(value).__qualname__}({', '.join(map(_described, value))})"
    if isinstance(value, frozenset):
        return f"frozenset({sorted(map(_described, value))})"
    if isinstance(value, np.ndarray):
        return f"{value.dtype.str} {value.shape} {value.tobytes()!r}"
    named = value if hasattr(value, "__qualname__") else type(value)
    fields = getattr(value, "_fields", ())
    options = sorted(getattr(value, "targetoptions", {}).items())
    return f"{getattr(named, '__module__', '')}.{named.__qualname__} {fields} {options}"
