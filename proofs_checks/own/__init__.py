"""Theorems of our own: each with its proof in the docstring, and checked like any other claim."""

MODULES: tuple[str, ...] = ("unilateral_gain",)
"""The modules that declare them, one theorem each."""
