"""Copies of environments, with all that their wrappers hold."""

import copy
from typing import Any

from mathrl.base.checks import fail

__all__ = ["copied"]

INNER = ("env", "aec_env", "par_env")
"""The attributes by which wrappers hold what they wrap."""


def copied(env: Any) -> Any:
    """Return a copy in the same state. `copy.deepcopy` alone makes environments anew that are EzPickle's.

    Raises `ValueError` where anything in the environment cannot be copied.
    """
    layers = _layers(env)
    try:
        kinds: list[Any] = [type(layer) for layer in layers]
        blanks = [kind.__new__(kind) for kind in kinds]
        memo: dict[int, Any] = {id(layer): blank for layer, blank in zip(layers, blanks, strict=True)}
        for layer, blank in zip(layers, blanks, strict=True):
            for key, value in vars(layer).items():
                blank.__dict__[key] = copy.deepcopy(value, memo)
        return blanks[0] if blanks else copy.deepcopy(env)
    except Exception as error:
        fail(
            "env",
            f"cannot be copied ({type(error).__name__}: {error})",
            "an environment that copy.deepcopy copies",
            "make it without rendering, give save and restore where its state can be set, or use Game.from_function",
        )


def _layers(env: Any) -> list[Any]:
    """An environment and all that it wraps."""
    found, to_do = list[Any](), [env]
    while to_do:
        layer = to_do.pop()
        if any(layer is other for other in found) or not hasattr(layer, "__dict__"):
            continue
        found.append(layer)
        to_do += [vars(layer)[name] for name in INNER if name in vars(layer)]
    return found
