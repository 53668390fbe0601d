"""All reproductions and figures by id. This file, and no other, imports the modules that declare them."""

import importlib
from collections.abc import Mapping

from mathrl.base.drawing import DRAWINGS, Drawing
from mathrl.base.reproduction import REPRODUCTIONS, Reproduction

__all__ = ["figures", "reproductions"]

PAPERS = ("mathrl.figures.hasac",)
"""The modules that declare reproductions and figures."""


def reproductions() -> Mapping[str, Reproduction]:
    """All reproductions by id."""
    _import_papers()
    return REPRODUCTIONS


def figures() -> Mapping[str, Drawing]:
    """All figures by id."""
    _import_papers()
    return DRAWINGS


def _import_papers() -> None:
    for module in PAPERS:
        importlib.import_module(module)
