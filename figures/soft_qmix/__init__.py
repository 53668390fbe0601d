"""Soft-QMIX (Integrating Maximum Entropy For Monotonic Value Function Factorization): Tables 1 to 4."""

from mathrl.figures.soft_qmix import table_1, table_2, table_2a, table_3, table_4

__all__ = ["table_1", "table_2", "table_2a", "table_3", "table_4"]
