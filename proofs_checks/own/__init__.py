"""Theorems of our own: each with its proof in the docstring, and checked like any other claim."""

MODULES: tuple[str, ...] = (
    "coupled_returns",
    "coupled_model",
    "coupled_rollouts",
    "no_length_inside",
    "weighted_limit",
    "soft_limit",
)
"""The modules that declare them, one theorem each."""
