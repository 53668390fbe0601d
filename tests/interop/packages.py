"""The packages that games come from. Absent, their tests skip; with MATHRL_INTEROP=all they fail, and with
MATHRL_INTEROP=NAME those of NAME.

What OpenSpiel and QuantEcon bring is machine code, which can end the process that imports it: on one machine it ended
each worker that looked for tests. `make test` tries them in processes of their own (`test_apart.py`).
"""

import importlib
import os
import warnings

import pytest

__all__ = ["APART", "package"]

APART = {"pyspiel": "test_openspiel.py", "quantecon": "test_quantecon.py"}
"""The packages that no worker imports, and their tests."""


def package(name):
    chosen = os.environ.get("MATHRL_INTEROP")
    if name in APART and chosen not in (name, "all"):
        pytest.skip(f"{name} is tested in a process of its own", allow_module_level=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what other packages warn of on import is theirs
        if chosen in (name, "all"):
            return importlib.import_module(name)
        return pytest.importorskip(name, exc_type=ImportError)
