"""HASAC (Maximum Entropy Heterogeneous-Agent Reinforcement Learning): Figure 1, Appendix B, Table 3."""

from mathrl.figures.hasac import appendix_b, equilibria, figure_1, table_3

__all__ = ["appendix_b", "equilibria", "figure_1", "table_3"]
