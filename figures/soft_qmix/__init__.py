"""Soft-QMIX (Integrating Maximum Entropy For Monotonic Value Function Factorization): Tables 1 to 4, and the rest."""

from mathrl.figures.soft_qmix import pictures, table_1, table_2, table_2a, table_3, table_4, unavailable

__all__ = ["pictures", "table_1", "table_2", "table_2a", "table_3", "table_4", "unavailable"]
