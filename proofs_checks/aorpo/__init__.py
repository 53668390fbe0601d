"""Claims of the AORPO paper, by subject."""

MODULES: tuple[str, ...] = ("return_bounds",)
"""The modules that declare them, in the order of the paper."""
