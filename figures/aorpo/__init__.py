"""AORPO (Model-based Multi-agent Policy Optimization with Adaptive Opponent-wise Rollouts): what is not computed."""

from mathrl.figures.aorpo import unavailable

__all__ = ["unavailable"]
