"""ROMMEO (A Regularized Opponent Model with Maximum Entropy Objective): Section 5, Figures 1 and 2."""

from mathrl.figures.rommeo import figure_1, figure_1_drawings, figure_2, section_5_1

__all__ = ["figure_1", "figure_1_drawings", "figure_2", "section_5_1"]
