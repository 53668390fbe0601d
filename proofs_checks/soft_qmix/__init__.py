"""Claims of the Soft-QMIX paper, by subject."""

MODULES: tuple[str, ...] = ("conditions", "evaluation", "policy_iteration", "local_fit", "gradient")
"""The modules that declare them, in the order of the paper."""
