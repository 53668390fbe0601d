"""HASAC (Maximum Entropy Heterogeneous-Agent Reinforcement Learning): its tables, figures and counts."""

from mathrl.figures.hasac import (
    appendix_b,
    equilibria,
    figure_1,
    figure_6,
    table_1,
    table_3,
    table_20,
    tasks,
    unavailable,
)

__all__ = [
    "appendix_b",
    "equilibria",
    "figure_1",
    "figure_6",
    "table_1",
    "table_3",
    "table_20",
    "tasks",
    "unavailable",
]
