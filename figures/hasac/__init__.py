"""HASAC (Maximum Entropy Heterogeneous-Agent Reinforcement Learning): its tables and figures."""

from mathrl.figures.hasac import appendix_b, equilibria, figure_1, figure_6, table_3, unavailable

__all__ = ["appendix_b", "equilibria", "figure_1", "figure_6", "table_3", "unavailable"]
