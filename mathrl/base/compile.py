"""The one door to numba: `kernel` and `inner` compile a function to machine code and keep it on disk.

numba has no type information; here is the only place that says so. `NUMBA_DISABLE_JIT=1` runs kernels as plain Python.
"""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import numba

__all__ = ["inner", "kernel"]

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` on its first call and cache the result. Never fastmath, never parallel: results are exact."""
    return cast(Callable[P, R], numba.njit(cache=True, nogil=True)(function))


def inner(function: Callable[P, R]) -> Callable[P, R]:
    """A `kernel` that allocates no memory: its arrays are not counted, which saves small ones half of their time."""
    uncounted: Any = {"_nrt": False}  # numba's types do not know this option
    return cast(Callable[P, R], numba.njit(cache=True, nogil=True, **uncounted)(function))
