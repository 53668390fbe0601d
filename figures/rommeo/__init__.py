"""ROMMEO (A Regularized Opponent Model with Maximum Entropy Objective): Section 5, Figures 1 and 2."""

from mathrl.figures.rommeo import (
    figure_1_sweep,
    figure_1a,
    figure_1b,
    figure_1c,
    figure_2,
    picture_curves,
    picture_models,
    picture_open,
    picture_surface,
    section_5_1,
)

__all__ = [
    "figure_1_sweep",
    "figure_1a",
    "figure_1b",
    "figure_1c",
    "figure_2",
    "picture_curves",
    "picture_models",
    "picture_open",
    "picture_surface",
    "section_5_1",
]
