"""Claims of the Soft-QMIX paper, by subject."""

MODULES: tuple[str, ...] = ()
"""The modules that declare them, in the order of the paper."""
