"""Claims of the HASAC paper, by subject."""

MODULES: tuple[str, ...] = (
    "representation",
    "soft_policies",
    "decomposition",
    "improvement",
    "iteration",
    "mirror",
    "mirror_limit",
    "continuity",
    "definitions",
)
"""The modules that declare them, in the order of the paper."""
