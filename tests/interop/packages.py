"""The packages that games come from. Absent, their tests skip; with MATHRL_INTEROP=all they fail."""

import importlib
import os
import warnings

import pytest

__all__ = ["package"]


def package(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what other packages warn of on import is theirs
        if os.environ.get("MATHRL_INTEROP"):
            return importlib.import_module(name)
        return pytest.importorskip(name, exc_type=ImportError)
