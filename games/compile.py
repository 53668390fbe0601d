"""The one door to numba: `kernel` compiles a function to machine code and keeps it on disk.

numba has no type information; here is the only place that says so. `NUMBA_DISABLE_JIT=1` runs kernels as plain Python.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

__all__ = ["kernel"]

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` on its first call and cache the result. Never fastmath, never parallel: results are exact."""
    return cast(Callable[P, R], numba.njit(cache=True, nogil=True)(function))
