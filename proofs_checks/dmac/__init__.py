"""Claims of the DMAC paper, by subject."""

MODULES: tuple[str, ...] = (
    "target_updates",
    "target_limit",
    "distance",
    "policy_steps",
    "policy_iteration",
    "joint_iteration",
    "optimality",
    "next_action",
)
"""The modules that declare them, in the order of the paper."""
