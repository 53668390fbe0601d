"""DMAC (Divergence-Regularized Multi-Agent Actor-Critic): what is not computed."""

from mathrl.figures.dmac import unavailable

__all__ = ["unavailable"]
