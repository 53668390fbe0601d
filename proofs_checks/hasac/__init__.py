"""Claims of the HASAC paper, by subject."""

MODULES: tuple[str, ...] = ("soft_policies", "improvement", "representation", "iteration")
"""The modules that declare them, in the order of the paper."""
