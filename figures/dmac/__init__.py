"""DMAC (Divergence-Regularized Multi-Agent Actor-Critic): the stochastic game of Section 5.1, exact and simulated."""

from mathrl.figures.dmac import appendix_a2, drawings, figures, iteration, unavailable

__all__ = ["appendix_a2", "drawings", "figures", "iteration", "unavailable"]
