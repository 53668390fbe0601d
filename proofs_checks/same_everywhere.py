"""Examples of hypothesis that are the same whatever else a process has imported."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from hypothesis.internal.conjecture import providers

__all__ = ["same_everywhere"]


@contextmanager
def same_everywhere() -> Iterator[None]:
    """Keep hypothesis from trying numbers that it finds in the source of the modules that happen to be loaded."""
    none = type(providers.GLOBAL_CONSTANTS)()
    cache = type(providers.CONSTANTS_CACHE)(1024)
    with (
        patch.object(providers, "_get_local_constants", lambda: none),
        patch.object(providers, "CONSTANTS_CACHE", cache),
    ):
        yield
