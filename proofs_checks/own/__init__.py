"""Theorems of our own: each with its proof in the docstring, and checked like any other claim."""

MODULES: tuple[str, ...] = ("unilateral_gain", "haspi_converges", "mirror_learning", "qre_unique")
"""The modules that declare them, one theorem each."""
