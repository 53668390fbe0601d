"""AORPO (Model-based Multi-agent Policy Optimization with Adaptive Opponent-wise Rollouts): what can be computed."""

from mathrl.figures.aorpo import figure_5, figure_8, figure_11

__all__ = ["figure_5", "figure_8", "figure_11"]
