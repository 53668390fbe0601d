"""Theorems of our own: each with its proof in the docstring, and checked like any other claim."""

MODULES: tuple[str, ...] = (
    "divergence_iterates",
    "divergence_limit",
    "divergence_rate",
    "proportional_limit",
    "divergence_loss",
    "product_iteration",
    "product_distance",
)
"""The modules that declare them, one theorem each."""
