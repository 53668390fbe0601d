"""Claims of the HASAC paper, by subject."""

MODULES: tuple[str, ...] = ("soft_policies", "improvement", "representation", "iteration", "mirror", "mirror_limit")
"""The modules that declare them, in the order of the paper."""
