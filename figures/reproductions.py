"""All reproductions and figures by id. This file imports the modules that declare them; no other file does."""

import importlib
from collections.abc import Mapping

from mathrl.base.drawing import DRAWINGS, Drawing
from mathrl.base.reproduction import REPRODUCTIONS, Reproduction

__all__ = ["figures", "reproductions"]

PAPERS = (
    "mathrl.figures.hasac",
    "mathrl.figures.rommeo",
    "mathrl.figures.aorpo",
    "mathrl.figures.dmac",
    "mathrl.figures.soft_qmix",
)
"""The modules that declare reproductions and figures."""


def reproductions() -> Mapping[str, Reproduction]:
    """Return all reproductions by id: the papers' tables and figures, those too that are not computed here.

    The first call imports the modules that declare them. `mathrl.base.reproduction.reproduce` computes one.
    """
    _import_papers()
    return REPRODUCTIONS


def figures() -> Mapping[str, Drawing]:
    """Return all figures by id.

    The first call imports the modules that declare them. `draw()` of one returns a matplotlib figure.
    """
    _import_papers()
    return DRAWINGS


def _import_papers() -> None:
    for module in PAPERS:
        importlib.import_module(module)
