"""All reproductions and figures by id. This file imports the modules that declare them; no other file does."""

import importlib
from collections.abc import Mapping
from typing import TypeVar

from mathrl.base.drawing import DRAWINGS, Drawing
from mathrl.base.reproduction import REPRODUCTIONS, Reproduction, is_of_networks, paper_of, reproduce

__all__ = ["figures", "reproduce", "reproductions"]

PAPERS = (
    "mathrl.figures.hasac",
    "mathrl.figures.rommeo",
    "mathrl.figures.aorpo",
    "mathrl.figures.dmac",
    "mathrl.figures.soft_qmix",
)
"""The modules that declare reproductions and figures, each named as its paper is."""

Entry = TypeVar("Entry")


def reproductions() -> Mapping[str, Reproduction]:
    """Return all reproductions by id, one paper after the other: those too that are not computed here.

    The first call imports the modules that declare them. `reproduce` computes one.
    """
    return _in_order(REPRODUCTIONS)


def figures() -> Mapping[str, Drawing]:
    """Return all figures by id, one paper after the other.

    The first call imports the modules that declare them. `draw()` of one returns a matplotlib figure.
    """
    return _in_order(DRAWINGS)


def _in_order(declared: Mapping[str, Entry]) -> dict[str, Entry]:
    """What the papers' modules declare, in the order of `PAPERS`, whichever of them were imported first."""
    papers = [module.rpartition(".")[2].replace("_", "-") for module in PAPERS]
    for module in PAPERS:
        importlib.import_module(module)
    return {
        id: entry
        for paper in papers
        for id, entry in declared.items()
        if paper_of(id) == paper and not is_of_networks(id)
    }
