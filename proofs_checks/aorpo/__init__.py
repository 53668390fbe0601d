"""Claims of the AORPO paper, by subject."""

MODULES: tuple[str, ...] = (
    "return_bounds",
    "rollout_bounds",
    "conditional",
    "lemmas",
    "rollout_lemmas",
    "soft_q",
    "soft_operators",
    "approximation",
    "nash",
)
"""The modules that declare them, in the order of the paper."""
