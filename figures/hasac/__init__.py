"""HASAC (Maximum Entropy Heterogeneous-Agent Reinforcement Learning): its tables, figures and counts."""

from mathrl.figures.hasac import (
    appendix_b,
    equilibria,
    figure_1,
    figure_3a,
    figure_4,
    figure_5,
    figure_6,
    table_1,
    table_3,
    tasks,
    unavailable,
    updates_in_turn,
)

__all__ = [
    "appendix_b",
    "equilibria",
    "figure_1",
    "figure_3a",
    "figure_4",
    "figure_5",
    "figure_6",
    "table_1",
    "table_3",
    "tasks",
    "unavailable",
    "updates_in_turn",
]
