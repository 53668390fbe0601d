"""Exact, tabular ground truth for maximum-entropy multi-agent reinforcement learning."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mathrl.games import Game as Game
    from mathrl.games import load as load
    from mathrl.iteration.outcome import Status as Status
    from mathrl.solution import NotConverged as NotConverged
    from mathrl.solution import Solution as Solution

__all__ = ["Game", "NotConverged", "Solution", "Status", "load"]
__version__ = "1.0.0"

_HOMES = {
    "Game": "mathrl.games",
    "load": "mathrl.games",
    "NotConverged": "mathrl.solution",
    "Solution": "mathrl.solution",
    "Status": "mathrl.solution",
}
_MODULES = {
    "arithmetic",
    "balls",
    "base",
    "batch",
    "bounds",
    "cli",
    "equations",
    "equilibria",
    "estimate",
    "exploitability",
    "figures",
    "games",
    "kernels",
    "learners",
    "mirror",
    "neural",
    "operators",
    "oracle",
    "proofs_checks",
    "softmax",
    "solvers",
    "stage",
    "values",
}


def __getattr__(name: str) -> Any:
    """Import on first use, so that `import mathrl` costs nothing."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"mathrl.{name}")
    raise AttributeError(f"module 'mathrl' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, *_MODULES})
