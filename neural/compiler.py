"""Options of XLA, which come and go with its versions: one that it does not know would keep all from compiling."""

import functools
from collections.abc import Mapping
from typing import Any

import jax

__all__ = ["known"]


def known(options: Mapping[str, Any]) -> dict[str, Any]:
    """Those of these options that the installed XLA knows."""
    return dict(_known(tuple(options.items())))


@functools.cache
def _known(options: tuple[tuple[str, Any], ...]) -> tuple[tuple[str, Any], ...]:
    return options if _compiles(*options) else tuple(option for option in options if _compiles(option))


def _compiles(*options: tuple[str, Any]) -> bool:
    """Whether a function of nothing compiles with these options."""
    try:
        jax.jit(lambda: 0).lower().compile(compiler_options=dict(options))
    except jax.errors.JaxRuntimeError:
        return False
    return True
