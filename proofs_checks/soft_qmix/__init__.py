"""Claims of the Soft-QMIX paper, by subject."""

MODULES: tuple[str, ...] = ("conditions", "policy_iteration", "gradient")
"""The modules that declare them, in the order of the paper."""
