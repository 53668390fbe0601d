"""The one door to numba: `kernel` and `inner` compile a function to machine code and keep it on disk.

numba has no type information; here is the only place that says so. `NUMBA_DISABLE_JIT=1` runs kernels as plain Python.
What is kept is fresh only while the kernels that it calls are (`mathrl.base.kernel_cache`); whoever wants to know of
a compilation is told (`mathrl.base.compiling`).
"""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import numba
from numba.core import event

from mathrl.base import compiling
from mathrl.base.kernel_cache import KernelCache
from mathrl.base.pieces import WholeCompiler, piece

__all__ = ["inner", "kernel", "part"]

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` on its first call and cache the result. Never fastmath, never parallel: results are exact."""
    return _compiled(function)


def inner(function: Callable[P, R]) -> Callable[P, R]:
    """A piece of kernels, compiled into each of them (`mathrl.base.pieces`), that allocates no memory.

    Its arrays are not counted, which saves small ones half of their time; nor are those of a tuple.
    """
    options = {"_nrt": False, "error_model": "numpy"}
    return cast(Callable[P, R], piece(function, lambda: _compiled(function, **options), nogil=True, **options))


def part(function: Callable[P, R]) -> Callable[P, R]:
    """A piece of kernels that may allocate memory; else as `inner`, but that a division by zero raises, as in them."""
    return cast(Callable[P, R], piece(function, lambda: _compiled(function), nogil=True))


def _compiled(function: Callable[P, R], **options: Any) -> Callable[P, R]:
    whole: Any = {"pipeline_class": WholeCompiler, "no_cfunc_wrapper": True}  # numba's types do not know these
    compiled: Any = numba.njit(nogil=True, **whole, **options)(function)
    if compiled is not function:  # as it is under NUMBA_DISABLE_JIT
        compiled._cache = KernelCache(function)  # in place of numba's own, which cache=True would put there
    return cast(Callable[P, R], compiled)


class _Reported(event.Listener):
    """Passes numba's own events on."""

    def on_start(self, event: Any) -> None:
        compiling.began()

    def on_end(self, event: Any) -> None:
        compiling.ended()


_register: Any = event.register  # numba's types do not know it
_register("numba:compile", _Reported())
