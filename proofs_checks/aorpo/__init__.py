"""Claims of the AORPO paper, by subject."""

MODULES: tuple[str, ...] = ("return_bounds", "conditional", "lemmas")
"""The modules that declare them, in the order of the paper."""
