"""Packages that only a part of this library needs: which are missing, and what installs them."""

import importlib

from mathrl.base.checks import fail

__all__ = ["missing", "need"]

EXTRAS = {"neural": ("jax", "optax"), "quantecon": ("quantecon",), "jaxmarl": ("jax",)}
"""The packages of each extra that are looked for."""


def missing(extra: str) -> str:
    """Say why a package of this extra cannot be imported; empty if all can."""
    try:
        for name in EXTRAS[extra]:
            importlib.import_module(name)
    except ImportError as error:
        return str(error)
    return ""


def need(what: str, extra: str) -> None:
    """Refuse to go on without the packages that `what` needs, saying what installs them."""
    why = missing(extra)
    if why:
        names = " and ".join(EXTRAS[extra])
        fail(what, f"needs {names} ({why})", "all installed", f"pip install 'mathrl[{extra}]'")
