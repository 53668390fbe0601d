"""Claims of the DMAC paper, by subject."""

MODULES: tuple[str, ...] = ("target_updates", "policy_steps", "policy_iteration", "optimality", "distance")
"""The modules that declare them, in the order of the paper."""
