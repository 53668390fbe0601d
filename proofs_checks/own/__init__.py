"""Theorems of our own: each with its proof in the docstring, and checked like any other claim."""

MODULES: tuple[str, ...] = (
    "unilateral_gain",
    "haspi_converges",
    "mirror_learning",
    "qre_unique",
    "divergence_iterates",
    "divergence_limit",
    "divergence_rate",
    "proportional_limit",
    "divergence_loss",
    "product_iteration",
    "product_distance",
    "rommeo_contraction",
    "rommeo_gap",
    "rommeo_improvement",
    "product_policy_iteration",
    "one_solution",
    "soft_qmix_gradient",
    "coupled_returns",
    "coupled_model",
    "coupled_rollouts",
    "no_length_inside",
    "weighted_limit",
    "soft_limit",
)
"""The modules that declare them, one theorem each."""
