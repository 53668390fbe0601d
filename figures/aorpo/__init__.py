"""AORPO (Model-based Multi-agent Policy Optimization with Adaptive Opponent-wise Rollouts): what can be computed."""

from mathrl.figures.aorpo import (
    appendix_b,
    figure_4,
    figure_5,
    figure_8,
    figure_9,
    figure_11,
    pictures,
    table_1,
    table_3,
    unavailable,
)

__all__ = [
    "appendix_b",
    "figure_4",
    "figure_5",
    "figure_8",
    "figure_9",
    "figure_11",
    "pictures",
    "table_1",
    "table_3",
    "unavailable",
]
