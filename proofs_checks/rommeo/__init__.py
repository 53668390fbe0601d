"""Claims of the ROMMEO paper, by subject."""

MODULES: tuple[str, ...] = ("optimum", "optimal_pair", "iteration", "improvement")
"""The modules that declare them, in the order of the paper."""
